"""Column lineage, against the truth written by hand."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from lineage.tracing.columns import ColumnLineage, LandedTable, Model, SourceColumn, column_lineage
from tests.lineage.tricky_queries import FEEDING, QUERIES, TABLES

LETTERS = {"o": "orders", "i": "items", "c": "customers"}
LANDED = tuple(
    LandedTable(f"raw.shop__{name}", "shop", name, (*columns, "_load_id")) for name, columns in TABLES.items()
)
READS = tuple(table.relation for table in LANDED)


def lineage_of_query(sql: str) -> ColumnLineage:
    return column_lineage([Model("candidate.made", sql, READS, "made")], LANDED)


def chain(**queries: str) -> ColumnLineage:
    """A chain of queries; each reads any of the others by `m.<name>`, and `made` is the golden one."""
    models = [
        Model(f"m.{name}", sql, tuple(f"m.{n}" for n in queries if f"m.{n}" in sql)) for name, sql in queries.items()
    ]
    golden = Model("candidate.made", "select * from m.last", ("m.last",), "made")
    return column_lineage([*models, golden], LANDED)


def columns_named(written: str) -> frozenset[SourceColumn]:
    pairs = (name.split(".") for name in written.split())
    return frozenset(SourceColumn("shop", LETTERS[letter], column) for letter, column in pairs)


def shown(columns: Iterable[SourceColumn]) -> list[str]:
    return sorted(map(str, columns))


def verdicts(name: str) -> dict[str, str]:
    """Column → right, wrong, or uncertain and right or wrong."""
    sql, truth = QUERIES[name]
    lineage = lineage_of_query(sql)
    doubts = lineage.uncertain["made"]
    found = {}
    for column, written in truth.items():
        right = written != "?" and lineage.sources("made", column) == columns_named(written)
        uncertain = column in doubts or (column not in lineage.columns("made") and "*" in doubts)
        found[column] = f"{'uncertain, ' if uncertain else ''}{'right' if right else 'wrong'}"
    return found


@pytest.mark.parametrize("name", QUERIES)
def test_no_column_is_followed_wrongly_without_being_marked_uncertain(name: str) -> None:
    assert "wrong" not in verdicts(name).values(), (name, verdicts(name))


def test_seven_columns_in_eight_are_followed_rightly_and_few_are_doubted(capsys: pytest.CaptureFixture[str]) -> None:
    every = [verdict for name in QUERIES for verdict in verdicts(name).values()]
    right = sum(verdict.endswith("right") for verdict in every)
    doubted = sum(verdict.startswith("uncertain") for verdict in every)
    with capsys.disabled():
        print(f"\n{len(QUERIES)} queries, {len(every)} columns: {right} right ({right / len(every):.1%}), ", end="")
        print(f"{len(every) - right} wrong and all of them marked uncertain, {doubted} marked in all")
    assert len(QUERIES) >= 30
    assert right / len(every) >= 7 / 8
    assert doubted / len(every) < 1 / 5


@pytest.mark.parametrize(
    "name", ["UNION ALL BY NAME", "PIVOT with its group", "COLUMNS of a pattern", "a file read past the sources"]
)
def test_what_names_its_columns_only_when_it_runs_is_uncertain(name: str) -> None:
    assert all(verdict.startswith("uncertain") for verdict in verdicts(name).values())


@pytest.mark.parametrize("name", FEEDING)
def test_usage_counts_joins_conditions_groups_orders_and_windows(name: str) -> None:
    assert shown(lineage_of_query(QUERIES[name][0]).feeding("made")) == shown(columns_named(FEEDING[name]))


def test_a_column_that_a_model_reads_and_nobody_takes_from_it_feeds_nothing() -> None:
    lineage = chain(
        first="select id, amount, address from raw.shop__orders", last="select amount from m.first where id > 1"
    )
    assert shown(lineage.feeding("made")) == ["shop.orders.amount", "shop.orders.id"]


def test_a_distinct_of_columns_is_fed_by_each_of_them() -> None:
    lineage = chain(first="select distinct id, address from raw.shop__orders", last="select id from m.first")
    assert shown(lineage.feeding("made")) == ["shop.orders.address", "shop.orders.id"]


def test_what_only_decides_is_told_apart_from_what_is_taken() -> None:
    lineage = chain(
        last="select case when customer > 1 then amount end as a, count(*) over () as n from raw.shop__orders"
    )
    assert shown(lineage.sources("made", "a")) == ["shop.orders.amount"]
    assert shown(lineage.deciding("made", "a")) == ["shop.orders.customer"]


def test_a_table_that_is_only_counted_still_feeds() -> None:
    lineage = chain(last="select count(*) as n from raw.shop__items")
    assert lineage.tables("made") == {("shop", "items")}
    assert lineage.sources("made", "n") == frozenset()


def test_carriers_hold_the_value_and_what_is_computed_of_it_does_not() -> None:
    lineage = chain(
        first="select id as k, cast(customer as varchar) as who, customer is not null as known from raw.shop__orders",
        last="select coalesce(who, 'nobody') as account, known, length(who) as digits from m.first",
    )
    carriers = lineage.carriers(SourceColumn("shop", "orders", "customer"))
    assert carriers == {
        ("raw", "shop__orders", "customer"),
        ("m", "first", "who"),
        ("m", "last", "account"),
        ("candidate", "made", "account"),
        ("golden", "made", "account"),
    }


def test_a_query_that_cannot_be_read_may_carry_everything_of_what_it_reads() -> None:
    lineage = column_lineage([Model("candidate.made", "selekt nonsense frm", (READS[0],), "made")], LANDED)
    assert ("candidate", "made", "*") in lineage.carriers(SourceColumn("shop", "orders", "customer"))
    assert SourceColumn("shop", "orders", "customer") in lineage.feeding("made")
    assert lineage.uncertain["made"]


def test_columns_that_the_landing_adds_are_no_columns_of_the_source() -> None:
    lineage = chain(last="select id, _load_id from raw.shop__orders")
    assert lineage.sources("made", "_load_id") == frozenset()
    assert lineage.uncertain == {"made": {}}


def test_doubt_is_carried_along_the_chain() -> None:
    lineage = chain(
        first="from raw.shop__orders select id, amount union all by name from raw.shop__items select price as amount",
        last="select amount * 2 as twice, 1 as one from m.first",
    )
    assert set(lineage.uncertain["made"]) >= {"twice"}
    assert "one" not in lineage.uncertain["made"]


def test_a_source_whose_columns_nobody_agreed_makes_its_readers_uncertain_and_no_others() -> None:
    bare = LandedTable("raw.bare__things", "bare", "things", ())
    models = [
        Model("candidate.of_bare", "select a from raw.bare__things", (bare.relation,), "of_bare"),
        Model("candidate.of_shop", "select id from raw.shop__orders", (READS[0],), "of_shop"),
    ]
    lineage = column_lineage(models, [bare, *LANDED])
    assert "a" in lineage.uncertain["of_bare"]
    assert lineage.tables("of_bare") == {("bare", "things")}
    assert lineage.uncertain["of_shop"] == {}
