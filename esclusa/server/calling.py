"""The request in work: what its log line will say, and how long it may take, known to whatever thread works on it.

Belongs here: one record per request, and waiting for a turn no longer than it may take. Does not: filling the record in
(`edge.py`, `callers.py`), writing it (`logs.py`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import TIMEOUT_MAX, Lock, Semaphore

from esclusa.errors import Busy


@dataclass
class Call:
    """One request.

    Args:
        id: that answer and log line share.
        address: it came from; empty where unknown.
        until: when its answer must begin (`time.monotonic`).
        caller: who it was found to be, or empty.
    """

    id: str = ""
    address: str = ""
    until: float = math.inf
    caller: str = ""


_CALL: ContextVar[Call] = ContextVar("call")


def begin(call: Call) -> None:
    """Make a request the one in work, in this task and every thread that it calls.

    Args:
        call: its record.
    """
    _CALL.set(call)


def in_work() -> Call:
    """The request in work; outside of one, a record that nobody reads."""
    return _CALL.get(Call())


@contextmanager
def turn(at: Lock | Semaphore) -> Iterator[None]:
    """A turn at what only so many may do at once. A thread that waits cannot be called off: it gives up by itself.

    Args:
        at: what is waited for.

    Raises:
        Busy: the turn did not come while the answer of the request in work could still begin in time.
    """
    left = in_work().until - time.monotonic()
    if not at.acquire(timeout=min(max(left, 0.0), TIMEOUT_MAX)):
        raise Busy(
            "The service makes as many answers as it makes at once.",
            observed="no turn in the time that an answer may take",
            required="a turn",
            remedy="Try again in a few seconds.",
        )
    try:
        yield
    finally:
        at.release()
