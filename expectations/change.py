"""A difference between what a source delivered and what its contract agreed, with its class.

Belongs here: the shape and its two classes. Does not: what a class does to the gate (`clauses_upstream.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ChangeClass(StrEnum):
    """What a difference may break."""

    ADDITIVE = "additive"  # something new that nobody reads yet
    BREAKING = "breaking"  # something agreed is gone, renamed, or of another type


@dataclass(frozen=True)
class Change:
    """One difference, as the last landing saw it.

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
