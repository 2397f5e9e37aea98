"""What is published and what is held back: the candidate that was audited, under the promise it was audited for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import esclusa
from expectations.verdict import Finding, GateItem, State
from lineage.errors import KeysUnusable, RepositoryForged
from orchestration.decisions import Decision, remember_decision
from orchestration.golden import RECORD, collect_garbage, open_golden
from orchestration.platform import Platform
from orchestration.publish import Outcome, publish_release
from orchestration.refusals import REFUSALS, refuse
from tests.golden_repository import open_small
from tests.orchestration.small import DATASETS, decided, deliver

LATE = Finding("orders__late", GateItem.QUALITY, State.FAIL, 7, "0 rows", "No order is late.", "ada", unit="rows")


def publish(platform: Platform, release: str) -> tuple[Outcome, ...]:
    return publish_release(platform, release, now=datetime.now(UTC), run="run-1", progress=lambda _: None)


def rows(platform: Platform, dataset: str) -> int:
    return int(esclusa.read(dataset, repository=platform.settings.golden).num_rows)


def why(platform: Platform, dataset: str) -> esclusa.Why:
    return esclusa.why(dataset, repository=platform.settings.golden)


def version(platform: Platform) -> int:
    return esclusa.open(platform.settings.golden).version


def test_an_open_gate_puts_the_candidate_in_force(small: Platform) -> None:
    decision = decided(small, "orders", rows=3)
    (outcome,) = publish(small, "orders")
    assert outcome.serves_newest
    assert outcome.published
    assert (outcome.rows, outcome.valid_until) == (3, decision.valid_until)
    assert rows(small, "orders") == 3
    certificate = why(small, "orders").certificate
    assert certificate is not None
    assert certificate.digest == outcome.certificate


def test_what_is_in_force_is_not_published_again(small: Platform) -> None:
    decided(small, "orders")
    publish(small, "orders")
    before = version(small)
    (outcome,) = publish(small, "orders")
    assert outcome.serves_newest
    assert not outcome.published
    assert version(small) == before


def a_gate_that_shut(platform: Platform) -> None:
    decided(platform, "orders", shut_by=[LATE])


def no_gate_at_all(platform: Platform) -> None:
    (platform.settings.workshop / "decisions" / "orders.json").unlink()


def another_load_since(platform: Platform) -> None:
    with platform.workshop.warehouse() as connection:
        deliver(connection, "shop__sales", "second")


def a_promise_that_ran_out(platform: Platform) -> None:
    decided(platform, "orders", at=datetime.now(UTC) - timedelta(days=3))


def a_rule_without_an_answer(platform: Platform) -> None:
    decision = decided(platform, "orders")
    unanswered = replace(decision.verdict, expected_rules=decision.verdict.expected_rules | {"orders__forgotten"})
    remember_decision(platform.workshop, replace(decision, verdict=unanswered))


def another_contract_since(platform: Platform) -> None:
    decision = decided(platform, "orders")
    remember_decision(platform.workshop, replace(decision, verdict=replace(decision.verdict, contract_digest="e" * 64)))


def other_circumstances_since(platform: Platform) -> None:
    remember_decision(platform.workshop, replace(decided(platform, "orders"), circumstances="of another day"))


OBSTACLES: dict[Callable[[Platform], None], str] = {
    a_gate_that_shut: "orders__late: observed 7 rows, required 0 rows",
    no_gate_at_all: "was never audited",
    another_load_since: "was never audited",
    a_promise_that_ran_out: "freshness promise ran out on",
    a_rule_without_an_answer: "without an answer: orders__forgotten",
    another_contract_since: "the contract changed after the audit",
    other_circumstances_since: "signatures changed since",
}


@pytest.mark.parametrize(("obstacle", "said"), OBSTACLES.items(), ids=lambda o: getattr(o, "__name__", ""))
def test_nothing_is_published_and_golden_keeps_its_version_after(
    obstacle: Callable[[Platform], None], said: str, small: Platform
) -> None:
    decided(small, "orders", rows=2)
    publish(small, "orders")
    decided(small, "orders", rows=5)
    obstacle(small)
    (outcome,) = publish(small, "orders")
    assert not outcome.serves_newest
    assert not outcome.published
    assert said in outcome.message
    assert "owner: ada" in outcome.message
    assert rows(small, "orders") == 2
    told = why(small, "orders")
    assert told.status == "certified"
    assert told.candidate_refused
    assert told.decision is not None
    assert (told.decision.stage, told.decision.owner) == ("gate", "ada")
    assert said in told.decision.message
    assert told.decision.remedy


def test_a_first_candidate_that_is_refused_leaves_nothing_to_read_but_the_reason(small: Platform) -> None:
    decided(small, "orders", shut_by=[LATE])
    (outcome,) = publish(small, "orders")
    assert "nothing is served" in outcome.message
    assert outcome.certificate is None
    with pytest.raises(esclusa.NotCertified):
        rows(small, "orders")
    told = why(small, "orders")
    assert told.status == "refused"
    assert told.decision is not None
    assert [finding.rule for finding in told.decision.findings] == ["orders__late"]


def test_one_shut_dataset_holds_back_its_whole_release(grouped: Platform) -> None:
    for name in DATASETS:
        decided(grouped, name, rows=2)
    assert all(outcome.published for outcome in publish(grouped, "trade"))
    before = {name: why(grouped, name).certificate for name in DATASETS}

    for name in DATASETS:
        decided(grouped, name, rows=5, shut_by=[LATE] if name == "orders" else [])
    outcomes = {outcome.dataset: outcome for outcome in publish(grouped, "trade")}
    assert outcomes.keys() == set(DATASETS)
    assert not any(outcome.serves_newest or outcome.published for outcome in outcomes.values())
    assert "orders__late" in outcomes["orders"].message
    assert "its release waits for orders" in outcomes["parcels"].message
    assert "its release waits for orders" in outcomes["refunds"].message
    for name in DATASETS:
        assert why(grouped, name).certificate == before[name]
        assert rows(grouped, name) == 2
        assert why(grouped, name).candidate_refused


def test_one_dataset_without_a_decision_holds_back_a_first_release(grouped: Platform) -> None:
    decided(grouped, "orders")
    decided(grouped, "refunds")
    assert not any(outcome.published for outcome in publish(grouped, "trade"))
    for name in DATASETS:
        assert why(grouped, name).status == "refused"


def test_a_release_goes_in_force_at_once(grouped: Platform) -> None:
    for name in DATASETS:
        decided(grouped, name)
    open_golden(grouped)
    before = version(grouped)
    publish(grouped, "trade")
    assert version(grouped) == before + 1


def test_datasets_of_other_releases_go_on(small: Platform) -> None:
    decided(small, "orders", shut_by=[LATE])
    decided(small, "parcels")
    assert not publish(small, "orders")[0].published
    assert publish(small, "parcels")[0].published
    assert rows(small, "parcels") == 2


def test_a_refusal_is_cleared_by_the_next_candidate_that_is_published(small: Platform) -> None:
    decided(small, "orders")
    publish(small, "orders")
    refuse(small, ["orders"], stage="build", message="dbt stopped", remedy="dbt build", now=datetime.now(UTC))
    assert why(small, "orders").candidate_refused
    assert publish(small, "orders")[0].published
    assert why(small, "orders").ok


def test_a_delivery_that_is_still_refused_is_told_after_what_is_held_was_certified_again(small: Platform) -> None:
    small.workshop.remember(REFUSALS, "shop__sales", {"message": "a column is missing", "remedy": "ask the shop"})
    decided(small, "orders")
    assert publish(small, "orders")[0].published
    told = why(small, "orders")
    assert told.status == "certified"
    assert told.decision is not None
    assert (told.decision.stage, told.decision.message) == ("landing", "a column is missing")
    before = version(small)
    assert not publish(small, "orders")[0].published, "what was told is not told again every hour"
    assert version(small) == before
    small.workshop.forget(REFUSALS, "shop__sales")
    assert publish(small, "orders")[0].published
    assert why(small, "orders").ok, "mended"
    decided(small, "parcels")
    publish(small, "parcels")
    assert why(small, "parcels").ok, "its own source delivered"


def test_a_publisher_that_forgot_what_it_published_certifies_again_and_the_chain_goes_on(small: Platform) -> None:
    decided(small, "orders")
    (first,) = publish(small, "orders")
    (small.settings.workshop / RECORD / "orders.json").unlink()
    (second,) = publish(small, "orders")
    assert second.published
    certificate = why(small, "orders").certificate
    assert certificate is not None
    assert certificate.previous == first.certificate


def test_another_publisher_s_certificate_is_not_taken_for_ours(small: Platform) -> None:
    decided(small, "orders")
    publish(small, "orders")
    recalled = small.workshop.recall(RECORD, "orders")
    assert recalled is not None
    small.workshop.remember(RECORD, "orders", {**recalled, "certificate": "f" * 64})
    assert publish(small, "orders")[0].published


def test_synthetic_inputs_are_said(small: Platform) -> None:
    decision: Decision = decided(small, "orders")
    generated = replace(decision, inputs=tuple(replace(i, synthetic=True) for i in decision.inputs))
    remember_decision(small.workshop, generated)
    assert publish(small, "orders")[0].synthetic


def test_the_first_opening_pins_the_root_for_whoever_made_the_keys(small: Platform) -> None:
    open_golden(small)
    assert esclusa.catalog(repository=small.settings.golden) == []


def test_lost_keys_are_missed_and_never_made_anew_beside_a_repository(small: Platform) -> None:
    open_golden(small)
    shutil.rmtree(small.settings.keys)
    with pytest.raises(KeysUnusable):
        open_golden(small)
    assert not small.settings.keys.exists()


def test_keys_of_another_repository_are_refused(small: Platform) -> None:
    open_golden(small)
    decided(small, "orders")
    shutil.rmtree(small.settings.keys)
    open_small(small.settings.home / "other", small.settings.keys)
    with pytest.raises((esclusa.Untrusted, RepositoryForged)):
        publish(small, "orders")


def test_garbage_of_a_recent_release_is_kept(small: Platform) -> None:
    for count in (2, 3):
        decided(small, "orders", rows=count)
        publish(small, "orders")
    parts = list((small.settings.golden / "targets" / "orders").glob("*.parquet"))
    assert len(parts) == 2
    assert collect_garbage(small, timedelta(days=14)) == 0
    assert collect_garbage(small, timedelta(0)) > 0
    assert rows(small, "orders") == 3
