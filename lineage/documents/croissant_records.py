"""The record sets of a Croissant document: the rows as fields, the columns that are encrypted, the accepted values.

Belongs here: fields, their types and keys. Does not: the document around them (`croissant.py`).
Source: Croissant 1.1, "RecordSets" and "Enumerations".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from expectations.contract import Column
from lineage.documents.facts import Facts
from lineage.pin import Part

TYPES = {  # ODCS logical type → data type
    "string": "sc:Text",
    "integer": "cr:Int64",
    "number": "cr:Float64",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "timestamp": "sc:DateTime",
    "time": "sc:Time",
}
_SEALED = "Columns of the same rows, encrypted in the files: the key of their class opens them."


def record_sets(facts: Facts) -> list[dict[str, Any]]:
    """Of each file one of the open columns and one of those that are encrypted; one for each column's accepted values.

    Several files are as many record sets, in the order of their rows: the reference loader joins archived files only.
    No record set has examples, as a row says something of somebody.

    Args:
        facts: of the release.
    """
    contract, sealed = facts.contract, facts.published.columns
    opened = [column for column in contract.table.columns if column.name not in sealed]
    closed = [column for column in contract.table.columns if column.name in sealed]
    sets: list[dict[str, Any]] = []
    for number, part in enumerate(facts.published.parts):
        several = len(facts.published.parts) > 1
        name = f"{contract.name}_{number:05}" if several else contract.name
        of = f"File {number + 1} of {len(facts.published.parts)}." if several else ""
        if opened:
            rows = [contract.table.description, contract.table.grain, _identified(facts), of]
            sets.append(_record_set(facts, name, rows, opened, part))
        if closed:
            sets.append(_record_set(facts, f"{name}_sealed", [_SEALED, of], closed, part))
    return sets + [_accepted(facts, column) for column in opened if column.enum]


def _record_set(facts: Facts, name: str, said: Iterable[str], columns: list[Column], part: Part) -> dict[str, Any]:
    names = {column.name for column in columns}
    key = facts.contract.table.key
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": " ".join(sentence for sentence in said if sentence),
        **({"key": [{"@id": f"{name}/{column}"} for column in key]} if key and names.issuperset(key) else {}),
        "field": [_field(facts, name, column, part) for column in columns],
    }


def _identified(facts: Facts) -> str:
    """Which columns a row is known by, where the key itself cannot be stated: some of its columns are elsewhere."""
    key = facts.contract.table.key
    return f"A row is identified by {', '.join(key)}." if facts.published.columns.keys() & set(key) else ""


def _field(facts: Facts, holder: str, column: Column, part: Part) -> dict[str, Any]:
    values = {"references": {"field": {"@id": f"{_values(facts, column)}/name"}}} if column.enum else {}
    sealed = column.name in facts.published.columns
    return {
        "@type": "cr:Field",
        "@id": f"{holder}/{column.name}",
        "name": column.name,
        "description": " ".join(_said(column, sealed)),
        "dataType": TYPES.get(column.logical_type, "sc:Text"),
        "source": {"fileObject": {"@id": part.name}, "extract": {"column": column.name}},
        **({} if sealed else values),
    }


def _said(column: Column, sealed: bool) -> Iterator[str]:
    if column.description:
        yield column.description
    if not column.required and column.key_position is None:
        yield "May be missing."
    if column.relationships:
        yield f"Values exist in {', '.join(column.relationships)}."
    yield f"{'Encrypted' if sealed else 'Classified'}: {column.classification}."


def _values(facts: Facts, column: Column) -> str:
    return f"{facts.contract.name}_{column.name}_values"


def _accepted(facts: Facts, column: Column) -> dict[str, Any]:
    name = _values(facts, column)
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"The accepted values of {column.name}.",
        "dataType": "sc:Enumeration",
        "key": {"@id": f"{name}/name"},
        "field": [{"@type": "cr:Field", "@id": f"{name}/name", "name": "name", "dataType": "sc:Text"}],
        "data": [{f"{name}/name": value} for value in column.enum],
    }
