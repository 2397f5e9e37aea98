"""One delivery: land it, keep what was seen of it, and tell the datasets that it concerns when it is refused.

Belongs here: the order of these moves. Does not: what makes a delivery wrong (`expectations/landing`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import duckdb

from expectations.change.classes import Change, ChangeClass
from expectations.landing import DeliveryRefused, Landing, land
from orchestration.columns import concerned
from orchestration.erasure.tombstones import read_tombstones
from orchestration.manifest import SourceTable
from orchestration.notices import Kind, settle
from orchestration.notices.facts import upstream_breaking
from orchestration.platform import Platform
from orchestration.refusals import REFUSALS, refuse
from orchestration.sample import generate
from orchestration.settings import Settings

Progress = Callable[[str], None]


def deliver(platform: Platform, table: SourceTable, *, now: datetime, progress: Progress) -> Landing:
    """Land what a source table's delivery holds now.

    Args:
        table: which one.
        now: wall clock, UTC.
        progress: told each move in a few words.

    Raises:
        DeliveryRefused: the delivery is not what was agreed; `raw` keeps what it had, and each dataset that uses
            what is wrong with it is recorded as refused.
        lineage.errors.KeysUnusable: whoever was erased cannot be told apart, so nothing lands.
    """
    settings, workshop = platform.settings, platform.workshop
    prepare_sample(settings, progress)
    source = platform.promises.sources[table.system]
    try:
        with workshop.warehouse() as connection:
            landing = land(
                connection,
                source,
                table.table,
                settings.source_files,
                now=now,
                progress=progress,
                postgres=settings.postgres.get(table.system),
                # Read while the warehouse is held: an erasure that comes later deletes what lands now.
                tombstones=read_tombstones(settings),
            )
    except DeliveryRefused as refusal:
        told = {"message": str(refusal), "remedy": refusal.remedy, "columns": list(refusal.columns)}
        workshop.remember(REFUSALS, table.name, told)
        # Whoever reads the table and not the column has nothing to fear of the difference.
        reached = concerned(platform, table, refusal.columns)
        upstream_breaking(platform, refusal, reached, now)
        refuse(
            platform,
            reached,
            stage="landing",
            message=str(refusal),
            remedy=refusal.remedy,
            now=now,
        )
        raise
    workshop.forget(REFUSALS, table.name)
    settle(platform, f"{table.system}.{table.table}", Kind.UPSTREAM_BREAKING)
    return landing


def observed_changes(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[SourceTable]
) -> Mapping[str, tuple[Change, ...]]:
    """Differences between what was delivered and what was agreed, by system, of the loads that are in `raw` now.

    Args:
        connection: on the warehouse.
        tables: of any systems.
    """
    changes: dict[str, tuple[Change, ...]] = {}
    for table in tables:
        rows = connection.execute(
            f"""SELECT DISTINCT unnest(differences) FROM meta.loads
                WHERE load_id IN (SELECT DISTINCT _load_id FROM raw."{table.name}") ORDER BY 1"""
        ).fetchall()
        # A breaking difference refuses its delivery: what was let pass is additive.
        seen = (Change(table.table, "", ChangeClass.ADDITIVE, text) for (text,) in rows)
        changes[table.system] = (*changes.get(table.system, ()), *seen)
    return {system: found for system, found in changes.items() if found}


def prepare_sample(settings: Settings, progress: Progress) -> None:
    """Generate the sample where no data directory was given and none was generated yet."""
    if settings.data is None and not (settings.sample / "SYNTHETIC").exists():
        progress("no data directory given: generating a synthetic sample")
        generate(settings.sample, progress=progress)
