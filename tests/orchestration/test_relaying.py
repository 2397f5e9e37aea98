"""What is told beside a run has been sent when it ends; without a receiver nothing is sent and nothing is lost."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from lineage.events.runs import Work, told
from orchestration.settings import Settings, read_settings
from orchestration.telling.relaying import relay_of, relayed
from orchestration.telling.runs import evidence_of, run_of
from tests.receiver import receiving


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
        monkeypatch.delenv(name)
    return replace(read_settings({}), home=tmp_path)


def happen(settings: Settings) -> None:
    now = datetime.now(UTC)
    root = run_of(settings, str(uuid4()), "land_and_certify", now)
    evidence_of(settings).append(root, told(Work("land.orders", "LOAD", root, now, now)))


def test_what_earlier_runs_left_and_what_this_one_tells_is_sent(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(settings)
    with receiving() as server:
        monkeypatch.setenv("OPENLINEAGE_URL", server.url)
        with relayed(settings):
            happen(settings)
        assert len(server.taken) == 4


def test_a_run_that_fails_sends_what_it_told_all_the_same(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as server:
        monkeypatch.setenv("OPENLINEAGE_URL", server.url)
        with suppress(ZeroDivisionError), relayed(settings):
            happen(settings)
            raise ZeroDivisionError
        assert len(server.taken) == 2


def test_without_a_receiver_the_events_wait_in_their_file(settings: Settings) -> None:
    with relayed(settings):
        happen(settings)
    assert not (evidence_of(settings).directory / "sent.json").exists()
    assert not relay_of(settings).has_receiver
