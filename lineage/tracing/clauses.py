"""What one clause of a query says by itself: which names it makes, what it lists.

Belongs here: reading a clause. Does not: what its names mean (`scopes.py`), what expressions take (`expressions.py`).
"""

from __future__ import annotations

from sqlglot import exp


def listed(part: object) -> list[exp.Expr]:
    """The expressions of a clause that may hold one, several or none."""
    return [e for e in (part if isinstance(part, list) else [part]) if isinstance(e, exp.Expr)]


def many(projection: exp.Expr) -> bool:
    """A star, or COLUMNS(…): one projection that makes columns whose names are not known before it runs."""
    return projection.is_star or projection.find(exp.Columns) is not None


def orders_by_all(order: exp.Expr | None) -> bool:
    """ORDER BY ALL: by every column that the query makes."""
    return order is not None and any(isinstance(o.this, exp.Var) for o in order.expressions)


def before_alias(table: exp.Table, name: str, columns: tuple[str, ...]) -> str:
    """`t(a, b)` renames the columns of a table by position."""
    renamed = _named(table)
    return columns[renamed.index(name)] if name in renamed[: len(columns)] else name


def made_names(made: exp.Expr) -> list[str]:
    """The columns of UNNEST or VALUES in FROM, of LATERAL around them as well."""
    names, offset = _named(made), _rows_of(made).args.get("offset")
    return [*names, offset.name.lower()] if isinstance(offset, exp.Identifier) else names


def made_at(made: exp.Expr, position: int) -> list[exp.Expr]:
    """What the column at a position comes from; a list or a table function hands on all that it is given."""
    rows = _rows_of(made)
    if isinstance(rows, exp.Values):
        return [part for row in rows.expressions for part in row.expressions[position : position + 1]]
    return made_of(made)


def made_of(made: exp.Expr) -> list[exp.Expr]:
    """Everything that UNNEST, VALUES or a table function is given."""
    rows = _rows_of(made)
    return listed(rows.expressions or rows.this)


def makes_values(made: exp.Expr) -> bool:
    """Whether its rows are written in the query."""
    return isinstance(_rows_of(made), exp.Values)


def _rows_of(made: exp.Expr) -> exp.Expr:
    """UNNEST or VALUES itself, where LATERAL stands around it."""
    inner = made.this.unnest() if isinstance(made, exp.Lateral) else None
    return inner if isinstance(inner, exp.Values | exp.Unnest) else made


def _named(made: exp.Expr) -> list[str]:
    alias = made.args.get("alias")
    return [column.name.lower() for column in alias.columns] if alias else []
