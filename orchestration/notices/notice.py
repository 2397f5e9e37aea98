"""A notice: what an owner is told, whatever channel it takes.

Belongs here: the kinds, the shape, which channels of a contract take which kind. Does not: channels' receiving ends
(`channels.py`), how it reads at the other end (`payload.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a notice is about."""

    GATE_SHUT = "gate_shut"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    RECALLED = "recalled"
    SIGNOFF_LAPSING = "signoff_lapsing"
    SIGNOFF_LAPSED = "signoff_lapsed"
    UPSTREAM_BREAKING = "upstream_breaking"
    TEST = "test"


TITLES: Mapping[Kind, str] = {
    Kind.GATE_SHUT: "Gate shut",
    Kind.EXPIRING: "Certificate expires soon",
    Kind.EXPIRED: "Certificate expired",
    Kind.RECALLED: "Certificate recalled",
    Kind.SIGNOFF_LAPSING: "Signature ends soon",
    Kind.SIGNOFF_LAPSED: "Signature ended",
    Kind.UPSTREAM_BREAKING: "Upstream broke its contract",
    Kind.TEST: "Test of a channel",
}
# ODCS `support.scope`: somebody mends these, and whoever uses the dataset reads announcements.
_MENDED = ("issues", "notifications")
_ANNOUNCED = frozenset({Kind.RECALLED, Kind.UPSTREAM_BREAKING})


@dataclass(frozen=True)
class Notice:
    """One fact, told. It holds names, counts, bounds and dates, and no value of a row.

    Args:
        kind: what it is about.
        subject: the dataset, or the source table as `<system>.<table>`.
        datasets: that it reaches.
        use_cases: that need any of these, each as `<title> (<owner>)`.
        what: one sentence.
        observed, required: what was seen against what has to be.
        owner: who is asked to act.
        remedy: the next command or action.
        environment: `sandbox` or `production`.
        link: page of the catalogue, or "".
        at: when it came to be, UTC.
    """

    kind: Kind
    subject: str
    datasets: tuple[str, ...]
    use_cases: tuple[str, ...]
    what: str
    observed: str
    required: str
    owner: str
    remedy: str
    environment: str
    link: str
    at: datetime

    @property
    def title(self) -> str:
        """Its heading: the kind and the subject."""
        return f"{TITLES[self.kind]}: {self.subject}"

    def to_json(self) -> dict[str, Any]:
        """A JSON document; `read_notice` is its inverse."""
        return {**asdict(self), "kind": str(self.kind), "at": self.at.isoformat()}


def read_notice(document: Mapping[str, Any]) -> Notice:
    """A notice from its JSON.

    Args:
        document: as `Notice.to_json` makes it.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    lists = {name: tuple(document[name]) for name in ("datasets", "use_cases")}
    at = datetime.fromisoformat(document["at"])
    return Notice(**{**document, **lists, "kind": Kind(document["kind"]), "at": at})


def channels_for(kind: Kind, support: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The channels of a contract that take a kind: those of its scope, or all where none has that scope.

    Args:
        kind: what is to be told.
        support: ODCS `support` of the contract.
    """
    listed = tuple(support)
    wanted = (*_MENDED, "announcements") if kind in _ANNOUNCED else _MENDED
    fitting = [entry for entry in listed if entry.get("scope") in wanted]
    return tuple(dict.fromkeys(str(entry["channel"]) for entry in fitting or listed))
