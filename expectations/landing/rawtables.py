"""The tables that landing writes: `raw`, `quarantine` and the record of loads.

Belongs here: their shapes, and the only statements that write them. Does not: transactions (`landing`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from uuid import uuid4

import duckdb
import polars as pl

from expectations.landing.delivery import Delivery
from expectations.landing.reader import DELIVERED
from expectations.sql import quote
from expectations.sql import text as literal

META = """
create schema if not exists raw;
create schema if not exists quarantine;
create schema if not exists meta;
create table if not exists meta.loads (
    load_id varchar, system varchar, table_name varchar, file varchar, file_digest varchar, contract_digest varchar,
    delivered bigint, accepted bigint, quarantined bigint, synthetic boolean, differences varchar[],
    landed_at timestamptz
);
alter table meta.loads add column if not exists erased bigint default 0;
alter table meta.loads add column if not exists expired bigint default 0;
alter table meta.loads add column if not exists anonymised bigint default 0;
"""
STAMPS = "_load_id varchar, _file_digest varchar, _loaded_at timestamptz"
STAMP_NAMES = tuple(column.split()[0] for column in STAMPS.split(", "))


@dataclass(frozen=True)
class Stamp:
    """What every row of one file's load carries."""

    load_id: str
    file_digest: str
    loaded_at: datetime

    @classmethod
    def new(cls, file_digest: str, now: datetime) -> Stamp:
        """A stamp with an id of its own.

        Args:
            file_digest: SHA-256 (hex) of the file.
            now: wall clock, UTC.
        """
        return cls(uuid4().hex, file_digest, now)


@dataclass(frozen=True)
class HeldLoad:
    """One line of `meta.loads`: one file's load; delivered = accepted + quarantined + erased + expired.

    Args:
        erased: rows of somebody who was erased.
        expired, anonymised: rows past their time that were deleted, or are accepted and nobody's any more.
    """

    load_id: str
    system: str
    table_name: str
    file: str
    file_digest: str
    contract_digest: str
    delivered: int
    accepted: int
    quarantined: int
    synthetic: bool
    differences: tuple[str, ...]
    erased: int = 0
    expired: int = 0
    anonymised: int = 0


class RawTables:
    """The two tables of one source table, and its lines in `meta.loads`.

    Args:
        connection: read-write, on the warehouse.
        delivery: the terms.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
        self._connection = connection
        self._delivery = delivery
        self._raw = f"raw.{quote(delivery.name)}"
        self._quarantine = f"quarantine.{quote(delivery.name)}"

    def held(self) -> list[HeldLoad]:
        """The loads whose rows the tables hold now, oldest first."""
        if not self._exist():
            return []
        self._connection.execute(META)
        names = ", ".join(field.name for field in fields(HeldLoad))
        ids = f"select _load_id from {self._raw} union select _load_id from {self._quarantine}"
        query = f"select {names} from meta.loads where load_id in ({ids}) order by rowid"
        lines = self._connection.execute(query).pl().to_dicts()
        return [HeldLoad(**{**line, "differences": tuple(line["differences"])}) for line in lines]

    def broken(self) -> dict[str, int]:
        """How many of the rows held back break each rule."""
        rules = f"select unnest(_rules) as rule from {self._quarantine}"
        query = f"select rule, count(*) from ({rules}) group by rule order by rule"
        return dict(self._connection.execute(query).fetchall())

    def create(self, *, replace: bool) -> None:
        """Make the tables.

        Args:
            replace: drop what they hold, within the caller's transaction.
        """
        self._connection.execute(META)
        how = "create or replace table" if replace else "create table if not exists"
        columns = ", ".join(f"{quote(c.name)} {c.physical_type}" for c in self._delivery.table.columns)
        self._connection.execute(f"{how} {self._raw} ({columns}, {STAMPS})")
        self._connection.execute(f"{how} {self._quarantine} ({STAMPS}, _rules varchar[], {DELIVERED} json)")

    def accept(self, rows: pl.DataFrame, stamp: Stamp) -> None:
        """Add good rows.

        Args:
            rows: frame with the contract's columns.
            stamp: of their load.
        """
        columns = ", ".join(quote(c.name) for c in self._delivery.table.columns)
        self._insert(f"insert into {self._raw} select {columns}, $1, $2, $3 from landing_rows", rows, stamp)

    def hold_back(self, rows: pl.DataFrame, stamp: Stamp) -> None:
        """Add bad rows to quarantine, as delivered.

        Args:
            rows: frame with `_rules` and `_row`.
            stamp: of their load.
        """
        statement = f"insert into {self._quarantine} select $1, $2, $3, _rules, to_json({DELIVERED}) from landing_rows"
        self._insert(statement, rows, stamp)

    def count(self, stamp: Stamp) -> tuple[int, int]:
        """Rows of one load in `raw` and in `quarantine`, counted there.

        Args:
            stamp: of the load.
        """
        counts = ", ".join(f"(select count(*) from {t} where _load_id = $1)" for t in (self._raw, self._quarantine))
        row = self._connection.execute(f"select {counts}", [stamp.load_id]).fetchone()
        assert row is not None
        return row[0], row[1]

    def record(self, load: HeldLoad, now: datetime) -> None:
        """Write one line of `meta.loads`.

        Args:
            load: the line.
            now: wall clock, UTC.
        """
        line = {**asdict(load), "differences": list(load.differences), "landed_at": now}
        marks = ", ".join("?" for _ in line)
        self._connection.execute(f"insert into meta.loads ({', '.join(line)}) values ({marks})", list(line.values()))

    def _exist(self) -> bool:
        name = literal(self._delivery.name)
        query = (
            f"select count(*) from duckdb_tables() where table_name = {name} and schema_name in ('raw', 'quarantine')"
        )
        row = self._connection.execute(query).fetchone()
        return row is not None and row[0] == 2

    def _insert(self, statement: str, rows: pl.DataFrame, stamp: Stamp) -> None:
        if rows.height == 0:
            return
        # DuckDB finds the local variable by its name. A registered view would be held, rows and all, until the commit.
        landing_rows = rows.to_arrow()  # noqa: F841
        self._connection.execute(statement, [stamp.load_id, stamp.file_digest, stamp.loaded_at])
