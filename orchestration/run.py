"""`esclusa run`: the whole way once, on the same Dagster definitions as the UI, with progress and a table at the end.

Belongs here: preparing the instance, showing progress, the exit code. Does not: any step of the way.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from rich.console import Console
from rich.status import Status
from rich.text import Text

import esclusa
from orchestration.definitions import build_definitions
from orchestration.golden import open_golden
from orchestration.jobs.schedules import EVERYTHING
from orchestration.notices.channels import load_channels
from orchestration.notices.sending import send_within
from orchestration.platform import Platform, load_platform
from orchestration.settings import Settings
from orchestration.site import renew_site
from orchestration.summary import summarise
from orchestration.telling.events import Teller
from orchestration.telling.relaying import relayed
from orchestration.telling.runs import failed_steps, run_of

CONFIG = Path(__file__).with_name("dagster.yaml")


def prepare_instance(settings: Settings) -> None:
    """Make DAGSTER_HOME with the project's instance configuration.

    Args:
        settings: where it is; an instance configuration that an operator put there is left alone.
    """
    settings.dagster.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (settings.dagster / CONFIG.name).exists():
        shutil.copy(CONFIG, settings.dagster / CONFIG.name)
    os.environ["DAGSTER_HOME"] = str(settings.dagster)


def run(settings: Settings, only: tuple[str, ...], console: Console) -> int:
    """Run every step and print what became of each dataset.

    Args:
        settings: where things are.
        only: datasets to run; empty for all.
        console: where progress and the table are printed.

    Returns:
        0 where every dataset serves its newest candidate, 1 where a gate is shut or a step failed.
    """
    prepare_instance(settings)
    load_channels(settings)  # a wrong one is told now, not when somebody waits to be told
    platform = load_platform(settings)
    open_golden(platform)
    job = build_definitions(platform).resolve_job_def(EVERYTHING)
    run_id, began = str(uuid.uuid4()), datetime.now(UTC)
    with relayed(settings), dg.DagsterInstance.get() as instance, console.status("starting") as status:
        instance.add_event_listener(run_id, Progress(console, status))
        with (settings.workshop / "run.log").open("w") as log, contextlib.redirect_stdout(log):  # dbt prints as it goes
            result = job.execute_in_process(
                instance=instance,
                run_id=run_id,
                asset_selection=_selection(platform, only) if only else None,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                raise_on_error=False,
            )
        failed = sorted({event.step_key or "" for event in result.all_events if event.is_step_failure})
        Teller(platform, run_of(settings, run_id, EVERYTHING, began)).end(failed_steps(failed))
    code = summarise(platform, only or platform.datasets, console, failed=not result.success)
    send_within(settings)
    write_site(settings, console)
    return code


def write_site(settings: Settings, console: Console) -> None:
    """Write the catalogue's pages where a directory is named for them; that they cannot be written shuts no gate.

    Args:
        settings: name the directory.
        console: where it is told.
    """
    try:
        built = renew_site(settings, datetime.now(UTC))
    except (esclusa.EsclusaError, OSError) as error:
        console.print(f"the catalogue's pages were not written: {error}", style="yellow", highlight=False, markup=False)
        return
    if built is not None:
        console.print(f"catalogue: {built.index}", highlight=False, soft_wrap=True)


def _selection(platform: Platform, only: tuple[str, ...]) -> list[dg.AssetKey]:
    together = platform.moving_together(only)
    goldens = dg.AssetSelection.assets(*(dg.AssetKey(["golden", d]) for d in together))
    graph = build_definitions(platform).resolve_asset_graph()
    return sorted(goldens.upstream().resolve(graph), key=str)


class Progress:
    """A line for every finished step; on a terminal, what the running one is doing.

    Args:
        console: where to print.
        status: the line that is overwritten.
    """

    def __init__(self, console: Console, status: Status) -> None:
        self._console, self._status = console, status
        self._began: dict[str, float] = {}

    def __call__(self, event: dg.EventLogEntry) -> None:
        """Take one event of the run."""
        step = event.step_key or ""
        if event.is_dagster_event:
            self._step(step, event)
        elif step and (said := event.user_message.partition("\n")[0]):
            self._status.update(Text(f"{step}: {said}", style="dim", overflow="ellipsis", no_wrap=True))

    def _step(self, step: str, event: dg.EventLogEntry) -> None:
        kind = event.get_dagster_event().event_type
        took = time.monotonic() - self._began.get(step, time.monotonic())
        if kind is dg.DagsterEventType.STEP_START:
            self._began[step] = time.monotonic()
            self._status.update(Text(step, style="dim"))
        elif kind is dg.DagsterEventType.STEP_SUCCESS:
            self._console.print(f"[green]✓[/green] {step} [dim]{took:.1f} s[/dim]", highlight=False)
        elif kind is dg.DagsterEventType.STEP_FAILURE:
            self._console.print(f"[red]✗[/red] {step} [dim]{took:.1f} s[/dim]", highlight=False)
            self._console.print(_reason(event), style="red", highlight=False, markup=False, soft_wrap=True)
        elif kind is dg.DagsterEventType.STEP_SKIPPED:
            self._console.print(
                f"[yellow]–[/yellow] {step} [dim]not run: what it needs was not made[/dim]", highlight=False
            )


def _reason(event: dg.EventLogEntry) -> str:
    """What a step says of its refusal; of a fault of ours only its kind, for the trace may hold values of rows."""
    failure = event.get_dagster_event().step_failure_data
    if failure.user_failure_data is not None and failure.user_failure_data.description:
        return str(failure.user_failure_data.description)
    error = failure.error.cause or failure.error if failure.error else None
    return f"  {error.cls_name if error else 'unknown error'}; the trace is in the Dagster UI: make dev"
