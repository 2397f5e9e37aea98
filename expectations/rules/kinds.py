"""THE table of rule kinds: what each measures, in which unit, and what it means.

Belongs here: kind → measures and how they are judged; add a kind by adding a row to `KINDS`.
Does not: one comparison as SQL (`conditions.py`), drift's arithmetic (`drift.py`), authors' queries (`authored.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from expectations.rules import drift, groups, reconciliation
from expectations.rules.authored import bind
from expectations.rules.conditions import invalid, missing_values
from expectations.rules.kind import Kind, Measured, Observation, compared, counted
from expectations.rules.measures import ROWS, Aggregate, Count, Duplicates, Measure, Orphans, Query
from expectations.rules.rule import Bound, Rule, RuleError, compare
from expectations.rules.scope import EPOCH, Scope
from expectations.sql import present, quote

# A newest value further ahead of the clock than any time zone is wrong: it would keep stale data fresh for ever.
AHEAD = timedelta(hours=24)


def _by_condition(description: str, condition: Callable[[Rule, Scope], Count]) -> Kind:
    """A kind that counts the rows that meet a condition."""

    def measures(rule: Rule, scope: Scope) -> Mapping[str, Measure]:
        return {"rows": condition(rule, scope), "of": ROWS}

    return Kind(description, measures, counted, lambda rule, scope: condition(rule, scope).condition)


def _by_key(description: str, also: Callable[[Rule, Scope], Count] | None = None) -> Kind:
    """A kind that counts the rows that repeat a key, and those that meet `also`."""

    def measures(rule: Rule, scope: Scope) -> Mapping[str, Measure]:
        if not rule.columns:
            raise RuleError("names no columns: give `arguments.properties`, or write the rule on a column")
        asked: dict[str, Measure] = {
            "repeated": Duplicates(rule.columns, present(rule.columns, scope.types)),
            "of": ROWS,
        }
        return asked if also is None else {**asked, "also": also(rule, scope)}

    def judge(rule: Rule, scope: Scope, measured: Measured) -> Observation:
        rows = measured["repeated"] + measured.get("also", 0)
        return counted(rule, scope, {"rows": rows, "of": measured["of"]})

    def broken(rule: Rule, scope: Scope) -> str:
        keys = ", ".join(map(quote, rule.columns))
        repeated = f"SELECT {keys} FROM {scope.relation} WHERE {present(rule.columns, scope.types)} GROUP BY ALL"
        inside = f"({keys}) IN ({repeated} HAVING count(*) > 1)"
        return inside if also is None else f"{also(rule, scope).condition} OR {inside}"

    return Kind(description, measures, judge, broken)


def _keyless(rule: Rule, scope: Scope) -> Count:
    """Rows whose key lacks a part; none where every part is counted as often as the rows."""
    parts = [missing_values(column, (), scope.types) for column in rule.columns]
    proven = all(part.cheap for part in parts)
    none = " AND ".join(f"c{i}.all_rows = c{i}.with_value" for i in range(len(parts)))
    cheap = f"CASE WHEN {none} THEN 0 END" if proven else None
    return Count(" OR ".join(part.condition for part in parts), rule.columns, cheap)


def _orphans(rule: Rule, scope: Scope) -> Orphans:
    dataset, key = rule.arguments["dataset"], rule.arguments["key"]
    if dataset not in scope.relations:
        raise RuleError(f"`{dataset}` is not at hand here{_nearest(dataset, scope.relations)}")
    return Orphans(rule.columns[0], scope.relations[dataset], key)


def _references(rule: Rule, scope: Scope) -> Mapping[str, Measure]:
    return {"rows": _orphans(rule, scope), "of": ROWS}


def _is_orphan(rule: Rule, scope: Scope) -> str:
    return _orphans(rule, scope).condition


def _type(rule: Rule, scope: Scope) -> Mapping[str, Measure]:
    return {"agreed": Query(f"SELECT {_canonical_type(rule)}")}


def _canonical_type(rule: Rule) -> str:
    """The engine's own name of a declared type; sqlglot parses it, so that nothing but a type can stand there."""
    from sqlglot import ParseError, exp

    try:
        declared = exp.DataType.build(str(rule.arguments["type"]), dialect="duckdb").sql("duckdb")
    except (ParseError, ValueError):
        raise RuleError(f"`{rule.arguments['type']}` is no type of DuckDB") from None
    return f"typeof(CAST(NULL AS {declared}))"


def _same_type(rule: Rule, scope: Scope, measured: Measured) -> Observation:
    return Observation(scope.types[rule.columns[0]].lower(), scope.types[rule.columns[0]] == measured["agreed"])


def _extreme(function: str, end: str) -> Callable[[Rule, Scope], Mapping[str, Measure]]:
    """Newest or oldest value, in microseconds since 1970 UTC: the age is computed here, alike on every engine."""

    def measures(rule: Rule, scope: Scope) -> Mapping[str, Measure]:
        (column,) = rule.columns
        if scope.types[column] != "DATE" and not scope.types[column].startswith("TIMESTAMP"):
            raise RuleError(f"`{column}` is {scope.types[column]}; an age needs a date or timestamp")
        spared = rule.arguments.get("anonymised")  # an old row that is nobody's any more may stay
        counted = f" FILTER (WHERE {' OR '.join(f'{quote(c)} IS NOT NULL' for c in spared)})" if spared else ""
        cheap = None if spared else f"epoch_us(c0.{end})"
        at = Aggregate(f"epoch_us({function}({quote(column)}){counted})", (column, *(spared or ())), cheap=cheap)
        return {"at": at, "undated": missing_values(column, (), scope.types)}

    return measures


