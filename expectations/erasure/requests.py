"""Requests to erase somebody: who asked, for what reason, by when; and which of them are late.

Belongs here: their shape and the arithmetic of deadlines. Does not: carrying them out (orchestration).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

NEAR = timedelta(days=7)


@dataclass(frozen=True)
class Request:
    """One request; it never says who is to be erased.

    Args:
        id: of the request.
        column: the key by which they were named, `<system>.<table>.<column>`.
        requester: reference of whoever asked; no name is needed.
        reason: why, such as an article of law.
        owner: who answers for the deadline.
        requested_at, deadline: UTC.
        done: steps that are behind it.
        finished_at: when everything was proven, or None while it is open.
        receipt: name of its receipt's file, or "".
    """

    id: str
    column: str
    requester: str
    reason: str
    owner: str
    requested_at: datetime
    deadline: datetime
    done: tuple[str, ...] = ()
    finished_at: datetime | None = None
    receipt: str = ""

    @property
    def open(self) -> bool:
        """True while something is still to be done."""
        return self.finished_at is None


def deadlines(requests: Iterable[Request], now: datetime, near: timedelta = NEAR) -> tuple[list[str], list[str]]:
    """(overdue, soon due): a line for each open request, in order of deadline.

    Args:
        requests: any, finished ones too.
        now: wall clock, UTC.
        near: from how long before its deadline on a request is soon due.
    """
    waiting = sorted((r for r in requests if r.open), key=lambda r: r.deadline)
    overdue = [_line(r, "overdue since") for r in waiting if r.deadline <= now]
    soon = [_line(r, "due by") for r in waiting if now < r.deadline <= now + near]
    return overdue, soon


def _line(request: Request, what: str) -> str:
    return (
        f"erasure {request.id} (by {request.column}, asked for {request.requested_at:%Y-%m-%d}): {what} "
        f"{request.deadline:%Y-%m-%d %H:%M} UTC; owner: {request.owner}; next: esclusa erase --resume"
    )
