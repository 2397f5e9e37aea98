"""k-anonymity, l-diversity and representation: as an independent count finds them, on any data."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.audit.auditing import audit, examples
from expectations.audit.plan import Facts, plan
from expectations.contract import Contract
from expectations.rules.expansion import rules_of
from expectations.rules.kinds import kind_of
from expectations.rules.measures import Groups
from expectations.rules.scope import Scope
from expectations.verdict import Finding, State
from tests.expectations.audited import NOON, audited, column, contract, quality

TYPES = {"id": "INTEGER", "a": "VARCHAR", "b": "DOUBLE", "s": "DOUBLE"}
rows = st.lists(
    st.tuples(
        st.sampled_from(["x", "y", None]),
        st.sampled_from([1.0, 2.0, math.nan, None]),
        st.sampled_from([10.0, 20.0, 30.0, math.nan, None]),
    ),
    max_size=30,
)


def agreed(check: str, on: str | None = None, **arguments: Any) -> Contract:
    body = {"engine": "esclusa", "implementation": {"check": check, **arguments}}
    rule = quality("rule", kind="custom", operator=None, bound=None, column=on, **body)
    columns = [column("id", key_position=1), column("a"), column("b"), column("s")]
    return contract(*columns, quality=[rule])


def found(promise: Contract, table: list[tuple[Any, ...]]) -> Finding:
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE t ({', '.join(f'{n} {t}' for n, t in TYPES.items())})")
        if table:
            connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", [(i, *row) for i, row in enumerate(table)])
        answered = audit(connection, "t", promise, clock_at=NOON)
    (finding,) = (f for f in answered if f.rule.endswith("__rule"))
    return finding


def known(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def groups(table: list[tuple[Any, ...]]) -> dict[Any, list[tuple[Any, ...]]]:
    """Oracle: rows by quasi-identifiers; nothing is like nothing, and NaN is like NaN."""
    alike = defaultdict(list)
    for row in table:
        alike[repr(row[:2])].append(row)
    return alike


@settings(max_examples=60, deadline=None)
@given(rows)
def test_k_is_the_size_of_the_smallest_group(table: list[tuple[Any, ...]]) -> None:
    finding = found(agreed("k_anonymity", quasiIdentifiers=["a", "b"], k=2), table)
    sizes = [len(group) for group in groups(table).values()]
    assert finding.observed == min(sizes, default=None)
    assert finding.state is (State.MISSING if not sizes else State.PASS if min(sizes) >= 2 else State.FAIL)


@settings(max_examples=60, deadline=None)
@given(rows)
def test_l_is_the_fewest_distinct_sensitive_values_of_a_group_that_has_any(table: list[tuple[Any, ...]]) -> None:
    finding = found(agreed("l_diversity", quasiIdentifiers=["a", "b"], sensitive="s", l=2), table)
    values = [{row[2] for row in group if known(row[2])} for group in groups(table).values()]
    fewest = min((len(v) for v in values if v), default=None)
    assert finding.observed == fewest
    assert finding.state is (State.MISSING if fewest is None else State.PASS if fewest >= 2 else State.FAIL)


@settings(max_examples=60, deadline=None)
@given(rows, st.sampled_from(["a", "b"]))
def test_representation_is_the_smallest_share_among_the_rows_with_a_value(table: list[Any], name: str) -> None:
    values = [row[0 if name == "a" else 1] for row in table]
    there = [value for value in values if known(value)]
    shares = [100 * there.count(value) / len(there) for value in set(there)]
    finding = found(agreed("representation", name, share=40), table)
    assert finding.observed == (pytest.approx(min(shares)) if shares else None)
    named = ["x", "z"] if name == "a" else [1, 3]
    finding = found(agreed("representation", name, share=40, groups=named), table)
    assert finding.observed == (min(100 * there.count(value) / len(there) for value in named) if there else None)


ALIKE = [("x", 1.0, 10.0), ("x", 1.0, 20.0), ("y", None, 10.0), ("y", None, 20.0)]


@pytest.mark.parametrize(
    ("promise", "good", "bad"),
    [
        (agreed("k_anonymity", quasiIdentifiers=["a", "b"], k=2), ALIKE, [*ALIKE, ("y", 1.0, 1.0)]),
        (agreed("k_anonymity", quasiIdentifiers="a", k=3), [*ALIKE, *ALIKE], ALIKE),
        (
            agreed("l_diversity", quasiIdentifiers=["a"], sensitive="s", l=2),
            [*ALIKE, ("z", 1.0, None)],
            [*ALIKE, ("z", 1.0, 5.0), ("z", 1.0, 5.0), ("z", 1.0, None)],
        ),
        (agreed("representation", "a", share=25), [*ALIKE, (None, 1.0, 1.0)], [*ALIKE, ("z", 1.0, 1.0)]),
        (agreed("representation", "a", share=25, groups=["x", "y"]), ALIKE, ALIKE[2:]),
        (agreed("representation", "b", share=100), ALIKE, [*ALIKE, ("x", 2.0, 1.0)]),
    ],
)
def test_each_bites(promise: Contract, good: list[Any], bad: list[Any]) -> None:
    assert found(promise, good).state is State.PASS
    broken = found(promise, bad)
    assert broken.state is State.FAIL
    assert broken.message
    assert broken.remedy


def test_the_finding_says_how_many_rows_are_in_small_groups_and_names_no_value_that_the_contract_does_not() -> None:
    table = [*ALIKE, ("secret", 1.0, 1.0)]
    finding = found(agreed("k_anonymity", quasiIdentifiers=["a", "b"], k=2), table)
    assert finding.message == "observed 1 rows, required ≥ 2 rows (1 of 5 rows are in groups below)"
    unnamed = found(agreed("representation", "a", share=30), table)
    assert "secret" not in unnamed.message
    named = found(agreed("representation", "a", share=50, groups=["x", "y"]), table)
    assert named.message == "observed 40 percent, required ≥ 50 % (the smallest group is x)"


def test_rows_in_small_groups_are_given_as_examples() -> None:
    table = [*ALIKE, ("y", math.nan, 1.0), ("x", None, 1.0)]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (id INTEGER, a VARCHAR, b DOUBLE, s DOUBLE)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", [(i, *row) for i, row in enumerate(table)])
        alone = agreed("k_anonymity", quasiIdentifiers=["a", "b"], k=2)
        assert examples(connection, "t", alone, "things__rule") == ["id=4", "id=5"]
        uniform = agreed("l_diversity", quasiIdentifiers=["a", "b"], sensitive="s", l=2)
        assert examples(connection, "t", uniform, "things__rule") == ["id=4", "id=5"]


def test_measures_over_the_same_groups_share_one_query() -> None:
    promise = agreed("k_anonymity", quasiIdentifiers=["a", "b"], k=2)
    (rule,) = (r for r in rules_of(promise) if r.kind == "k_anonymity")
    scope = Scope("t", TYPES)
    wanted = [m for m in kind_of(rule).measures(rule, scope).values() if isinstance(m, Groups)]
    (question,) = plan(wanted, scope, Facts())
    assert question.measures == tuple(wanted)
    assert question.sql.count("GROUP BY") == 1


def test_a_column_that_does_not_exist_is_an_error_with_the_nearest() -> None:
    promise = agreed("k_anonymity", quasiIdentifiers=["a", "bb"], k=2)
    finding = audited(promise, "SELECT 1 AS id, 'x' AS a, 1.0 AS b, 1.0 AS s")["things__rule"]
    assert finding.state is State.ERROR
    assert "the nearest is `b`" in finding.message


@pytest.mark.parametrize("arguments", [{"quasiIdentifiers": []}, {"quasiIdentifiers": ["a"]}])
def test_a_rule_without_columns_or_k_is_an_error_and_no_pass(arguments: dict[str, Any]) -> None:
    assert found(agreed("k_anonymity", **arguments), ALIKE).state is State.ERROR
