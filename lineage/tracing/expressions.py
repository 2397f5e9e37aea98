"""What an expression takes from the columns that it names: values, something computed of them, or only a decision.

Belongs here: one expression, whatever query it stands in. Does not: which column a name means (`query.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlglot import exp

from lineage.tracing.edges import Flow


@dataclass(frozen=True)
class Taken:
    """One thing that an expression takes.

    Args:
        what: a column, a query in parentheses, whether one has rows, or the rows that are counted (`exp.Star`).
        flow: how much of it arrives.
        doubt: why what is said here may be wrong, or "".
    """

    what: exp.Expr
    flow: Flow
    doubt: str = ""


# What hands on values whole.
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
    exp.ArrayFilter,
    exp.Bracket,
    exp.NthValue,
    exp.Nullif,
    exp.Order,
)
# What holds nothing of a value. An expression that is in none of these lists is taken to hold it still.
_LOSING = (
    exp.Predicate,
    exp.Connector,
    exp.Not,
    exp.Contains,
    exp.StartsWith,
    exp.EndsWith,
    exp.IsNan,
    exp.LogicalAnd,
    exp.LogicalOr,
    exp.ApproxDistinct,
    exp.ArraySize,
    exp.Count,
    exp.CountIf,
    exp.Length,
    exp.StrPosition,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.IntDiv,
    exp.Mod,
    exp.Pow,
    exp.Sqrt,
    exp.Sum,
    exp.Avg,
    exp.Stddev,
    exp.StddevPop,
    exp.Variance,
    exp.VariancePop,
    exp.GenerateSeries,
    exp.MD5,
    exp.SHA,
    exp.SHA2,
    exp.DateDiff,
    exp.TimestampDiff,
    exp.DateTrunc,
    exp.TimestampTrunc,
    exp.Extract,
    exp.Year,
    exp.Quarter,
    exp.Month,
    exp.Week,
    exp.Day,
    exp.DayOfWeek,
    exp.DayOfYear,
    exp.Hour,
    exp.Minute,
    exp.Second,
    exp.TimeToUnix,
    exp.Typeof,
)
_LOSING_BY_NAME = {"hash", "strlen", "date_part", "datepart", "list_unique", "md5_number", "weekday"}
# `st['a']` is the first of these, `st[1]` the second, of a struct that may be there instead of a list.
_FIELD_BY_NAME = {"array_extract", "struct_extract_at"}


def taken(expression: exp.Expr, flow: Flow = Flow.KEPT) -> Iterator[Taken]:
    """Everything that an expression takes.

    Args:
        expression: after sqlglot's `qualify`.
        flow: how much of the expression's own value arrives.
    """
    match expression:
        case exp.Subquery(this=exp.Values() as made):
            yield from _parts(made, flow, "expressions")
        case exp.Column() | exp.Subquery() | exp.Select() | exp.SetOperation():
            yield Taken(expression, flow)
        case exp.Columns():
            yield Taken(expression, flow, "COLUMNS(…) names its columns only when it runs")
        case exp.TableColumn():
            yield Taken(expression, flow, "a whole row as one value")
        case exp.PositionalColumn():
            yield Taken(expression, flow, "a column by its position")
        case exp.Star():
            yield Taken(expression, flow, "a star that could not be resolved")
        case exp.Count() if _counts_rows(expression):
            yield Taken(exp.Star(), Flow.DECIDING)
        case exp.Exists():
            yield Taken(expression, Flow.DECIDING)
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
        case exp.Comprehension():
            yield from _parts(expression, max(flow, Flow.REWORKED), "this", "iterator")
            yield from _parts(expression, Flow.DECIDING, "condition")
        case exp.Lag() | exp.Lead():
            yield from _parts(expression, flow, "this", "default")
            yield from _parts(expression, Flow.DECIDING, "offset")
        case exp.WithinGroup(this=chosen) if not chosen.find(exp.Column):
            # MODE() WITHIN GROUP (ORDER BY x): x is what it chooses from.
            yield from _parts(expression.expression, max(flow, _arriving(chosen)), "expressions")
        case exp.WithinGroup():
            yield from _parts(expression, flow, "this")
            yield from _parts(expression, Flow.DECIDING, "expression")
        case _ if field_taken(expression) is not None:
            yield from _field(expression, flow)
        case _ if isinstance(expression, _CHOOSING):
            yield from _parts(expression, flow, "this")
            yield from _parts(expression, Flow.DECIDING, *(key for key in expression.args if key != "this"))
        case _:
            yield from _parts(expression, max(flow, _arriving(expression)), *expression.args)


def _arriving(expression: exp.Expr) -> Flow:
    if isinstance(expression, _KEEPING):
        return Flow.KEPT
    by_name = isinstance(expression, exp.Anonymous) and expression.name.lower() in _LOSING_BY_NAME
    return Flow.COMPUTED if by_name or isinstance(expression, _LOSING) else Flow.REWORKED


def _parts(expression: exp.Expr, flow: Flow, *keys: str) -> Iterator[Taken]:
    for key in keys:
        part = expression.args.get(key)
        for each in part if isinstance(part, list) else [part]:
            if isinstance(each, exp.Expr):
                yield from taken(each, flow)


def _counts_rows(count: exp.Count) -> bool:
    return count.this is None or isinstance(count.this, exp.Star | exp.Literal)


def field_taken(expression: exp.Expr | None) -> str | None:
    """The name of the field that an expression takes from a struct, "" where only its position is known."""
    match expression:
        case exp.Dot():
            return str(expression.expression.name)
        case exp.StructExtract(expression=key) | exp.Bracket(expressions=[key]) if key.is_string:
            return str(key.name)
        case exp.Bracket(this=exp.Tuple()) | exp.StructExtract():
            return ""
        case exp.Anonymous(expressions=[_, key]) if expression.name.lower() in _FIELD_BY_NAME:
            return key.name if key.is_string else ""
    return None


def _field(expression: exp.Expr, flow: Flow) -> Iterator[Taken]:
    """A field of a struct that is made elsewhere: nobody knows which of its parts."""
    of = expression.expressions[0] if isinstance(expression, exp.Anonymous) else expression.this
    doubt = f"a field of {of.name or 'a value'}, which a query may have put together"
    for part in list(taken(of, flow)) or [Taken(expression, flow)]:
        yield replace(part, doubt=part.doubt or doubt)
