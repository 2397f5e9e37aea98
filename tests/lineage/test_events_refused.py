"""An event that a receiver fails time and again is set aside and told, and those behind it arrive; nothing else is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from lineage.events.evidence import KEPT_DAYS, Evidence
from lineage.events.relay import TRIES, Delivery, Relay
from tests.lineage.test_events_relay import EVENTS, NOW, evidence

__all__ = ["evidence"]


class Hiccup(Exception):
    """As a receiver that answers 500 raises it."""


def picky(evidence: Evidence, poison: list[dict[str, Any]]) -> tuple[list[Mapping[str, Any]], Relay]:
    """A receiver that fails these events whenever they come, and what it took."""
    taken: list[Mapping[str, Any]] = []

    def send(event: Mapping[str, Any]) -> None:
        if event in poison:
            raise Hiccup
        taken.append(event)

    return taken, Relay(evidence, send)


def test_an_event_that_a_receiver_always_fails_is_set_aside_and_told_and_the_others_arrive(
    evidence: Evidence, caplog: pytest.LogCaptureFixture
) -> None:
    taken, relay = picky(evidence, EVENTS[2:4])
    for _ in range(TRIES - 1):
        assert relay.attempt(30, NOW).problem == "Hiccup"
    assert taken == EVENTS[:2], "it may be the receiver's own bad hour"
    assert relay.attempt(30, NOW) == Delivery(refused=1, waiting=7, problem="Hiccup")
    for _ in range(TRIES - 2):
        relay.attempt(30, NOW)
    assert relay.attempt(30, NOW) == Delivery(sent=6, refused=1)
    assert [event for event in EVENTS if event not in taken] == EVENTS[2:4]
    (apart,) = (evidence.directory / "refused").iterdir()
    assert [json.loads(line) for line in apart.read_bytes().splitlines()] == EVENTS[2:4]
    assert apart.stat().st_mode & 0o077 == 0
    assert "refused 1 events, kept in events/refused; the last: land.table_1 START of run" in caplog.text
    evidence.let_go(NOW + timedelta(days=KEPT_DAYS + 1))
    assert not apart.exists()


def test_a_receiver_that_takes_nothing_at_all_loses_nothing_however_long_it_lasts(evidence: Evidence) -> None:
    taken, relay = picky(evidence, EVENTS)
    for _ in range(3 * TRIES):
        assert relay.attempt(30, NOW) == Delivery(waiting=10, problem="Hiccup")
    assert not (evidence.directory / "refused").exists()
    assert Relay(evidence, taken.append).attempt(30, NOW) == Delivery(sent=10)


def test_an_event_that_failed_in_a_bad_hour_alone_is_taken(evidence: Evidence) -> None:
    taken: list[Mapping[str, Any]] = []
    asked = 0

    def send(event: Mapping[str, Any]) -> None:
        nonlocal asked
        asked += 1
        if asked <= TRIES:
            raise Hiccup
        taken.append(event)

    relay = Relay(evidence, send)
    for _ in range(TRIES - 1):
        relay.attempt(30, NOW)
    assert relay.attempt(30, NOW) == Delivery(sent=10)
    assert taken == [EVENTS[1], *EVENTS], "one that came out of turn comes again in its turn"
