"""Privacy before the pin: what is done to a column of personal data so that its raw value never leaves the workshop.

Belongs here: the table of techniques, and each as SQL. Does not: keys and pinning (`lineage`), masks at reading
(`esclusa`).
Source: HMAC (RFC 2104) with SHA-256 (FIPS 180-4), built of DuckDB's sha256().
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from expectations.contract import Column

SECRET = "pseudonyms"  # noqa: S105 - the name of the key of all keyed pseudonyms
PERIODS = ("year", "quarter", "month", "week", "day", "hour")

# technique → its arguments, of which it takes exactly one → logical types of the protected column
TECHNIQUES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "pseudonym": {},
    "hmac": {"domain": ("string",)},
    "mask": {"keepFirst": ("string",), "keepLast": ("string",)},
    "generalise": {"period": ("date", "timestamp"), "bucket": ("integer", "number"), "prefix": ("string",)},
}

_BLOCK = 64  # bytes that SHA-256 takes at a time
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_TEXTS = ("VARCHAR", "UUID", "ENUM")
_FLOATS = ("DOUBLE", "FLOAT")
_TIMES = ("DATE", "TIMESTAMP")
_ZONED = "TIMESTAMP WITH TIME ZONE"


class Unprotectable(ValueError):
    """A technique cannot be applied: the candidate's type does not fit, or its secret is not at hand."""


@dataclass(frozen=True)
class Protection:
    """What stands in a column's place.

    Args:
        sql: expression over the raw column, without an alias.
        parameters: names of the parameters (`$name`) in it; `bound` gives their values.
    """

    sql: str
    parameters: tuple[str, ...] = ()


def protected(column: Column, engine_type: str) -> Protection | None:
    """The expression that protects a column, or None where its values are published as they are.

    Args:
        column: of the contract; its physical type is that of the protected column.
        engine_type: of the raw column in the candidate, as DuckDB writes it.

    Raises:
        Unprotectable: the technique cannot be applied to values of that type.
    """
    technique = column.privacy.get("technique", "")
    name = next((argument for argument in TECHNIQUES.get(technique, ()) if argument in column.privacy), "")
    if not name:
        return None
    kind = engine_type.upper().partition("(")[0]
    given, raw = column.privacy[name], '"' + column.name.replace('"', '""') + '"'
    if technique == "hmac":
        # What is one and the same text on every machine and in every session.
        _demand(column, engine_type, kind in (*_TEXTS, *_INTEGERS, "DATE"))
        inner, outer = f"inner_{given}", f"outer_{given}"
        sql = f"sha256(${outer} || unhex(sha256(${inner} || encode(CAST({raw} AS VARCHAR)))))"
        return Protection(sql, (inner, outer))
    made = _PLAIN[name](column, engine_type, raw, given)
    return Protection(f"CAST({made} AS {column.physical_type})")


def bound(parameters: Iterable[str], secrets: Mapping[str, bytes]) -> dict[str, bytes]:
    """Values of parameters: the two padded keys of HMAC, of a key derived for each domain.

    Equal values of one domain give equal pseudonyms, in whatever dataset; those of two domains have nothing in common.

    Args:
        parameters: as `Protection` names them.
        secrets: name → key; `pseudonyms` is the one that is used.

    Raises:
        Unprotectable: that secret is not at hand.
    """
    values = {}
    for name in parameters:
        side, _, domain = name.partition("_")
        if SECRET not in secrets:
            raise Unprotectable(f"the secret {SECRET} is not at hand; required: the key of all keyed pseudonyms")
        key = hmac.digest(secrets[SECRET], domain.encode(), "sha256").ljust(_BLOCK, b"\0")
        values[name] = bytes(byte ^ (0x36 if side == "inner" else 0x5C) for byte in key)
    return values


def _demand(column: Column, engine_type: str, fits: bool) -> None:
    if not fits:
        raise Unprotectable(
            f"{column.name} is {engine_type} in the candidate, which {column.privacy['technique']} does not take"
        )


def _masked(column: Column, engine_type: str, raw: str, given: int) -> str:
    """All but `given` characters as `*`; a value that is no longer than them is masked whole."""
    _demand(column, engine_type, engine_type.upper().startswith(_TEXTS))
    text = f"CAST({raw} AS VARCHAR)"
    hidden = f"repeat('*', length({text}) - {given:d})"
    last = "keepLast" in column.privacy
    kept = f"{hidden} || right({text}, {given:d})" if last else f"left({text}, {given:d}) || {hidden}"
    return f"CASE WHEN length({text}) > {given:d} THEN {kept} ELSE repeat('*', length({text})) END"


def _period(column: Column, engine_type: str, raw: str, given: str) -> str:
    """The first moment of the period, of UTC where the column has a zone: the session's is not part of the data."""
    kind = engine_type.upper()
    _demand(column, engine_type, kind.startswith(_TIMES) and given in PERIODS)
    if kind == _ZONED:
        return f"date_trunc('{given}', {raw} AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'"
    return f"date_trunc('{given}', {raw})"


def _bucket(column: Column, engine_type: str, raw: str, given: float) -> str:
    """The lower end of the bucket, exactly: whole and decimal numbers never pass through a float."""
    kind = engine_type.upper().partition("(")[0]
    _demand(column, engine_type, kind in (*_INTEGERS, *_FLOATS, "DECIMAL"))
    width = f"{given:d}" if isinstance(given, int) else repr(float(given))
    if kind in _FLOATS:
        return f"floor({raw} / {width}) * {width}"
    number = f"CAST({raw} AS HUGEINT)" if kind in _INTEGERS else raw
    return f"({number} - (({number} % {width}) + {width}) % {width})"


def _prefix(column: Column, engine_type: str, raw: str, given: int) -> str:
    _demand(column, engine_type, engine_type.upper().startswith(_TEXTS))
    return f"left(CAST({raw} AS VARCHAR), {given:d})"


_PLAIN: Mapping[str, Callable[[Column, str, str, Any], str]] = {
    "keepFirst": _masked,
    "keepLast": _masked,
    "period": _period,
    "bucket": _bucket,
    "prefix": _prefix,
}
