"""The types that a source column may land as: how text becomes one, strictly, and what pandera must then find.

Belongs here: one entry per type. Does not: rules on values. A text that is not of the type becomes null, never a guess:
DuckDB's own casts would round `12.5` to 13 and read `yes` and `1` as true.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from expectations.contract import Column
from expectations.sql import text as literal

NUMBER = r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?"


@dataclass(frozen=True)
class ColumnType:
    """One type.

    Args:
        frame: what the column is in a frame.
        cast: SQL expression over (SQL text, strptime format or "") that is null where the text is not of the type.
        value: a bound as the contract writes it, as a Python value that compares with the column.
    """

    frame: pl.DataType
    cast: Callable[[str, str], str]
    value: Callable[[Any], Any]


def _matching(pattern: str, type_name: str) -> Callable[[str, str], str]:
    return lambda text, _: f"case when regexp_full_match({text}, '{pattern}') then try_cast({text} as {type_name}) end"


def _instant(type_name: str, default: str) -> Callable[[str, str], str]:
    def cast(text: str, form: str) -> str:
        wanted = (form or default).replace("'", "''")
        return f"cast(try_strptime({text}, '{wanted}') as {type_name})"

    return cast


def _whole(type_name: str, frame: pl.DataType) -> ColumnType:
    return ColumnType(frame, _matching("[+-]?[0-9]+([.]0*)?", type_name), int)


TYPES = {
    "varchar": ColumnType(pl.String(), lambda text, _: text, str),
    "boolean": ColumnType(pl.Boolean(), _matching("(?i)true|false", "boolean"), bool),
    "smallint": _whole("smallint", pl.Int16()),
    "integer": _whole("integer", pl.Int32()),
    "bigint": _whole("bigint", pl.Int64()),
    "double": ColumnType(pl.Float64(), _matching(NUMBER, "double"), float),
    "date": ColumnType(pl.Date(), _instant("date", "%Y-%m-%d"), date.fromisoformat),
    "timestamp": ColumnType(pl.Datetime("us"), _instant("timestamp", "%Y-%m-%d %H:%M:%S"), datetime.fromisoformat),
}
DECIMAL = re.compile(r"decimal\((\d{1,2}),\s*(\d{1,2})\)")


def type_of(column: Column) -> ColumnType:
    """The type that a source column lands as.

    Args:
        column: of a source contract.

    Raises:
        ValueError: landing knows no such physicalType.
    """
    exact = DECIMAL.fullmatch(column.physical_type)
    if exact:
        precision, scale = int(exact[1]), int(exact[2])
        pattern = f"[+-]?[0-9]+([.][0-9]{{0,{scale}}}0*)?"  # more decimals would be rounded away
        return ColumnType(pl.Decimal(precision, scale), _matching(pattern, f"decimal({precision},{scale})"), float)
    if column.physical_type not in TYPES:
        known = ", ".join([*TYPES, "decimal(p,s)"])
        raise ValueError(f"line {column.line}: {column.name}: physicalType {column.physical_type!r} is none of {known}")
    return TYPES[column.physical_type]


def typed(column: Column, text: str) -> str:
    """SQL expression: the text as the column's type, null where it is not of that type.

    Args:
        column: of a source contract; the strptime format is its `logicalTypeOptions.format`.
        text: SQL expression of type varchar.
    """
    return type_of(column).cast(text, str(column.options.get("format", "")))


def as_delivered(column: Column, row: str) -> str:
    """SQL expression: the text of a column in a row that was held back, null where the row had none.

    Args:
        column: of a source contract.
        row: SQL of the JSON that holds the row as it was delivered.
    """
    pointer = "/" + column.physical_name.replace("~", "~0").replace("/", "~1")
    return f"json_extract_string({row}, {literal(pointer)})"
