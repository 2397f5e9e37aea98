"""One query, from its text to edges between columns; one that cannot be followed says so and may come from anything.

Belongs here: reading the text. Does not: walking it (`scopes.py`), chains of queries (`columns.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

from lineage.tracing.edges import EVERY, ROWS, Flow, Traced
from lineage.tracing.scopes import Walk

_DIALECT = "duckdb"


def trace(
    relation: str, sql: str, known: Mapping[str, Iterable[str]], leaves: Collection[str], reads: Iterable[str]
) -> Traced:
    """Follow one query.

    Args:
        relation: `<schema>.<table>` that the query makes.
        sql: as dbt compiled it.
        known: relation → its columns, of every relation that the query may read; none where they are not known.
        leaves: those of them that no query made: the tables of sources.
        reads: relations that it reads as dbt knows it: what a query that cannot be followed may take anything of.
    """
    try:
        query = _qualified(sql, known)
        root = build_scope(query)
    except SqlglotError as error:
        return _opaque(relation, reads, f"its SQL cannot be read ({type(error).__name__})")
    if root is None:
        return _opaque(relation, reads, f"{query.key} is no query whose columns can be told before it runs")
    return Walk(relation, root, known, leaves).follow()


def _qualified(sql: str, known: Mapping[str, Iterable[str]]) -> exp.Expr:
    parsed = sqlglot.parse_one(sql, read=_DIALECT)
    for table in parsed.find_all(exp.Table):
        table.set("catalog", None)  # one warehouse
    schema: dict[str, Any] = {}
    for relation, columns in known.items():
        space, _, table_name = relation.partition(".")
        if typed := dict.fromkeys(columns, "unknown"):  # sqlglot refuses a table without columns
            schema.setdefault(space, {})[table_name] = typed
    return qualify(
        parsed,
        dialect=_DIALECT,
        schema=schema,
        validate_qualify_columns=False,  # what is not resolved is told as a doubt
        quote_identifiers=False,
        identify=False,
    )


def _opaque(relation: str, reads: Iterable[str], doubt: str) -> Traced:
    traced = Traced()
    for column in (EVERY, ROWS):
        traced.doubts[relation, column] = doubt
        for other in reads:
            traced.add((relation, column), (other, EVERY), Flow.COMPUTED)
            traced.add((relation, column), (other, ROWS), Flow.DECIDING)
    return traced
