"""Promises whose lineage is known by heart: two tables of a shop, five relations, three datasets, two use cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from esclusa.promises import Promises
from esclusa.promises_document import read_promises
from esclusa.tracing.graph import Graph
from expectations.contract import Contract, SourceContract
from lineage.golden.promised import promises_file
from lineage.tracing.columns import ColumnLineage, LandedTable, Model, column_lineage
from lineage.tracing.document import lineage_file
from tests.golden_repository import small_contract

TABLES = {"sales": ("id", "buyer", "price", "pieces", "state"), "people": ("id", "land", "mail")}
QUERIES = {
    "staging.stg_sales": "select id, buyer, price * pieces as value, state from raw.shop__sales",
    "staging.stg_people": "select id, land from raw.shop__people",
    "intermediate.int_good": "select * from staging.stg_sales where state = 'done'",
    "candidate.orders": "select id as order_id, buyer as customer, value as amount from intermediate.int_good",
    "candidate.customers": "select p.id as customer, p.land as country from staging.stg_people as p"
    " join staging.stg_sales as s on s.buyer = p.id",
    "candidate.forecasts": "select count(*) as orders, 'EUR' as money from raw.shop__sales",
}
USES = [
    {"useCase": name, "kind": "use_case", "title": title, "owner": owner, "purpose": "testing", "riskTier": "minimal",
     "description": "", "url": "", "datasets": datasets}
    for name, title, owner, datasets in (
        ("reorder_model", "Reorder model", "grace", ["orders", "customers"]),
        ("price_watch", "Price watch", "edsger", ["orders"]),
    )
]  # fmt: skip


def project(queries: Mapping[str, str] = QUERIES) -> ColumnLineage:
    """Lineage of these queries; the candidates are golden."""
    return column_lineage(
        [
            Model(name, sql, tuple(n for n in queries if f"{n} " in f"{sql} "), name.partition("candidate.")[2])
            for name, sql in queries.items()
        ],
        [LandedTable(f"raw.shop__{name}", "shop", name, columns) for name, columns in TABLES.items()],
    )


def contracts(lineage: ColumnLineage) -> list[Contract]:
    """One of each dataset; forecasts refers to orders."""
    made = [small_contract(name, lineage.columns(name) or ["id"]) for name in lineage.datasets]
    return [
        replace(c, table=replace(c.table, columns=(replace(c.table.columns[0], relationships=("orders.order_id",)),
                                                   *c.table.columns[1:]))) if c.name == "forecasts" else c
        for c in made
    ]  # fmt: skip


def shop() -> SourceContract:
    """The source system, of another owner than the datasets."""
    tables = tuple(replace(small_contract(name, columns).table, name=name) for name, columns in TABLES.items())
    return SourceContract("shop", "urn:shop", "1.0.0", "A shop.", "tony", ("tony",), None, tables, (), {}, {}, "", None)  # type: ignore[arg-type]


def document(queries: Mapping[str, str] = QUERIES, uses: list[dict[str, Any]] = USES) -> bytes:
    """`promises.json`."""
    lineage = project(queries)
    return promises_file(contracts(lineage), [shop()], [], lineage, uses)


def certified_lineage(dataset: str, queries: Mapping[str, str] = QUERIES) -> dict[str, bytes]:
    """`lineage.json` of one dataset, as a document to certify."""
    lineage = project(queries)
    (contract,) = (c for c in contracts(lineage) if c.name == dataset)
    return {"lineage.json": lineage_file(contract, lineage)}


@cache
def promises() -> Promises:
    return read_promises(document())


def graph() -> Graph:
    return Graph(promises())
