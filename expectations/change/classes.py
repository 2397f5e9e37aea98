"""Classes of change: what a difference in a contract or in a delivery may break, and the version that it demands.

Belongs here: the words. Does not: finding differences (`differences.py`), their classes (`table.py`), what a
class does to the gate (`clauses/upstream.py`, `clauses/lineage.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Bump(IntEnum):
    """The part of a version that a change raises (Semantic Versioning 2.0)."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    def __str__(self) -> str:
        return self.name.lower()


class ChangeClass(StrEnum):
    """What a difference may break, the weakest first."""

    COSMETIC = "cosmetic"  # words and marks that nothing is derived from
    ADMINISTRATIVE = "administrative"  # who answers for it, who agreed and when, where to ask
    ADDITIVE = "additive"  # something new that nobody reads yet
    RESTRICTIVE = "restrictive"  # a promise or a protection became stronger
    PERMISSIVE = "permissive"  # a protection became weaker: more is read, by more, or kept for longer
    WEAKENING = "weakening"  # a promise became weaker: consumers can rely on less
    BREAKING = "breaking"  # something agreed is gone, renamed, of another type or of another meaning

    @property
    def bump(self) -> Bump:
        """What it demands of the version."""
        return _BUMPS[self]

    @property
    def weakens(self) -> bool:
        """True where somebody is promised or protected less than before."""
        return self in {ChangeClass.PERMISSIVE, ChangeClass.WEAKENING, ChangeClass.BREAKING}


_BUMPS = {
    ChangeClass.COSMETIC: Bump.PATCH,
    ChangeClass.ADMINISTRATIVE: Bump.PATCH,
    ChangeClass.ADDITIVE: Bump.MINOR,
    ChangeClass.RESTRICTIVE: Bump.MINOR,
    ChangeClass.PERMISSIVE: Bump.MINOR,
    ChangeClass.WEAKENING: Bump.MAJOR,
    ChangeClass.BREAKING: Bump.MAJOR,
}


@dataclass(frozen=True)
class Change:
    """One difference between a delivery and its contract, as the last landing saw it.

    Args:
        table: table of the source contract.
        column: the column that differs, or "" for the table as a whole.
        kind: its class.
        description: what was seen against what was agreed; column names and types, never a value.
    """

    table: str
    column: str
    kind: ChangeClass
    description: str
