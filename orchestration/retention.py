"""Retention: what is past its time goes, everywhere that this platform keeps it, and an account says what went.

Belongs here: where rows are kept, on whose clock, in which order. Does not: policies (`expectations/retention.py`),
when it runs (`jobs/retention.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from esclusa import EsclusaError
from esclusa.keyring import Keyring, parquet_format
from expectations.clock import NOW, dataset_clock
from expectations.contract import Column
from expectations.landing.columntypes import as_delivered, typed
from expectations.retention import ANONYMISE, Hold, Policy, Removed, find, policies, remove
from expectations.sql import quote
from expectations.sql import text as literal
from orchestration.golden import RECORD, collect_superseded
from orchestration.manifest import SourceTable
from orchestration.platform import Platform
from orchestration.rebuild import Rebuild, rebuild

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Item:
    """What became of one place.

    Args:
        place: `raw.<table>`, `quarantine.<table>` or `golden.<dataset>`, its pins and stored releases.
        action: `deleted`, `anonymised`, `held`; of a dataset `renewed` without them, `unlinked` (parts of superseded
            releases), or `outstanding` where it could not be done yet.
        rows: how many; of `unlinked` the files, of `renewed` the rows that are left.
        oldest: of their times, ISO 8601 UTC; None where it is not known.
        note: the hold that keeps them, or who is to act.
    """

    place: str
    action: str
    rows: int
    oldest: str | None = None
    note: str = ""

    @property
    def line(self) -> str:
        """For a person."""
        oldest = f", the oldest of {self.oldest}" if self.oldest else ""
        return f"{self.place}: {self.rows:,} {self.action}{oldest}{f'; {self.note}' if self.note else ''}"


def enforce(
    platform: Platform, *, now: datetime, progress: Progress, build: Rebuild = rebuild, compression: str = "auto"
) -> tuple[Item, ...]:
    """Enforce every contract's retention on its dataset's or system's clock; asked again, it finds nothing.

    Args:
        now: wall clock, UTC.
        progress: told each move in a few words.
        build: takes datasets from raw to golden.
        compression: of the rewritten warehouse, see `Workshop.rewrite`.

    Returns:
        What went, what a hold keeps, and what is outstanding; also recorded in the ledger.
    """
    account: list[Item] = []
    changed: set[SourceTable] = set()
    with platform.workshop.warehouse() as connection:
        for source in platform.promises.sources.values():
            clock_at = platform.promises.clocks.get(source.system, NOW).at(now, now)
            for name, stated in policies(source).items():
                table = SourceTable(source.system, name)
                policy = replace(stated, hold=stated.hold or _hold_below(platform, table))
                items = list(_landed(connection, table, source.table(name).columns, policy, clock_at, now))
                account += items
                changed |= {table} if any(i.action in {"deleted", "anonymised"} for i in items) else set()
    fed = {dataset for table in changed for dataset in platform.manifest.fed_by(table)}
    # Over-age rows leave a candidate at its gate, so its release is renewed there and not edited.
    due = {dataset for dataset in platform.datasets if any(_aged(platform, dataset, now))}
    if names := (fed & set(platform.datasets)) | due:
        build(platform, sorted(names), now=now, run=run_name(now), progress=progress)
    for dataset in platform.datasets:
        account += _stored(platform, dataset, dataset in due, now)
    if changed or due:
        progress("rewriting the warehouse")
        platform.workshop.rewrite(compression)
    for item in account:
        platform.ledger.append("retention", item.place.partition(".")[2], asdict(item), at=now)
    return tuple(account)


def run_name(now: datetime) -> str:
    """What certificates and events call the enforcement of that day."""
    return f"retention {now:%Y-%m-%d}"


def relations_of(account: tuple[Item, ...]) -> tuple[str, ...]:
    """`<schema>.<table>` of the warehouse that rows were taken out of, or made nobody's."""
    went = {"deleted", "anonymised"}
    return tuple(i.place for i in account if i.action in went and not i.place.startswith("golden."))


def _hold_below(platform: Platform, table: SourceTable) -> Hold | None:
    """The hold of a dataset that a table feeds: what is held there must not vanish here."""
    fed = set(platform.manifest.fed_by(table)) & set(platform.datasets)
    held = (policies(platform.promises.contracts[dataset]).get(dataset) for dataset in sorted(fed))
    return next((policy.hold for policy in held if policy is not None and policy.hold is not None), None)


