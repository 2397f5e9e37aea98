"""The hourly schedule certifies anew what is past half of its validity, and leaves alone what is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import esclusa
from tests.journeys.conftest import Journey

DATASET = "qualified_leads"
AGE = timedelta(hours=30)  # of 48 that it is valid for


class Earlier(datetime):
    """The wall clock, as it was."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return datetime.now(UTC) - AGE


def test_an_old_certificate_is_made_anew_and_a_young_one_is_left_alone(journey: Journey) -> None:
    golden = journey.settings.golden
    (journey.settings.workshop / "decisions" / f"{DATASET}.json").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestration.assets.gates.datetime", Earlier)
        patch.setattr("orchestration.assets.golden.datetime", Earlier)
        assert journey.run(f"gate/{DATASET}", f"golden/{DATASET}").success
    before = {entry.dataset: entry for entry in esclusa.catalog(repository=golden)}
    rows = journey.read(DATASET)
    old = before[DATASET].valid_until
    assert old is not None
    assert datetime.now(UTC) < old < datetime.now(UTC) + timedelta(hours=24), "it is past its half, and not expired"

    assert journey.run(job="enforce_freshness").success
    after = {entry.dataset: entry for entry in esclusa.catalog(repository=golden)}
    renewed = after.pop(DATASET).valid_until
    assert renewed is not None
    assert renewed > old + timedelta(hours=24)
    del before[DATASET]
    assert after == before
    assert journey.read(DATASET).equals(rows)
    certificate = journey.why(DATASET).certificate
    assert certificate is not None
    assert certificate.valid_until == renewed


def test_a_second_look_within_the_hour_changes_nothing(journey: Journey) -> None:
    before = journey.version
    assert journey.run(job="enforce_freshness").success
    assert journey.version == before
