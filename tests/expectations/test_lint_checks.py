"""Implementations of `engine: esclusa`: what cannot be measured is refused with field and nearest name."""

# ruff: noqa: E501 - a table of cases reads best a case a line
from __future__ import annotations

from pathlib import Path

import pytest

from expectations.loader import ContractError, load_contract
from expectations.loader.checks import CHECKS
from expectations.rules.expansion import rules_of
from expectations.rules.kinds import KINDS
from tests.expectations.promised import CONTRACT, changed, glossary

# What stands in the fixture, and what is put in its place.
OF_TABLE = "metric: rowCount, mustBeBetween: [1, 1000000]"
OF_COLUMN = "{check: psi, baseline: {categories: [ES, NO], shares: [0.6, 0.4]}, threshold: 0.25}"
AT_TABLE, AT_COLUMN = "schema[orders].quality[volume]", "schema[orders].properties[country].quality[drift]"

K = "{check: k_anonymity, quasiIdentifiers: [country, is_large], k: 5}"
L = "{check: l_diversity, quasiIdentifiers: [country], sensitive: amount, l: 2}"
REPRESENTATION = "{check: representation, groups: [ES, NO], share: 5}"
AGAINST = "against: {relation: staging.stg_shop__orders, aggregate: sum(amount)}"
RECONCILIATION = f"{{check: reconciliation, aggregate: sum(amount), {AGAINST}, tolerance: {{value: 1, unit: percent}}}}"
JS = "{check: js, baseline: {categories: [ES, NO], shares: [0.6, 0.4]}}"
KS = "{check: ks, baseline: {edges: [10], shares: [0.6, 0.4]}, threshold: 0.1}"
GOOD = {"k_anonymity": K, "l_diversity": L, "reconciliation": RECONCILIATION}
GOOD_OF_COLUMN = {"psi": OF_COLUMN, "js": JS, "ks": KS, "representation": REPRESENTATION}


def written(directory: Path, implementation: str, *, of_column: bool) -> Path:
    if of_column:
        return changed(directory, CONTRACT, OF_COLUMN, implementation)
    return changed(directory, CONTRACT, OF_TABLE, f"type: custom, engine: esclusa, implementation: {implementation}")


@pytest.mark.parametrize("check", [*GOOD, *GOOD_OF_COLUMN])
def test_each_check_is_read_with_its_bound(tmp_path: Path, check: str) -> None:
    of_column = check in GOOD_OF_COLUMN
    path = written(tmp_path, {**GOOD, **GOOD_OF_COLUMN}[check], of_column=of_column)
    (rule,) = (r for r in rules_of(load_contract(path, glossary())) if r.kind == check)
    assert rule.operator is not None
    assert rule.bound is not None


def test_every_check_has_a_kind_and_a_case_here() -> None:
    assert CHECKS.keys() == {*GOOD, *GOOD_OF_COLUMN}
    assert CHECKS.keys() <= KINDS.keys()


BAD = [
    (False, K.replace("country", "contry"), f"{AT_TABLE}.implementation.quasiIdentifiers", "the column contry", "country"),
    (False, K.replace("[country, is_large]", "[]"), f"{AT_TABLE}.implementation.quasiIdentifiers", "", None),
    (False, K.replace("k: 5", "k: 1"), f"{AT_TABLE}.implementation.k", "2", None),
    (False, K.replace("k: 5", "k: 2.5"), f"{AT_TABLE}.implementation.k", "integer", None),
    (False, K.replace(", k: 5", ""), f"{AT_TABLE}.implementation", "the key `k` is missing", None),
    (False, K.replace("quasiIdentifiers", "quasiIdentifers"), f"{AT_TABLE}.implementation.quasiIdentifers", "unknown key", "quasiIdentifiers"),
    (False, L.replace("sensitive: amount", "sensitive: amuont"), f"{AT_TABLE}.implementation.sensitive", "the column amuont", "amount"),
    (False, L.replace("sensitive: amount", "sensitive: country"), f"{AT_TABLE}.implementation.sensitive", "one of the quasi-identifiers", None),
    (False, RECONCILIATION.replace("aggregate: sum(amount), ag", "aggregate: sum(amuont), ag"), f"{AT_TABLE}.implementation.aggregate", "the column amuont", "amount"),
    (False, RECONCILIATION.replace("stg_shop__orders", "stg_shop__order"), f"{AT_TABLE}.implementation.against", "does not declare", "staging.stg_shop__orders"),
    (False, RECONCILIATION.replace("aggregate: sum(amount)}", 'aggregate: "sum(amount"}'), f"{AT_TABLE}.implementation.against", "is not SQL", None),
    (False, RECONCILIATION.replace("unit: percent", "unit: percents"), f"{AT_TABLE}.implementation.tolerance.unit", "percent", "percent"),
    (False, RECONCILIATION.replace("value: 1", "value: -1"), f"{AT_TABLE}.implementation.tolerance.value", "0", None),
    (False, REPRESENTATION, AT_TABLE, "write the rule on it", None),
    (False, JS, AT_TABLE, "write the rule on it", None),
    (True, K, AT_COLUMN, "write the rule on the table", None),
    (True, RECONCILIATION, AT_COLUMN, "write the rule on the table", None),
    (True, REPRESENTATION.replace("share: 5", "share: 101"), f"{AT_COLUMN}.implementation.share", "100", None),
    (True, REPRESENTATION.replace("[ES, NO]", "[ES, ES]"), f"{AT_COLUMN}.implementation.groups", "", None),
    (True, "{check: ks, baseline: {categories: [ES], shares: [1]}}", f"{AT_COLUMN}.implementation.baseline", "edges", None),
    (True, "{check: k_anonimity, k: 2}", f"{AT_COLUMN}.implementation", "has the check k_anonimity", "k_anonymity"),
]  # fmt: skip


@pytest.mark.parametrize(("of_column", "implementation", "field", "said", "nearest"), BAD)
def test_what_cannot_be_measured_is_refused_where_it_stands(
    tmp_path: Path, of_column: bool, implementation: str, field: str, said: str, nearest: str | None
) -> None:
    with pytest.raises(ContractError) as caught:
        load_contract(written(tmp_path, implementation, of_column=of_column), glossary())
    problems = [p for p in caught.value.problems if p.field == field]
    assert problems, str(caught.value)
    assert said in str(problems[0])
    assert nearest is None or f"did you mean {nearest}?" in str(problems[0])
