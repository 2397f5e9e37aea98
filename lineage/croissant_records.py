"""The record sets of a Croissant document: the rows as fields, the columns that are encrypted, the accepted values.

Belongs here: fields, their types and keys. Does not: the document around them (`croissant.py`).
Source: Croissant 1.1, "RecordSets" and "Enumerations".
"""

from __future__ import annotations

from typing import Any

from expectations.contract import Column
from lineage.facts import Facts

TYPES = {  # ODCS logical type → data type
    "string": "sc:Text",
    "integer": "cr:Int64",
    "number": "cr:Float64",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "timestamp": "sc:DateTime",
    "time": "sc:Time",
}


def record_sets(facts: Facts) -> list[dict[str, Any]]:
    """One of the open columns, one of those that are encrypted, and one for each column with accepted values.

    No record set has examples: a row says something of somebody.

    Args:
        facts: of the release.
    """
    contract, sealed = facts.contract, facts.published.columns
    columns = contract.table.columns
    opened = [c for c in columns if c.name not in sealed]
    key = [f"{contract.name}/{name}" for name in contract.table.key if name not in sealed]
    whole = len(key) == len(contract.table.key)
    sets = [
        {
            "@type": "cr:RecordSet",
            "@id": contract.name,
            "name": contract.name,
            "description": " ".join(
                part
                for part in (contract.table.description, contract.table.grain, "" if whole else _keyed(facts))
                if part
            ),
            **({"key": [{"@id": name} for name in key]} if whole and key else {}),
            "field": [_field(facts, contract.name, column) for column in opened],
        },
        {
            "@type": "cr:RecordSet",
            "@id": f"{contract.name}_sealed",
            "name": f"{contract.name}_sealed",
            "description": "Columns of the same rows, encrypted in the files: the key of their class opens them.",
            "field": [_field(facts, f"{contract.name}_sealed", c) for c in columns if c.name in sealed],
        },
    ]
    return [s for s in sets if s["field"]] + [_values(facts, c) for c in columns if c.enum]


def _keyed(facts: Facts) -> str:
    return f"A row is identified by {', '.join(facts.contract.table.key)}."


def _field(facts: Facts, holder: str, column: Column) -> dict[str, Any]:
    parts, sealed = facts.published.parts, facts.published.columns.get(column.name)
    origin = {"fileSet": {"@id": "parts"}} if len(parts) > 1 else {"fileObject": {"@id": parts[0].name}}
    said = [column.description, "" if column.required else "May be missing.", _elsewhere(column)]
    said.append(f"Encrypted: {sealed}." if sealed else f"Classified {column.classification}.")
    field = {
        "@type": "cr:Field",
        "@id": f"{holder}/{column.name}",
        "name": column.name,
        "description": " ".join(sentence for sentence in said if sentence),
        "dataType": TYPES.get(column.logical_type, "sc:Text"),
        "source": {**origin, "extract": {"column": column.name}},
    }
    if column.enum and not sealed:
        field["references"] = {"field": {"@id": f"{_set_of(facts, column)}/name"}}
    return field


def _elsewhere(column: Column) -> str:
    return f"Values exist in {', '.join(column.relationships)}." if column.relationships else ""


def _set_of(facts: Facts, column: Column) -> str:
    return f"{facts.contract.name}_{column.name}_values"


def _values(facts: Facts, column: Column) -> dict[str, Any]:
    holder = _set_of(facts, column)
    return {
        "@type": "cr:RecordSet",
        "@id": holder,
        "name": holder,
        "description": f"The accepted values of {column.name}.",
        "dataType": "sc:Enumeration",
        "key": {"@id": f"{holder}/name"},
        "field": [{"@type": "cr:Field", "@id": f"{holder}/name", "name": "name", "dataType": "sc:Text"}],
        "data": [{f"{holder}/name": value} for value in column.enum],
    }
