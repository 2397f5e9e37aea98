"""Runs: which one something is told in, and where its file lies.

Belongs here: names and UUIDs of runs, those of Dagster's and others. Does not: what is told of them (`events.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from lineage.events.evidence import Evidence
from lineage.events.runs import Root, named_run
from orchestration.settings import Settings

_AD_HOC = "materialize"  # Dagster calls it `__ASSET_JOB…` when somebody materialises assets by hand


def evidence_of(settings: Settings) -> Evidence:
    """The files that a platform's events are kept in."""
    return Evidence(settings.home / "events")


def run_of(settings: Settings, run: str, job: str, began: datetime) -> Root:
    """A run of Dagster's.

    Args:
        settings: of the platform.
        run: its id, a UUID.
        job: its name.
        began: timezone-aware.
    """
    return Root(run, _AD_HOC if job.startswith("__") else job, settings.lineage_namespace, began)


def run_named(settings: Settings, name: str, began: datetime) -> Root:
    """A run that Dagster does not know, such as `erasure <request>`: the same name and moment give the same run.

    Args:
        settings: of the platform.
        name: its job comes first.
        began: timezone-aware.
    """
    return Root(named_run(name, began), name.partition(" ")[0], settings.lineage_namespace, began)


def failed_steps(names: Iterable[str]) -> str:
    """What to say of a run that failed: which steps, and nothing that they said; empty where none did."""
    listed = ", ".join(sorted(names))
    return f"failed steps: {listed}" if listed else ""
