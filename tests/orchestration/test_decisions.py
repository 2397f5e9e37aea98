"""How long a decision holds: the same candidate, promises and day, and more than half of its validity ahead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from expectations.clock import Clock
from expectations.rules.expansion import rules_digest
from orchestration.decisions import Decision, recall_decision, remember_decision
from orchestration.platform import Platform
from tests.orchestration.small import decided

MORNING = datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.fixture
def decision(small: Platform) -> Decision:
    """Of eight in the morning, valid until six in the evening: half of it is over at one."""
    made = decided(small, "orders", at=MORNING, valid_for=timedelta(hours=10))
    contract = small.promises.contracts["orders"]
    return replace(made, verdict=replace(made.verdict, rules_digest=rules_digest(contract)))


def holds(decision: Decision, small: Platform, at: datetime = MORNING + timedelta(hours=1)) -> bool:
    contract = small.promises.contracts["orders"]
    return decision.still_holds(decision.fingerprint, decision.circumstances, contract, at)


@pytest.mark.parametrize(("hours", "held"), [(0, True), (4.9, True), (5, False), (9, False), (11, False)])
def test_a_decision_holds_for_the_first_half_of_its_validity(
    hours: float, held: bool, decision: Decision, small: Platform
) -> None:
    assert holds(decision, small, MORNING + timedelta(hours=hours)) is held


def test_a_decision_holds_for_its_day_only_since_grants_end_on_a_day(decision: Decision, small: Platform) -> None:
    long = replace(decision, valid_until=MORNING + timedelta(days=30))
    assert holds(long, small, MORNING + timedelta(hours=15.9))
    assert not holds(long, small, MORNING + timedelta(hours=16))


def test_a_decision_does_not_hold_for_another_build_promise_or_circumstance(
    decision: Decision, small: Platform
) -> None:
    at, contract = MORNING + timedelta(hours=1), small.promises.contracts["orders"]
    assert not decision.still_holds("another build", decision.circumstances, contract, at)
    assert not decision.still_holds(decision.fingerprint, "other sources", contract, at)
    assert not decision.still_holds(decision.fingerprint, decision.circumstances, replace(contract, digest="0"), at)


CHANGES: dict[str, Callable[[Decision], Decision]] = {
    "a gate that is shut": lambda d: replace(d, verdict=replace(d.verdict, findings=())),
    "other rules": lambda d: replace(d, verdict=replace(d.verdict, rules_digest="0")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_nothing_holds_with(change: Callable[[Decision], Decision], decision: Decision, small: Platform) -> None:
    assert not holds(change(decision), small)


def test_nothing_holds_whose_pinned_bytes_are_gone(decision: Decision, small: Platform) -> None:
    decision.pin.parts[0].path.unlink()
    assert not holds(decision, small)


@pytest.mark.parametrize("clock", [Clock("now"), Clock("replay", MORNING)], ids=["now", "replay"])
def test_a_decision_is_recalled_as_it_was(clock: Clock, decision: Decision, small: Platform) -> None:
    told = replace(decision, clock=clock, examples={"orders__late": ("1…9",)})
    remember_decision(small.workshop, told)
    assert recall_decision(small.workshop, "orders") == told


def test_a_workshop_that_was_moved_finds_its_pins(decision: Decision, small: Platform) -> None:
    moved = small.settings.home.rename(small.settings.home.with_name("moved"))
    there = replace(small.workshop.settings, home=moved)
    recalled = recall_decision(type(small.workshop)(there), "orders")
    assert recalled is not None
    assert all(part.path.exists() for part in recalled.pin.parts)


def test_an_open_gate_is_computed_again_and_never_believed(decision: Decision, small: Platform) -> None:
    record = small.workshop.recall("decisions", "orders")
    assert record is not None
    small.workshop.remember("decisions", "orders", {**record, "verdict": {**record["verdict"], "findings": []}})
    recalled = recall_decision(small.workshop, "orders")
    assert recalled is not None
    assert not recalled.verdict.open
