"""`esclusa run` ends the run that it told of, and what it told has arrived at the receiver when it is over."""

import os
from io import StringIO

import dagster as dg
import pytest
from rich.console import Console

from orchestration import run as run_command
from orchestration.jobs.schedules import EVERYTHING
from orchestration.platform import Platform
from orchestration.telling.events import Teller
from orchestration.telling.runs import evidence_of, run_of
from tests.orchestration.small import decided
from tests.orchestration.test_telling import NOW, shown, told
from tests.receiver import receiving


def test_what_a_run_told_has_arrived_with_its_end_when_the_command_is_over(
    small: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dg.op
    def audit(context: dg.OpExecutionContext) -> None:
        root = run_of(small.settings, context.run_id, context.job_name, NOW)
        with Teller(small, root).audit("orders") as audited:
            audited(decided(small, "orders"))

    job = dg.GraphDefinition(name=EVERYTHING, node_defs=[audit]).to_job()
    monkeypatch.setattr(run_command, "load_platform", lambda _: small)
    monkeypatch.setattr(run_command, "build_definitions", lambda _: dg.Definitions(jobs=[job]))
    monkeypatch.setenv("DAGSTER_HOME", "")
    for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
        monkeypatch.delenv(name)
    with receiving() as server:
        monkeypatch.setenv("OPENLINEAGE_URL", server.url)
        run_command.run(small.settings, (), Console(file=StringIO()))
        assert shown(told(small)) == [
            f"{EVERYTHING} START",
            "audit.orders START",
            "audit.orders COMPLETE",
            f"{EVERYTHING} COMPLETE",
        ]
        assert shown(server.taken) == shown(told(small))
    assert list(evidence_of(small.settings).unended()) == []
