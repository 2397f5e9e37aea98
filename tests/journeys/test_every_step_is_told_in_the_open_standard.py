"""Each load, model, test, audit and publication is told as valid OpenLineage, without a personal value; a certificate
names the digest of the events that it rests on.
"""

from __future__ import annotations

import csv
import json
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import esclusa
from lineage.events.evidence import Evidence
from orchestration.telling.events import Teller
from orchestration.telling.standing import DOCUMENT
from tests.journeys.conftest import CONSUMERS, Journey
from tests.openlineage import Standard

PERSON = ("ada.lovelace@example.org", "ES9121000418450200051332", "Augusta Ada King")
LEADS = Path("olist_funnel") / "olist_marketing_qualified_leads_dataset.csv"


def told(journey: Journey) -> list[dict[str, Any]]:
    files = Evidence(journey.settings.home / "events").files()
    return [json.loads(line) for path in files for line in path.read_bytes().splitlines()]


def ended(events: list[dict[str, Any]]) -> dict[str, str]:
    """Job → how it ended."""
    return {e["job"]["name"]: e["eventType"] for e in events if e["eventType"] != "START"}


def asked(events: list[dict[str, Any]], dataset: str) -> list[str]:
    """Rules that the last audit of a dataset tells of, each as often as it does."""
    (*_, audit) = (e for e in events if e["job"]["name"] == f"audit.{dataset}" and e["eventType"] != "START")
    (candidate,) = audit["inputs"]
    return sorted(a["name"] for a in candidate["inputFacets"]["dataQualityAssertions"]["assertions"])


def rules_of(certificate: esclusa.Certificate) -> list[str]:
    """Rules of which a certificate states what was found."""
    return [finding["rule"] for finding in certificate.document["predicate"]["verdict"]["findings"]]


def models(journey: Journey, dataset: str) -> list[str]:
    order = journey.platform.manifest.build_order([dataset])
    return [f"{model['schema']}/{model['alias']}" for model in order]


def test_every_event_is_valid_and_each_job_begins_and_ends_once(journey: Journey, openlineage: Standard) -> None:
    events = told(journey)
    assert [p for event in events for p in openlineage.problems(event)] == []
    counted = Counter((e["run"]["runId"], e["eventType"] == "START") for e in events)
    parts = [e for e in events if "parent" in e["run"]["facets"]]
    roots = {e["run"]["facets"]["parent"]["root"]["run"]["runId"] for e in parts}
    assert len(roots) == 1
    assert set(counted.values()) == {1}
    platform = journey.platform
    jobs = ended(events)
    tables = [f"land.{s.system}__{t.name}" for s in platform.promises.sources.values() for t in s.tables]
    gates = [f"{what}.{dataset}" for what in ("audit", "publish") for dataset in platform.datasets]
    built = [
        f"warehouse.{node['schema']}.{uid.removeprefix('model.')}.build.run"
        for uid, node in platform.manifest.document["nodes"].items()
        if uid.startswith("model.")
    ]
    singular = [
        uid
        for uid, node in platform.manifest.document["nodes"].items()
        if uid.startswith("test.") and not node.get("test_metadata")
    ]
    assert jobs.keys() >= {*tables, *gates, *built, *singular}
    assert {jobs[name] for name in (*tables, *gates, *built, *singular)} == {"COMPLETE"}


def test_every_column_of_every_model_comes_from_columns_that_are_there(journey: Journey) -> None:
    columns: dict[str, set[str]] = {}
    for event in told(journey):
        for dataset in (*event["inputs"], *event["outputs"]):
            fields = dataset.get("facets", {}).get("schema", {}).get("fields", ())
            columns.setdefault(dataset["name"], set()).update(f["name"] for f in fields)
    for event in told(journey):
        for output in event["outputs"]:
            lineage = output["facets"]["columnLineage"]
            fields = {f["name"] for f in output["facets"]["schema"]["fields"] if not f["name"].startswith("_")}
            assert lineage["fields"].keys() - {"_row"} == fields, output["name"]
            for said in [*(f for s in lineage["fields"].values() for f in s["inputFields"]), *lineage["dataset"]]:
                assert said["field"] in columns[said["name"]], (output["name"], said)