def _fresh(rule: Rule, scope: Scope, measured: Measured) -> Observation:
    if measured["at"] is None:
        return Observation(None, None, f"`{rule.columns[0]}` holds no date at all")
    newest = EPOCH + timedelta(microseconds=measured["at"])
    hours = (scope.clock_at - newest) / timedelta(hours=1)
    statistics = {"newest": newest.isoformat()}
    if hours < -AHEAD / timedelta(hours=1):
        return Observation(hours, False, "the newest value lies in the future of the dataset's clock", statistics)
    return Observation(hours, compare(rule.operator, rule.bound, hours), statistics=statistics)


def _retained(rule: Rule, scope: Scope, measured: Measured) -> Observation:
    age, statistics = None, None
    if measured["at"] is not None:
        oldest = EPOCH + timedelta(microseconds=measured["at"])
        age, statistics = (scope.clock_at - oldest) / timedelta(days=1), {"oldest": oldest.isoformat()}
    if hold := rule.arguments.get("hold"):  # while it stands, keeping is the duty
        return Observation(age, True, hold, statistics)
    if measured["undated"]:
        note = f"{measured['undated']:,} rows have no `{rule.columns[0]}`, so nobody can say when they must go"
        return Observation(age, False, note, statistics)
    if age is None:
        return Observation(None, None, f"`{rule.columns[0]}` holds no date at all")
    return Observation(age, compare(rule.operator, rule.bound, age), statistics=statistics)


def _unsupported(rule: Rule, _: Scope) -> Mapping[str, Measure]:
    raise RuleError(str(rule.arguments.get("reason", "has no check")))


def _one_value(rule: Rule, scope: Scope) -> Mapping[str, Measure]:
    return {"value": bind(rule.arguments["query"], rule.column, scope)}


def _value(rule: Rule, _: Scope, measured: Measured) -> Observation:
    return compared(rule, measured["value"])


def _drift(name: str, kind: str) -> Kind:
    return Kind(f"{{column}} is distributed as before ({name})", drift.measures, drift.judge, bound=drift.bound(kind))


def _of_groups(argument: str, unit: str) -> Callable[[Mapping[str, Any]], tuple[str, Bound, str]]:
    """The bound that an argument gives from below."""
    return lambda arguments: ("mustBeGreaterOrEqualTo", arguments.get(argument), unit)


KINDS: dict[str, Kind] = {
    "nullValues": _by_condition(
        "{column} is there",
        lambda rule, scope: missing_values(rule.columns[0], (), scope.types),
    ),
    "missingValues": _by_condition(
        "{column} is there and is no stand-in for a missing value",
        lambda rule, scope: missing_values(rule.columns[0], rule.arguments.get("missingValues", ()), scope.types),
    ),
    "invalidValues": _by_condition(
        "{column} holds only values that are agreed to be valid",
        lambda rule, scope: invalid(rule.columns[0], rule.arguments, scope.types),
    ),
    "duplicateValues": replace(
        _by_key("No two rows have the same {column}"), columns=lambda arguments: tuple(arguments.get("properties", ()))
    ),
    "primaryKey": _by_key("Every row has its own {column}", also=_keyless),
    "references": Kind("Every {column} exists where it refers to", _references, counted, _is_orphan),
    "rowCount": Kind("The volume is as expected", lambda *_: {"value": ROWS}, _value),
    "type": Kind("{column} has the agreed type", _type, _same_type),
    "freshness": Kind("The newest {column} is recent", _extreme("max", "highest"), _fresh),
    "retention": Kind("No {column} is older than may be kept", _extreme("min", "lowest"), _retained),
    "sql": Kind("The value of a query is within its bound", _one_value, _value),
    "psi": _drift("population stability index", "psi"),
    "js": _drift("Jensen–Shannon distance", "js"),
    "ks": _drift("Kolmogorov–Smirnov distance", "ks"),
    "k_anonymity": Kind(
        "Nobody stands out: no fewer rows than agreed share the same {column}",
        groups.anonymity,
        groups.smallest,
        groups.in_small_group,
        groups.quasi_identifiers,
        _of_groups("k", "rows"),
    ),
    "l_diversity": Kind(
        "Who is known by all but the last of {column} is not thereby known by that",
        groups.diversity,
        groups.smallest,
        groups.in_uniform_group,
        lambda arguments: (*groups.quasi_identifiers(arguments), *filter(None, [arguments.get("sensitive")])),
        _of_groups("l", "value"),
    ),
    "representation": Kind(
        "Every group of {column} has its share", groups.shares, groups.represented, bound=_of_groups("share", "percent")
    ),
    "reconciliation": Kind(
        "An aggregate agrees with what it was made from",
        reconciliation.measures,
        reconciliation.judge,
        columns=reconciliation.columns,
        bound=reconciliation.bound,
    ),
    "unsupported": Kind("A clause that nothing here can check", _unsupported, _value),
}


def kind_of(rule: Rule) -> Kind:
    """The row of the table for a rule.

    Raises:
        RuleError: there is no such kind; names the nearest.
    """
    if rule.kind not in KINDS:
        raise RuleError(f"there is no check `{rule.kind}`{_nearest(rule.kind, KINDS)}")
    return KINDS[rule.kind]


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean `{close[0]}`?" if close else ""
