"""Column lineage of a project: what the gate is handed, and whom a difference in a source concerns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import esclusa
from expectations.landing import DeliveryRefused
from orchestration.columns import concerned, lineage_of, origins_of
from orchestration.delivery import deliver
from orchestration.golden import open_golden
from orchestration.manifest import Manifest, SourceTable
from orchestration.platform import Platform
from orchestration.refusals import refused_deliveries
from tests.expectations.promised import sources
from tests.orchestration.small import document, small_platform

ORDERS = SourceTable("shop", "orders")
SQL = {
    "stg_shop": 'select id, amount, note, country from "warehouse"."raw"."shop__orders"',
    "orders": 'select id, amount from "warehouse"."staging"."stg_shop"',
    "refunds": "select id, note from staging.stg_shop where country = 'ES'",
    "parcels": "select count(*) as amount from raw.shop__orders",
}


@pytest.fixture
def two_on_one_table(tmp_path: Path) -> Platform:
    """Orders and refunds read one table, each other columns of it; parcels count its rows behind dbt's back."""
    platform = small_platform(tmp_path)
    made = document()
    made["sources"]["source.small.raw.shop__sales"]["identifier"] = "shop__orders"
    for node in made["nodes"].values():
        if node["resource_type"] == "model":
            node["compiled_code"] = SQL[node["name"]]
    promises = replace(platform.promises, sources=sources())
    return replace(platform, manifest=Manifest(made), promises=promises)


def test_the_gate_is_handed_values_usage_tables_and_doubts(two_on_one_table: Platform) -> None:
    found = origins_of(lineage_of(two_on_one_table), "refunds")
    assert found.columns["note"].values == {"shop.orders.note"}
    assert found.used == {"shop.orders.id", "shop.orders.note", "shop.orders.country"}
    assert found.tables == {"shop.orders"}
    assert found.doubts == {}


def test_a_difference_in_a_column_concerns_only_those_who_use_it(two_on_one_table: Platform) -> None:
    assert concerned(two_on_one_table, ORDERS, ["amount"]) == ("orders",)
    assert concerned(two_on_one_table, ORDERS, ["note"]) == ("refunds",)
    assert concerned(two_on_one_table, ORDERS, ["country"]) == ("refunds",)
    assert concerned(two_on_one_table, ORDERS, ["buyer"]) == ()


def test_a_difference_in_a_table_concerns_all_who_read_it_also_behind_dbt_s_back(two_on_one_table: Platform) -> None:
    assert concerned(two_on_one_table, ORDERS) == ("orders", "parcels", "refunds")


def test_a_source_that_sql_names_past_dbt_is_found(two_on_one_table: Platform) -> None:
    """dbt knows that parcels read `post__parcels`; the SQL reads another table."""
    assert origins_of(lineage_of(two_on_one_table), "parcels").tables == {"shop.orders"}


def test_a_delivery_without_a_column_is_told_to_those_who_use_it_and_to_no_others(two_on_one_table: Platform) -> None:
    platform = two_on_one_table
    table = platform.promises.sources["shop"].table("orders")
    names = [c.physical_name for c in table.columns if c.name != "note"]
    file = platform.settings.source_files / table.custom["delivery"]["file"]
    file.parent.mkdir(parents=True)
    file.write_text(";".join(name.removesuffix("#2") for name in ["country", *names]) + "\n")
    open_golden(platform)
    with platform.workshop.warehouse() as connection:
        connection.execute("drop table meta.loads")  # the landing makes its own
    with pytest.raises(DeliveryRefused, match="`note` is missing") as refused:
        deliver(platform, ORDERS, now=datetime.now(UTC), progress=lambda words: None)
    assert refused.value.columns == ("note",)
    golden = esclusa.open(platform.settings.golden)
    assert golden.why("refunds").candidate_refused
    with pytest.raises(esclusa.NotCertified):
        golden.why("orders")
    assert refused_deliveries(platform, "refunds")
    assert refused_deliveries(platform, "orders") == []
