"""Channels take turns in a pass: one that is dead or slow, however many letters wait for it, holds up no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orchestration.notices.channels import Channel
from orchestration.notices.outbox import Letter, Outbox
from orchestration.notices.sending import send_due
from orchestration.platform import Platform
from tests.orchestration.receiver import SECRET, listen
from tests.orchestration.test_notices_sending import notice


def passes(small: Platform, monkeypatch: pytest.MonkeyPatch, behind: int, seconds_of: dict[str, float]) -> list[str]:
    """Whom two passes tried, half a minute apart; a channel that takes ten seconds hangs. No test waits for them."""
    settings, clock = listen(small, "https://example.org/hooks"), [0.0]
    monkeypatch.setattr("orchestration.notices.sending.time.monotonic", lambda: clock[0])
    outbox, start, told = Outbox(settings.notices), datetime.now(UTC), list[str]()
    for number, channel in enumerate([c for c in seconds_of for _ in range(behind if seconds_of[c] else 1)]):
        outbox.put(notice(at=start - timedelta(days=1) + timedelta(seconds=number)), str(number), [channel])

    def tried(channel: Channel, letter: Letter, patience: float) -> str:
        clock[0] += min(seconds_of[letter.channel], patience)
        told.append(letter.channel)
        return "no answer in time" if seconds_of[letter.channel] >= 10 else ""

    known = dict.fromkeys(seconds_of, Channel("#test", "webhook", "https://example.org/hooks", SECRET))
    monkeypatch.setattr("orchestration.notices.sending.load_channels", lambda _: known)
    for half_minute in range(2):
        clock[0] = max(clock[0], 30.0 * half_minute)
        send_due(settings, now=start + timedelta(seconds=clock[0]), post=tried)
    return told


def test_dead_channels_with_older_letters_do_not_hold_up_one_that_answers(
    small: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = passes(small, monkeypatch, 6, {"#dead": 10, "#hanging": 10, "#healthy": 0})
    assert told[:3] == ["#dead", "#hanging", "#healthy"], "not after the six letters of each dead one"
    assert max(told.count("#dead"), told.count("#hanging")) <= 2, "one try of a dead one in a pass"


def test_a_slow_channel_with_many_letters_takes_turns_with_the_others(
    small: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert passes(small, monkeypatch, 6, {"#slow": 9, "#healthy": 0})[:3] == ["#slow", "#healthy", "#slow"]
