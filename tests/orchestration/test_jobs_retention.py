"""An overdue erasure is red and one that is due soon warns; so is retention that a shut gate keeps from being done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.erasure.erasing import take
from orchestration.jobs import retention as jobs_retention
from orchestration.jobs.retention import erasure_schedule, retention_schedule
from orchestration.platform import Platform
from orchestration.retention import Item
from tests.orchestration.shop import CLOCK, KEY, open_shop

ANN = "ann-4711-buyer"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.setenv("ESCLUSA_STATE", str(tmp_path / "state"))
    return open_shop(tmp_path / "home", [("1", ANN, CLOCK)])


def run(schedule: dg.ScheduleDefinition) -> tuple[bool, str]:
    """Whether the scheduled job succeeds, and what it says where it fails."""
    job: Any = schedule.job
    result = job.execute_in_process(
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}, raise_on_error=False
    )
    failures = [e.step_failure_data.user_failure_data for e in result.all_events if e.is_step_failure]
    return result.success, "\n".join(str(said.description) for said in failures if said)


def test_an_erasure_is_watched_until_its_deadline_and_then_red(shop: Platform) -> None:
    assert run(erasure_schedule(shop)) == (True, "")
    now = datetime.now(UTC)
    take(shop, f"{KEY}={ANN}", reason="GDPR Art. 17", requester="ticket 1", now=now)
    assert run(erasure_schedule(shop)) == (True, "")
    old = open_request(shop, now - timedelta(days=11))
    succeeded, said = run(erasure_schedule(shop))
    assert not succeeded
    assert old in said
    assert "owner: shop.owner" in said
    assert ANN not in said
    assert "bob" not in said


def open_request(shop: Platform, asked: datetime) -> str:
    return take(shop, f"{KEY}=bob", reason="GDPR Art. 17", requester="ticket 2", now=asked).id


def test_retention_is_green_when_done_and_red_while_something_is_outstanding(
    shop: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = Item("raw.shop__sales", "deleted", 3)
    waiting = Item(
        "golden.orders", "outstanding", 2, None, "still served or pinned; owner: ada; next: esclusa why orders"
    )
    for account, succeeded, said in (((done,), True, ""), ((done, waiting), False, waiting.line)):
        monkeypatch.setattr(jobs_retention, "enforce", lambda *_, given=account, **__: given)
        assert run(retention_schedule(shop)) == (succeeded, said)
