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
    for values in parsed.find_all(exp.Values):
        _name_columns(values)
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
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Filter):  # `x.f() FILTER (…)`
        subject = exp.column(node.args["table"], table=node.args.get("db"))
        called = _plain(exp.Dot(this=subject, expression=node.this.this))
        return exp.Filter(this=called, expression=node.this.expression.transform(_plain))
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Anonymous):
        subject = sqlglot.parse_one(f"SELECT {node.this.sql(_DIALECT)}", read=_DIALECT).expressions[0]
        called = exp.func(node.expression.name, subject, *node.expression.expressions, dialect=_DIALECT)
        return called.transform(_plain)
    part = None if isinstance(node.parent, exp.Select) else _part(node)  # without an alias it is named after the whole
    return node if part is None else part.transform(_plain)


def _part(node: exp.Expr) -> exp.Expr | None:
    """What an expression takes out of a struct or a row that is written right there."""
    match node:
        case exp.Bracket(this=exp.Tuple(expressions=parts), expressions=[exp.Literal(is_int=True) as at]):
            return next(iter(parts[int(at.name) :]), None)  # from 0: sqlglot has taken 1 away
        case exp.Expr(this=exp.Struct(expressions=parts)) if field := field_taken(node):
            named = (p for p in parts if isinstance(p, exp.PropertyEQ) and p.this.name.lower() == field.lower())
            return next((p.expression for p in named), None)
    return None


def _unfold(query: exp.Subquery) -> None:
    """`(…) ORDER BY x LIMIT 1` is a query around the one in parentheses; sqlglot gives it no scope of its own."""
    around = {key: query.args[key] for key in ("order", "limit", "offset") if query.args.get(key)}
    if around:
        inner = exp.Subquery(this=query.this, alias=exp.TableAlias(this=exp.to_identifier("_ordered")))
        query.set("this", exp.Select(expressions=[exp.Star()], from_=exp.From(this=inner), **around))
        for key in around:
            query.set(key, None)


def _name_columns(values: exp.Values) -> None:
    """What VALUES in FROM leaves unnamed is `col0`, `col1` to DuckDB, and nothing to sqlglot."""
    around = values.parent.parent if isinstance(values.parent, exp.Subquery) else None
    alias = values.args.get("alias") or (around.args.get("alias") if isinstance(around, exp.Lateral) else None)
    if alias is not None and alias.this:
        named = len(alias.columns)
        width = max(len(row.expressions) for row in values.expressions)
        alias.set("columns", [*alias.columns, *(exp.to_identifier(f"col{n}") for n in range(named, width))])


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
