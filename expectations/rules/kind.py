"""The shape of a rule kind: what it measures, how that is judged, and how a number is held against a bound.

Belongs here: `Kind`, `Observation`, judging one number or a count of rows. Does not: the kinds (`kinds.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from expectations.rules.measures import Measure
from expectations.rules.rule import OPERATORS, Bound, Rule, RuleError, compare
from expectations.rules.scope import Scope
from expectations.verdict import Scalar


@dataclass(frozen=True)
class Observation:
    """What was measured.

    Args:
        value: in the rule's unit; None where there was nothing to measure.
        holds: whether the rule is kept; None where nobody can say.
        note: what a person needs to know besides the two numbers.
    """

    value: Scalar
    holds: bool | None
    note: str = ""
    statistics: Mapping[str, Any] | None = None


Measured = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of rule.

    Args:
        description: in business words; `{column}` is filled in.
        measures: (rule, scope) → measures by name.
        judge: (rule, scope, measured values by the same names) → observation.
        broken: (rule, scope) → condition that a row breaks the rule, for examples; None where no single row does.
        columns: arguments → the columns that they name; none where the rule speaks of the column that it stands on.
        bound: arguments → operator, bound and unit, where ODCS has no operator for the kind.
    """

    description: str
    measures: Callable[[Rule, Scope], Mapping[str, Measure]]
    judge: Callable[[Rule, Scope, Measured], Observation]
    broken: Callable[[Rule, Scope], str] | None = None
    columns: Callable[[Mapping[str, Any]], tuple[str, ...]] = lambda _: ()
    bound: Callable[[Mapping[str, Any]], tuple[str, Bound, str]] | None = None


def required(rule: Rule) -> str:
    """The bound of a rule in words and symbols, e.g. `≤ 0.5 %`."""
    if rule.kind == "type":
        return str(rule.arguments["type"])
    if rule.operator not in OPERATORS or rule.bound is None:
        return ""
    numbers = rule.bound if isinstance(rule.bound, tuple) else (rule.bound,)
    unit = {"percent": " %", "": ""}.get(rule.unit, f" {rule.unit}")
    return (
        OPERATORS[rule.operator].words.format(*(f"{n:,.0f}" if float(n).is_integer() else f"{n:g}" for n in numbers))
        + unit
    )


def compared(rule: Rule, value: Any) -> Observation:
    """Judge one number against the rule's bound."""
    if value is None:
        return Observation(None, None, "the measure has no value")
    if not isinstance(value, int | float | Decimal):
        raise RuleError(f"the measure is a {type(value).__name__}, and a bound needs a number")
    number = value if isinstance(value, int) else float(value)
    if not math.isfinite(number):  # NaN compares as false with every bound: that is no observation
        return Observation(None, None, "the measure is not a number")
    return Observation(number, compare(rule.operator, rule.bound, number))


def counted(rule: Rule, _: Scope, measured: Measured) -> Observation:
    """Judge a count of rows, as rows or as percent of all rows; percent of nothing is no evidence."""
    if rule.unit != "percent":
        return compared(rule, measured["rows"])
    if not measured["of"]:
        return Observation(None, None, "there are no rows, so there is no percentage")
    return compared(rule, measured["rows"] * 100 / measured["of"])
