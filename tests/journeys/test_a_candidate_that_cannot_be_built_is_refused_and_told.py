"""A model that dbt cannot build is no silence: its dataset is refused at the build, and golden serves on."""

from __future__ import annotations

import shutil

import duckdb

from tests.journeys.conftest import Journey

DATASET, JOB = "qualified_leads", "land_olist_and_certify"


def test_a_candidate_that_cannot_be_built_is_refused_and_told_until_it_can(journey: Journey) -> None:
    warehouse = journey.settings.warehouse
    before = journey.read(DATASET)
    kept = shutil.copy(warehouse, warehouse.with_suffix(".kept"))
    with duckdb.connect(str(warehouse)) as connection:  # what is in raw no longer fits the model
        connection.execute("ALTER TABLE raw.olist__deals DROP COLUMN won_date")
    (journey.settings.workshop / "builds" / f"{DATASET}.json").unlink()

    result = journey.run(job=JOB)
    assert not result.success
    said = result.failure_data_for_node(f"build_{DATASET}")
    assert said is not None
    assert said.user_failure_data is not None
    why = journey.why(DATASET)
    assert why.candidate_refused
    assert why.decision is not None
    assert (why.decision.stage, why.decision.message) == ("build", said.user_failure_data.description)
    assert "dbt built no candidate: unit_test stg_olist__deals" in why.decision.message
    assert why.decision.remedy == f"correct the models, then: esclusa run --only {DATASET}"
    assert journey.read(DATASET).equals(before)

    shutil.move(kept, warehouse)
    assert journey.run(job=JOB).success
    assert journey.why(DATASET).ok
    assert journey.read(DATASET).equals(before)
