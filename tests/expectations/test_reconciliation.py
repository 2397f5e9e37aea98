"""Reconciliation: an aggregate here against one there, within what was agreed, and nothing else passes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.contract import Contract
from expectations.rules.expansion import rules_of
from expectations.rules.measures import Aggregate
from expectations.rules.reconciliation import measures
from expectations.rules.scope import Scope
from expectations.verdict import Finding, State
from tests.expectations.audited import audited, column, contract, quality

LINES = "staging.lines"
TWO = "SELECT unnest([40, 60])::DECIMAL(9, 2) AS amount"


def agreed(
    aggregate: str = "sum(amount)", there: str = "sum(price)", value: float = 0, unit: str = "value"
) -> Contract:
    against = {"relation": LINES, "aggregate": there}
    tolerance = {"value": value, "unit": unit}
    body = {"check": "reconciliation", "aggregate": aggregate, "against": against, "tolerance": tolerance}
    rule = quality("rule", kind="custom", operator=None, bound=None, column=None, engine="esclusa", implementation=body)
    return contract(column("amount"), quality=[rule])


def found(promise: Contract, here: str, there: str, name: str = LINES) -> Finding:
    return audited(promise, here, relations={name: f"({there})"})["things__rule"]


def prices(*values: Any) -> str:
    return f"SELECT unnest({list(values)}) AS price"


@pytest.mark.parametrize(
    ("promise", "good", "bad"),
    [
        (agreed(), prices(100), prices(101)),
        (agreed(value=1), prices(99, 2), prices(99, 3)),
        (agreed(value=1, unit="percent"), prices(101), prices(102)),
        (agreed("count(*)", "count(*) filter (where price > 0)"), prices(1, 2, -3), prices(1, 2, 3)),
        (agreed("max(amount)", "max(price)"), prices(60, 2), prices(61)),
    ],
)
def test_a_difference_within_the_tolerance_passes_and_beyond_fails(promise: Contract, good: str, bad: str) -> None:
    assert found(promise, TWO, good).state is State.PASS
    broken = found(promise, TWO, bad)
    assert broken.state is State.FAIL
    assert "against staging.lines" in broken.message


amounts = st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=20)


@settings(max_examples=50, deadline=None)
@given(amounts, amounts)
def test_the_difference_is_that_of_exact_sums(here: list[int], there: list[int]) -> None:
    """Cents as decimals: no rounding of floats comes between."""
    rows = f"SELECT (v / 100)::DECIMAL(18, 2) AS amount FROM (SELECT unnest({here}) AS v)"
    other = f"SELECT (v / 100)::DECIMAL(18, 2) AS price FROM (SELECT unnest({there}) AS v)"
    exact = abs(Decimal(sum(here)) - Decimal(sum(there))) / 100
    assert found(agreed(), rows, other).observed == float(exact)
    share = found(agreed(unit="percent"), rows, other)
    if sum(there):
        assert share.observed == pytest.approx(float(exact * 100 * 100 / abs(sum(there))))
    else:
        assert share.state is (State.PASS if not sum(here) else State.MISSING)


@pytest.mark.parametrize(
    ("here", "there", "said"),
    [
        ("SELECT NULL::INTEGER AS amount", prices(1), "the aggregate of the candidate has no value"),
        ("SELECT 1 AS amount WHERE false", prices(1), "the aggregate of the candidate has no value"),
        (TWO, "SELECT 1 AS price WHERE false", "the aggregate of staging.lines has no value"),
        ("SELECT 'NaN'::DOUBLE AS amount", prices(1), "not a number"),
        ("SELECT 'Infinity'::DOUBLE AS amount", prices(1), "not a number"),
    ],
)
def test_nothing_to_reconcile_shuts_the_gate(here: str, there: str, said: str) -> None:
    finding = found(agreed(), here, there)
    assert finding.state is State.MISSING
    assert said in finding.message


@pytest.mark.parametrize(
    ("promise", "said"),
    [
        (agreed("amount"), "no plain aggregate"),
        (agreed("(select sum(price) from staging.lines)"), "no plain aggregate"),
        (agreed("sum(amount), 1"), "exactly one value"),
        (agreed("sum(amounts)"), "no column `amounts`; the nearest is `amount`"),
        (agreed(there="sum(price) from secrets --"), "not declared"),
        (agreed(there="max(price::varchar)"), "only numbers"),
        (agreed(there="sum(nothing)"), "nothing"),
        (agreed(there="price"), "needs one value"),
        (agreed("sum(random())"), "could pass today and fail tomorrow"),
    ],
)
def test_what_is_no_pair_of_aggregates_is_an_error(promise: Contract, said: str) -> None:
    finding = found(promise, TWO, prices(1, 2))
    assert finding.state is State.ERROR
    assert said in finding.message


def test_a_relation_that_is_not_at_hand_is_an_error_with_the_nearest() -> None:
    finding = found(agreed(), TWO, prices(100), "staging.line")
    assert finding.state is State.ERROR
    assert "did you mean `staging.line`?" in finding.message


def test_the_candidates_side_shares_its_scan() -> None:
    (rule,) = (r for r in rules_of(agreed()) if r.kind == "reconciliation")
    asked = measures(rule, Scope("t", {"amount": "DECIMAL(9,2)"}, {LINES: LINES}))
    assert isinstance(asked["here"], Aggregate)
    assert rule.columns == ("amount",)
