"""The decision document: what `why` answers from."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from expectations.verdict import Finding, GateItem, State
from lineage.golden.decision import decision, read_decision

AT = datetime(2026, 3, 1, tzinfo=UTC)


def finding(rule: str, state: State) -> Finding:
    return Finding(rule, GateItem.QUALITY, state, 3, "0 rows", "every order has a name", "ada")


def test_only_the_findings_that_shut_the_gate_are_published() -> None:
    findings = [finding(str(state), state) for state in State]
    said = json.loads(decision("orders", "refused", at=AT, owner="ada", findings=findings))
    assert [f["rule"] for f in said["findings"]] == ["fail", "error", "missing"]


def test_a_refusal_says_where_and_what_to_do() -> None:
    encoded = decision("orders", "refused", at=AT, owner="ada", stage="landing", message="a pivot", remedy="send rows")
    assert read_decision("orders", encoded) == {
        "dataset": "orders",
        "outcome": "refused",
        "at": "2026-03-01T00:00:00+00:00",
        "stage": "landing",
        "owner": "ada",
        "findings": [],
        "message": "a pivot",
        "remedy": "send rows",
        "certificate": None,
    }


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"outcome": "maybe"}, "outcome"),
        ({"stage": "lunch"}, "stage"),
        ({"owner": ""}, "owner"),
        ({"at": datetime(2026, 3, 1)}, "at"),
        ({"outcome": "certified"}, "certificate"),
    ],
)
def test_a_decision_that_lacks_something_is_refused_by_name(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"no valid {named}"):
        decision("orders", **{"outcome": "refused", "at": AT, "owner": "ada", **wrong})


def test_a_decision_on_another_dataset_is_refused() -> None:
    with pytest.raises(ValueError, match="no valid dataset"):
        read_decision("leads", decision("orders", "refused", at=AT, owner="ada"))