def _landed(
    connection: duckdb.DuckDBPyConnection,
    table: SourceTable,
    columns: tuple[Column, ...],
    policy: Policy,
    clock_at: datetime,
    now: datetime,
) -> Iterator[Item]:
    """Raw and quarantine of one source table."""
    known = connection.execute("SELECT schema_name FROM duckdb_tables() WHERE table_name = ?", [table.name]).fetchall()
    if ("raw",) in known:
        connection.begin()
        if policy.hold is None:
            count = "anonymised" if policy.action == ANONYMISE else "expired"
            _settle(connection, f"raw.{quote(table.name)}", policy.over_age(clock_at), count, "accepted")
        found = remove(connection, f"raw.{quote(table.name)}", policy, clock_at)
        connection.commit()
        yield from _told(f"raw.{table.name}", policy, found, f"{policy.action}d")
    if ("quarantine",) in known:
        relation = f"quarantine.{quote(table.name)}"
        column = next(c for c in columns if c.name == policy.column)
        delivered = as_delivered(column, "_row")
        # A row whose time nobody can read is as old as its landing, on the wall clock.
        aged = (
            f"coalesce(CAST({typed(column, delivered)} AS TIMESTAMP) < {_moment(policy.cutoff(clock_at))}, "
            f"CAST(_loaded_at AS TIMESTAMP) < {_moment(policy.cutoff(now))})"
        )
        row = connection.execute(f"SELECT count(*) FROM {relation} WHERE {aged}").fetchone()
        assert row is not None
        if row[0] and policy.hold is None:
            connection.begin()
            _settle(connection, relation, aged, "expired", "quarantined")
            connection.execute(f"DELETE FROM {relation} WHERE {aged}")
            connection.commit()
        yield from _told(f"quarantine.{table.name}", policy, Removed(row[0], None), "deleted")


def _moment(at: datetime) -> str:
    return f"TIMESTAMP {literal(at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' '))}"


def _settle(
    connection: duckdb.DuckDBPyConnection, relation: str, condition: str, counted: str, taken_from: str
) -> None:
    """Keep each load's account true: delivered = accepted + quarantined + erased + expired."""
    less = "" if counted == "anonymised" else f", {taken_from} = {taken_from} - found.n"
    per_load = f"SELECT _load_id, count(*) AS n FROM {relation} WHERE {condition} GROUP BY 1"
    connection.execute(
        f"UPDATE meta.loads SET {counted} = coalesce({counted}, 0) + found.n{less} "
        f"FROM ({per_load}) AS found WHERE found._load_id = meta.loads.load_id"
    )


def _told(place: str, policy: Policy, found: Removed, action: str) -> Iterator[Item]:
    oldest = found.oldest.isoformat() if found.oldest else None
    if policy.hold is not None:
        yield Item(place, "held", found.rows, oldest, str(policy.hold))
    elif found.rows:
        yield Item(place, action, found.rows, oldest)


def _aged(platform: Platform, dataset: str, now: datetime) -> Iterator[Path]:
    """Parquet files of a dataset, pins and parts of any stored release, that hold a row past its time."""
    policy = policies(platform.promises.contracts[dataset]).get(dataset)
    if policy is not None and policy.hold is None:
        settings = platform.settings
        for directory in (settings.workshop / "pins" / dataset, settings.golden / "targets" / dataset):
            for path in sorted(directory.rglob("*.parquet")):
                if _over_age(platform, dataset, policy, path, now).rows:
                    yield path


def _over_age(platform: Platform, dataset: str, policy: Policy, path: Path, now: datetime) -> Removed:
    """What a file holds past its time; all of it where its times cannot be read."""
    contract, held = platform.promises.contracts[dataset], platform.workshop.recall(RECORD, dataset)
    pinned_at = datetime.fromisoformat(held["pinnedAt"]) if held else now
    clock_at = dataset_clock(contract, platform.promises.clocks).at(now, pinned_at)
    keyring = Keyring.open(platform.settings.keys / "classes")
    wanted = [policy.column, *(policy.personal if policy.action == ANONYMISE else ())]
    try:
        part = ds.dataset([str(path)], format=parquet_format(keyring)).to_table(columns=wanted)
    except (OSError, ValueError, pa.ArrowException, EsclusaError):
        return Removed(1, None)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("part", part)
        return find(connection, "part", policy, policy.over_age(clock_at))


def _stored(platform: Platform, dataset: str, was_due: bool, now: datetime) -> Iterator[Item]:
    """Stored releases: superseded parts past their time go, and what golden still serves of them is outstanding."""
    contract = platform.promises.contracts[dataset]
    policy = policies(contract).get(dataset)
    if policy is None or not (platform.settings.golden / "targets" / dataset).is_dir():
        return
    if policy.hold is not None:
        yield Item(f"golden.{dataset}", "held", 0, None, str(policy.hold))
        return
    gone = collect_superseded(
        platform, dataset, lambda path: bool(_over_age(platform, dataset, policy, path, now).rows)
    )
    if gone:
        yield Item(f"golden.{dataset}", "unlinked", len(gone), None, "parts of superseded releases")
    left = [_over_age(platform, dataset, policy, path, now) for path in _aged(platform, dataset, now)]
    if left:
        note = f"still served or pinned; owner: {contract.owner}; next: esclusa why {dataset}"
        yield Item(f"golden.{dataset}", "outstanding", sum(found.rows for found in left), None, note)
    elif was_due:
        held = platform.workshop.recall(RECORD, dataset)
        yield Item(f"golden.{dataset}", "renewed", held["rows"] if held else 0, None, "rows past their time are gone")


def outstanding(account: tuple[Item, ...]) -> tuple[str, ...]:
    """Lines of what could not be done: what a run must fail for."""
    return tuple(item.line for item in account if item.action == "outstanding")
