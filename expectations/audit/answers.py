"""Answers: the values of measures on one relation, by few queries where they suffice, else one by one.

Belongs here: running queries, and what becomes of a query that raises. Does not: which queries (`plan.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb

from expectations.audit.plan import REPEATS, Facts, Question, key_ranges, plan, proofs, repetition
from expectations.rules.measures import ROWS, Duplicates, Measure
from expectations.rules.scope import Scope

# Errors whose text speaks of names only. Others quote the value that they stumbled on, which no finding may show.
SPEAKABLE = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.IOException)


@dataclass(frozen=True)
class Unanswered:
    """A measure that the engine could not give, and why; the reason holds no value of a row."""

    reason: str


def answers(connection: duckdb.DuckDBPyConnection, scope: Scope, wanted: Iterable[Measure]) -> dict[Measure, Any]:
    """Each measure's value, or why there is none.

    Args:
        connection: any.
        scope: the relation.
        wanted: measures; equal ones are asked once.
    """
    asked = dict.fromkeys([ROWS, *wanted])
    known: dict[Measure, Any] = {}
    for question in proofs(asked, scope):
        known |= _settled(connection, question)
    rest = [measure for measure in asked if measure not in known]
    for question in plan(rest, scope, _facts(connection, scope, rest, known.get(ROWS, 0))):
        known |= _settled(connection, question)
    return known | {measure: alone(connection, scope, measure) for measure in asked if measure not in known}


def alone(connection: duckdb.DuckDBPyConnection, scope: Scope, measure: Measure) -> Any:
    """One measure by its own query: its value, or why there is none."""
    try:
        rows = connection.execute(measure.naive(scope.relation)).fetchmany(2)
    except duckdb.Error as error:
        return Unanswered(speakable(error))
    if len(rows) != 1 or len(rows[0]) != 1:
        return Unanswered(f"the query gives {len(rows) or 'no'} rows, and a rule needs one value")
    return rows[0][0]


def speakable(error: duckdb.Error) -> str:
    """What of an error may be shown."""
    if isinstance(error, SPEAKABLE):
        return str(error).splitlines()[0]
    return f"the engine stopped with {type(error).__name__}; run the rule's query on the candidate to see why"


def _settled(connection: duckdb.DuckDBPyConnection, question: Question) -> dict[Measure, Any]:
    """The measures that a question settles. One that raises settles none: each is then asked alone, and one bad rule
    does not hide the others' answers."""
    row = _row(connection, question.sql)
    return {m: value for m, value in zip(question.measures, row, strict=False) if value is not None}


def _facts(connection: duckdb.DuckDBPyConnection, scope: Scope, rest: list[Measure], rows: int) -> Facts:
    sql, columns = repetition(rest, scope)
    shares = _row(connection, sql) if columns else ()
    repeating = frozenset(c for c, share in zip(columns, shares, strict=False) if share is not None and share < REPEATS)
    ranges = {}
    if any(isinstance(measure, Duplicates) for measure in rest):
        ends = {column: _row(connection, sql) for column, sql in key_ranges(rest, scope)}
        ranges = {column: (row[0], row[1]) for column, row in ends.items() if row and None not in row}
    return Facts(rows, repeating, ranges)


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    """The only row of a query; empty where it raises."""
    try:
        rows = connection.execute(sql).fetchmany(2)
    except duckdb.Error:
        return ()
    return rows[0] if len(rows) == 1 else ()
