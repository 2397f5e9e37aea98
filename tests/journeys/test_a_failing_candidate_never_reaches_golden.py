"""A candidate that breaks one rule is refused, says which, and consumers go on reading the version before it."""

from __future__ import annotations

import duckdb
import pytest

from expectations.verdict import State
from orchestration.decisions import recall_decision
from tests.journeys.conftest import Journey

DATASET = "resolution_times"


@pytest.fixture
def spoilt(journey: Journey) -> Journey:
    """The candidate loses its key in half of its rows, behind dbt's back."""
    with duckdb.connect(str(journey.settings.warehouse)) as connection:
        key = journey.platform.promises.contracts[DATASET].table.key[0]
        connection.execute(f'UPDATE candidate."{DATASET}" SET "{key}" = NULL WHERE hash("{key}") % 2 = 0')
        connection.execute("DELETE FROM candidate.resolution_times WHERE false")
    journey.settings.workshop.joinpath("decisions", f"{DATASET}.json").unlink()
    return journey


def test_the_gate_shuts_and_golden_serves_the_version_before(spoilt: Journey) -> None:
    before = spoilt.read(DATASET)
    result = spoilt.run(f"gate/{DATASET}", f"golden/{DATASET}")
    assert result.success, "a shut gate is an answer, not a failure of the run"
    assert not result.asset_materializations_for_node(f"publish_{DATASET}")
    assert spoilt.read(DATASET).equals(before)


def test_the_refusal_names_the_rule_what_was_observed_and_the_owner(spoilt: Journey) -> None:
    spoilt.run(f"gate/{DATASET}", f"golden/{DATASET}")
    why = spoilt.why(DATASET)
    assert why.candidate_refused
    assert why.status == "certified"
    assert why.decision is not None
    rules = {f.rule for f in why.decision.findings}
    key = spoilt.platform.promises.contracts[DATASET].table.key[0]
    assert f"{key}__required" in rules
    assert all(f.owner and f.required and f.remedy for f in why.decision.findings)


def test_the_decision_kept_for_triage_holds_only_masked_keys(spoilt: Journey) -> None:
    spoilt.run(f"gate/{DATASET}", f"golden/{DATASET}")
    decision = recall_decision(spoilt.platform.workshop, DATASET)
    assert decision is not None
    assert any(f.state is State.FAIL for f in decision.verdict.findings)
    assert any(decision.examples.values())
