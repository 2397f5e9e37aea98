"""What a step that was killed did and told nobody is told by the next; any other failure is told as one."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

import esclusa
from lineage.errors import RecallRefused
from lineage.events.certificate_facet import KEY as CERTIFICATE
from orchestration.golden import RECORD
from orchestration.manifest import SourceTable
from orchestration.platform import Platform
from orchestration.publish import publish_release
from orchestration.recall import revoke
from orchestration.telling.events import Teller
from orchestration.telling.runs import evidence_of, run_of
from tests.openlineage import Standard
from tests.orchestration.shop import open_shop
from tests.orchestration.small import decided
from tests.orchestration.test_telling import ANN, publish, shown, teller, told


class Killed(BaseException):
    """As no code of ours catches it."""


def die(*_: object, **__: object) -> None:
    raise Killed


def test_a_publication_that_was_killed_before_it_was_told_is_told_once_by_the_next_run(small: Platform) -> None:
    decided(small, "orders")
    (outcome,) = publish_release(small, "orders", now=datetime.now(UTC), run="killed", progress=lambda _: None)
    for _ in range(2):
        publish(small)
    events = told(small)
    assert shown(events).count("publish.orders COMPLETE") == 1
    assert events[-1]["outputs"][0]["facets"][CERTIFICATE]["certificate"] == outcome.certificate


def kill_a_revocation(platform: Platform, patch: pytest.MonkeyPatch, **options: bool) -> str:
    """Its certificate was taken back, and nobody was told."""
    certificate = esclusa.why("orders", repository=platform.settings.golden).certificate
    assert certificate is not None
    with patch.context() as killed:
        killed.setattr("orchestration.recall.record_in_force", lambda _, golden, name: golden.served(name) or die())
        killed.setattr(Teller, "_tell", die)
        with pytest.raises(Killed):
            revoke(platform, "orders", reason="wrong currency", requester=ANN, **options)
    return certificate.digest


def revocations(platform: Platform) -> list[dict[str, Any]]:
    return [e for e in told(platform) if e["job"]["name"] == "revoke.orders"]


def test_a_revocation_that_was_killed_is_told_by_the_next_run_and_consumers_hear_that_nothing_is_served(
    small: Platform, monkeypatch: pytest.MonkeyPatch, openlineage: Standard
) -> None:
    decided(small, "orders")
    publish(small)
    digest = kill_a_revocation(small, monkeypatch)
    for _ in range(2):
        publish(small)
    events = revocations(small)
    assert shown(events) == ["revoke.orders START", "revoke.orders COMPLETE"]
    (golden,) = events[-1]["outputs"]
    assert (golden["facets"][CERTIFICATE]["certificate"], golden["facets"][CERTIFICATE]["state"]) == (digest, "revoked")
    assert golden["facets"]["lifecycleStateChange"]["lifecycleStateChange"] == "DROP"
    assert [p for e in events for p in openlineage.problems(e)] == []
    assert small.workshop.recall(RECORD, "orders") is None
    decision = esclusa.why("orders", repository=small.settings.golden).decision
    assert decision is not None
    assert "nothing is served" in decision.message


def test_a_revocation_that_was_killed_is_told_by_whoever_tries_again_and_the_second_try_fails(
    small: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(small, "orders")
    publish(small)
    digest = kill_a_revocation(small, monkeypatch)
    with pytest.raises(RecallRefused):
        revoke(small, digest, reason="wrong currency", requester=ANN)
    assert sorted(shown(revocations(small))) == [
        "revoke.orders COMPLETE",
        "revoke.orders FAIL",
        "revoke.orders START",
        "revoke.orders START",
    ]
    assert ANN not in json.dumps(told(small))
    assert small.workshop.recall(RECORD, "orders") is None
    assert [root.job for root in evidence_of(small.settings).unended()] == ["land_and_certify"]


def test_a_rollback_that_was_killed_is_told_with_what_is_served_again(
    small: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rows in (2, 5):
        decided(small, "orders", rows=rows)
        publish(small)
    kill_a_revocation(small, monkeypatch, rollback=True)
    publish(small)
    (golden,) = revocations(small)[-1]["outputs"]
    served = esclusa.why("orders", repository=small.settings.golden).certificate
    assert served is not None
    assert golden["facets"][CERTIFICATE]["certificate"] == served.digest
    assert golden["facets"]["lifecycleStateChange"]["lifecycleStateChange"] == "OVERWRITE"
    assert (small.workshop.recall(RECORD, "orders") or {})["certificate"] == served.digest


def test_a_superseded_certificate_that_is_revoked_drops_nothing(small: Platform) -> None:
    certificates = []
    for rows in (2, 5):
        decided(small, "orders", rows=rows)
        publish(small)
        certificates.append(esclusa.why("orders", repository=small.settings.golden).certificate)
    first = certificates[0]
    assert first is not None
    revoke(small, first.digest, reason="wrong currency", requester=ANN)
    (golden,) = revocations(small)[-1]["outputs"]
    assert (golden["facets"][CERTIFICATE]["certificate"], golden["facets"][CERTIFICATE]["state"]) == (
        first.digest,
        "revoked",
    )
    assert "lifecycleStateChange" not in golden["facets"]


def test_a_revocation_that_fails_says_so_and_not_what_the_failure_said(
    small: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(small, "orders")
    publish(small)

    def fail(*_: object, **__: object) -> None:
        raise ValueError(f"no room for {ANN}")

    monkeypatch.setattr("lineage.golden.repository.GoldenRepository.revoke", fail)
    with pytest.raises(ValueError, match=ANN):
        revoke(small, "orders", reason="wrong currency", requester="ada")
    events = revocations(small)
    assert shown(events) == ["revoke.orders START", "revoke.orders FAIL"]
    assert events[-1]["run"]["facets"]["errorMessage"]["message"] == "orders: ValueError; next: esclusa why orders"
    assert ANN not in json.dumps(told(small))


def test_a_load_that_crashes_fails_and_does_not_say_what_the_crash_said(small: Platform, openlineage: Standard) -> None:
    shop = open_shop(small.settings.home.with_name("shop"), [("1", ANN, datetime(2011, 12, 10, tzinfo=UTC))])
    with pytest.raises(ValueError, match=ANN), teller(shop).load(SourceTable("shop", "sales")):
        raise ValueError(f"cannot convert {ANN}")
    events = told(shop)
    assert shown(events)[1:] == ["land.shop__sales START", "land.shop__sales FAIL"]
    assert events[-1]["run"]["facets"]["errorMessage"]["message"].startswith("ValueError; what it says is not repeated")
    assert ANN not in json.dumps(events)
    assert [p for e in events for p in openlineage.problems(e)] == []


def test_a_run_that_its_command_and_the_daemon_both_find_over_ends_once(small: Platform) -> None:
    decided(small, "orders")
    publish(small)
    with ThreadPoolExecutor(4) as pool:
        for ended in [pool.submit(teller(small).end, f"by {n}") for n in range(8)]:
            ended.result()
    assert [line.partition(" ")[2] for line in shown(told(small)) if line.startswith("land_and_certify")] == [
        "START",
        "FAIL",
    ]
    assert list(evidence_of(small.settings).unended()) == []


def test_an_appended_load_stands_while_a_row_of_it_is_in_raw(small: Platform) -> None:
    by = Teller(small, run_of(small.settings, "3f0b8c1e-5d0a-4c7e-9a52-0f6c2d1b7a11", "land", datetime.now(UTC)))
    with small.workshop.warehouse() as connection:
        connection.execute("INSERT INTO raw.shop__sales VALUES ('second', 'x')")
    assert sorted(by._loads_in(SourceTable("shop", "sales"))) == ["first", "second"]
