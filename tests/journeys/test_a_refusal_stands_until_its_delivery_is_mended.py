"""Certifying again what is held does not settle a delivery that is still refused: consumers go on being told."""

from __future__ import annotations

import shutil
from pathlib import Path

from orchestration.sample.faults import break_delivery
from tests.journeys.conftest import Journey

DATASET = "qualified_leads"


def test_a_renewal_by_the_hourly_schedule_does_not_cover_up_a_refused_delivery(journey: Journey, sample: Path) -> None:
    break_delivery(journey.settings.source_files, "renamed")
    journey.run("raw/olist__leads")
    assert journey.why(DATASET).candidate_refused
    journey.run(f"gate/{DATASET}", f"golden/{DATASET}")
    assert journey.why(DATASET).candidate_refused, "the standing certificate says nothing of the new delivery"
    (journey.settings.workshop / "decisions" / f"{DATASET}.json").unlink()
    journey.run(f"gate/{DATASET}", f"golden/{DATASET}")
    why = journey.why(DATASET)
    assert why.candidate_refused, "a certificate made anew says nothing of it either"
    assert why.status == "certified"
    shutil.copytree(sample, journey.settings.source_files, dirs_exist_ok=True)
    journey.run("raw/olist__leads")
    journey.run(f"gate/{DATASET}", f"golden/{DATASET}")
    assert journey.why(DATASET).ok
