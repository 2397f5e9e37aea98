"""One version of a contract against another: every change with its class, whom it affects, and the version it demands.

Belongs here: putting differences, classes and readers together. Does not: the classes (`table.py`), where the
earlier version comes from (`orchestration`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from expectations.change.classes import Bump, ChangeClass
from expectations.change.differences import Difference, differences
from expectations.change.table import classify, told_whole
from expectations.contract import Contract

_VERSION = ("version",)
_SHOWN = 48  # letters of a clause in a line for people


@dataclass(frozen=True)
class ClauseChange:
    """One changed clause.

    Args:
        where: names from the top of the document down.
        kind: its class.
        meaning: what such a clause is.
        before, after: what it says, shortened; "" where it is not there.
    """

    where: tuple[str, ...]
    kind: ChangeClass
    meaning: str
    before: str
    after: str

    @property
    def column(self) -> str:
        """The column that it is about, or ""."""
        return self.where[3] if self.where[:1] == ("schema",) and self.where[2:3] == ("properties",) else ""

    @property
    def table(self) -> str:
        """The table that it is about, or ""."""
        return self.where[1] if self.where[:1] == ("schema",) and len(self.where) > 1 else ""

    @property
    def role(self) -> str:
        """The role that it is about, or ""."""
        return self.where[1] if self.where[:1] == ("roles",) and len(self.where) > 1 else ""

    def __str__(self) -> str:
        said = f"{self.before} → {self.after}" if self.before and self.after else self.after or self.before
        verb = "" if self.before and self.after else "added: " if self.after else "removed: "
        return f"{'.'.join(self.where)}: {verb}{said}"


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[ClauseChange, ...]:
    """Every changed clause but the version itself, the strongest class first.

    Args:
        before, after: documents of two contracts, or of two source contracts.
    """
    found = [d for d in differences(before, after, told_whole) if d.path != _VERSION]
    changes = [_change(difference, found) for difference in found]
    return tuple(sorted(changes, key=lambda c: -list(ChangeClass).index(c.kind)))


def term_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[ClauseChange, ...]:
    """Every changed clause of a term but its version: each word of it is its meaning, but who agreed and when.

    Args:
        before, after: documents of a term of the glossary.
    """
    changes = []
    for difference in differences(before, after, lambda path: True):
        head = difference.path[0]
        agreed = head.startswith("agreed") or head == "(writing)"
        kind = ChangeClass.ADMINISTRATIVE if agreed else ChangeClass.BREAKING
        if not head.startswith("version"):
            changes.append(ClauseChange(difference.path, kind, "what a word means", *_sides(difference)))
    return tuple(changes)


def bump_demanded(changes: Iterable[ClauseChange]) -> Bump:
    """What the strongest class demands.

    Args:
        changes: of one contract.
    """
    return max((change.kind.bump for change in changes), default=Bump.NONE)


def bump_made(before: str, after: str) -> Bump | None:
    """What was raised between two versions; None where the later one is the lower, or one is no version.

    Args:
        before, after: as written, `major.minor.patch`.
    """
    numbers = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", version) for version in (before, after)]
    if not all(numbers):
        return None
    old, new = (tuple(int(part) for part in number.groups()) for number in numbers if number)
    if new < old:
        return None
    return next((bump for bump, a, b in zip(_PARTS, old, new, strict=True) if a != b), Bump.NONE)


_PARTS = (Bump.MAJOR, Bump.MINOR, Bump.PATCH)


def version_demanded(before: str, demanded: Bump) -> str:
    """The lowest version that makes a bump.

    Args:
        before: as written, `major.minor.patch`.
        demanded: what is to be raised.
    """
    major, minor, patch = (int(part) for part in before.split("."))
    raised = {
        Bump.MAJOR: (major + 1, 0, 0),
        Bump.MINOR: (major, minor + 1, 0),
        Bump.PATCH: (major, minor, patch + 1),
    }
    return ".".join(map(str, raised.get(demanded, (major, minor, patch))))


def readers_affected(change: ClauseChange, contract: Contract, others: Iterable[Contract] = ()) -> tuple[str, ...]:
    """Who reads what changed: roles, AI use cases, and datasets that refer to it.

    Args:
        change: of this contract.
        contract: as it is now, or as it was where a role is gone.
        others: the other golden datasets' contracts.
    """
    if not (change.kind.weakens or change.kind is ChangeClass.RESTRICTIVE):
        return ()
    if change.role:
        return (f"role {change.role}",)
    column = change.column
    roles = [f"role {r.name}" for r in contract.roles if not column or column not in r.columns.get("deny", ())]
    uses = [f"use case {name}" for name in contract.custom.get("aiUse", {}).get("useCases", ())]
    target = f"{contract.name}.{column}" if column else f"{contract.name}."
    refer = {
        f"dataset {other.name}"
        for other in others
        for c in other.table.columns
        if any(to == target or (not column and to.startswith(target)) for to in c.relationships)
    }
    return (*roles, *uses, *sorted(refer))


def _change(difference: Difference, found: Iterable[Difference]) -> ClauseChange:
    kind, meaning = classify(difference)
    likely = _successor(difference, found)
    return ClauseChange(
        difference.path,
        kind,
        f"{meaning}, renamed to {likely}?" if likely else meaning,
        *_sides(difference),
    )


def _successor(gone: Difference, found: Iterable[Difference]) -> str:
    """The new column that a column which is gone probably became: of its type, and with its origin or description."""
    if gone.after is not None or gone.path[2:3] != ("properties",) or len(gone.path) != 4:
        return ""
    for other in found:
        if other.before is None and other.path[:3] == gone.path[:3] and len(other.path) == 4:
            same = [k for k in ("transformSourceObjects", "description") if k in gone.before]
            typed = gone.before.get("physicalType") == other.after.get("physicalType")
            if typed and any(gone.before[k] == other.after.get(k) for k in same):
                return other.path[3]
    return ""


def _sides(difference: Difference) -> tuple[str, str]:
    """Both sides, long texts from a little before the place where they part."""
    before, after = difference.before, difference.after
    if not (isinstance(before, str) and isinstance(after, str)):
        return _shown(before), _shown(after)
    same = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    start = before.rfind(" ", 0, max(0, same - _SHOWN // 3)) + 1 if max(len(before), len(after)) > _SHOWN else 0
    mark = "…" if start else ""
    return mark + _shown(before[start:]), mark + _shown(after[start:])


def _shown(said: Any) -> str:
    if said is None:
        return ""
    if isinstance(said, bool):
        return "yes" if said else "no"
    if isinstance(said, Mapping):
        return f"{len(said)} clauses" if len(said) != 1 else next(f"{k}: {v}" for k, v in said.items())[:_SHOWN]
    text = " ".join(str(said).split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
