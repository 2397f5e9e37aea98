"""Drift: how far a column's distribution has moved, as population stability index (PSI).

Belongs here: bins, shares, the index. Does not: where the reference comes from (the last certificate's statistics).

A rule gives a baseline that was agreed: `{edges | categories, shares}`. With k edges, k + 1 shares stand for
(−∞, e1], (e1, e2] … (ek, ∞); with k − 1 shares the outer edges count as open. A value equal to an edge belongs to the
bin below. With k categories, a last share may stand for every other value. Missing values belong to no bin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from expectations.measures import Count, Histogram, Measure
from expectations.rule import RuleError
from expectations.sql import is_number, literal, present, quote

# An empty bin has no logarithm: a share below one in ten thousand counts as that much.
FLOOR = 1e-4
# What a rule without a bound of its own is held to: below 0.1 counts as stable, above 0.25 as
# shifted (Siddiqi, Credit Risk Scorecards, 2006).
THRESHOLD = 0.2


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


def measures(
    column: str, arguments: Mapping[str, Any], reference: Mapping[str, Any] | None, types: Mapping[str, str]
) -> Mapping[str, Measure]:
    """What to ask of the candidate for one drift rule; nothing where there is nothing to compare with."""
    bins = expected_bins(arguments, reference)
    if bins is None:
        return {}
    name, here = quote(column), present([column], types)
    asked: dict[str, Measure] = {"present": Count(here, (column,))}
    if bins.name == "categories":
        conditions = (f"{name} = {literal(mark, types[column])}" for mark in bins.marks)
        return asked | {str(i): Count(condition, (column,)) for i, condition in enumerate(conditions)}
    if not is_number(types[column]):
        raise RuleError(f"`{column}` is {types[column]}: edges need numbers, use `categories`")
    return asked | {"histogram": Histogram(column, tuple(map(float, bins.marks)), here)}


def observe(
    arguments: Mapping[str, Any], reference: Mapping[str, Any] | None, measured: Mapping[str, Any]
) -> tuple[float | None, Mapping[str, Any] | None]:
    """The index and the observed distribution, which is the reference of the next audit.

    Args:
        measured: values of `measures`.
    """
    bins, rows = expected_bins(arguments, reference), measured.get("present")
    if bins is None or not rows:
        return None, None
    counts = measured.get("histogram") or [measured[str(i)] for i in range(len(bins.marks))]
    shares = [count / rows for count in (*counts, rows - sum(counts))]
    return psi(bins.shares, shares), {bins.name: list(bins.marks), "shares": shares, "rows": rows}
