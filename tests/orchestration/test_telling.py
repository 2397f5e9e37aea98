"""What the platform tells of its steps: each once, in the run that it belongs to, and without a value of a row."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import esclusa
from expectations.verdict import Finding, GateItem, State
from lineage.errors import PinRefused
from lineage.events.certificate_facet import KEY as CERTIFICATE
from orchestration.erasure import erasing as erasure
from orchestration.erasure.erasing import carry_out, take
from orchestration.erasure.proof import ErasureUnproven
from orchestration.gate import BuildRefused
from orchestration.jobs import retention as jobs_retention
from orchestration.jobs.retention import retention_schedule
from orchestration.platform import Platform
from orchestration.publish import publish_release
from orchestration.recall import revoke
from orchestration.retention import Item
from orchestration.settings import read_settings
from orchestration.telling.events import Teller
from orchestration.telling.runs import evidence_of, failed_steps, run_named, run_of
from orchestration.telling.standing import DOCUMENT, document
from tests.openlineage import Standard
from tests.orchestration.shop import CLOCK, KEY, build, open_shop
from tests.orchestration.small import decided

NOW = datetime.now(UTC)
RUN = "3f0b8c1e-5d0a-4c7e-9a52-0f6c2d1b7a10"
SETTINGS = read_settings({})
ANN = "ann-4711-buyer"
LATE = Finding("orders__late", GateItem.QUALITY, State.FAIL, 7, "0 rows", "No order is late.", "ada", unit="rows")


def told(platform: Platform) -> list[dict[str, Any]]:
    """Every event, in the order in which runs began."""
    files = evidence_of(platform.settings).files()
    return [json.loads(line) for path in files for line in path.read_bytes().splitlines()]


def shown(events: Iterable[dict[str, Any]]) -> list[str]:
    return [f"{event['job']['name']} {event['eventType']}" for event in events]


def teller(platform: Platform, job: str = "land_and_certify") -> Teller:
    return Teller(platform, run_of(platform.settings, RUN, job, NOW))


def publish(platform: Platform, release: str = "orders", by: Teller | None = None) -> None:
    with (by or teller(platform)).publication([release]) as published:
        published(publish_release(platform, release, now=datetime.now(UTC), run=RUN, progress=lambda _: None))


def test_a_run_begins_with_the_first_thing_that_happens_and_its_parts_name_it(small: Platform) -> None:
    by, decision = teller(small), decided(small, "orders")
    with by.audit("orders") as audited:
        audited(decision)
    publish(small, by=by)
    by.end()
    events = told(small)
    assert shown(events) == [
        "land_and_certify START",
        "audit.orders START",
        "audit.orders COMPLETE",
        "publish.orders START",
        "publish.orders COMPLETE",
        "land_and_certify COMPLETE",
    ]
    assert {e["run"]["runId"] for e in events if e["job"]["name"] == "land_and_certify"} == {RUN}
    assert {e["run"]["facets"]["parent"]["root"]["run"]["runId"] for e in events[1:-1]} == {RUN}


def test_a_run_in_which_nothing_happened_tells_nothing(small: Platform) -> None:
    teller(small).end()
    assert told(small) == []


def test_a_decision_that_still_holds_is_not_told_again(small: Platform) -> None:
    decision = decided(small, "orders")
    for _ in range(2):
        with teller(small).audit("orders") as audited:
            audited(decision)
    assert shown(told(small)).count("audit.orders COMPLETE") == 1
    newer = decided(small, "orders", rows=3)
    with teller(small).audit("orders") as audited:
        audited(newer)
    assert shown(told(small)).count("audit.orders COMPLETE") == 2


def test_what_is_in_force_already_is_not_told_again(small: Platform) -> None:
    decided(small, "orders")
    publish(small)
    publish(small)
    assert shown(told(small)).count("publish.orders COMPLETE") == 1


def test_a_shut_gate_and_what_it_holds_back_fail(small: Platform) -> None:
    seen = replace(LATE, rule="orders__longest", observed=ANN, unit="", message=f"{ANN} is too long")
    decision = decided(small, "orders", shut_by=[LATE, seen])
    with teller(small).audit("orders") as audited:
        audited(decision)
    publish(small)
    failed = [e for e in told(small) if e["eventType"] == "FAIL"]
    assert shown(failed) == ["audit.orders FAIL", "publish.orders FAIL"]
    assert all("orders__late, orders__longest" in e["run"]["facets"]["errorMessage"]["message"] for e in failed)
    assert ANN not in json.dumps(told(small))


@pytest.mark.parametrize("refusal", [BuildRefused("no candidate"), PinRefused("no candidate")])
def test_a_refusal_is_told_in_its_own_words(small: Platform, refusal: Exception) -> None:
    with pytest.raises(type(refusal)), teller(small).audit("orders"):
        raise refusal
    assert told(small)[-1]["run"]["facets"]["errorMessage"]["message"] == "no candidate"


def test_of_any_other_exception_only_its_class_is_told(small: Platform) -> None:
    with pytest.raises(ValueError, match=ANN), teller(small).publication(["orders"]):
        raise ValueError(f"cannot convert {ANN}")
    (failed,) = (e for e in told(small) if e["eventType"] == "FAIL")
    assert failed["run"]["facets"]["errorMessage"]["message"].startswith("ValueError; what it says is not repeated")
    assert ANN not in json.dumps(told(small))


def test_the_certificate_names_the_digest_of_the_events_that_it_rests_on(small: Platform) -> None:
    decision = decided(small, "orders")
    with teller(small).audit("orders") as audited:
        audited(decision)
    publish(small)
    kept = document(small.workshop, small.manifest, "orders")
    assert shown(map(json.loads, kept.splitlines())) == ["audit.orders START", "audit.orders COMPLETE"]
    assert esclusa.open(small.settings.golden).document("orders", DOCUMENT) == kept
    golden = told(small)[-1]["outputs"][0]
    certificate = esclusa.why("orders", repository=small.settings.golden).certificate
    assert certificate is not None
    assert golden["facets"][CERTIFICATE]["certificate"] == certificate.digest
    assert any(name.endswith(DOCUMENT) for name in certificate.subjects)


def test_a_revocation_is_a_run_of_its_own(small: Platform, openlineage: Standard) -> None:
    decided(small, "orders")
    publish(small)
    done = revoke(small, "orders", reason="wrong currency", requester=ANN)
    events = [e for e in told(small) if e["job"]["name"] == "revoke.orders"]
    assert shown(events) == ["revoke.orders START", "revoke.orders COMPLETE"]
    (golden,) = events[-1]["outputs"]
    assert golden["facets"][CERTIFICATE]["state"] == "revoked"
    assert golden["facets"][CERTIFICATE]["certificate"] == done.certificate
    assert ANN not in json.dumps(events)
    assert [p for e in events for p in openlineage.problems(e)] == []
    assert list(evidence_of(small.settings).unended()) == [run_of(small.settings, RUN, "land_and_certify", NOW)]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.setenv("ESCLUSA_STATE", str(tmp_path / "state"))
    return open_shop(tmp_path / "home", [("1", ANN, CLOCK), ("2", "bob", CLOCK)])


def test_an_erasure_tells_where_rows_went_and_not_whose(shop: Platform, openlineage: Standard) -> None:
    request = take(shop, f"{KEY}={ANN}", reason="GDPR Art. 17", requester="ticket 9", now=NOW)
    carry_out(shop, request.id, now=NOW, build=build)
    events = told(shop)
    assert shown(events) == ["erasure START", "erasure COMPLETE"]
    assert {o["name"] for o in events[-1]["outputs"]} >= {"warehouse.raw.shop__sales", "warehouse.candidate.orders"}
    assert events[-1]["run"]["facets"]["tags"]["tags"][0]["value"] == request.id
    assert ANN not in json.dumps(events)
    assert [p for e in events for p in openlineage.problems(e)] == []


def test_an_erasure_that_is_not_proven_fails(shop: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    request = take(shop, f"{KEY}={ANN}", reason="GDPR Art. 17", requester="ticket 9", now=NOW)
    monkeypatch.setattr(erasure, "STEPS", {**erasure.STEPS, "rows": lambda _: None})
    with suppress(ErasureUnproven):
        carry_out(shop, request.id, now=NOW, build=build)
    last = told(shop)[-1]
    assert last["eventType"] == "FAIL"
    assert request.id in last["run"]["facets"]["errorMessage"]["message"]
    assert ANN not in json.dumps(told(shop))


def test_retention_tells_only_where_rows_went(shop: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    job: Any = retention_schedule(shop).job
    for account, after in (
        ((Item("raw.shop__sales", "held", 3, None, "claim 7"),), []),
        ((Item("raw.shop__sales", "deleted", 3),), ["retention START", "retention COMPLETE"]),
    ):
        monkeypatch.setattr(jobs_retention, "enforce", lambda *_, given=account, **__: given)
        job.execute_in_process(run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}})
        assert shown(told(shop)) == after


def test_the_same_work_has_the_same_run() -> None:
    name = "erasure 20260301-ab12cd34"
    assert run_named(SETTINGS, name, NOW) == run_named(SETTINGS, name, NOW)
    assert run_named(SETTINGS, name, NOW).job == "erasure"
    assert run_of(SETTINGS, RUN, "__ASSET_JOB_0", NOW).job == "materialize"


def test_jobs_are_in_the_namespace_that_the_operator_names() -> None:
    assert run_of(SETTINGS, RUN, "x", NOW).namespace == "esclusa"
    named = read_settings({"OPENLINEAGE_NAMESPACE": "sales"})
    assert run_of(named, RUN, "x", NOW).namespace == "sales"
    assert run_named(named, "erasure x", NOW).namespace == "sales"


def test_a_failed_run_names_its_steps_and_nothing_that_they_said() -> None:
    assert failed_steps(["b", "a"]) == "failed steps: a, b"
    assert failed_steps([]) == ""
