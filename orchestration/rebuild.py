"""Build, judge and publish datasets again from what is in `raw` now, at once and outside of a scheduled run.

Belongs here: the order of the moves that follow when rows were taken out. Does not: any of the moves.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from datetime import datetime
from graphlib import TopologicalSorter

from orchestration.builds import Build, current_fingerprint, read_results, remedy_for, remember_build
from orchestration.decisions import referred_datasets
from orchestration.gate import BuildRefused, decide
from orchestration.manifest import DBT, dbt_environment, family_of
from orchestration.platform import Platform
from orchestration.publish import Outcome, publish_release
from orchestration.refusals import refuse
from orchestration.telling.events import Teller
from orchestration.telling.runs import run_named

Progress = Callable[[str], None]
Rebuild = Callable[..., tuple[Outcome, ...]]


def rebuild(
    platform: Platform, datasets: Iterable[str], *, now: datetime, run: str, progress: Progress
) -> tuple[Outcome, ...]:
    """Take datasets, and all that move together with them, from raw to golden; no source is landed.

    Args:
        datasets: names.
        now: wall clock, UTC.
        run: id of what asked for it, stated in the certificates.
        progress: told each move in a few words.

    Returns:
        What became of each; a dataset whose gate is shut is held back, and its refusal is published.
    """
    names = platform.moving_together(datasets)
    teller = Teller(platform, run_named(platform.settings, run, now))
    for family in sorted({family_of(platform.manifest, name) for name in names}):
        progress(f"building {', '.join(family)}")
        _build(platform, family, teller)
    contracts = platform.promises.contracts
    order = TopologicalSorter({n: set(referred_datasets(contracts[n], names)) for n in names})
    for name in order.static_order():
        try:
            with teller.audit(name) as decided:
                decided(
                    decide(platform.workshop, platform.promises, platform.manifest, name, now=now, progress=progress)
                )
        except BuildRefused as refusal:
            refuse(platform, [name], stage="build", message=str(refusal), remedy=remedy_for(name), now=now)
    releases = sorted({contracts[name].release for name in names})
    return tuple(outcome for release in releases for outcome in _publish(platform, release, now, run, progress, teller))


def _publish(
    platform: Platform, release: str, now: datetime, run: str, progress: Progress, teller: Teller
) -> tuple[Outcome, ...]:
    with teller.publication(platform.promises.group(release)) as published:
        outcomes = publish_release(platform, release, now=now, run=run, progress=progress)
        published(outcomes)
    return outcomes


def _build(platform: Platform, family: tuple[str, ...], teller: Teller) -> None:
    """Run dbt on one family; what it says is not kept, for it can hold values of rows."""
    settings, workshop, manifest = platform.settings, platform.workshop, platform.manifest
    with workshop.warehouse() as connection:
        fingerprint = current_fingerprint(connection, manifest, family[0])
    target = settings.dbt_target / "runs" / f"rebuild-{family[0]}"
    places = {"DBT_TARGET_PATH": str(target), "DBT_LOG_PATH": str(target / "logs")}
    selected = [f"+{dataset}" for dataset in family]
    command = [str(DBT), "--quiet", "build", "--project-dir", str(settings.dbt_project), "--select", *selected]
    with workshop.exclusive():
        remember_build(workshop, family, Build(fingerprint="", problems={}, tests={}))
        try:
            subprocess.run(command, env={**dbt_environment(settings), **places}, capture_output=True, check=False)
            results = target / "run_results.json"
            document = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {"results": []}
            remember_build(workshop, family, read_results(manifest, family, fingerprint, document))
            if results.exists():
                teller.built(family, target, fingerprint, whole=True)
        finally:
            shutil.rmtree(target, ignore_errors=True)
