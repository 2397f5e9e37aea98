"""Rule: one clause of a contract that the data must keep, and the eight operators it may be compared with.

Belongs here: the shape of a rule. Does not: which rules a contract makes (`expansion.py`), how each
is measured (`kinds.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from expectations.verdict import GateItem

Bound = float | tuple[float, float] | None


class RuleError(Exception):
    """A rule that cannot be evaluated as it is written; the message says why and what to write instead."""


@dataclass(frozen=True)
class Operator:
    """One comparison of an observed value with a bound.

    Args:
        words: how a person reads it, with `{0}` (and `{1}`) for the bound.
        holds: (observed, low, high) → kept or not; `high` is `low` where the bound is one number.
    """

    words: str
    holds: Callable[[float, float, float], bool]


# ODCS 3.2, DataQualityOperators. Both ends of a "between" belong to it.
OPERATORS: dict[str, Operator] = {
    "mustBe": Operator("= {0}", lambda x, low, _: x == low),
    "mustNotBe": Operator("≠ {0}", lambda x, low, _: x != low),
    "mustBeGreaterThan": Operator("> {0}", lambda x, low, _: x > low),
    "mustBeGreaterOrEqualTo": Operator("≥ {0}", lambda x, low, _: x >= low),
    "mustBeLessThan": Operator("< {0}", lambda x, low, _: x < low),
    "mustBeLessOrEqualTo": Operator("≤ {0}", lambda x, low, _: x <= low),
    "mustBeBetween": Operator("between {0} and {1}", lambda x, low, high: low <= x <= high),
    "mustNotBeBetween": Operator("not between {0} and {1}", lambda x, low, high: not low <= x <= high),
}
UPPER_BOUNDS = frozenset({"mustBe", "mustBeLessThan", "mustBeLessOrEqualTo", "mustBeBetween"})


@dataclass(frozen=True)
class Rule:
    """One clause.

    Args:
        id: `<column>__<rule>` or `<dataset>__<rule>`.
        kind: a key of `kinds.KINDS`.
        columns: the columns it reads; empty for a rule on rows or a query.
        arguments: what the kind needs, such as `pattern` or `validValues`.
        operator, bound: one of `OPERATORS` and its number(s); None where the kind has its own comparison.
        unit: `rows` or `percent` where the kind counts rows, else "".
        severity: `error` or `warning`.
        engine: `sql`, answered by `audit`, or `greatExpectations`, answered by `suite`.
    """

    id: str
    kind: str
    columns: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    operator: str | None = "mustBe"
    bound: Bound = 0
    unit: str = "rows"
    severity: str = "error"
    description: str = ""
    tags: tuple[str, ...] = ()
    owner: str = ""
    item: GateItem = GateItem.QUALITY
    engine: str = "sql"

    @property
    def column(self) -> str | None:
        """The column, where it speaks of exactly one."""
        return self.columns[0] if len(self.columns) == 1 else None


def compare(operator: str | None, bound: Bound, observed: float) -> bool:
    """Whether an observed value keeps a bound.

    Raises:
        RuleError: an unknown operator, or a bound of another shape than the operator's.
    """
    if operator not in OPERATORS:
        raise RuleError(f"operator `{operator}` is none of ODCS's: {', '.join(OPERATORS)}")
    numbers = bound if isinstance(bound, tuple) else (bound,)
    low, high = numbers[0], numbers[-1]
    fits = len(numbers) == (2 if operator.endswith("Between") else 1)
    if not fits or not isinstance(low, int | float) or not isinstance(high, int | float):
        raise RuleError(f"`{operator}` cannot compare with {bound!r}")
    return OPERATORS[operator].holds(observed, low, high)
