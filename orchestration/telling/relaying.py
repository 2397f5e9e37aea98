"""Relaying: when what was told is sent to whoever `OPENLINEAGE_*` names.

Belongs here: beside a run or a command, with an end that does not wait for a receiver that is dead or slow.
Does not: sending (`lineage/events/relay.py`), the sensor of the daemon (`jobs/lineage.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lineage.events.relay import Background, Relay
from orchestration.settings import Settings
from orchestration.telling.runs import evidence_of

PATIENCE = 3.0  # seconds that a run's end waits for a receiver that is taking events


def relay_of(settings: Settings) -> Relay:
    """What sends a platform's events."""
    return Relay(evidence_of(settings))


@contextmanager
def relayed(settings: Settings) -> Iterator[None]:
    """Send beside what is done here, what earlier runs left unsent before it; the rest stays queued.

    Args:
        settings: where the events are.
    """
    background = Background(relay_of(settings))
    try:
        yield
    finally:
        background.finish(PATIENCE)
