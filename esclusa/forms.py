"""The forms in which rows are returned: Arrow, pandas, polars or a DuckDB relation.

Belongs here: converting, and what is said where a package is absent. Does not: reading rows.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, get_args

from esclusa.errors import Misused, nearest

if TYPE_CHECKING:
    import pyarrow as pa

As = Literal["arrow", "pandas", "polars", "duckdb"]


def demand_form(as_: str) -> None:
    """Refuse an unknown form, or one whose package is absent, before anything is read.

    Args:
        as_: as the caller wrote it.

    Raises:
        Misused: rows cannot be returned as that.
    """
    forms = get_args(As)
    if as_ not in forms:
        raise Misused(
            f"Rows cannot be returned as {as_}.", required=f"one of {', '.join(forms)}", remedy=nearest(as_, forms)
        )
    if as_ in ("pandas", "polars"):
        try:
            import_module(as_)
        except ModuleNotFoundError:
            raise Misused(
                f"{as_} is not installed here.",
                required=f"{as_}, to return rows as {as_}",
                remedy=f"pip install 'esclusa[{as_}]'",
            ) from None


def converted(table: pa.Table, as_: str) -> Any:
    """An Arrow table in another form.

    Args:
        table: the rows.
        as_: `arrow`, `pandas` or `polars`; `demand_form` has passed it.
    """
    if as_ == "pandas":
        return table.to_pandas()
    return import_module("polars").from_arrow(table) if as_ == "polars" else table
