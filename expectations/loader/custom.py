"""Our own properties (`vendor: esclusa`): read where they stand, refused where misspelt or misplaced.

Belongs here: the mechanics. Does not: which properties exist (`vocabulary.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from expectations.loader.document import Document, Location
from expectations.loader.odcs import schema_problems
from expectations.loader.problem import Problem, nearest
from expectations.loader.vocabulary import CUSTOM_PROPERTIES, VENDOR

_PLACES = {"schema": "table", "properties": "column", "roles": "role", "slaProperties": "sla"}


def custom(holder: Mapping[str, Any]) -> dict[str, Any]:
    """Our properties of a mapping: name → value.

    Args:
        holder: anything that may hold `customProperties`.
    """
    return {p["property"]: p["value"] for p in holder.get("customProperties") or () if p.get("vendor") == VENDOR}


def listed(names: str | Iterable[str]) -> tuple[str, ...]:
    """One name or a list of names, as a tuple."""
    return (names,) if isinstance(names, str) else tuple(names)


def named_columns(granted: Mapping[str, Any], *ways: str) -> set[str]:
    """Columns that the `columns` of a role name.

    Args:
        granted: the value of `columns`.
        ways: any of `allow`, `deny`, `mask`; all of them where none is given.
    """
    return {name for way in ways or ("allow", "deny", "mask") for name in listed(granted.get(way, ()))}


def lint_custom(document: Document, kind: str) -> Iterator[Problem]:
    """Our properties in a document: unknown, misplaced, said twice, or with a value of another shape.

    Args:
        document: a file that the ODCS schema allows.
        kind: what the file is: `contract`, `source` or `term`.
    """
    for location, value in document.walk():
        if (
            location[-1:] != ("customProperties",) or "value" in location
        ):  # a value is free text: nothing of ours is in it
            continue
        place = _place(location[:-1], kind)
        known = {p.name: p.value for p in CUSTOM_PROPERTIES if p.place == place}
        seen: set[str] = set()
        for i, written in enumerate(value):
            here, name, vendor = (*location, i), written["property"], written.get("vendor", "")
            if vendor != VENDOR:
                if name in known or nearest(vendor, [VENDOR]):
                    yield document.problem(
                        here, f"{name} is by vendor {vendor or '(none)'} and would be ignored", VENDOR
                    )
            elif name not in known:
                yield document.problem(
                    (*here, "property"), f"no property of a {place} is called {name}", nearest(name, known)
                )
            elif name in seen:
                yield document.problem((*here, "property"), f"{name} is said twice")
            else:
                seen.add(name)
                yield from schema_problems(document, known[name], (*here, "value"))


def _place(location: Location, kind: str) -> str:
    """The place of the table of properties that a location is: `role` for `roles[3]`."""
    if not location:
        return kind
    if len(location) == 1:
        return str(location[0])
    place = _PLACES.get(str(location[-2]), str(location[-2]))
    return "golden table" if (place, kind) == ("table", "contract") else place  # `delivery` is a word of sources
