"""THE table of rule kinds: what each measures, in which unit, and what it means.

Belongs here: kind → measures and how they are judged; add a kind by adding a row to `KINDS`.
Does not: one comparison as SQL (`conditions.py`), drift's arithmetic (`drift.py`), authors' queries (`authored.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from expectations import drift
from expectations.authored import bind
from expectations.conditions import invalid, missing_values
from expectations.measures import ROWS, Aggregate, Count, Duplicates, Measure, Orphans, Query
from expectations.rule import OPERATORS, Rule, RuleError, compare
from expectations.scope import EPOCH, Scope
from expectations.sql import present, quote
from expectations.verdict import Scalar

# A newest value further ahead of the clock than any time zone is wrong: it would keep stale data fresh for ever.
AHEAD = timedelta(hours=24)


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
    """

    description: str
    measures: Callable[[Rule, Scope], Mapping[str, Measure]]
    judge: Callable[[Rule, Scope, Measured], Observation]
    broken: Callable[[Rule, Scope], str] | None = None


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


def _compared(rule: Rule, value: Any) -> Observation:
    """Judge one number against the rule's bound."""
    if value is None:
        return Observation(None, None, "the measure has no value")
    if not isinstance(value, int | float | Decimal):
        raise RuleError(f"the measure is a {type(value).__name__}, and a bound needs a number")
    number = value if isinstance(value, int) else float(value)
    if number != number:  # NaN compares as false with every bound: that is no observation
        return Observation(None, None, "the measure is not a number")
    return Observation(number, compare(rule.operator, rule.bound, number))


def _rows(rule: Rule, _: Scope, measured: Measured) -> Observation:
    """Judge a count of rows, as rows or as percent of all rows; percent of nothing is no evidence."""
    if rule.unit != "percent":
        return _compared(rule, measured["rows"])
    if not measured["of"]:
        return Observation(None, None, "there are no rows, so there is no percentage")
    return _compared(rule, measured["rows"] * 100 / measured["of"])


def _by_condition(description: str, condition: Callable[[Rule, Scope], Count]) -> Kind:
    """A kind that counts the rows that meet a condition."""

    def measures(rule: Rule, scope: Scope) -> Mapping[str, Measure]:
        return {"rows": condition(rule, scope), "of": ROWS}

    return Kind(description, measures, _rows, lambda rule, scope: condition(rule, scope).condition)


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
        return _rows(rule, scope, {"rows": rows, "of": measured["of"]})

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
    return _compared(rule, measured["value"])


def _drift(rule: Rule, scope: Scope) -> Mapping[str, Measure]:
    return drift.measures(rule.columns[0], rule.arguments, scope.reference.get(rule.id), scope.types)


def _drifted(rule: Rule, scope: Scope, measured: Measured) -> Observation:
    value, statistics = drift.observe(rule.arguments, scope.reference.get(rule.id), measured)
    if value is None:
        return Observation(None, None, "no values, or neither a baseline nor a certificate to compare them with")
    return Observation(value, compare(rule.operator, rule.bound, value), statistics=statistics)


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
    "duplicateValues": _by_key("No two rows have the same {column}"),
    "primaryKey": _by_key("Every row has its own {column}", also=_keyless),
    "references": Kind("Every {column} exists where it refers to", _references, _rows, _is_orphan),
    "rowCount": Kind("The volume is as expected", lambda *_: {"value": ROWS}, _value),
    "type": Kind("{column} has the agreed type", _type, _same_type),
    "freshness": Kind("The newest {column} is recent", _extreme("max", "highest"), _fresh),
    "retention": Kind("No {column} is older than may be kept", _extreme("min", "lowest"), _retained),
    "sql": Kind("The value of a query is within its bound", _one_value, _value),
    "psi": Kind("{column} is distributed as before (population stability index)", _drift, _drifted),
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
