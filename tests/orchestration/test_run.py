"""What a person sees while everything runs: a line for each step, a refusal in its own words, never a trace."""

import uuid
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console

from orchestration.commands.platform import _quiet
from orchestration.run import CONFIG, Progress, prepare_instance
from orchestration.settings import Settings, read_settings


@dg.op
def lands(context: dg.OpExecutionContext) -> None:
    context.log.info("reading 12 rows")


@dg.op(ins={"after": dg.In(dg.Nothing)})
def refuses() -> None:
    raise dg.Failure("the delivery is refused; next: ask the owner", allow_retries=False)


@dg.op(ins={"after": dg.In(dg.Nothing)})
def breaks() -> None:
    raise KeyError("row 4711 of Ada Lovelace")


@dg.op(out=dg.Out(is_required=False))
def gives_nothing() -> Iterator[dg.Output[int]]:
    yield from ()


@dg.op(ins={"after": dg.In(dg.Nothing)})
def waits() -> None: ...


@dg.job(executor_def=dg.in_process_executor)
def job() -> None:
    landed = lands()
    refuses(after=landed)
    breaks(after=landed)
    waits(after=gives_nothing())


def shown(*, terminal: bool) -> tuple[str, list[str]]:
    """What is printed during the job, and what its log keeps of the steps' own words."""
    out = StringIO()
    console = Console(file=out, width=200, force_terminal=terminal, color_system=None)
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.ephemeral() as instance, console.status("starting") as status:
        run_id = str(uuid.uuid4())
        instance.add_event_listener(run_id, Progress(console, status))
        job.execute_in_process(instance=instance, run_id=run_id, run_config=quiet, raise_on_error=False)
        kept = [entry.user_message for entry in instance.all_logs(run_id) if not entry.is_dagster_event]
    return out.getvalue(), kept


def test_each_step_ends_with_a_line_and_a_refusal_speaks_for_itself() -> None:
    said, _ = shown(terminal=False)
    lines = said.splitlines()
    assert any(line.startswith("✓ lands ") for line in lines)
    assert any(line.startswith("✗ refuses ") for line in lines)
    assert "the delivery is refused; next: ask the owner" in lines
    assert "– waits not run: what it needs was not made" in lines
    assert "reading 12 rows" not in said, "a file or a pipe gets results alone"


def test_a_fault_of_ours_shows_its_kind_and_no_value_of_a_row() -> None:
    said, _ = shown(terminal=False)
    assert "KeyError; the trace is in the Dagster UI" in said
    assert "Ada Lovelace" not in said


def test_on_a_terminal_the_running_step_says_what_it_does() -> None:
    said, _ = shown(terminal=True)
    assert "lands" in said


def test_the_words_of_steps_are_kept_in_the_log_though_libraries_are_silenced(
    capfd: pytest.CaptureFixture[str],
) -> None:
    _quiet()
    _, kept = shown(terminal=False)
    assert "reading 12 rows" in kept
    assert capfd.readouterr().err == ""


def test_an_instance_configuration_that_an_operator_wrote_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: Settings = read_settings({"ESCLUSA_HOME": str(tmp_path)})
    monkeypatch.setenv("DAGSTER_HOME", "")
    prepare_instance(settings)
    installed = settings.dagster / CONFIG.name
    assert installed.read_bytes() == CONFIG.read_bytes()
    assert settings.dagster.stat().st_mode & 0o077 == 0, "logs are for operators"
    installed.write_text("telemetry: {enabled: false}\n")
    prepare_instance(settings)
    assert installed.read_text() == "telemetry: {enabled: false}\n"
