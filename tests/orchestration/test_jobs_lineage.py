"""The sensor ends the runs that Dagster knows to be over, and sends what waits; no receiver makes it fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest

from orchestration.jobs.lineage import lineage_sensor, tell_ends
from orchestration.platform import Platform
from orchestration.telling.events import Teller
from orchestration.telling.runs import evidence_of, run_of
from tests.orchestration.small import decided
from tests.receiver import receiving

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
        monkeypatch.delenv(name)


@dg.op
def stumble() -> None:
    raise ValueError("ann-4711-buyer")


@dg.op
def walk() -> None:
    """Do nothing."""


def ran(instance: dg.DagsterInstance, op: Any) -> str:
    """A run that is over."""
    run = str(uuid4())
    job = dg.GraphDefinition(name="daily", node_defs=[op]).to_job()
    job.execute_in_process(instance=instance, run_id=run, raise_on_error=False, run_config=QUIET)
    return run


def happened(platform: Platform, run: str) -> None:
    with Teller(platform, run_of(platform.settings, run, "daily", datetime.now(UTC))).audit("orders") as audited:
        audited(decided(platform, "orders"))


def last(platform: Platform, run: str) -> dict[str, Any]:
    path = evidence_of(platform.settings).file_of(run)
    assert path is not None
    event: dict[str, Any] = json.loads(path.read_bytes().splitlines()[-1])
    return event


@pytest.mark.parametrize(("op", "state"), [(walk, "COMPLETE"), (stumble, "FAIL")])
def test_a_run_that_is_over_ends_once(small: Platform, instance: dg.DagsterInstance, op: Any, state: str) -> None:
    run = ran(instance, op)
    happened(small, run)
    assert tell_ends(small, instance) == 1
    assert tell_ends(small, instance) == 0
    event = last(small, run)
    assert (event["job"]["name"], event["eventType"], event["run"]["runId"]) == ("daily", state, run)
    if state == "FAIL":
        assert event["run"]["facets"]["errorMessage"]["message"] == "failed steps: stumble"


def test_a_run_that_goes_on_and_one_that_nobody_knows_do_not_end(small: Platform, instance: dg.DagsterInstance) -> None:
    happened(small, str(uuid4()))
    assert tell_ends(small, instance) == 0


def tick(platform: Platform, instance: dg.DagsterInstance) -> str:
    said = lineage_sensor(platform)(dg.build_sensor_context(instance=instance))
    assert isinstance(said, dg.SkipReason)
    return str(said.skip_message)


def test_it_sends_what_waits_and_says_so(
    small: Platform, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened(small, ran(instance, walk))
    assert tick(small, instance) == "1 runs ended; no receiver is configured, the files keep the events"
    with receiving() as server:
        monkeypatch.setenv("OPENLINEAGE_URL", server.url)
        assert tick(small, instance) == "0 runs ended; 4 events sent, 0 refused, 0 wait"
        assert len(server.taken) == 4


def test_a_receiver_that_fails_is_named_by_its_error_and_the_events_wait(
    small: Platform, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened(small, ran(instance, walk))
    with receiving(401) as server:
        monkeypatch.setenv("OPENLINEAGE_URL", server.url)
        assert tick(small, instance) == "1 runs ended; 0 events sent, 0 refused, 4 wait: HTTPError"
