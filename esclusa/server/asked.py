"""What a request for rows asks for, read from URL, JSON or headers; nothing that is not understood is passed over.

Belongs here: parameters and their limits. Does not: answering (`row_routes.py`).
Source: RFC 9110 §12.5.1 (Accept).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams

from esclusa.errors import Misused, nearest

ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
FORMATS = {"arrow": ARROW, "parquet": PARQUET}
PARAMETERS = ("role", "purpose", "columns", "limit", "offset", "format", "certificate")
DIGITS = 20  # of a number in a URL
LONGEST = 200  # letters of a role, a purpose, a column's name
MOST_COLUMNS = 1000
LARGEST = 2**53 - 1  # the largest integer that JSON carries safely (RFC 8259, section 6)


@dataclass(frozen=True)
class Asked:
    """One request for rows.

    Args:
        role, purpose: empty where not said.
        columns: wanted, in order; None for all that are permitted.
        limit: at most so many rows, or None.
        offset: so many are left out first.
        format: `arrow` or `parquet`; empty where the `Accept` header says it.
        certificate: SHA-256 (hex) of the only certificate under which rows are wanted, or empty.
    """

    role: str
    purpose: str
    columns: tuple[str, ...] | None
    limit: int | None
    offset: int
    format: str
    certificate: str


def from_query(parameters: QueryParams) -> Asked:
    """What a URL asks for.

    Args:
        parameters: of its query; columns comma-separated.

    Raises:
        Misused: one is unknown, given twice, or no such value.
    """
    names = [name for name, _ in parameters.multi_items()]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Misused("A parameter is given twice.", observed=", ".join(twice)[:LONGEST], required="each one once")
    given: dict[str, Any] = dict(parameters)
    for name in ("limit", "offset"):
        text = given.get(name, "")
        if text.isascii() and text.isdigit() and len(text) <= DIGITS:
            given[name] = int(text)
    if "columns" in given:
        given["columns"] = [name.strip() for name in given["columns"].split(",")]
    return _asked(given)


def from_json(body: bytes) -> Asked:
    """What a body asks for.

    Args:
        body: a JSON object; columns are a list.

    Raises:
        Misused: it is none, or a member is unknown or no such value.
    """
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise Misused("The body is no JSON object.", required=f"an object with members of: {', '.join(PARAMETERS)}")
    return _asked(given)


def preferred(accept: str) -> str:
    """The format that an `Accept` header prefers, Arrow where it is all the same; empty where it takes none.

    Args:
        accept: the header; empty where there is none.
    """
    weights: dict[str, float] = {}
    for part in filter(str.strip, accept.lower().split(",")):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        weights[kind] = next((float(said[2:]) for said in parameters if _WEIGHT.fullmatch(said)), 1.0)
    weights = weights or {"*/*": 1.0}

    def liked(form: str) -> tuple[float, bool]:
        kind = FORMATS[form]  # the most specific range counts, and a format that is named before one that is not
        weight = next((weights[range_] for range_ in (kind, "application/*", "*/*") if range_ in weights), 0.0)
        return weight, kind in weights

    best = max(FORMATS, key=liked)
    return best if liked(best)[0] > 0 else ""


_WEIGHT = re.compile(r"q=(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


def _asked(given: Mapping[str, Any]) -> Asked:
    if unknown := [name for name in given if name not in PARAMETERS]:
        raise Misused(
            "There is no such parameter.",
            observed=unknown[0][:LONGEST],
            required=f"of: {', '.join(PARAMETERS)}",
            remedy=nearest(unknown[0][:LONGEST], PARAMETERS),
        )
    form = _text(given, "format")
    if form and form not in FORMATS:
        raise _wrong("format", f"one of: {', '.join(FORMATS)}")
    return Asked(
        _text(given, "role"),
        _text(given, "purpose"),
        _columns(given.get("columns")),
        None if given.get("limit") is None else _number(given, "limit"),
        _number(given, "offset"),
        form,
        _text(given, "certificate"),
    )


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str) or len(value) > LONGEST or not value.isprintable():
        raise _wrong(name, f"a text of at most {LONGEST} printable letters")
    return value


def _number(given: Mapping[str, Any], name: str) -> int:
    value = given.get(name, 0)
    if type(value) is not int or not 0 <= value <= LARGEST:  # True is an int too
        raise _wrong(name, f"an integer from 0, in at most {DIGITS} digits")
    return value


def _columns(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = value if isinstance(value, list) else []
    fit = all(isinstance(name, str) and 0 < len(name) <= LONGEST and name.isprintable() for name in names)
    if not fit or not 0 < len(names) <= MOST_COLUMNS or len(set(names)) < len(names):
        raise _wrong("columns", "a list of names, none twice")
    return tuple(names)


def _wrong(name: str, required: str) -> Misused:
    return Misused(f"The parameter {name} cannot be that.", required=required)
