"""The workshop does not grow with every candidate: a superseded pin goes, what was published stays in golden."""

from __future__ import annotations

import duckdb

import esclusa
from tests.journeys.conftest import Journey

DATASET = "resolution_times"


def test_a_new_pin_replaces_the_one_before_and_golden_still_verifies(journey: Journey) -> None:
    pins = journey.settings.workshop / "pins" / DATASET
    (before,) = pins.iterdir()
    with duckdb.connect(str(journey.settings.warehouse)) as connection:
        connection.execute(f"DELETE FROM candidate.{DATASET} WHERE hash(incident_number) % 100 = 0")
    (journey.settings.workshop / "decisions" / f"{DATASET}.json").unlink()
    journey.run(f"gate/{DATASET}")
    (after,) = pins.iterdir()
    assert after.name != before.name
    assert esclusa.verify(DATASET, repository=journey.settings.golden).ok
