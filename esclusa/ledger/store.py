"""Where a ledger is kept: a SQLite file or a Postgres table, which refuse to change what they hold.

Belongs here: schema, turns between processes, failures of the database. Does not: what an entry means (`ledger.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DataError, SQLAlchemyError
from sqlalchemy.pool import NullPool, Pool

from esclusa.errors import LedgerUnavailable, Misused
from esclusa.ledger.ledger import Row

WAIT = 30  # seconds for another process's turn
BATCH = 1000  # entries held in memory at a time
TURN = 0x6573636C757361  # Postgres advisory lock: "esclusa"

TABLE = Table(
    "ledger",
    MetaData(),
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False, index=True),
    Column("dataset", Text, nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("previous", Text, nullable=False, unique=True),  # a fork is refused here too
    Column("hash", Text, nullable=False, unique=True),
)

# Whoever owns the database can still drop these; the chain then shows what was changed.
GUARDS = {
    "sqlite": (
        "CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        "CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        # INSERT OR REPLACE deletes without asking the trigger above.
        "CREATE TRIGGER ledger_in_turn BEFORE INSERT ON ledger "
        "WHEN NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM ledger) "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$",
        "CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger "
        "FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only()",
    ),
}


class Store:
    """The table of one ledger.

    Args:
        address: a SQLite file, or `postgresql://…`.
        pool: of connections; by default one per use: it survives fork, and holds nothing open between entries.

    Raises:
        Misused: the URL is of another database.
    """

    def __init__(self, address: str | Path, pool: type[Pool] = NullPool) -> None:
        self._url, self._file = _url_of(address)
        self.place = (
            str(self._file) if self._file else f"{self._url.host}:{self._url.port or 5432}/{self._url.database}"
        )
        self._engine = create_engine(self._url, poolclass=pool, connect_args=_CONNECT[self._dialect])
        if self._file is not None:
            _hold_sqlite_to_transactions(self._engine)

    @property
    def _dialect(self) -> str:
        return self._url.get_backend_name()

    def append(self, following: Callable[[Row | None], Row]) -> Row:
        """Write the row that follows the last one, while no other process can.

        Args:
            following: last row or None → the next.

        Raises:
            LedgerUnavailable: nothing was written.
        """
        (row,) = self._append_all([following])
        return row

    def _append_all(self, followings: Sequence[Callable[[Row | None], Row]]) -> list[Row]:
        """Write rows one after the other in one transaction: all, or none."""
        with self._failing_closed():
            if self._file is not None:
                self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._engine.connect().execution_options(esclusa_turn=True) as connection, connection.begin():
                if self._dialect == "postgresql":
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TURN})")
                self._make(connection)
                last, rows = _last(connection), list[Row]()
                for following in followings:
                    last = following(last)
                    rows.append(last)
                connection.execute(insert(TABLE), [asdict(row) for row in rows])
            return rows

    def rows(self, kind: str | None = None, dataset: str | None = None) -> Iterator[Row]:
        """Rows by sequence, as of now.

        Args:
            kind, dataset: only these.

        Raises:
            LedgerUnavailable: it cannot be read.
        """
        wanted = select(TABLE).order_by(TABLE.c.sequence)
        wanted = wanted.filter_by(**{k: v for k, v in {"kind": kind, "dataset": dataset}.items() if v is not None})
        with self._reading() as connection:
            if connection is not None:
                for row in connection.execution_options(yield_per=BATCH).execute(wanted).mappings():
                    yield Row(**row)

    def last(self) -> Row | None:
        """The last row, or None.

        Raises:
            LedgerUnavailable: it cannot be read.
        """
        with self._reading() as connection:
            return None if connection is None else _last(connection)

    @contextmanager
    def _reading(self) -> Iterator[Connection | None]:
        """A connection, or None where nothing was written yet: reading makes neither file nor table."""
        with self._failing_closed():
            if self._file is not None and not self._file.exists():
                yield None
                return
            with self._engine.connect() as connection:
                yield connection if _has_table(connection) else None

    def _make(self, connection: Connection) -> None:
        if not _has_table(connection):
            TABLE.metadata.create_all(connection)
            for statement in GUARDS[self._dialect]:
                connection.exec_driver_sql(statement)

    @staticmethod
    def _is_of_an_entry(failure: LedgerUnavailable) -> bool:
        """True where the database cannot hold what an entry says, and could be used for others."""
        return isinstance(failure.__context__, DataError | UnicodeError)

    @contextmanager
    def _failing_closed(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError, UnicodeError) as error:
            cause = getattr(error, "orig", None) or error
            # What Postgres says may quote the connection; a file's error says why, and may name it.
            detail = f" ({cause})" if self._file is not None else ""
            raise LedgerUnavailable(
                "The ledger cannot be used; what cannot be recorded does not happen.",
                observed=type(cause).__name__,
                required="a ledger that can be read and appended to",
                where=f"{self.place}{detail}",
                remedy="Make it reachable and writable, or name another in ESCLUSA_LEDGER; then try again.",
            ) from None


_CONNECT = {"sqlite": {"timeout": WAIT}, "postgresql": {"connect_timeout": WAIT}}


def _url_of(address: str | Path) -> tuple[URL, Path | None]:
    """The database's URL, and the file where it is one."""
    text = str(address)
    if "://" not in text:
        file = Path(text).expanduser().absolute()
        return URL.create("sqlite", database=str(file)), file
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = URL.create("unreadable")
    if url.drivername.partition("+")[0] not in ("postgres", "postgresql"):
        raise Misused(
            "The ledger cannot be kept there.",
            observed=f"a URL of {url.drivername}",
            required="the path of a SQLite file, or postgresql://user@host/database",
            remedy="Correct ESCLUSA_LEDGER.",
        )
    return url.set(drivername="postgresql+psycopg"), None


def _hold_sqlite_to_transactions(engine: Engine) -> None:
    """Let SQLAlchemy, not the driver, say where transactions begin; a writer takes its turn before it reads."""

    @event.listens_for(engine, "connect")
    def _connected(connection: object, _: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]
        connection.execute("PRAGMA journal_mode = WAL")  # type: ignore[attr-defined]

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        is_turn = connection.get_execution_options().get("esclusa_turn", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_turn else "BEGIN")


def _has_table(connection: Connection) -> bool:
    known = connection.info  # lives as long as this one connection: another may be to another file
    known["esclusa_made"] = known.get("esclusa_made", False) or inspect(connection).has_table(TABLE.name)
    return bool(known["esclusa_made"])


def _last(connection: Connection) -> Row | None:
    row = connection.execute(select(TABLE).order_by(TABLE.c.sequence.desc()).limit(1)).mappings().first()
    return None if row is None else Row(**row)
