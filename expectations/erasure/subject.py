"""The subject of an erasure: a person's key and its value, in every source column that means the same person.

Belongs here: which keys a person may be erased by, reading one that somebody wrote, finding the value in text.
Does not: deleting (orchestration). A value is shown by nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from expectations.contract import Column, Contract, SourceContract
from expectations.landing.columntypes import as_delivered, typed
from expectations.retention import erasure_keys
from expectations.sql import text

# Around a value that stands alone in a text, a list or a struct.
_EDGE = r"[\s,;|\[\]{}\"'():=]"


class SubjectRefused(ValueError):
    """What was written names no subject that can be erased."""


@dataclass(frozen=True)
class Subject:
    """A person, by the keys of source systems.

    Args:
        column: `<system>.<table>.<column>`, as the requester named it.
        value: of that key, as text; secret.
        columns: every source column that holds the same key, `column` among them.
    """

    column: str
    value: str = field(repr=False)
    columns: tuple[str, ...]

    @property
    def pattern(self) -> str:
        """Regular expression (RE2): the value alone, or as a word of a longer text."""
        return f"(?i)(?:^|{_EDGE}){re.escape(self.value)}(?:$|{_EDGE})"


def subject_of(written: str, sources: Mapping[str, SourceContract], contracts: Iterable[Contract]) -> Subject:
    """Read `<system>.<table>.<column>=<value>`.

    Args:
        written: by the requester; its value is repeated in no error.
        sources: every source contract, by system.
        contracts: of every golden dataset.

    Raises:
        SubjectRefused: there is no such key, nobody agreed that it identifies a person, or the value is not of its
            type.
    """
    path, equals, value = written.strip().partition("=")
    known = erasable(sources, contracts)
    if not equals or not value:
        raise SubjectRefused(
            "the subject is incomplete; required: <system>.<table>.<column>=<value>; "
            f"keys that a person can be erased by: {', '.join(sorted(known))}"
        )
    if path not in known:
        near = get_close_matches(path, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise SubjectRefused(
            f"{path} is no key that a person can be erased by{hint}; required: one of {', '.join(sorted(known))}; "
            "next: where it is one, its owner says `erasureKey: true` in its `privacy` (docs/contracts.md)"
        )
    column = known[path]
    if column.logical_type == "integer":
        if not re.fullmatch(r"[+-]?[0-9]+", value):
            raise SubjectRefused(f"the value given for {path} is not of its type; required: {column.physical_type}")
        value = str(int(value))
    return Subject(path, value, tuple(sorted(_linked(path, sources))))


def erasable(sources: Mapping[str, SourceContract], contracts: Iterable[Contract]) -> dict[str, Column]:
    """Keys that a person can be erased by: `<system>.<table>.<column>` → column.

    They are those marked `erasureKey` by their source, and those that a golden contract's erasure key comes from.
    """
    columns = {f"{s.system}.{t.name}.{c.name}": c for s in sources.values() for t in s.tables for c in t.columns}
    keys = {path for path, column in columns.items() if column.privacy.get("erasureKey")}
    for contract in contracts:
        keys |= {path for name in erasure_keys(contract) for path in contract.table.column(name).sources}
    linked = {other for path in keys & columns.keys() for other in _linked(path, sources)}
    return {path: columns[path] for path in linked if columns[path].logical_type in {"string", "integer"}}


def _linked(path: str, sources: Mapping[str, SourceContract]) -> set[str]:
    """Every source column that refers to this one, or that it refers to, over any number of steps."""
    pairs = set()
    for source in sources.values():
        for table in source.tables:
            for column in table.columns:
                here = f"{source.system}.{table.name}.{column.name}"
                for target in column.relationships:
                    pairs.add((here, target if target.count(".") == 2 else f"{source.system}.{target}"))
    found, ahead = {path}, [path]
    while ahead:
        near = ahead.pop()
        for pair in pairs:
            if near in pair:
                ahead += set(pair) - found
                found |= set(pair)
    return found


def held_back(column: Column, value: str, delivered: str) -> str:
    """SQL condition: a row held back in quarantine is of that subject.

    Args:
        column: of the source contract.
        value: the key's.
        delivered: SQL of the JSON that holds the row as it was delivered.
    """
    written = as_delivered(column, delivered)
    return f"coalesce(CAST({typed(column, written)} AS VARCHAR), {written}) = {text(value)}"
