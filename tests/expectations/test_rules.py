"""A contract becomes rules: every clause one, none lost, each with an id of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from expectations.rules.expansion import OPERATORS, Rule, RuleError, rules_digest, rules_of
from expectations.rules.kind import required
from expectations.rules.kinds import KINDS
from expectations.rules.rule import compare
from expectations.verdict import GateItem
from tests.expectations.audited import column, contract, quality, sla


def ids(*args: Any, **kwargs: Any) -> list[str]:
    return [rule.id for rule in rules_of(contract(*args, **kwargs))]


@pytest.mark.parametrize(
    ("operator", "bound", "kept", "broken"),
    [
        ("mustBe", 3, [3], [2.999, 4]),
        ("mustNotBe", 3, [2, 4], [3]),
        ("mustBeGreaterThan", 3, [3.001], [3, 2]),
        ("mustBeGreaterOrEqualTo", 3, [3, 4], [2.999]),
        ("mustBeLessThan", 3, [2.999], [3, 4]),
        ("mustBeLessOrEqualTo", 3, [3, 2], [3.001]),
        ("mustBeBetween", (1, 3), [1, 2, 3], [0.999, 3.001]),
        ("mustNotBeBetween", (1, 3), [0.999, 3.001], [1, 2, 3]),
    ],
)
def test_each_operator_keeps_its_boundary(operator: str, bound: Any, kept: list[float], broken: list[float]) -> None:
    assert all(compare(operator, bound, value) for value in kept)
    assert not any(compare(operator, bound, value) for value in broken)


def test_these_are_all_the_operators_that_odcs_has() -> None:
    assert len(OPERATORS) == 8


@pytest.mark.parametrize(("operator", "bound"), [("mustBeAbout", 1), (None, 1), ("mustBe", None), ("mustBeBetween", 1)])
def test_an_operator_without_meaning_is_an_error(operator: Any, bound: Any) -> None:
    with pytest.raises(RuleError):
        compare(operator, bound, 1)


def test_every_native_constraint_is_a_rule() -> None:
    options = {"pattern": "a", "minimum": 1, "maxLength": 3, "format": "email"}
    full = column(
        "c", "varchar", required=True, unique=True, key_position=1, enum=("a",), options=options,
        relationships=("others.k",),
    )  # fmt: skip
    slas = [sla("freshness", "things.c", timedelta(days=1)), sla("retention", "things.c", timedelta(days=9))]
    assert ids(full, slas=slas) == [
        "c__type", "c__required", "c__enum", "c__pattern", "c__minimum", "c__max_length", "c__unique", "c__references",
        "things__primary_key", "things__freshness", "things__retention",
    ]  # fmt: skip


def test_an_option_that_nothing_checks_is_a_rule_that_cannot_pass() -> None:
    (rule,) = rules_of(contract(column(options={"maxProperties": 3})))
    assert rule.kind == "unsupported"


def test_a_tolerance_for_missing_values_replaces_required() -> None:
    tolerant = quality("some", operator="mustBeLessThan", bound=5, unit="percent", metric="nullValues")
    assert ids(column(required=True, quality=[tolerant])) == ["c__some"]


@pytest.mark.parametrize("change", [{"severity": "warning"}, {"operator": "mustBeGreaterThan"}])
def test_a_tolerance_that_could_let_anything_pass_does_not_replace_required(change: dict[str, Any]) -> None:
    tolerant = replace(quality("some", operator="mustBeLessThan", bound=5, metric="nullValues"), **change)
    assert ids(column(required=True, quality=[tolerant])) == ["c__required", "c__some"]


def test_ids_carry_their_subject_once() -> None:
    rules = [quality("a", metric="nullValues"), quality("c__b", metric="nullValues")]
    assert ids(column(quality=rules), quality=[quality("volume", column=None, metric="rowCount")]) == [
        "things__volume", "c__a", "c__b",
    ]  # fmt: skip


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(RuleError, match="c__unique"):
        rules_of(contract(column(unique=True, quality=[quality("unique", metric="duplicateValues")])))


def test_several_references_of_a_column_are_told_apart() -> None:
    assert ids(column(relationships=("a.k", "b.k"))) == ["c__references_a", "c__references_b"]


def test_retention_is_evidence_for_its_own_gate_item() -> None:
    (rule,) = rules_of(contract(column(), slas=[sla("retention", "things.c", timedelta(days=730))]))
    assert (rule.item, rule.bound, rule.unit) == (GateItem.RETENTION, 730, "days")


def test_a_promise_without_a_duration_cannot_pass() -> None:
    (rule,) = rules_of(contract(column(), slas=[sla("freshness", "", None)]))
    assert rule.kind == "unsupported"


def test_drift_without_a_bound_gets_the_usual_one() -> None:
    drift = quality(
        "drift", kind="custom", operator=None, bound=None, engine="esclusa", implementation={"check": "psi"}
    )
    (rule,) = rules_of(contract(column(quality=[drift])))
    assert required(rule) == "< 0.2"


@pytest.mark.parametrize("engine", ["greatExpectations", "great-expectations", "great_expectations"])
def test_great_expectations_is_known_under_its_spellings(engine: str) -> None:
    custom = quality("gx", kind="custom", operator=None, bound=None, engine=engine, implementation={})
    (rule,) = rules_of(contract(column(quality=[custom])))
    assert rule.engine == "greatExpectations"


@pytest.mark.parametrize("engine", ["soda", "dbt", ""])
def test_a_rule_of_an_engine_that_is_not_here_cannot_pass(engine: str) -> None:
    custom = quality("x", kind="custom", operator=None, bound=None, engine=engine, implementation="…")
    (rule,) = rules_of(contract(column(quality=[custom])))
    assert (rule.kind, rule.engine) == ("unsupported", "sql")


def test_prose_is_a_rule_that_cannot_pass() -> None:
    (rule,) = rules_of(contract(column(quality=[quality("x", kind="text")])))
    assert rule.kind == "unsupported"


def test_every_rule_says_what_it_means() -> None:
    rules = rules_of(contract(column(required=True, unique=True, enum=("a",))))
    assert [r.description for r in rules] == [
        "c is there", "c holds only values that are agreed to be valid", "No two rows have the same c",
    ]  # fmt: skip
    assert all(kind.description for kind in KINDS.values())


def test_the_bound_is_shown_in_words() -> None:
    shown = required(Rule("r", "invalidValues", ("c",), {}, "mustBeLessOrEqualTo", 0.5, "percent"))
    assert shown == "≤ 0.5 %"
    assert required(Rule("r", "rowCount", (), {}, "mustBeBetween", (1000, 5_000_000))) == (
        "between 1,000 and 5,000,000 rows"
    )


def test_the_digest_covers_what_is_asked_and_nothing_else() -> None:
    before = contract(column(enum=("a", "b")))
    assert rules_digest(before) == rules_digest(replace(before, version="9.9.9"))
    assert rules_digest(before) != rules_digest(contract(column(enum=("a",))))
    softer = contract(column(quality=[quality("r", metric="nullValues", severity="warning")]))
    assert rules_digest(softer) != rules_digest(contract(column(quality=[quality("r", metric="nullValues")])))
