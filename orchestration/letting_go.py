"""Rows past their time leave a candidate before it is pinned: time alone must not shut a gate.

Belongs here: taking them out, and under which terms that was done. Does not: what is past its time
(`expectations/retention.py`), the other places that rows lie in (`retention.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

import duckdb

from expectations.clock import dataset_clock
from expectations.retention import policies, remove
from expectations.sql import quote
from orchestration.builds import Build, remember_build
from orchestration.manifest import Manifest, family_of
from orchestration.promises import Promises
from orchestration.workshop import Workshop


def let_go(
    workshop: Workshop,
    connection: duckdb.DuckDBPyConnection,
    promises: Promises,
    manifest: Manifest,
    dataset: str,
    build: Build,
    *,
    now: datetime,
    progress: Callable[[str], None],
) -> None:
    """Delete or anonymise what is past its time in a candidate, as its contract says; nothing under a legal hold.

    Args:
        connection: read-write on the warehouse.
        build: of the candidate; its record keeps the terms, so that under other terms it is built again.
        now: wall clock, UTC.
        progress: told what was done.
    """
    contract = promises.contracts[dataset]
    policy = policies(contract).get(dataset)
    if policy is None:
        return
    clock_at = dataset_clock(contract, promises.clocks).at(now, now)
    try:
        found = remove(connection, f"candidate.{quote(dataset)}", policy, clock_at)
    except (duckdb.BinderException, duckdb.CatalogException):
        return  # it has no such column, or is a view: pin and audit say what is wrong with it
    if not found.rows:
        return
    progress(f"{found.rows:,} rows past their time: {policy.hold or f'{policy.action}d'}")
    if policy.hold is None:
        kept = {**build.let_go, **terms(promises, [dataset])}
        remember_build(workshop, family_of(manifest, dataset), replace(build, let_go=kept))


def terms(promises: Promises, datasets: Iterable[str]) -> dict[str, str]:
    """Dataset → what decides which of its rows are past their time: its retention and its clock.

    Args:
        datasets: of a family.
    """
    contracts = (promises.contracts[name] for name in datasets)
    return {c.name: f"{policies(c).get(c.name)} {dataset_clock(c, promises.clocks)}" for c in contracts}
