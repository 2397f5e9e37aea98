"""What dbt left of a build, as events: what openlineage-dbt reads, and what is put right of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lineage.events.builds import node_of
from lineage.events.runs import Event
from tests.lineage.told import ROOT, built

SECRET = "ada.lovelace@example.org"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    return built(tmp_path_factory.mktemp("built"), secret=SECRET)


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    return built(tmp_path_factory.mktemp("failed"), fails=True, secret=SECRET)


def end(events: list[Event], job: str) -> Any:
    (found,) = (e for e in events if e["job"]["name"] == job and e["eventType"] != "START")
    return found


ORDERS = "warehouse.candidate.small.orders.build.run"


def test_every_model_and_test_begins_and_then_ends(made: list[Event]) -> None:
    pairs = [(a["job"]["name"], a["eventType"], b["eventType"]) for a, b in zip(made[::2], made[1::2], strict=True)]
    assert all(pair[1:] == ("START", "COMPLETE") for pair in pairs)
    assert [pair[0] for pair in pairs] == [
        "warehouse.staging.small.stg_sales.build.run",
        ORDERS,
        "warehouse.candidate.small.late.build.run",
        "warehouse.candidate.small.orders.build.test",
        "test.small.adds_up",
        "test.small.free",
    ]


def test_each_is_a_part_of_the_run_that_built(made: list[Event]) -> None:
    for event in made:
        parent = event["run"]["facets"]["parent"]
        assert parent["run"]["runId"] == parent["root"]["run"]["runId"] == ROOT.run
        assert parent["job"]["name"] == parent["root"]["job"]["name"] == ROOT.job


def test_a_source_is_called_by_its_table_in_the_warehouse(made: list[Event]) -> None:
    (read,) = end(made, "warehouse.staging.small.stg_sales.build.run")["inputs"]
    assert read["name"] == "warehouse.raw.shop__sales"
    assert read["namespace"].startswith("duckdb:///")


def test_column_lineage_is_the_one_that_esclusa_follows(made: list[Event]) -> None:
    facet = end(made, ORDERS)["outputs"][0]["facets"]["columnLineage"]
    found = {
        column: {
            (f["name"].rpartition(".")[2], f["field"], f["transformations"][0]["type"]) for f in said["inputFields"]
        }
        for column, said in facet["fields"].items()
    }
    assert found == {
        "id": {("stg_sales", "id", "DIRECT")},
        "buyer": {("stg_sales", "buyer", "DIRECT"), ("stg_sales", "id", "INDIRECT")},
    }
    assert [(f["field"], f["transformations"][0]["type"]) for f in facet["dataset"]] == [("id", "INDIRECT")]


def test_a_candidate_is_described_by_its_contract_and_counted(made: list[Event]) -> None:
    (output,) = end(made, ORDERS)["outputs"]
    facets = output["facets"]
    assert facets["ownership"]["owners"] == [{"name": "ada", "type": "OWNER"}]
    assert facets["documentation"]["description"] == "Small orders."
    assert [(f["name"], f["type"], f["description"]) for f in facets["schema"]["fields"]] == [
        ("id", "varchar", "The id of one of the orders."),
        ("buyer", "varchar", "The buyer of one of the orders."),
    ]
    assert "version" not in facets  # that is the digest of its bytes, which nobody has pinned yet
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 2


def test_the_version_of_a_model_is_the_digest_of_what_went_in(made: list[Event]) -> None:
    (output,) = end(made, "warehouse.staging.small.stg_sales.build.run")["outputs"]
    assert output["facets"]["version"]["datasetVersion"] == "f" * 64


def test_sql_is_what_dbt_compiles_without_a_look_at_the_rows(made: list[Event]) -> None:
    assert end(made, ORDERS)["job"]["facets"]["sql"]["query"] == "select id"


def test_each_rule_is_an_assertion_with_what_it_expected_and_saw(failed: list[Event]) -> None:
    (read,) = end(failed, "warehouse.candidate.small.orders.build.test")["inputs"]
    assert [
        (a["name"], a.get("column"), a["success"], a["expected"], a["actual"])
        for a in read["inputFacets"]["dataQualityAssertions"]["assertions"]
    ] == [("not_null", "id", False, "0", "3"), ("adds_up", None, False, "0", "3")]


def test_a_test_that_was_not_asked_is_told_neither_as_kept_nor_as_broken(failed: list[Event]) -> None:
    assert "unasked" not in json.dumps(failed)


@pytest.mark.parametrize(
    ("job", "says"),
    [
        ("warehouse.candidate.small.late.build.run", "model.small.late was not built; what dbt said is not repeated"),
        ("warehouse.candidate.small.orders.build.test", "2 of 2 tests do not hold: not_null: 3 rows, expected 0"),
        ("test.small.adds_up", "test.small.adds_up: 3 rows, expected 0"),
    ],
)
def test_what_failed_says_so_in_its_last_event_alone(failed: list[Event], job: str, says: str) -> None:
    last = end(failed, job)
    assert last["eventType"] == "FAIL"
    assert says in last["run"]["facets"]["errorMessage"]["message"]
    (start,) = (e for e in failed if e["job"]["name"] == job and e["eventType"] == "START")
    assert "errorMessage" not in start["run"]["facets"]


def test_nothing_that_dbt_can_quote_is_told(made: list[Event], failed: list[Event]) -> None:
    assert SECRET not in json.dumps([made, failed])


def test_every_event_of_dbt_names_its_node(made: list[Event]) -> None:
    assert {node_of(event).split(".")[0] for event in made} == {"model", "test"}
