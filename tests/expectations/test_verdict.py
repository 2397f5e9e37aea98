"""From findings to an open or shut gate: only pass and warn open it, and silence never does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.verdict import Finding, GateItem, State, Verdict, digest_rules, read_verdict

WHOLE = tuple(Finding(f"d__{item}", item, State.PASS, 0, "0", "holds", "owner", tags=("t",)) for item in GateItem)


def verdict(*findings: Finding, expected: frozenset[str] = frozenset({"d__quality"})) -> Verdict:
    """A verdict with these findings."""
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return Verdict("d", "a" * 64, "b" * 64, "c" * 64, at, findings, expected)


def test_all_six_items_with_evidence_open_the_gate() -> None:
    assert verdict(*WHOLE).open


@pytest.mark.parametrize("item", list(GateItem))
def test_an_item_without_evidence_shuts_the_gate(item: GateItem) -> None:
    assert not verdict(*(f for f in WHOLE if f.item is not item), expected=frozenset({"x"})).open
    assert verdict(*(f for f in WHOLE if f.item is not item)).item_state(item) is State.MISSING


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("item", list(GateItem))
def test_only_pass_and_warn_open_an_item(item: GateItem, state: State) -> None:
    findings = [replace(f, state=state) if f.item is item else f for f in WHOLE]
    assert verdict(*findings).open is (state in {State.PASS, State.WARN})


def test_an_expected_rule_without_an_answer_shuts_the_gate() -> None:
    shut = verdict(*WHOLE, expected=frozenset({"d__quality", "d__volume"}))
    assert (shut.unanswered, shut.open) == (("d__volume",), False)
    assert shut.items[GateItem.QUALITY] is State.MISSING


def test_a_contract_that_expects_nothing_never_opens_the_gate() -> None:
    assert not verdict(*WHOLE, expected=frozenset()).open


@given(st.lists(st.sampled_from(State), min_size=1))
def test_an_item_is_as_good_as_its_worst_finding(states: list[State]) -> None:
    findings = [Finding(f"d__{i}", GateItem.ACCESS, s, 0, "0", "x", "owner") for i, s in enumerate(states)]
    assert verdict(*findings).item_state(GateItem.ACCESS) is max(states, key=list(State).index)
    assert verdict(*findings).shutting == tuple(f for f in findings if f.state not in {State.PASS, State.WARN})


def test_a_verdict_survives_json() -> None:
    whole = verdict(*WHOLE, replace(WHOLE[0], rule="d__psi", statistics={"shares": [0.5, 0.5]}, observed=0.1))
    assert read_verdict(json.loads(json.dumps(whole.to_json()))) == whole


def test_a_verdict_that_claims_to_be_open_is_computed_again() -> None:
    document = verdict(replace(WHOLE[0], state=State.FAIL), *WHOLE[1:]).to_json()
    assert not read_verdict({**document, "open": True, "items": dict.fromkeys(document["items"], "pass")}).open


@pytest.mark.parametrize("damage", [{"findings": [{}]}, {"auditedAt": "yesterday"}, {"expectedRules": None}])
def test_what_is_no_verdict_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError, TypeError)):
        read_verdict({**verdict(*WHOLE).to_json(), **damage})


def test_the_digest_of_rules_is_theirs_in_any_order() -> None:
    one, two = ("a", "count(*)"), ("b", "max(x)")
    assert digest_rules([one, two]) == digest_rules([two, one]) != digest_rules([one, ("b", "max(y)")])
