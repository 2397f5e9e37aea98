"""Drift: how far a column's distribution has moved, as PSI, Jensen–Shannon (JS) or Kolmogorov–Smirnov (KS) distance.

Belongs here: bins, shares, distances. Does not: where the reference comes from (the last certificate's statistics).

A rule gives a baseline that was agreed: `{edges | categories, shares}`. With k edges, k + 1 shares stand for
(−∞, e1], (e1, e2] … (ek, ∞); with k − 1 shares the outer edges count as open. A value equal to an edge belongs to the
bin below. With k categories, a last share may stand for every other value. Missing values belong to no bin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from expectations.rules.kind import Measured, Observation, compared
from expectations.rules.measures import Count, Histogram, Measure
from expectations.rules.rule import Bound, Rule, RuleError
from expectations.rules.scope import Scope
from expectations.sql import is_number, literal, present, quote

# An empty bin has no logarithm: a share below one in ten thousand counts as that much.
FLOOR = 1e-4


@dataclass(frozen=True)
class Bins:
    """A distribution over the bins of a rule.

    Args:
        name: `edges` or `categories`.
        marks: the inner edges, ascending; or the categories.
        shares: one more than marks: the last is what lies above the last edge, or in no category.
    """

    name: str
    marks: tuple[Any, ...]
    shares: tuple[float, ...]


def psi(expected: Sequence[float], observed: Sequence[float]) -> float:
    """Population stability index: Σ (o − e) · ln(o / e).

    Args:
        expected, observed: shares of the same bins, each about 1 in sum.
    """
    pairs = ((max(e, FLOOR), max(o, FLOOR)) for e, o in zip(expected, observed, strict=True))
    return math.fsum((o - e) * math.log(o / e) for e, o in pairs)


def js(expected: Sequence[float], observed: Sequence[float]) -> float:
    """Jensen–Shannon distance to the base 2: 0 where the shares are equal, 1 where no bin is in both.

    Args:
        expected, observed: shares of the same bins.
    """

    def half(p: float, q: float) -> float:
        return p * math.log2(2 * p / (p + q)) if p > 0 else 0.0

    pairs = zip(_to_one(expected), _to_one(observed), strict=True)
    return math.sqrt(max(0.0, math.fsum(half(e, o) + half(o, e) for e, o in pairs) / 2))


def ks(expected: Sequence[float], observed: Sequence[float]) -> float:
    """Kolmogorov–Smirnov distance at the edges: the largest difference of the two shares up to any edge.

    Between two edges it may be larger, by no more than the larger share of that bin.

    Args:
        expected, observed: shares of the same bins, in their order.
    """
    pairs = zip(accumulate(_to_one(expected)), accumulate(_to_one(observed)), strict=True)
    return max(abs(e - o) for e, o in pairs)


def _to_one(shares: Sequence[float]) -> list[float]:
    """Shares that were rounded when they were agreed, as parts of their sum."""
    whole = math.fsum(shares)
    return [share / whole for share in shares]


@dataclass(frozen=True)
class Distance:
    """One way to compare two distributions.

    Args:
        of: (expected, observed) → distance.
        threshold: what a rule without one of its own is held to.
        ordered: whether the bins must have an order, so that categories cannot be compared.
    """

    of: Callable[[Sequence[float], Sequence[float]], float]
    threshold: float
    ordered: bool = False


# PSI: below 0.1 counts as stable, above 0.25 as shifted (Siddiqi, Credit Risk Scorecards, 2006). KS: a tenth of the
# rows has moved past some edge. JS: 0.1 is what moving 12 % of the rows from one half into the other comes to.
DISTANCES: Mapping[str, Distance] = {
    "psi": Distance(psi, 0.2),
    "js": Distance(js, 0.1),
    "ks": Distance(ks, 0.1, ordered=True),
}


def read_bins(document: Mapping[str, Any]) -> Bins:
    """Bins and shares, from a contract's baseline or a certificate's statistics.

    Raises:
        RuleError: they are no distribution.
    """
    name = "edges" if "edges" in document else "categories"
    marks, shares = document.get(name), document.get("shares")
    if not isinstance(marks, list | tuple) or not isinstance(shares, list | tuple) or not marks:
        raise RuleError("a distribution needs `edges` or `categories`, and `shares`")
    if not all(isinstance(s, int | float) and s >= 0 for s in shares) or not math.isclose(sum(shares), 1, abs_tol=0.01):
        raise RuleError(f"the shares must be numbers from 0 that make 1 in sum, not {sum(map(float, shares)):g}")
    if name == "edges":
        if not all(isinstance(m, int | float) for m in marks) or list(marks) != sorted(set(marks)):
            raise RuleError("the edges must be numbers in ascending order")
        if len(shares) == len(marks) - 1:
            marks = marks[1:-1]
    elif len(shares) == len(marks):
        shares = [*shares, 0.0]
    if len(shares) != len(marks) + 1 or not marks:
        raise RuleError(f"{len(shares)} shares do not fit {len(marks)} {name}")
    return Bins(name, tuple(marks), tuple(map(float, shares)))


def expected_bins(arguments: Mapping[str, Any], reference: Mapping[str, Any] | None) -> Bins | None:
    """What to compare with: the last certificate's distribution where its bins are the rule's, else what was agreed."""
    agreed = read_bins(arguments["baseline"]) if arguments.get("baseline") else None
    last = read_bins(reference) if reference else None
    if agreed and last and (agreed.name, agreed.marks) != (last.name, last.marks):
        return agreed  # the contract has changed its bins since
    return last or agreed


def bound(kind: str) -> Callable[[Mapping[str, Any]], tuple[str, Bound, str]]:
    """The bound of a rule of a kind: its threshold, which the distance stays below; it has no unit."""
    return lambda arguments: ("mustBeLessThan", arguments.get("threshold", DISTANCES[kind].threshold), "")


def measures(rule: Rule, scope: Scope) -> Mapping[str, Measure]:
    """What to ask of the candidate for one drift rule; nothing where there is nothing to compare with."""
    (column,), types = rule.columns, scope.types
    bins = expected_bins(rule.arguments, scope.reference.get(rule.id))
    if bins is None:
        return {}
    name, here = quote(column), present([column], types)
    asked: dict[str, Measure] = {"present": Count(here, (column,))}
    if bins.name == "categories":
        if DISTANCES[rule.kind].ordered:
            raise RuleError(f"categories have no order, and {rule.kind} needs one: give `edges`, or use js")
        conditions = (f"{name} = {literal(mark, types[column])}" for mark in bins.marks)
        return asked | {str(i): Count(condition, (column,)) for i, condition in enumerate(conditions)}
    if not is_number(types[column]):
        raise RuleError(f"`{column}` is {types[column]}: edges need numbers, use `categories`")
    return asked | {"histogram": Histogram(column, tuple(map(float, bins.marks)), here)}


def judge(rule: Rule, scope: Scope, measured: Measured) -> Observation:
    """Judge the distance; the observed distribution is the reference of the next audit."""
    bins, rows = expected_bins(rule.arguments, scope.reference.get(rule.id)), measured.get("present")
    if bins is None or not rows:
        return Observation(None, None, "no values, or neither a baseline nor a certificate to compare them with")
    counts = measured.get("histogram") or [measured[str(i)] for i in range(len(bins.marks))]
    shares = [count / rows for count in (*counts, rows - sum(counts))]
    observed = compared(rule, DISTANCES[rule.kind].of(bins.shares, shares))
    return replace(observed, statistics={bins.name: list(bins.marks), "shares": shares, "rows": rows})
