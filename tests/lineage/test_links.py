"""Lineage between relations, and the document that travels with a dataset: no more and no less than was found."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest

from esclusa.tracing.origins import ROWS, Lineage, read_lineage
from lineage.tracing.columns import ColumnLineage, LandedTable, Model, column_lineage
from lineage.tracing.document import FLOWS, lineage_document, lineage_file
from tests.golden_repository import small_contract
from tests.lineage.tricky_queries import QUERIES
from tests.lineage.tricky_tables import TABLES

LANDED = tuple(
    LandedTable(f"raw.shop__{name}", "shop", name, (*columns, "_load_id")) for name, columns in TABLES.items()
)
WEIGHT = {name: number for number, name in FLOWS.items()}


def chain(**queries: str) -> ColumnLineage:
    """Queries over each other as `m.<name>` and over the landed tables; `made` is the golden one."""
    names = {name: f"m.{name}" for name in queries if name != "made"} | {"made": "candidate.made"}
    return column_lineage(
        [Model(names[n], sql, tuple(names[o] for o in queries if f"m.{o}" in sql), "made" * (n == "made")) for n, sql
         in queries.items()],
        LANDED,
    )  # fmt: skip


def told(lineage: ColumnLineage, *columns: str) -> Lineage:
    """What the document says to a reader."""
    contract = small_contract("made", columns or lineage.columns("made") or ["id"])
    return read_lineage(json.loads(lineage_file(contract, lineage)))


@cache
def two_steps() -> Lineage:
    return told(
        chain(
            stg="select o.id, c.name as who, o.amount * 2 as twice from raw.shop__orders as o"
            " join raw.shop__customers as c on c.id = o.customer where c.country = 'PT'",
            made="with kept as (select * from m.stg) select id, twice, case when who > 'm' then 1 else 0 end as late,"
            " 'x' as mark from kept",
        )
    )


def steps(lineage: Lineage) -> set[tuple[str, str, str]]:
    return {(edge.to, edge.origin, edge.flow) for edge in lineage.edges}


def test_parts_of_queries_are_left_out_and_what_relations_hand_on_is_kept() -> None:
    assert {e for e in steps(two_steps()) if ".*" not in e[0]} == {
        ("candidate.made.id", "m.stg.id", "copied"),
        ("candidate.made.twice", "m.stg.twice", "copied"),
        ("candidate.made.late", "m.stg.who", "deciding"),
        ("m.stg.id", "raw.shop__orders.id", "copied"),
        ("m.stg.twice", "raw.shop__orders.amount", "computed"),
        ("m.stg.who", "raw.shop__customers.name", "copied"),
    }


def test_what_decides_on_rows_is_told_of_the_rows() -> None:
    assert two_steps().rows.decided_by == ("shop.customers.country", "shop.customers.id", "shop.orders.customer")
    assert ("m.stg.*", "raw.shop__customers.country", "deciding") in steps(two_steps())
    assert ("candidate.made.*", "m.stg.*", "deciding") in steps(two_steps())


def test_relations_are_listed_with_what_they_read_and_landed_ones_with_their_source() -> None:
    listed = {relation.name: relation for relation in two_steps().relations}
    assert listed["candidate.made"].reads == ("m.stg",)
    assert listed["m.stg"].reads == ("raw.shop__customers", "raw.shop__orders")
    assert (listed["raw.shop__orders"].source, listed["raw.shop__orders"].layer) == ("shop.orders", "raw")
    assert listed["m.stg"].source == ""


def test_of_two_ways_the_fuller_counts() -> None:
    lineage = chain(
        made="with a as (select id, id + 1 as next from raw.shop__orders) select coalesce(id, next) as k from a"
    )
    assert ("candidate.made.k", "raw.shop__orders.id", "copied") in steps(told(lineage))


def test_what_the_landing_adds_is_no_step() -> None:
    assert not any(
        "_load_id" in edge.origin for edge in told(chain(made="select id, _load_id from raw.shop__orders")).edges
    )


def test_a_declared_column_comes_from_what_its_contract_says_and_is_not_called_uncertain() -> None:
    lineage = chain(made="select columns('id|amount') from raw.shop__orders")
    contract = small_contract("made", ["id", "amount"])
    declared = replace(contract.table.columns[0], declared_lineage="named at run time", sources=("shop.orders.id",))
    contract = replace(contract, table=replace(contract.table, columns=(declared, contract.table.columns[1])))
    columns = lineage_document(contract, lineage)["columns"]
    assert columns["id"] == {
        **columns["id"],
        "from": ["shop.orders.id"],
        "declared": "named at run time",
        "uncertain": "",
    }
    assert columns["amount"]["uncertain"]


def test_a_query_that_cannot_be_read_says_so_and_still_names_what_it_reads() -> None:
    lineage = column_lineage([Model("candidate.made", "selekt", ("raw.shop__orders",), "made")], LANDED)
    document = told(lineage, "id")
    assert document.rows.uncertain
    assert [relation.name for relation in document.relations] == ["candidate.made", "raw.shop__orders"]


def test_a_column_that_the_query_does_not_make_is_uncertain() -> None:
    lineage = chain(made="select id from raw.shop__orders")
    assert told(lineage, "id", "amount").columns["amount"].uncertain == "its query makes no such column"


def test_the_same_lineage_gives_the_same_bytes() -> None:
    def made() -> bytes:
        return lineage_file(small_contract("made", ["id"]), chain(made="select id from raw.shop__orders"))

    assert made() == made()


@pytest.mark.parametrize("name", QUERIES)
def test_following_the_steps_leads_to_the_same_source_columns(name: str) -> None:
    lineage = chain(made=QUERIES[name][0])
    document = told(lineage)
    for column in lineage.columns("made"):
        flows = reached(document, f"candidate.made.{column}")
        of_values = {source for source, flow in flows.items() if flow < WEIGHT["deciding"]}
        assert of_values == set(document.columns[column].sources), column
        assert flows.keys() - of_values == set(document.columns[column].decided_by), column
    if lineage.columns("made"):  # else `*` stands for its columns too
        assert reached(document, f"candidate.made.{ROWS}").keys() == set(document.rows.decided_by)


def reached(document: Lineage, start: str) -> dict[str, int]:
    """Source column → the weakest flow on the best way to it, by the steps alone."""
    names = {relation.name: relation.source for relation in document.relations if relation.source}
    found, ahead = {start: int(WEIGHT["copied"])}, [start]
    while ahead:
        node = ahead.pop()
        for edge in document.edges:
            arriving = max(found[node], WEIGHT[edge.flow])
            if edge.to == node and arriving < found.get(edge.origin, 9):
                found[edge.origin] = arriving
                ahead.append(edge.origin)
    split = {node: (".".join(node.split(".")[:2]), node.split(".", 2)[2]) for node in found}
    return {
        f"{names[relation]}.{column}": found[node]
        for node, (relation, column) in split.items()
        if relation in names and column != ROWS
    }
