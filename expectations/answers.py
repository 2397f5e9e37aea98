"""Answers: the values of measures on one relation.

Belongs here: running queries, and what becomes of a query that raises. Does not: which queries (`plan.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb

from expectations.measures import Measure

# Errors whose text speaks of names only. Others quote the value that they stumbled on, which no finding may show.
SPEAKABLE = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.IOException)


@dataclass(frozen=True)
class Unanswered:
    """A measure that the engine could not give, and why; the reason holds no value of a row."""

    reason: str


def answers(connection: duckdb.DuckDBPyConnection, relation: str, wanted: Iterable[Measure]) -> dict[Measure, Any]:
    """Each measure's value, or why there is none.

    Args:
        connection: any.
        relation: SQL usable after FROM.
        wanted: measures; equal ones are asked once.
    """
    return {measure: alone(connection, relation, measure) for measure in dict.fromkeys(wanted)}


def alone(connection: duckdb.DuckDBPyConnection, relation: str, measure: Measure) -> Any:
    """One measure by its own query: its value, or why there is none."""
    try:
        rows = connection.execute(measure.naive(relation)).fetchmany(2)
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
