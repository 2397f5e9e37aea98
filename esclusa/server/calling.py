"""The request in work: what its log line will say, known to whatever thread works on it.

Belongs here: one record per request. Does not: filling it in (`edge.py`, `callers.py`), writing it (`logs.py`).
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Call:
    """One request.

    Args:
        id: that answer and log line share.
        address: it came from; empty where unknown.
        caller: who it was found to be, or empty.
    """

    id: str = ""
    address: str = ""
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
