"""What a column's `privacy` says: the arguments of its technique, and whether they fit the column.

Belongs here: these. Does not: the table of techniques (`privacy.py`), the shape of each value (`vocabulary.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from expectations.loader.custom import custom, listed
from expectations.loader.document import Document, Location
from expectations.loader.problem import Problem, nearest
from expectations.privacy import TECHNIQUES

_ARGUMENTS = {name: technique for technique, arguments in TECHNIQUES.items() for name in arguments}


def lint_privacy(document: Document, table: int, *, golden: bool) -> Iterator[Problem]:
    """Problems of the techniques of a table's columns.

    Args:
        document: a file whose shapes are right.
        table: position of the table.
        golden: of a golden dataset; nothing is done to a source's columns, which can only be pseudonyms already.
    """
    for j, column in enumerate(document.data["schema"][table]["properties"]):
        privacy = custom(column).get("privacy")
        if privacy is not None:
            yield from _technique(document, ("schema", table, "properties", j), column, privacy, golden)


def _technique(
    document: Document, at: Location, column: Mapping[str, Any], privacy: Mapping[str, Any], golden: bool
) -> Iterator[Problem]:
    technique = privacy.get("technique", "")
    arguments = TECHNIQUES.get(technique, {})
    given = [name for name in privacy if name in _ARGUMENTS]
    for name in given:
        if name not in arguments:
            meant = nearest(name, arguments)
            yield document.problem(
                at, f"gives {technique or 'no technique'} the argument {name}, of {_ARGUMENTS[name]}", meant
            )
    if not golden and technique not in ("", "pseudonym"):
        yield document.problem(
            at, f"has the technique {technique}; required of a source: pseudonym, as nothing is done to it", "pseudonym"
        )
        return
    taken = [name for name in given if name in arguments]
    if arguments and len(taken) != 1:
        yield document.problem(
            at, f"{technique} needs exactly one of {', '.join(arguments)}; has {', '.join(taken) or 'none'}"
        )
        return
    for name in taken:
        if column["logicalType"] not in arguments[name]:
            fitting = " or ".join(arguments[name])
            yield document.problem(
                at, f"{technique} by {name} makes {fitting}, and the column is {column['logicalType']}"
            )
        if name == "bucket" and column["logicalType"] == "integer" and not isinstance(privacy[name], int):
            yield document.problem(at, f"buckets of {privacy[name]} do not hold whole numbers alone")
    for reference in column.get("relationships") or () if taken else ():
        for target in listed(reference["to"]):
            if technique != "hmac" or target.count(".") > 1:
                yield document.problem(
                    at,
                    f"is published by {technique}, so its values cannot be found in {target}: leave the reference out",
                )
