"""The daily look at signatures warns before the end and shows red after it."""

from __future__ import annotations

import logging
from datetime import date

import dagster as dg
import pytest

from expectations.signing.lapse import Lapse
from orchestration.jobs import signing as jobs_signing
from orchestration.platform import Platform

SOON = Lapse(
    "orders", "sign-off as owner", "owner: the sign-off of ada ends on 2026-12-02", date(2026, 12, 2), "ada",
    "must sign", "esclusa sign orders --role owner", has_ended=False,
)  # fmt: skip
ENDED = Lapse(
    "orders", "waiver of orders__volume", "the waiver of orders__volume ended with 2026-11-21", date(2026, 11, 21),
    "ada", "owner", "mend what it excuses", has_ended=True,
)  # fmt: skip


def looked(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, *found: Lapse
) -> tuple[dg.ExecuteInProcessResult, dict[str, int]]:
    """What became of the job, and its messages with their levels."""
    monkeypatch.setattr(jobs_signing, "lapsing", lambda *_: list(found))
    job = jobs_signing.signing_schedule(platform).job
    assert isinstance(job, dg.JobDefinition)
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        return result, {entry.user_message: entry.level for entry in instance.all_logs(result.run_id)}


def test_what_ends_soon_warns_and_the_look_is_green(small: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    result, logged = looked(small, monkeypatch, SOON)
    assert result.success
    assert logged[SOON.told] == logging.WARNING


def test_what_has_ended_shows_red_and_names_who_must_act(small: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    result, _ = looked(small, monkeypatch, SOON, ENDED)
    assert not result.success
    failure = result.failure_data_for_node("look_at_signatures")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert failure.user_failure_data.description == ENDED.told
