"""What names its columns only when it runs shuts the lineage item, column by column, until the contract declares it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from expectations.contract import Contract
from expectations.readiness import judge
from expectations.verdict import Finding
from lineage.tracing.columns import LandedTable, Model, column_lineage
from orchestration.columns import origins_of
from tests.golden_repository import small_contract
from tests.lineage.tricky_queries import QUERIES
from tests.lineage.tricky_tables import TABLES

LANDED = tuple(LandedTable(f"raw.shop__{name}", "shop", name, columns) for name, columns in TABLES.items())
NAMED_AT_RUN_TIME = {
    "UNION ALL BY NAME": "UNION BY NAME lines its columns up only when it runs",
    "UNION BY NAME of unlike columns": "UNION BY NAME lines its columns up only when it runs",
    "PIVOT with its group": "PIVOT and UNPIVOT name their columns only when they run",
    "PIVOT as a statement": "pivot is no query whose columns can be told before it runs",
    "UNPIVOT": "PIVOT and UNPIVOT name their columns only when they run",
    "a struct's star": "a star that names its columns only when it runs",
    "COLUMNS of a pattern": "COLUMNS(…) names its columns only when it runs",
    "an aggregate over COLUMNS": "COLUMNS(…) names its columns only when it runs",
}


def followed(sql: str, columns: Collection[str], declared: Collection[str] = ()) -> Finding:
    """The gate's finding on whether every column of the query could be followed."""
    contract: Contract = small_contract("made", list(columns))
    named = [replace(c, declared_lineage="named at run time" * (c.name in declared)) for c in contract.table.columns]
    contract = replace(contract, table=replace(contract.table, columns=tuple(named)))
    lineage = column_lineage([Model("candidate.made", sql, [t.relation for t in LANDED], "made")], LANDED)  # type: ignore[arg-type]
    verdict = judge(
        contract,
        candidate_digest="c" * 64,
        audited_at=datetime(2026, 11, 27, tzinfo=UTC),
        findings=[],
        sources={},
        feeding=frozenset(),
        others=[],
        source_changes={},
        today=date(2026, 11, 27),
        rules_digest="r" * 64,
        origins=origins_of(lineage, "made"),
    )
    (found,) = (f for f in verdict.findings if f.rule.endswith("lineage_columns_followed"))
    return found


@pytest.mark.parametrize("name", NAMED_AT_RUN_TIME)
def test_every_column_of_it_shuts_the_item_and_says_why(name: str) -> None:
    sql, truth = QUERIES[name]
    found = followed(sql, truth)
    assert not found.opens
    assert found.item == "lineage"
    assert NAMED_AT_RUN_TIME[name] in found.message
    assert "declaredLineage" in found.remedy
    for column in truth:
        others = [other for other in truth if other != column]
        assert not followed(sql, truth, declared=others).opens, f"{column} alone keeps it shut"


@pytest.mark.parametrize("name", NAMED_AT_RUN_TIME)
def test_declared_columns_open_it_again(name: str) -> None:
    sql, truth = QUERIES[name]
    assert followed(sql, truth, declared=truth).opens


def test_a_column_that_no_doubt_reaches_needs_no_declaration() -> None:
    sql = "select id, customer from raw.shop__orders"
    assert followed(sql, ["id", "customer"]).opens
    assert not followed(sql, ["id", "client"]).opens