@pytest.mark.parametrize("dataset", CONSUMERS)
def test_the_events_that_a_certificate_rests_on_travel_with_it(journey: Journey, certified: Path, dataset: str) -> None:
    release = esclusa.open(journey.settings.golden)
    document = release.document(dataset, DOCUMENT)
    resting = [json.loads(line) for line in document.splitlines()]
    home = str(certified)  # where they happened
    assert home not in document.decode(), "where the platform keeps things is not published"
    every = "".join(json.dumps(event, sort_keys=True) for event in told(journey))
    every = every.replace(f"{home}/data", "/sources").replace(home, "/esclusa")
    assert all(json.dumps(event, sort_keys=True) in every for event in resting)
    certificate = journey.why(dataset).certificate
    assert certificate is not None
    by_job = ended(resting)
    assert {
        f"audit.{dataset}",
        *(f"land.{i['system']}__{i['table']}" for i in certificate.document["predicate"]["inputs"]),
    } <= (by_job.keys())
    assert {f"warehouse.{m.replace('/', '.esclusa.')}.build.run" for m in models(journey, dataset)} <= by_job.keys()
    assert not [job for job in by_job if job.startswith("publish.")]
    assert asked(resting, dataset) == sorted(rules_of(certificate))


def plant(journey: Journey, change: Callable[[list[list[str]]], None]) -> None:
    """Deliver the leads again, changed."""
    path = journey.settings.source_files / LEADS
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


def anywhere(directory: Path) -> str:
    """Files that hold anything of the person."""
    patterns = [argument for value in PERSON for argument in ("-e", value)]
    return subprocess.run(
        ["grep", "-rlaF", *patterns, str(directory)], capture_output=True, text=True, check=False
    ).stdout


def test_no_event_holds_a_personal_value_whatever_goes_wrong(
    journey: Journey, openlineage: Standard, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = journey.settings.home / "events"
    before = len(told(journey))

    # As a value that dbt quotes when it cannot convert it.
    with journey.platform.workshop.warehouse() as connection:
        connection.execute("ALTER TABLE raw.olist__deals ALTER won_date TYPE VARCHAR")
        connection.execute("UPDATE raw.olist__deals SET won_date = ?", [PERSON[0]])
        connection.execute("UPDATE meta.loads SET erased = erased + 1")
    journey.run(*models(journey, "qualified_leads"))
    assert ended(told(journey))["warehouse.intermediate.esclusa.int_lead_outcomes.build.run"] == "FAIL"

    # As a value that breaks a row rule, and as one that a test of dbt's finds.
    def in_values(rows: list[list[str]]) -> None:
        for number, row in enumerate(rows[1:60]):
            row[3] = PERSON[number % 3]
        rows[1][0] = rows[2][2] = PERSON[0]

    plant(journey, in_values)
    spent = seconds_of(monkeypatch)
    began = time.monotonic()
    journey.run("raw/olist__leads", *models(journey, "qualified_leads"))
    assert spent() < 0.1 * (time.monotonic() - began)
    assert ended(told(journey)[before:])["warehouse.staging.esclusa.stg_olist__leads.build.test"] == "FAIL"
    with journey.platform.workshop.warehouse() as connection:
        held = connection.execute("SELECT count(*) FROM quarantine.olist__leads").fetchone()
    assert held == (2,)

    # As the first line of a file without its header, which a reader could take for names of columns.
    plant(journey, lambda rows: rows.__setitem__(slice(0, 1), [[*PERSON, PERSON[0]]]))
    assert not journey.run("raw/olist__leads").success
    assert ended(told(journey))["land.olist__leads"] == "FAIL"

    assert anywhere(events) == ""
    assert anywhere(journey.settings.golden) == ""
    assert anywhere(journey.settings.source_files) != "", "the search must find what is there"
    assert [p for event in told(journey)[before:] for p in openlineage.problems(event)] == []


def seconds_of(patch: pytest.MonkeyPatch) -> Callable[[], float]:
    """How long telling takes from here on."""
    spent = [0.0]

    def timed(name: str) -> None:
        inner = getattr(Teller, name)

        def outer(self: Teller, *arguments: Any, **named: Any) -> Any:
            began = time.monotonic()
            try:
                return inner(self, *arguments, **named)
            finally:
                spent[0] += time.monotonic() - began

        patch.setattr(Teller, name, outer)

    timed("built")
    timed("_tell")
    return lambda: spent[0]
