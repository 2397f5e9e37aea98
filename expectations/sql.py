"""SQL of names, values and types, safe whatever is in them.

Belongs here: quoting, literals, what a type can hold. Does not: conditions (`rules`), queries (`audit`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from expectations.rules.rule import RuleError

FLOATS = frozenset({"FLOAT", "DOUBLE"})
INTEGERS = frozenset(f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")) | {
    "INTEGER",
    "UINTEGER",
}
ZONED = "TIMESTAMP WITH TIME ZONE"


def quote(name: str) -> str:
    """An identifier, safe whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A string literal, safe whatever is in it."""
    return "'" + value.replace("'", "''") + "'"


def missing(column: str, types: Mapping[str, str]) -> str:
    """Condition: no value. NaN is none: it compares as larger than every number and would pass any minimum."""
    name = quote(column)
    return f"({name} IS NULL OR isnan({name}))" if types[column] in FLOATS else f"{name} IS NULL"


def present(columns: Iterable[str], types: Mapping[str, str]) -> str:
    """Condition: every one of these columns has a value."""
    return " AND ".join(f"NOT {missing(column, types)}" for column in columns)


def is_number(engine_type: str) -> bool:
    """Whether an engine type holds numbers."""
    return engine_type in INTEGERS or engine_type in FLOATS or engine_type.startswith("DECIMAL")


def literal(value: Any, engine_type: str) -> str:
    """A value of a contract as SQL that compares with a column of `engine_type`. Times without zone are UTC.

    Raises:
        RuleError: the value is not one of that type.
    """
    if is_number(engine_type):
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or isinstance(value, bool):
            raise RuleError(f"`{value}` is no number, and the column is {engine_type}")
        return str(number) if number.as_tuple().exponent in range(-18, 1) else f"{float(number)!r}::DOUBLE"
    if engine_type == "DATE" or engine_type.startswith("TIMESTAMP"):
        try:
            moment = datetime.fromisoformat(str(value)) if not isinstance(value, date | datetime) else value
        except ValueError:
            raise RuleError(f"`{value}` is no ISO 8601 date or time, and the column is {engine_type}") from None
        if not isinstance(moment, datetime):
            moment = datetime(moment.year, moment.month, moment.day)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        if engine_type == ZONED:
            return f"TIMESTAMPTZ {text(moment.isoformat())}"
        return f"TIMESTAMP {text(moment.replace(tzinfo=None).isoformat(sep=' '))}"
    if isinstance(value, bool):
        return str(value).lower()
    return text(str(value))
