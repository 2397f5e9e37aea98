"""Groups of rows: how small they are (k-anonymity, representation) and how alike within (l-diversity).

Belongs here: what these kinds measure and how they are judged. Does not: their rows in the table of kinds (`kinds.py`).

A missing value is a value of a quasi-identifier like any other: rows that lack the same things are alike. A row without
the sensitive value discloses none and does not count in l-diversity; a missing value is no group that has a share.
Source: Sweeney, k-anonymity (2002); Machanavajjhala et al., l-diversity (2007), in its distinct form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from expectations.rules.kind import Measured, Observation, compared
from expectations.rules.measures import ROWS, Count, Groups, Measure
from expectations.rules.rule import Rule, RuleError
from expectations.rules.scope import Scope
from expectations.sql import literal, present, quote


def quasi_identifiers(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that tell people apart together, in the order of the contract."""
    named = arguments.get("quasiIdentifiers", ())
    return (named,) if isinstance(named, str) else tuple(named)


def anonymity(rule: Rule, scope: Scope) -> Mapping[str, Measure]:
    """The smallest group of rows with the same quasi-identifiers, and how many rows are in groups below k."""
    return _smallest(rule, "count(*)", "true")


def diversity(rule: Rule, scope: Scope) -> Mapping[str, Measure]:
    """The fewest distinct sensitive values in such a group, and how many rows are in groups below l."""
    return _smallest(rule, _distinct(rule), _sensitive(rule, scope))


def _smallest(rule: Rule, each: str, among: str) -> Mapping[str, Measure]:
    key = quasi_identifiers(rule.arguments)
    if not key or rule.bound is None:
        raise RuleError(f"{rule.kind} needs `quasiIdentifiers` and a whole number to hold them to")
    below = f"coalesce(sum(rows_of_group) FILTER (WHERE {{each}} < {rule.bound}), 0)::BIGINT"
    return {"smallest": Groups(key, each, "min({each})", among), "below": Groups(key, each, below, among), "of": ROWS}


def _distinct(rule: Rule) -> str:
    return f"count(DISTINCT {quote(str(rule.arguments.get('sensitive')))})"


def _sensitive(rule: Rule, scope: Scope) -> str:
    """Condition: the row has a sensitive value."""
    return present([str(rule.arguments.get("sensitive"))], scope.types)


def smallest(rule: Rule, scope: Scope, measured: Measured) -> Observation:
    """Judge the smallest group; without rows there is none."""
    observed = compared(rule, measured["smallest"])
    note = f"{measured['below']:,} of {measured['of']:,} rows are in groups below" if measured["below"] else ""
    return Observation(observed.value, observed.holds, observed.note or note)


def in_small_group(rule: Rule, scope: Scope) -> str:
    """Condition: fewer rows than k have these quasi-identifiers."""
    return _in_group_below(rule, scope, "count(*)", "true")


def in_uniform_group(rule: Rule, scope: Scope) -> str:
    """Condition: rows with these quasi-identifiers have fewer than l distinct sensitive values."""
    return _in_group_below(rule, scope, _distinct(rule), _sensitive(rule, scope))


def _in_group_below(rule: Rule, scope: Scope, each: str, among: str) -> str:
    key = [quote(column) for column in quasi_identifiers(rule.arguments)]
    alike = " AND ".join(f"twin.{name} IS NOT DISTINCT FROM candidate.{name}" for name in key)
    rows = f"(SELECT * FROM {scope.relation} WHERE {among}) AS twin"
    return f"({among}) AND (SELECT {each} FROM {rows} WHERE {alike}) < {rule.bound}"


def shares(rule: Rule, scope: Scope) -> Mapping[str, Measure]:
    """Rows with a value, and rows of each group: of those that the rule names, or of the smallest that there is."""
    (column,) = rule.columns
    here = present([column], scope.types)
    asked: dict[str, Measure] = {"present": Count(here, (column,))}
    if named := rule.arguments.get("groups"):
        conditions = (f"{quote(column)} = {literal(group, scope.types[column])}" for group in named)
        return asked | {str(i): Count(condition, (column,)) for i, condition in enumerate(conditions)}
    return asked | {"smallest": Groups((column,), "count(*)", "min({each})", among=here)}


def represented(rule: Rule, scope: Scope, measured: Measured) -> Observation:
    """Judge the smallest share, in percent of the rows that have a value; the contract's own word for it is named."""
    if not measured["present"]:
        return Observation(None, None, f"`{rule.columns[0]}` holds no value, so no group has a share")
    named = rule.arguments.get("groups") or ()
    fewest, group = min([(measured[str(i)], str(name)) for i, name in enumerate(named)] or [(measured["smallest"], "")])
    observed = compared(rule, fewest * 100 / measured["present"])
    note = f"the smallest group is {group or 'one that the rule does not name'}"
    return Observation(observed.value, observed.holds, note)
