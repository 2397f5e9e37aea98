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
from lineage.tracing.expressions import field_taken
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
        if root is None:
            return _opaque(relation, reads, f"{query.key} is no query whose columns can be told before it runs")
        traced = Walk(relation, root, known, leaves).follow()
    except Exception as error:  # whatever one query meets, it is that query's doubt, and no other's
        what = "its SQL cannot be read" if isinstance(error, SqlglotError) else "its SQL cannot be followed"
        return _opaque(relation, reads, f"{what} ({type(error).__name__})")
    _blame(traced, relation, reads)
    return traced


def _qualified(sql: str, known: Mapping[str, Iterable[str]]) -> exp.Expr:
    parsed = sqlglot.parse_one(sql, read=_DIALECT).transform(_plain)
    for query in parsed.find_all(exp.Subquery):
        _unfold(query)
    if isinstance(parsed, exp.Subquery) and not parsed.args.get("with_"):
        parsed = parsed.unnest()
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


def _plain(node: exp.Expr) -> exp.Expr:
    """`x.f(y)` as `f(x, y)`, for sqlglot takes x for a mere name there; `{'a': x, 'b': y}.a` as x, for it drops y."""
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Anonymous):
        subject = sqlglot.parse_one(f"SELECT {node.this.sql(_DIALECT)}", read=_DIALECT).expressions[0]
        called = exp.func(node.expression.name, subject, *node.expression.expressions, dialect=_DIALECT)
        return called.transform(_plain)
    if isinstance(node.this, exp.Struct) and (field := field_taken(node)) and not isinstance(node.parent, exp.Select):
        for part in node.this.expressions:
            if isinstance(part, exp.PropertyEQ) and part.this.name.lower() == field.lower():
                value: exp.Expr = part.expression.transform(_plain)
                return value
    return node


def _unfold(query: exp.Subquery) -> None:
    """`(…) ORDER BY x LIMIT 1` is a query around the one in parentheses; sqlglot gives it no scope of its own."""
    around = {key: query.args[key] for key in ("order", "limit", "offset") if query.args.get(key)}
    if around:
        inner = exp.Subquery(this=query.this, alias=exp.TableAlias(this=exp.to_identifier("_ordered")))
        query.set("this", exp.Select(expressions=[exp.Star()], from_=exp.From(this=inner), **around))
        for key in around:
            query.set(key, None)


def _blame(traced: Traced, relation: str, reads: Iterable[str]) -> None:
    """Where something could not be followed, what was read and not reached may be what it comes from."""
    reached = {origin for origins in traced.edges.values() for origin, _ in origins}
    missed = set(reads) - reached if traced.doubts else set()
    for node in [*traced.doubts, (relation, ROWS)] if missed else []:
        for other in missed:
            traced.add(node, (other, EVERY), Flow.DECIDING if node[1] == ROWS else Flow.COMPUTED)
            traced.add(node, (other, ROWS), Flow.DECIDING)


def _opaque(relation: str, reads: Iterable[str], doubt: str) -> Traced:
    traced = Traced()
    for column in (EVERY, ROWS):
        traced.doubts[relation, column] = doubt
        for other in reads:
            traced.add((relation, column), (other, EVERY), Flow.COMPUTED)
            traced.add((relation, column), (other, ROWS), Flow.DECIDING)
    return traced
