"""What the ledger is told of verdicts, releases and refusals: each once, before it counts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import esclusa
from esclusa.ledger.ledger import Ledger
from expectations.verdict import Finding, GateItem, State
from orchestration.decisions import recall_decision
from orchestration.golden import open_golden
from orchestration.platform import Platform
from orchestration.publish import Outcome, publish_release
from orchestration.recorded import before_it_counts, verdict_body
from orchestration.refusals import refuse
from tests.orchestration.small import decided

LATE = Finding("orders__late", GateItem.QUALITY, State.FAIL, 7, "0 rows", "No order is late.", "ada", unit="rows")


def publish(platform: Platform, release: str = "orders") -> Outcome:
    (outcome,) = publish_release(platform, release, now=datetime.now(UTC), run="run-1", progress=lambda _: None)
    return outcome


def refusal(platform: Platform, message: str = "dbt stopped") -> None:
    refuse(platform, ["orders"], stage="build", message=message, remedy="dbt build", now=datetime.now(UTC))


def entries(platform: Platform, kind: str) -> list[Any]:
    return list(platform.ledger.entries(kind=kind))


def version(platform: Platform) -> int:
    return esclusa.open(platform.settings.golden).version


def test_a_release_is_recorded_once_and_its_certificate_names_the_head_before_it(small: Platform) -> None:
    decided(small, "orders")
    head = small.ledger.append("verdict", "orders", {})
    open_golden(small)
    made = small.ledger.head()
    outcome = publish(small)
    publish(small)
    (entry,) = entries(small, "release")
    assert entry.dataset == "orders"
    assert entry.body["certificate"] == outcome.certificate
    assert entry.body["together"] == {"orders": outcome.certificate}
    certificate = esclusa.why("orders", repository=small.settings.golden).certificate
    assert certificate is not None
    assert made is not None
    assert made.sequence == head.sequence + 1, "the new keys"
    assert certificate.ledger == (made.sequence, made.hash)
    assert entry.sequence == made.sequence + 1


def test_a_refusal_is_published_and_recorded_once_for_as_long_as_it_stands(small: Platform) -> None:
    decided(small, "orders", shut_by=[LATE])
    publish(small)
    before = version(small)
    for _ in range(3):
        publish(small)
    assert version(small) == before
    (entry,) = entries(small, "refusal")
    assert entry.body["stage"] == "gate"
    assert entry.body["rules"] == ["orders__late"]


def test_another_refusal_is_told_and_the_first_one_again_when_it_comes_back(small: Platform) -> None:
    for message in ("dbt stopped", "dbt stopped", "no space", "dbt stopped"):
        refusal(small, message)
    assert [entry.body["message"] for entry in entries(small, "refusal")] == ["dbt stopped", "no space", "dbt stopped"]


def test_a_refusal_that_is_not_told_again_still_wakes_a_repository_that_fell_asleep(small: Platform) -> None:
    refusal(small)
    timestamp = small.settings.golden / "metadata" / "timestamp.json"
    golden = open_golden(small)
    golden._now = lambda: datetime(2020, 1, 1, tzinfo=UTC)
    golden.keep_alive()
    asleep = timestamp.read_bytes()
    refusal(small)
    assert timestamp.read_bytes() != asleep
    assert esclusa.open(small.settings.golden).alive_until > datetime.now(UTC)


def test_a_verdict_is_the_same_for_as_long_as_it_says_the_same(small: Platform) -> None:
    first, second = (decided(small, "orders", shut_by=[LATE]).verdict for _ in range(2))
    assert first.audited_at != second.audited_at
    assert verdict_body(first) == verdict_body(second)
    assert verdict_body(first)["shutting"] == ["orders__late"]
    assert not verdict_body(first)["open"]
    assert verdict_body(decided(small, "orders", rows=9).verdict) != verdict_body(first)


def test_an_entry_is_written_in_the_moment_before_readers_see_the_release(small: Platform) -> None:
    open_golden(small)
    seen: list[str] = []
    before = version(small)

    def record(ledger: Ledger) -> None:
        seen.append(f"{version(small) - before}")

    on_step = before_it_counts(small.ledger, record)
    open_golden(small).keep_alive(on_step=lambda step: (on_step(step), seen.append(step))[0])
    assert seen.count("0") == 1
    assert seen[seen.index("0") + 1 :][0] == "timestamp in force"


def test_a_record_of_a_decision_that_cannot_be_read_is_none(small: Platform) -> None:
    decided(small, "orders")
    document = small.workshop.recall("decisions", "orders")
    assert document is not None
    for lacking in document:
        small.workshop.remember("decisions", "orders", {k: v for k, v in document.items() if k != lacking})
        assert recall_decision(small.workshop, "orders") is None
        assert "was never audited" in publish(small).message
