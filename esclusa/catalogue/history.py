"""What a rule measured over the chain of a dataset's certificates, for a line small enough to read at a glance.

Belongs here: series of numbers and their geometry. Does not: walking the chain (`esclusa/chain.py`), drawing
(`templates/parts.html`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from esclusa.catalogue.standing import thresholds
from esclusa.certificate import Certificate
from esclusa.evidence import Finding

KEPT = 30  # certificates that a line reaches back
WIDTH, HEIGHT, MARGIN = 120.0, 28.0, 3.0  # of a line, in units of its picture
LEAST_SPAN = 0.2  # of the largest value: what moves less is not drawn as if it moved much
ROOM = 0.25  # beyond a bound, of all that is drawn
FORBIDDEN = {"≤": "above", "<": "above", "≥": "below", ">": "below"}  # side of a bound, by its sign


@dataclass(frozen=True)
class Point:
    """One measurement.

    Args:
        at: when it was certified or refused, UTC.
        value: in the rule's unit.
        state: of the finding.
    """

    at: datetime
    value: float
    state: str


@dataclass(frozen=True)
class Series:
    """What one rule measured, oldest first.

    Args:
        points: at least one.
        bound: the number that was required last, or None.
        forbidden: the side of it that shuts the gate, `above` or `below`; empty where that is neither.
    """

    points: tuple[Point, ...]
    bound: float | None = None
    forbidden: str = ""

    @property
    def low(self) -> float:
        """The least that was measured."""
        return min(point.value for point in self.points)

    @property
    def high(self) -> float:
        """The most that was measured."""
        return max(point.value for point in self.points)

    @property
    def dots(self) -> tuple[tuple[float, float], ...]:
        """Where the points lie in a picture of `WIDTH` × `HEIGHT`."""
        step = (WIDTH - 2 * MARGIN) / max(1, len(self.points) - 1)
        return tuple((round(MARGIN + i * step, 1), self._height(p.value)) for i, p in enumerate(self.points))

    @property
    def line(self) -> float | None:
        """Height of the required value in the same picture, or None."""
        return None if self.bound is None else self._height(self.bound)

    def _height(self, value: float) -> float:
        values = [self.low, self.high, *([] if self.bound is None else [self.bound])]
        low, high = min(values), max(values)
        missing = max(0.0, LEAST_SPAN * max(abs(low), abs(high)) - (high - low))
        low, high = low - missing / 2, high + missing / 2
        beyond = ROOM * (high - low)  # for the shade
        low, high = low - beyond * (self.forbidden == "below"), high + beyond * (self.forbidden == "above")
        share = (value - low) / (high - low) if high > low else 0.5
        return round(HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN), 1)


def series_of(
    chain: Sequence[Certificate], refused: Sequence[Finding] = (), at: datetime | None = None
) -> dict[str, Series]:
    """Rule → what it measured, for every rule that measured a number.

    Args:
        chain: certificates, newest first.
        refused: findings of a newer candidate that was refused.
        at: when it was refused, UTC.
    """
    points: dict[str, list[Point]] = {}
    bounds: dict[str, float] = {}
    sides: dict[str, str] = {}
    for certificate in reversed(chain[:KEPT]):
        bounds |= thresholds(certificate)
        for finding in certificate.findings:
            _add(points, finding, certificate.certified_at)
            sides[finding.rule] = FORBIDDEN.get(finding.required[:1], "")
    for finding in refused if at else ():
        _add(points, finding, at)
    return {rule: Series(tuple(seen), bounds.get(rule), sides.get(rule, "")) for rule, seen in points.items()}


def _add(points: dict[str, list[Point]], finding: Finding, at: datetime | None) -> None:
    if at and isinstance(finding.observed, int | float) and not isinstance(finding.observed, bool):
        points.setdefault(finding.rule, []).append(Point(at, float(finding.observed), finding.state))
