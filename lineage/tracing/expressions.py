"""What an expression takes from the columns that it names: values, something computed of them, or only a decision.

Belongs here: one expression, whatever query it stands in. Does not: which column a name means (`query.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from lineage.tracing.edges import Flow


@dataclass(frozen=True)
class Taken:
    """One thing that an expression takes.

    Args:
        what: a column, a query in parentheses, or the rows that are counted (`exp.Star`).
        flow: how much of it arrives.
        doubt: why what is said here may be wrong, or "".
    """

    what: exp.Expr
    flow: Flow
    doubt: str = ""


# What hands on values whole. An expression that is not here computes: then nothing is said to carry its value.
_KEEPING = (
    exp.Alias,
    exp.AnyValue,
    exp.Array,
    exp.ArrayAgg,
    exp.ArrayConcat,
    exp.Cast,
    exp.Coalesce,
    exp.Concat,
    exp.DPipe,
    exp.Distinct,
    exp.Dot,
    exp.Explode,
    exp.First,
    exp.FirstValue,
    exp.Greatest,
    exp.GroupConcat,
    exp.IgnoreNulls,
    exp.Last,
    exp.LastValue,
    exp.Least,
    exp.Lower,
    exp.Max,
    exp.Min,
    exp.Ordered,
    exp.Paren,
    exp.PropertyEQ,
    exp.RespectNulls,
    exp.Struct,
    exp.Trim,
    exp.Tuple,
    exp.Unnest,
    exp.Upper,
)
# Of these the first part is handed on, and the others decide which one.
_CHOOSING = (
    exp.ArgMax,
    exp.ArgMin,
    exp.Bracket,
    exp.Lag,
    exp.Lead,
    exp.NthValue,
    exp.Nullif,
    exp.Order,
    exp.WithinGroup,
)


def taken(expression: exp.Expr, flow: Flow = Flow.KEPT) -> Iterator[Taken]:
    """Everything that an expression takes.

    Args:
        expression: after sqlglot's `qualify`.
        flow: how much of the expression's own value arrives.
    """
    match expression:
        case exp.Column() | exp.Subquery() | exp.Select() | exp.SetOperation():
            yield Taken(expression, flow)
        case exp.Columns():
            yield Taken(expression, flow, "COLUMNS(…) names its columns only when it runs")
        case exp.TableColumn():
            yield Taken(expression, flow, "a whole row as one value")
        case exp.Star():
            yield Taken(expression, flow, "a star that could not be resolved")
        case exp.Count() if _counts_rows(expression):
            yield Taken(exp.Star(), Flow.DECIDING)
        case exp.Exists():
            yield from taken(expression.this, Flow.DECIDING)
        case exp.Case():
            yield from _parts(expression, Flow.DECIDING, "this")
            for branch in expression.args["ifs"]:
                yield from taken(branch, flow)
            yield from _parts(expression, flow, "default")
        case exp.If():
            yield from _parts(expression, Flow.DECIDING, "this")
            yield from _parts(expression, flow, "true", "false")
        case exp.Filter():
            yield from taken(expression.this, flow)
            yield from taken(expression.expression, Flow.DECIDING)
        case exp.Window():
            yield from taken(expression.this, flow)
            yield from _parts(expression, Flow.DECIDING, "partition_by", "order", "spec")
        case exp.Dot(this=exp.Struct() as made):
            yield from _field(made, expression, flow)
        case exp.Dot(this=exp.Column() as column):
            yield Taken(column, flow, f"a field of {column.name}, which a query may have put together")
        case _ if isinstance(expression, _CHOOSING):
            yield from _parts(expression, flow, "this")
            yield from _parts(expression, Flow.DECIDING, *(key for key in expression.args if key != "this"))
        case _:
            arriving = flow if isinstance(expression, _KEEPING) else max(flow, Flow.COMPUTED)
            yield from _parts(expression, arriving, *expression.args)


def _parts(expression: exp.Expr, flow: Flow, *keys: str) -> Iterator[Taken]:
    for key in keys:
        part = expression.args.get(key)
        for each in part if isinstance(part, list) else [part]:
            if isinstance(each, exp.Expr):
                yield from taken(each, flow)


def _counts_rows(count: exp.Count) -> bool:
    return count.this is None or isinstance(count.this, exp.Star | exp.Literal)


def _field(made: exp.Struct, dot: exp.Dot, flow: Flow) -> Iterator[Taken]:
    """`{'a': x, 'b': y}.a` takes x and nothing of y."""
    named = [e for e in made.expressions if isinstance(e, exp.PropertyEQ) and e.this.name == dot.expression.name]
    for part in named or made.expressions:
        yield from taken(part, flow)
