"""Promises in time (`slaProperties`) of a contract or a source contract: names, elements, durations, deletion.

Belongs here: what the official schema cannot see in them. Does not: enforcing them (`retention.py`, orchestration).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from expectations.loader.custom import custom
from expectations.loader.document import Document, Location
from expectations.loader.lint_frame import one_of
from expectations.loader.problem import Problem, nearest
from expectations.loader.vocabulary import SLA_MEASURED, SLA_NAMES, TIME_UNITS


def lint_slas(document: Document) -> Iterator[Problem]:
    """Problems of the promises in time.

    Args:
        document: a contract or a source contract, its tables without problems.
    """
    tables = {table["name"]: [c["name"] for c in table["properties"]] for table in document.data["schema"]}
    seen = set()
    for i, sla in enumerate(document.data.get("slaProperties") or ()):
        at: Location = ("slaProperties", i)
        name, element = sla["property"], sla.get("element", "")
        yield from one_of(document, (*at, "property"), SLA_NAMES)
        promised = (name, element.partition(".")[0] if len(tables) > 1 else "")
        if promised in seen:
            yield document.problem((*at, "property"), f"{name} is promised twice")
        seen.add(promised)
        if element:
            yield from _element(document, at, element, tables)
        if name in SLA_MEASURED:
            yield from _measured(document, at, sla)
            yield from _timed(document, at, element)
        if name == "retention" and custom(sla).get("deletion", {}).get("action") == "anonymise":
            yield from _anonymised(document, at, element.partition(".")[0])


def _element(
    document: Document, at: Location, element: str, tables: Mapping[str, Collection[str]]
) -> Iterator[Problem]:
    table, _, column = element.partition(".")
    if table not in tables:
        required = " or ".join(f"{name}.<column>" for name in tables)
        yield document.problem(
            (*at, "element"),
            f"names the table {table}; required: {required}",
            nearest(table, tables) or next(iter(tables)),
        )
    elif column not in tables[table]:
        yield document.problem(
            (*at, "element"), f"names the column {column}, which does not exist", nearest(column, tables[table])
        )


def _measured(document: Document, at: Location, sla: Mapping[str, Any]) -> Iterator[Problem]:
    name = sla["property"]
    if not sla.get("element"):
        yield document.problem(at, f"{name} needs an `element`, <table>.<column>: the data's own time is what counts")
    if isinstance(sla["value"], bool) or not isinstance(sla["value"], int | float) or not 0 < sla["value"] < 1e6:
        yield document.problem((*at, "value"), "is no duration; required: a number above 0")
    if sla.get("unit") not in TIME_UNITS:
        meant = nearest(sla.get("unit", ""), TIME_UNITS)
        yield document.problem(
            at, f"has the unit {sla.get('unit', '(none)')}; required: one of {', '.join(TIME_UNITS)}", meant
        )


def _timed(document: Document, at: Location, element: str) -> Iterator[Problem]:
    """An age is measured on a date or a time."""
    for table in document.data["schema"]:
        for column in table["properties"]:
            logical = column.get("logicalType", "")
            if element == f"{table['name']}.{column['name']}" and logical not in ("date", "timestamp"):
                yield document.problem(
                    (*at, "element"), f"names {column['name']}, a {logical}; required: a date or timestamp"
                )


def _anonymised(document: Document, at: Location, table: str) -> Iterator[Problem]:
    """Emptying columns needs some that may be empty: else the row itself must go."""
    columns: list[Mapping[str, Any]] = next(
        (t["properties"] for t in document.data["schema"] if t["name"] == table), []
    )
    personal = [c for c in columns if "privacy" in custom(c) or "pii" in c.get("tags", ())]
    if not personal:
        yield document.problem(at, f"anonymises, but {table} has no column of personal data; required: delete")
    for column in personal:
        if column.get("required") or column.get("primaryKey"):
            yield document.problem(
                at, f"anonymises, but {column['name']} may not be empty; required: delete, or a column that may"
            )
