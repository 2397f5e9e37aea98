"""Every event is valid by the JSON schemas of OpenLineage, core and facets, and a broken one is not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lineage.events.certificate_facet import KEY, SCHEMA, CertificateDatasetFacet
from lineage.events.runs import Event
from tests.lineage.told import everything, published
from tests.openlineage import ROOT, Standard

Break = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Event]]:
    return everything(tmp_path_factory.mktemp("told"))


def test_every_event_is_valid(openlineage: Standard, told: dict[str, list[Event]]) -> None:
    found = {what: [p for event in events for p in openlineage.problems(event)] for what, events in told.items()}
    assert found == {what: [] for what in told}


OF_TABLE = "schema dataSource documentation ownership tags"
GOLDEN = f"{OF_TABLE} columnLineage dataQualityMetrics storage symlinks version {KEY}"
AUDITED = f"{OF_TABLE} version dataQualityAssertions dataQualityMetrics"
DELIVERED = "schema dataSource documentation ownership storage dataQualityAssertions"
PART = "parent"
# What ends a run → facets of its run, of its job, of its first input and of its first output, at least.
FACETS: dict[str, tuple[str, str, str, str]] = {
    "load": (PART, "jobType documentation ownership", f"{DELIVERED} version dataQualityMetrics inputStatistics",
             f"{OF_TABLE} columnLineage version lifecycleStateChange outputStatistics"),
    "appended load": (PART, "jobType documentation ownership", f"{DELIVERED} version dataQualityMetrics",
                      f"{OF_TABLE} columnLineage version outputStatistics"),
    "refused delivery": (f"{PART} errorMessage", "jobType documentation ownership", DELIVERED, ""),
    "build": (f"{PART} dbt_version", "jobType dbt_node sql", "schema dataSource",
              f"{OF_TABLE} columnLineage lifecycleStateChange outputStatistics"),
    "failed build": (f"{PART} errorMessage", "jobType dbt_node", "schema dataSource", ""),
    "audit": (PART, "jobType documentation ownership", AUDITED, ""),
    "shut gate": (f"{PART} errorMessage", "jobType documentation ownership", AUDITED, ""),
    "publication": (PART, "jobType documentation ownership", f"{OF_TABLE} version",
                    f"{GOLDEN} lifecycleStateChange outputStatistics"),
    "next publication": (PART, "jobType documentation ownership", f"{OF_TABLE} version",
                         f"{GOLDEN} lifecycleStateChange outputStatistics"),
    "held back": (f"{PART} errorMessage", "jobType documentation ownership", "", ""),
    "revocation": ("", "jobType documentation ownership", "", f"{GOLDEN} lifecycleStateChange"),
    "rollback": ("", "jobType documentation ownership", "", f"{GOLDEN} lifecycleStateChange outputStatistics"),
    "erasure": ("tags", "jobType documentation", "", "dataSource documentation lifecycleStateChange"),
    "unfinished retention": ("tags errorMessage", "jobType documentation", "", "dataSource lifecycleStateChange"),
}  # fmt: skip
THE_ONE = {
    "build": "warehouse.candidate.small.orders.build.run",
    "failed build": "warehouse.candidate.small.late.build.run",
}


def _facets(place: dict[str, Any]) -> set[str]:
    return {key for kind in ("facets", "inputFacets", "outputFacets") for key in place.get(kind, {})}


@pytest.mark.parametrize("what", FACETS)
def test_each_kind_of_event_has_the_facets_that_matter(told: dict[str, list[Event]], what: str) -> None:
    (event,) = (
        e for e in told[what] if e["eventType"] != "START" and e["job"]["name"] == THE_ONE.get(what, e["job"]["name"])
    )
    places = (event["run"], event["job"], next(iter(event["inputs"]), {}), next(iter(event["outputs"]), {}))
    missing = [set(wanted.split()) - _facets(place) for wanted, place in zip(FACETS[what], places, strict=True)]
    assert missing == [set()] * 4


def test_no_kind_of_event_is_left_out_and_every_run_that_begins_ends(told: dict[str, list[Event]]) -> None:
    assert FACETS.keys() == told.keys()
    for what, events in told.items():
        begun, over = (
            [e["run"]["runId"] for e in events if (e["eventType"] == "START") is is_start] for is_start in (True, False)
        )
        assert len(set(over)) == len(over), what
        # The first of a whole run puts its START before it: orchestration does.
        assert set(begun) == (set(over) if "parent" in events[-1]["run"]["facets"] else set()), what


def _golden(event: dict[str, Any]) -> dict[str, Any]:
    facets: dict[str, Any] = event["outputs"][0]["facets"]
    return facets


BREAKS: dict[str, Break] = {
    "no run": lambda e: e.pop("run"),
    "a run that is no UUID": lambda e: e["run"].update(runId="run-1"),
    "no time": lambda e: e.pop("eventTime"),
    "a time without a zone": lambda e: e.update(eventTime="2026-03-01T06:00:00"),
    "a state that there is not": lambda e: e.update(eventType="DONE"),
    "no producer": lambda e: e.pop("producer"),
    "a producer that is no address": lambda e: e.update(producer="esclusa"),
    "a job without a name": lambda e: e["job"].pop("name"),
    "an output without a namespace": lambda e: e["outputs"][0].pop("namespace"),
    "a facet without its producer": lambda e: _golden(e)["schema"].pop("_producer"),
    "a facet without its schema": lambda e: _golden(e)["schema"].pop("_schemaURL"),
    "a facet of no schema": lambda e: _golden(e)["schema"].update(_schemaURL="https://openlineage.io/x.json"),
    "a facet under another name": lambda e: _golden(e).update(scheme=_golden(e).pop("schema")),
    "a facet of a run at a dataset": lambda e: _golden(e).update(parent=e["run"]["facets"]["parent"]),
    "a column without a name": lambda e: _golden(e)["schema"]["fields"][0].pop("name"),
    "lineage of no fields": lambda e: _golden(e)["columnLineage"].pop("fields"),
    "an input field without its dataset": lambda e: _golden(e)["columnLineage"]["fields"]["id"]["inputFields"][0].pop(
        "name"
    ),
    "a change that there is not": lambda e: _golden(e)["lifecycleStateChange"].update(lifecycleStateChange="MEND"),
    "a version that is no text": lambda e: _golden(e)["version"].update(datasetVersion=1),
    "a count that is no number": lambda e: e["outputs"][0]["outputFacets"]["outputStatistics"].update(rowCount="2"),
    "an owner without a name": lambda e: _golden(e)["ownership"]["owners"][0].pop("name"),
    "a tag without a value": lambda e: _golden(e)["tags"]["tags"][0].pop("value"),
    "a parent without its job": lambda e: e["run"]["facets"]["parent"].pop("job"),
    "a root that is no UUID": lambda e: e["run"]["facets"]["parent"]["root"]["run"].update(runId="root"),
    "a certificate without its digest": lambda e: _golden(e)[KEY].pop("certificate"),
    "a certificate of another state": lambda e: _golden(e)[KEY].update(state="fine"),
    "a certificate that a shut item let through": lambda e: _golden(e)[KEY]["items"].update(quality="fail"),
    "a certificate of no input": lambda e: _golden(e)[KEY].update(inputs=[]),
}


@pytest.mark.parametrize("what", BREAKS)
def test_a_broken_event_is_caught(openlineage: Standard, told: dict[str, list[Event]], what: str) -> None:
    event = copy.deepcopy(told["publication"][-1])
    assert not openlineage.problems(event)
    BREAKS[what](event)
    assert openlineage.problems(event)


def test_an_assertion_and_an_error_without_what_they_need_are_caught(
    openlineage: Standard, told: dict[str, list[Event]]
) -> None:
    event = copy.deepcopy(told["shut gate"][-1])
    del event["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"][0]["success"]
    del event["run"]["facets"]["errorMessage"]["message"]
    assert len(openlineage.problems(event)) == 2


def test_the_schema_of_the_certificate_is_published_with_the_very_fields(told: dict[str, list[Event]]) -> None:
    schema = json.loads((ROOT / "docs" / "facets" / "CertificateDatasetFacet.json").read_text(encoding="utf-8"))
    assert f"{schema['$id']}#/$defs/CertificateDatasetFacet" == SCHEMA
    assert list(schema["properties"]) == [KEY]
    fields = schema["$defs"]["CertificateDatasetFacet"]["allOf"][1]
    own = {a.name for a in CertificateDatasetFacet.__attrs_attrs__ if not a.name.startswith("_")}
    assert set(fields["properties"]) == own
    assert set(fields["required"]) == own - {"previous"}
    facet = told["next publication"][-1]["outputs"][0]["facets"][KEY]
    assert {key for key in facet if not key.startswith("_")} == own


def test_the_same_thing_gives_the_same_event(tmp_path: Path, told: dict[str, list[Event]]) -> None:
    from tests.lineage.told import certificates

    first, _ = certificates(tmp_path)
    assert published(tmp_path, first) == published(tmp_path, first)
