"""The frame that golden and source contracts share: who, what, which version, and the columns of each table.

Belongs here: names, types, keys, duplicates. Does not: what only a golden contract says (`lint.py`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from expectations.loader.custom import listed
from expectations.loader.document import Document, Location
from expectations.loader.problem import Problem, nearest
from expectations.loader.vocabulary import API_VERSIONS, CLASSIFICATIONS, PHYSICAL_TYPES, STATUSES

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TYPE = re.compile(r"([a-z ]+?)\s*(\([\d\s,]+\))?")
_REFERENCE = re.compile(r"(\w+\.){1,2}\w+")
_DESCRIPTION = ("purpose", "usage", "limitations", "authoritativeDefinitions", "customProperties")


def lint_frame(document: Document) -> Iterator[Problem]:
    """Problems of the frame.

    Args:
        document: a file that the ODCS schema allows.
    """
    data = document.data
    missing = [key for key in ("name", "status", "description", "team", "schema") if not data.get(key)]
    if missing:
        for key in missing:
            yield document.problem((), f"the key `{key}` is missing or empty")
        return
    if data["name"] != document.path.stem:
        yield document.problem(("name",), f"is {data['name']}; required: the file's name, {document.path.stem}")
    yield from one_of(document, ("apiVersion",), API_VERSIONS)
    yield from one_of(document, ("status",), STATUSES)
    if not re.fullmatch(r"\d+\.\d+\.\d+", data["version"]):
        yield document.problem(("version",), f"is {data['version']}; required: <major>.<minor>.<patch>")
    for key in sorted(set(data["description"]) - set(_DESCRIPTION)):
        yield document.problem(("description", key), "unknown key", nearest(key, _DESCRIPTION))
    if not any(m.get("role") == "owner" for m in members(data)):
        yield document.problem(("team",), "no member has the role `owner`")
    yield from _twice(document, ("schema",), "name")
    for i in range(len(data["schema"])):
        yield from _table(document, i)


def one_of(document: Document, location: Location, words: Iterable[str]) -> Iterator[Problem]:
    """A problem where the word at a location is none of the accepted ones.

    Args:
        document: the file.
        location: of a value that is there.
        words: the accepted ones.
    """
    value: Any = document.data
    for step in location:
        value = value[step]
    if value not in words:
        yield document.problem(location, f"is {value}; required: one of {', '.join(words)}", nearest(value, words))


def members(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The team's members, in either spelling that ODCS has for a team."""
    team = data.get("team") or []
    found: list[Mapping[str, Any]] = (team.get("members") or []) if isinstance(team, dict) else team
    return found


def _twice(document: Document, location: Location, key: str) -> Iterator[Problem]:
    """Items of a list that share what must be theirs alone; letter case does not tell names apart in SQL."""
    items: Any = document.data
    for step in location:
        items = items[step]
    values = [(i, str(item[key]).casefold()) for i, item in enumerate(items) if key in item]
    counts = Counter(value for _, value in values)
    for i, value in values:
        if counts[value] > 1 and value in [v for _, v in values[:i]]:
            yield document.problem((*location, i, key), f"the {key} {items[i][key]} is given twice")


def _table(document: Document, i: int) -> Iterator[Problem]:
    here: Location = ("schema", i)
    table = document.data["schema"][i]
    if not _NAME.fullmatch(table["name"]):
        yield document.problem((*here, "name"), f"is {table['name']}; required: snake_case (a-z, 0-9, _)")
    if table.get("relationships"):
        yield document.problem(
            (*here, "relationships"), "a reference stands on the column that holds it: move it there"
        )
    columns = table.get("properties")
    if not columns:
        yield document.problem(here, "describes no column (`properties`)")
        return
    where: Location = (*here, "properties")
    for key in ("name", "physicalName", "primaryKeyPosition"):
        yield from _twice(document, where, key)
    keyed = [c for c in columns if c.get("primaryKey")]
    for j in range(len(columns)):
        yield from _column(document, (*where, j), columns[j], len(keyed))


def _column(document: Document, at: Location, column: Mapping[str, Any], keyed: int) -> Iterator[Problem]:
    if not _NAME.fullmatch(column["name"]):
        yield document.problem((*at, "name"), f"is {column['name']}; required: snake_case (a-z, 0-9, _)")
    if column.get("logicalType") and column.get("physicalType"):
        yield from _types(document, at, column)
    else:
        yield document.problem(at, "needs `logicalType` and `physicalType`: the warehouse is typed by them")
    if "classification" in column:
        yield from one_of(document, (*at, "classification"), CLASSIFICATIONS)
    position = column.get("primaryKeyPosition")
    if column.get("primaryKey"):
        if position not in range(1, keyed + 1) and not (position is None and keyed == 1):
            yield document.problem(
                at, f"has the primaryKeyPosition {position}; required: 1 to {keyed}, one for each column of the key"
            )
    elif position is not None:
        yield document.problem((*at, "primaryKeyPosition"), "stands on a column without `primaryKey: true`")
    for k, reference in enumerate(column.get("relationships") or ()):
        if not all(_REFERENCE.fullmatch(target) for target in listed(reference["to"])):
            yield document.problem(
                (*at, "relationships", k, "to"), "is not written <dataset>.<column> or <schema>.<table>.<column>"
            )
    for k, accepted in enumerate(column.get("enum") or ()):
        if accepted["value"] is None:
            yield document.problem((*at, "enum", k), "null is no value: leave out `required` instead")


def _types(document: Document, at: Location, column: Mapping[str, Any]) -> Iterator[Problem]:
    logical, physical = column["logicalType"], column["physicalType"].lower()
    if logical not in PHYSICAL_TYPES:
        plain = ", ".join(PHYSICAL_TYPES)
        yield document.problem((*at, "logicalType"), f"is {logical}; required: one plain value a cell: {plain}")
        return
    match = _TYPE.fullmatch(physical)
    base = match[1] if match else physical
    accepted = PHYSICAL_TYPES[logical]
    if not match or base not in accepted:
        yield document.problem(
            (*at, "physicalType"),
            f"is {physical}; required for a {logical}: one of {', '.join(accepted)}",
            nearest(base, accepted),
        )
    pattern = (column.get("logicalTypeOptions") or {}).get("pattern")
    if pattern is not None and not is_pattern(pattern):
        yield document.problem((*at, "logicalTypeOptions", "pattern"), "is not a regular expression")


def is_pattern(pattern: Any) -> bool:
    """Whether a text is a regular expression."""
    try:
        re.compile(pattern)
    except (re.error, TypeError, RecursionError, OverflowError):
        return False
    return True
