"""What a dataset is worth at a moment, and until when: the state that every page shows first.

Belongs here: the six states and how fresh the data is against its promise. Does not: words and pictures of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from esclusa.certificate import Certificate
from esclusa.listing import Why

LAST_PART = 4  # a certificate expires soon in the last quarter of its validity
HOURS = {"minutes": 1 / 60, "hours": 1.0, "days": 24.0}


@dataclass(frozen=True)
class Freshness:
    """How old the data may be, and how old it is.

    Args:
        promise: the age that the contract allows.
        measured: the age when the candidate was pinned.
        zero: when the data was new, on the clock of the wall: what is old at `t` is so by `t - zero`.
    """

    promise: timedelta
    measured: timedelta
    zero: datetime

    def age(self, now: datetime) -> timedelta:
        """How old the data is at a moment."""
        return now - self.zero

    def level(self, now: datetime) -> float:
        """What is left of the promise, from 1 (new) to 0 (run out)."""
        return max(0.0, min(1.0, 1 - self.age(now) / self.promise))


@dataclass(frozen=True)
class Standing:
    """The state of one dataset.

    Args:
        state: `certified`, `expiring`, `expired`, `refused`, `withdrawn` or `broken`.
        since: when it came to be so, UTC, or None where nobody recorded it.
        until: end of the certificate in force or the last one, UTC, or None.
        expiring_from: from when on it is said to expire soon, UTC, or None.
        freshness: of its data, or None where it was not measured.
    """

    state: str
    since: datetime | None
    until: datetime | None
    expiring_from: datetime | None
    freshness: Freshness | None

    @property
    def served(self) -> bool:
        """True where it can be read now."""
        return self.state in ("certified", "expiring")

    @property
    def course(self) -> tuple[tuple[str, datetime | None], ...]:
        """The states that it passes by itself as time goes on, each with its start; first, without one, that of now."""
        soon = (("expiring", self.expiring_from),) if self.state == "certified" else ()
        ended = (("expired", self.until),) if self.served else ()
        return ((self.state, None), *soon, *ended)


def standing(why: Why, now: datetime) -> Standing:
    """The state of a dataset.

    Args:
        why: what its certificate and its latest decision say.
        now: UTC.
    """
    certificate, last = why.certificate, why.decision
    if certificate is None:
        return Standing(why.status, last.at if last else None, None, None, None)
    until, since = certificate.valid_until, certificate.certified_at
    soon = until - (until - since) / LAST_PART
    state = "expired" if why.status == "expired" or until <= now else "expiring" if soon <= now else "certified"
    return Standing(state, until if state == "expired" else since, until, soon, freshness_of(certificate))


def freshness_of(certificate: Certificate) -> Freshness | None:
    """How fresh the data of a certificate is, or None where that was not measured against a bound.

    Args:
        certificate: of any dataset.
    """
    found = certificate.freshness
    bound = thresholds(certificate).get(found.rule) if found else None
    if not found or not bound or found.unit not in HOURS or not isinstance(found.observed, int | float):
        return None
    hours = HOURS[found.unit]
    measured = timedelta(hours=found.observed * hours)
    pinned = datetime.fromisoformat(certificate.document["predicate"]["pinnedAt"])
    return Freshness(timedelta(hours=bound * hours), measured, pinned - measured)


def thresholds(certificate: Certificate) -> dict[str, float]:
    """Rule → the number that was required, where it is one number.

    Args:
        certificate: of any dataset.
    """
    findings = certificate.verdict["findings"]
    return {f["rule"]: float(f["threshold"]) for f in findings if isinstance(f.get("threshold"), int | float)}
