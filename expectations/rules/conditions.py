"""Conditions: what makes a single value missing or invalid, as SQL.

Belongs here: the arguments of ODCS's library metrics and the native options, each as a condition on one column,
with the cheaper answer that count, min and max allow. Does not: bounds and units (`kinds.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from expectations.rules.measures import Count
from expectations.rules.rule import RuleError
from expectations.sql import FLOATS, literal, missing, quote, text

Types = Mapping[str, str]


def missing_values(column: str, stand_ins: Iterable[Any], types: Types) -> Count:
    """Rows without a value: NULL, NaN, or one of the values agreed to mean the same.

    Args:
        stand_ins: `arguments.missingValues`; NULL is always among them.
    """
    engine_type = types[column]
    literals = []
    for value in stand_ins:
        if value is not None:
            with suppress(RuleError):  # a value that the type cannot hold is never met: '' among numbers
                literals.append(literal(value, engine_type))
    nothing, name = missing(column, types), quote(column)
    if literals:
        return Count(f"{nothing} OR {name} IN ({', '.join(literals)})", (column,))
    # Parquet statistics of floats leave NaN out, so that neither count nor maximum tell of it: only the rows do.
    return Count(nothing, (column,), cheap=None if engine_type in FLOATS else "c0.all_rows - c0.with_value")


def invalid(column: str, arguments: Mapping[str, Any], types: Types) -> Count:
    """Rows whose value breaks any of the arguments. NULL is missing, not invalid; NaN is invalid.

    Args:
        arguments: `validValues`, `pattern`, `minimum` … as in `TESTS`.

    Raises:
        RuleError: no argument, an unknown one, or one that does not fit the column's type.
    """
    unknown = [name for name in arguments if name not in TESTS]
    if unknown or not arguments:
        named = f"does not know `{', '.join(unknown)}`" if unknown else "has nothing to compare with"
        raise RuleError(f"invalidValues {named}; arguments are {', '.join(TESTS)}")
    name, engine_type = quote(column), types[column]
    broken = " OR ".join(TESTS[option](name, value, engine_type) for option, value in arguments.items())
    if engine_type in FLOATS:
        broken = f"CASE WHEN isnan({name}) THEN true ELSE {broken} END"
    return Count(f"coalesce({broken}, false)", (column,), _none_outside(arguments, engine_type))


def _none_outside(arguments: Mapping[str, Any], engine_type: str) -> str | None:
    """Zero where min and max prove that no value is out of range, else NULL; None where they cannot."""
    ends = {"minimum": "c0.lowest >=", "exclusiveMinimum": "c0.lowest >"}
    ends |= {"maximum": "c0.highest <=", "exclusiveMaximum": "c0.highest <"}
    if engine_type in FLOATS or not arguments.keys() <= ends.keys():
        return None
    proofs = [f"{ends[option]} {literal(value, engine_type)}" for option, value in arguments.items()]
    return f"CASE WHEN coalesce({' AND '.join(proofs)}, true) THEN 0 END"


def _order(symbol: str) -> Callable[[str, Any, str], str]:
    return lambda name, value, engine_type: f"{name} {symbol} {literal(value, engine_type)}"


def _size(measure: str, symbol: str) -> Callable[[str, Any, str], str]:
    def test(name: str, value: Any, engine_type: str) -> str:
        if not isinstance(value, int) or isinstance(value, bool):
            raise RuleError(f"a length is a whole number, not `{value}`")
        return f"{measure}({_as_text(name, engine_type) if measure == 'length' else name}) {symbol} {value}"

    return test


def _as_text(name: str, engine_type: str) -> str:
    return name if engine_type == "VARCHAR" else f"CAST({name} AS VARCHAR)"


def _not_in(name: str, values: Any, engine_type: str) -> str:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise RuleError(f"validValues is a list, not `{values}`")
    literals = [literal(value, engine_type) for value in values if value is not None]
    return f"{name} NOT IN ({', '.join(literals)})" if literals else f"{name} IS NOT NULL"


def _unlike(name: str, pattern: Any, engine_type: str) -> str:
    """Found anywhere unless anchored, as in ECMA-262; RE2's `.` meets no newline, and its `$` nothing but the end."""
    return f"NOT regexp_matches({_as_text(name, engine_type)}, {text(str(pattern))})"


def _no_multiple(name: str, step: Any, engine_type: str) -> str:
    exact = f"CAST({name} AS DECIMAL(38, 12))" if engine_type in FLOATS else name
    return f"{exact} % {literal(step, 'DECIMAL')} <> 0"


def _repeats(name: str, wanted: Any, _: str) -> str:
    return f"length(list_distinct({name})) <> length({name})" if wanted else "false"


# Argument → condition that a value (column in SQL, argument, engine type) breaks it.
TESTS: dict[str, Callable[[str, Any, str], str]] = {
    "validValues": _not_in,
    "pattern": _unlike,
    "minimum": _order("<"),
    "maximum": _order(">"),
    "exclusiveMinimum": _order("<="),
    "exclusiveMaximum": _order(">="),
    "minLength": _size("length", "<"),
    "maxLength": _size("length", ">"),
    "multipleOf": _no_multiple,
    "minItems": _size("len", "<"),
    "maxItems": _size("len", ">"),
    "uniqueItems": _repeats,
}
