"""Reconciliation: an aggregate of the candidate against an aggregate of a relation that the contract declares.

Belongs here: the two aggregates and their difference. Does not: reading an author's SQL (`authored.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from sqlglot import exp

from expectations.rules.authored import CANDIDATE, bind, parse
from expectations.rules.kind import Measured, Observation, compared
from expectations.rules.measures import Measure, Query
from expectations.rules.rule import Bound, Rule, RuleError
from expectations.rules.scope import Scope

_RELATION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?")


def query(arguments: Mapping[str, Any]) -> str:
    """The candidate's side as an author's query."""
    return f"select {arguments.get('aggregate')} from {{object}}"


def columns(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The candidate's columns in its aggregate; none where that cannot be read: the audit says why."""
    try:
        tree = parse(query(arguments), None, ())
    except RuleError:
        return ()
    return tuple(sorted({column.name for column in tree.find_all(exp.Column)}))


def bound(arguments: Mapping[str, Any]) -> tuple[str, Bound, str]:
    """At most the tolerance: an absolute difference, or percent of the relation's side."""
    tolerance = arguments.get("tolerance") or {}
    unit = "percent" if tolerance.get("unit") == "percent" else ""
    return "mustBeLessOrEqualTo", tolerance.get("value", 0), unit


def measures(rule: Rule, scope: Scope) -> Mapping[str, Measure]:
    """Both aggregates; the candidate's shares the scans of other rules."""
    against = rule.arguments.get("against") or {}
    relation = str(against.get("relation"))
    if not _RELATION.fullmatch(relation) or relation not in scope.relations:
        close = get_close_matches(relation, list(scope.relations), n=1)
        raise RuleError(f"`{relation}` is not at hand here" + (f"; did you mean `{close[0]}`?" if close else ""))
    here = bind(query(rule.arguments), None, scope)
    if isinstance(here, Query):
        raise RuleError(f"`{rule.arguments.get('aggregate')}` is no plain aggregate of the {CANDIDATE}'s columns")
    return {"here": here, "there": bind(f"select {against.get('aggregate')} from {relation}", None, scope)}


def judge(rule: Rule, scope: Scope, measured: Measured) -> Observation:
    """Judge the difference; percent of nothing is no evidence, except where both sides are nothing."""
    here, there = (_number(measured[side]) for side in ("here", "there"))
    relation = rule.arguments["against"]["relation"]
    if here is None or there is None:
        empty = "the candidate" if here is None else relation
        return Observation(None, None, f"the aggregate of {empty} has no value")
    inexact = isinstance(here, float) or isinstance(there, float)
    difference = abs(float(here) - float(there)) if inexact else abs(Decimal(here) - Decimal(there))
    if rule.unit == "percent" and difference:
        if not there:
            return Observation(None, None, f"the aggregate of {relation} is 0, so there is no percentage")
        difference = float(difference) * 100 / abs(float(there))
    observed = compared(rule, difference)
    return Observation(observed.value, observed.holds, observed.note or f"against {relation}")


def _number(value: Any) -> int | float | Decimal | None:
    if value is None or (isinstance(value, int | float | Decimal) and not isinstance(value, bool)):
        return value
    raise RuleError(f"an aggregate is a {type(value).__name__}, and only numbers can be reconciled")
