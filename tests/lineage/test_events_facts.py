"""What loads, audits, publications, revocations and removals tell, and what they keep to themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from expectations.verdict import WITHHELD, State
from lineage.events.certificate_facet import KEY
from lineage.events.evidence import lines
from lineage.events.places import Atlas, unlocated
from tests.lineage.told import (
    ROOT,
    atlas,
    audited,
    certificates,
    finding,
    judged,
    landed,
    published,
    refused,
    removed,
    revoked,
)


def assertions(event: dict[str, Any]) -> dict[str, dict[str, Any]]:
    (read,) = event["inputs"]
    return {a["name"]: a for a in read["inputFacets"]["dataQualityAssertions"]["assertions"]}


def test_a_load_leads_from_the_file_to_raw_and_quarantine(tmp_path: Path) -> None:
    begun, ended = landed(tmp_path)
    assert (begun["eventType"], ended["eventType"]) == ("START", "COMPLETE")
    assert begun["run"]["runId"] == ended["run"]["runId"] != ROOT.run
    (read,) = ended["inputs"]
    assert (read["namespace"], read["name"]) == ("file", str(tmp_path / "data" / "shop" / "sales.csv"))
    assert [output["name"] for output in ended["outputs"]] == [
        "warehouse.raw.shop__sales",
        "warehouse.quarantine.shop__sales",
    ]
    assert [o["outputFacets"]["outputStatistics"]["rowCount"] for o in ended["outputs"]] == [9, 1]
    (origin,) = ended["outputs"][0]["facets"]["columnLineage"]["fields"]["buyer"]["inputFields"]
    assert origin["field"] == "BUYER"


def test_a_load_says_which_row_rules_were_broken_how_often(tmp_path: Path) -> None:
    said = assertions(landed(tmp_path)[1])
    assert (said["buyer__required"]["actual"], said["buyer__required"]["column"]) == ("1 rows", "buyer")
    assert not said["sales__row_rules"]["success"]
    assert said["sales__agreed_schema"]["success"]


def test_only_a_snapshot_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    assert "lifecycleStateChange" in landed(tmp_path)[1]["outputs"][0]["facets"]
    assert "lifecycleStateChange" not in landed(tmp_path, "append")[1]["outputs"][0]["facets"]


def test_a_refused_delivery_fails_with_seen_and_agreed_and_writes_nothing(tmp_path: Path) -> None:
    ended = refused(tmp_path)[1]
    assert (ended["eventType"], ended["outputs"]) == ("FAIL", [])
    said = assertions(ended)["shop__sales__agreed"]
    assert (said["expected"], said["actual"]) == ("2 columns", "column `id` is missing")
    assert "raw keeps what it had" in ended["run"]["facets"]["errorMessage"]["message"]


def test_an_audit_has_an_assertion_for_each_rule(tmp_path: Path) -> None:
    rules = (
        finding("id__required", observed=0, column="id"),
        finding("orders__share", observed=1.5, unit="percent", required="≤ 2 %"),
        finding("orders__late", State.WARN, 3, severity="warning"),
    )
    ended = audited(tmp_path, *rules)[1]
    assert ended["eventType"] == "COMPLETE"
    said = assertions(ended)
    assert (said["orders__share"]["expected"], said["orders__share"]["actual"]) == ("≤ 2 %", "1.5 percent")
    assert (said["orders__late"]["success"], said["orders__late"]["severity"]) == (False, "warn")
    assert said["id__required"]["column"] == "id"
    assert said.keys() == judged(tmp_path / "same", *rules)[0].expected_rules
    metrics = ended["inputs"][0]["inputFacets"]["dataQualityMetrics"]
    assert (metrics["rowCount"], metrics["fileCount"]) == (2, 1)
    assert metrics["columnMetrics"]["id"] == {"nullCount": 0, "count": 2, "quantiles": {}}


def test_a_rule_that_nothing_answered_is_an_assertion_that_does_not_hold(tmp_path: Path) -> None:
    ended = audited(tmp_path, unanswered="orders__share")[1]
    said = assertions(ended)["orders__share"]
    assert (said["success"], said["expected"], said["actual"]) == (False, "an answer", "none")
    assert ended["eventType"] == "FAIL"
    assert "orders__share (no finding)" in ended["run"]["facets"]["errorMessage"]["message"]


def test_a_shut_gate_fails_and_names_its_rules_without_what_they_saw(tmp_path: Path) -> None:
    ended = audited(tmp_path, finding("orders__late", State.FAIL, 7, message="7 rows, such as order 4711"))[1]
    assert ended["eventType"] == "FAIL"
    message = ended["run"]["facets"]["errorMessage"]["message"]
    assert "orders__late" in message
    assert "4711" not in str(ended)


def test_a_text_that_was_observed_may_be_the_value_of_a_row_and_is_withheld(tmp_path: Path) -> None:
    rules = (
        finding("orders__longest", observed="ada@example.org", unit=""),
        finding("id__type", observed="varchar", unit=""),
    )
    said = assertions(audited(tmp_path, *rules)[1])
    assert said["orders__longest"]["actual"] == WITHHELD
    assert said["id__type"]["actual"] == "varchar"


def test_a_publication_leads_from_the_candidate_to_golden_under_its_certificate(tmp_path: Path) -> None:
    first, second = certificates(tmp_path)
    ended = published(tmp_path, first)[1]
    (golden,) = ended["outputs"]
    assert (golden["namespace"], golden["name"]) == (f"esclusa://{'ab' * 8}", "orders")
    assert golden["facets"]["version"]["datasetVersion"] == golden["facets"][KEY]["certificate"] == first.digest
    assert golden["facets"]["lifecycleStateChange"]["lifecycleStateChange"] == "CREATE"
    later = published(tmp_path, second)[1]["outputs"][0]["facets"]
    assert later["lifecycleStateChange"]["lifecycleStateChange"] == "OVERWRITE"
    assert later[KEY]["previous"] == first.digest


def test_a_masked_column_says_so(tmp_path: Path) -> None:
    first, _ = certificates(tmp_path)
    fields = published(tmp_path, first)[1]["outputs"][0]["facets"]["columnLineage"]["fields"]
    masking = {column: said["inputFields"][0]["transformations"][0]["masking"] for column, said in fields.items()}
    assert masking == {"id": False, "buyer": True}


def test_a_revocation_drops_the_dataset_or_serves_the_earlier_certificate(tmp_path: Path) -> None:
    first, second = certificates(tmp_path)
    (gone,) = revoked(tmp_path, second)["outputs"]
    assert gone["facets"]["lifecycleStateChange"]["lifecycleStateChange"] == "DROP"
    assert gone["facets"][KEY]["state"] == "revoked"
    (again,) = revoked(tmp_path, second, first)["outputs"]
    assert again["facets"]["lifecycleStateChange"]["lifecycleStateChange"] == "OVERWRITE"
    assert (again["facets"][KEY]["state"], again["facets"][KEY]["certificate"]) == ("certified", first.digest)


def test_a_removal_is_a_root_run_that_names_tables_and_its_request(tmp_path: Path) -> None:
    event = removed(tmp_path)
    assert event["run"]["runId"] == ROOT.run
    assert "parent" not in event["run"]["facets"]
    assert event["run"]["facets"]["tags"]["tags"][0]["value"] == "20260301-ab12cd34"
    assert [o["name"] for o in event["outputs"]] == [
        "warehouse.quarantine.shop__sales",
        "warehouse.raw.shop__sales",
        "orders",
    ]
    assert removed(tmp_path, "retention", "3 rows outstanding")["eventType"] == "FAIL"


@pytest.mark.parametrize(
    ("url", "namespace", "name"),
    [
        ("postgresql://u:secret@db.example.org/shop", "postgres://db.example.org:5432", "shop.public.sales"),
        ("postgres://u:secret@db.example.org:6543/a?options=x", "postgres://db.example.org:6543", "a.public.sales"),
        ("host=db password=secret", "postgres://shop", "public.sales"),
    ],
)  # fmt: skip
def test_a_database_is_named_without_its_password(tmp_path: Path, url: str, namespace: str, name: str) -> None:
    place = replace(atlas(tmp_path), databases={"shop": url}).delivery("shop", "postgres:public.sales")
    assert (place.namespace, place.name) == (namespace, name)
    assert "secret" not in str(place)


@pytest.mark.parametrize(
    ("said", "published"),
    [
        ("/data/a.csv", "/esclusa/a.csv"),
        ("/data", "/esclusa"),
        ("duckdb:///data/workshop/w.duckdb", "duckdb:///esclusa/workshop/w.duckdb"),
        ("file:///data", "file:///esclusa"),
        ("the file (/data/a.csv) and\n/data/b.csv", "the file (/esclusa/a.csv) and\n/esclusa/b.csv"),
        ("/data/in/a.csv", "/sources/a.csv"),
        ("postgres://db:5432", "postgres://shop"),
        ("postgres://db:54321", "postgres://db:54321"),
        ("/data-archive/f", "/data-archive/f"),
        ("/database", "/database"),
        ("/data.old/f", "/data.old/f"),
        ("/srv/data/f", "/srv/data/f"),
        ("https://example.org/data/1", "https://example.org/data/1"),
        ("meta/data/1", "meta/data/1"),
    ],
)
def test_only_where_the_platform_keeps_things_is_left_out_of_what_is_published(said: str, published: str) -> None:
    directories = {"esclusa": Path("/data"), "sources": Path("/data/in")}
    kept = unlocated(lines([{"said": said}]), directories, {"shop": "postgres://u:p@db/shop"})
    assert json.loads(kept) == {"said": published}


def test_a_relation_of_the_warehouse_is_told_from_others(tmp_path: Path) -> None:
    here: Atlas = atlas(tmp_path)
    place = here.relation("raw.shop__sales")
    assert here.relation_of(place.namespace, place.name) == "raw.shop__sales"
    assert here.relation_of("file", "/data/sales.csv") == ""
