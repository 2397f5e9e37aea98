"""What stands of what was told: the events that the next certificate will rest on, and nothing else."""

from __future__ import annotations

import json
from typing import Any

from orchestration.manifest import SourceTable
from orchestration.platform import Platform
from orchestration.telling.standing import document, keep_build, keep_load, of_audit, of_build, of_load

SALES = SourceTable("shop", "sales")


def test_a_load_takes_the_place_of_the_one_before_or_lies_beside_it(small: Platform) -> None:
    def event(load: str) -> dict[str, Any]:
        return {"job": {"name": "land.shop__sales"}, "load": load}

    keep_load(small.workshop, SALES, "l1", [event("l1")])
    keep_load(small.workshop, SALES, "l2", [event("l2")], beside=["l1", "l2"])
    assert list(of_load(small.workshop, SALES).events) == ["l1", "l2"]
    assert [json.loads(line)["load"] for line in document(small.workshop, small.manifest, "orders").splitlines()] == [
        "l1",
        "l2",
    ]
    keep_load(small.workshop, SALES, "l4", [event("l4")], beside=["l2", "l4"])
    assert list(of_load(small.workshop, SALES).events) == ["l2", "l4"], "no row of the first is left"
    keep_load(small.workshop, SALES, "l3", [event("l3")])
    assert (of_load(small.workshop, SALES).of, list(of_load(small.workshop, SALES).events)) == ("l3", ["l3"])


def test_a_document_holds_what_the_dataset_is_made_of_and_nothing_of_its_family(small: Platform) -> None:
    def event(uid: str) -> dict[str, Any]:
        return {"job": {"name": uid, "facets": {"dbt_node": {"unique_id": uid}}}}

    nodes = ["model.small.stg_shop", "model.small.orders", "model.small.refunds", "test.small.orders_add_up"]
    keep_build(small.workshop, ("orders", "refunds"), "f", [event(uid) for uid in nodes])
    names = [
        json.loads(line)["job"]["name"] for line in document(small.workshop, small.manifest, "orders").splitlines()
    ]
    assert names == ["model.small.stg_shop", "model.small.orders", "test.small.orders_add_up"]


def test_a_part_that_was_built_again_takes_the_place_of_that_part_alone(small: Platform) -> None:
    def event(uid: str, run: str) -> dict[str, Any]:
        return {"job": {"name": uid}, "run": run}

    family = ("orders", "refunds")
    keep_build(small.workshop, family, "f", [event("a", "1"), event("b", "1")])
    keep_build(small.workshop, family, "", [event("b", "2")])
    kept = of_build(small.workshop, family)
    assert kept.of == ""  # which no build stands on
    assert kept.events == {"a": [event("a", "1")], "b": [event("b", "2")]}


def test_nothing_stands_before_it_was_told(small: Platform) -> None:
    assert of_audit(small.workshop, "orders").of == ""
    assert document(small.workshop, small.manifest, "orders") == b""


def test_a_document_does_not_say_where_the_platform_keeps_things(small: Platform) -> None:
    settings = small.settings
    event = {
        "job": {"name": "land.shop__sales"},
        "warehouse": f"duckdb://{settings.warehouse}",
        "delivery": str(settings.source_files.absolute() / "shop" / "sales.csv"),
    }
    keep_load(small.workshop, SALES, "l1", [event])
    said = json.loads(document(small.workshop, small.manifest, "orders"))
    assert said["warehouse"] == "duckdb:///esclusa/workshop/warehouse.duckdb"
    assert said["delivery"] == "/sources/shop/sales.csv"
    assert of_load(small.workshop, SALES).events["l1"] == [event], "the file of the run keeps the names of all events"
