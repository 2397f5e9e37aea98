"""How the class of a change follows from what was said before and after: judges for the rows of the change table.

Belongs here: kinds of judgement. Does not: which path is judged by which (`table.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from expectations.change.classes import ChangeClass

Judge = Callable[[Any, Any], ChangeClass]

BREAKING, WEAKENING, PERMISSIVE = ChangeClass.BREAKING, ChangeClass.WEAKENING, ChangeClass.PERMISSIVE
RESTRICTIVE, ADDITIVE = ChangeClass.RESTRICTIVE, ChangeClass.ADDITIVE
_FAMILIES = (
    ("tinyint", "smallint", "integer", "bigint", "hugeint"),
    ("utinyint", "usmallint", "uinteger", "ubigint"),
    ("float", "double"),
)
_SAME = {
    "int": "integer",
    "real": "float",
    "text": "varchar",
    "string": "varchar",
    "numeric": "decimal",
    "bool": "boolean",
}


def always(kind: ChangeClass) -> Judge:
    """The same class whatever was said."""
    return lambda before, after: kind


def presence(added: ChangeClass, removed: ChangeClass, changed: ChangeClass | None = None) -> Judge:
    """By whether it came, went or says something else; the stronger of both where nothing is said of the last.

    Args:
        added, removed, changed: classes.
    """
    other = changed or max(added, removed, key=list(ChangeClass).index)
    return lambda before, after: added if before is None else removed if after is None else other


def flag(on: ChangeClass, off: ChangeClass) -> Judge:
    """A yes or no, no where nothing is said."""
    return lambda before, after: on if after else off if before else ChangeClass.COSMETIC


def bound(rising: ChangeClass, falling: ChangeClass, removed: ChangeClass | None = None) -> Judge:
    """A number or a date: by its direction. A bound that was not there restricts; one that is gone is the weaker way.

    Args:
        rising, falling: classes of a change up and down.
        removed: class where it is gone; the weaker of both directions where None.
    """
    weaker = max((rising, falling), key=list(ChangeClass).index)

    def judge(before: Any, after: Any) -> ChangeClass:
        if before is None:
            return RESTRICTIVE
        if after is None:
            return removed or weaker
        try:
            return rising if after > before else falling
        except TypeError:
            return weaker

    return judge


def between(before: Any, after: Any) -> ChangeClass:
    """A pair of bounds: tighter only where neither end moved outwards."""
    if before is None:
        return RESTRICTIVE
    if after is None or len(before) != 2 or len(after) != 2:
        return WEAKENING
    return WEAKENING if after[0] < before[0] or after[1] > before[1] else RESTRICTIVE


def ranked(levels: Sequence[str], weaker: ChangeClass, stronger: ChangeClass = RESTRICTIVE) -> Judge:
    """A word on a scale.

    Args:
        levels: the weakest first.
        weaker, stronger: classes of a step down and up; an unknown word counts as a step down.
    """

    def judge(before: Any, after: Any) -> ChangeClass:
        if before not in levels:
            return stronger if after in levels and before is None else weaker
        return stronger if after in levels and levels.index(after) > levels.index(before) else weaker

    return judge


def classification(before: Any, after: Any) -> ChangeClass:
    """Lower, and more may read it; above internal, and who read it open needs a key and a role that names it."""
    levels = ("public", "internal", "confidential", "restricted")
    if before not in levels or after not in levels or levels.index(after) < levels.index(before):
        return PERMISSIVE if after is not None else BREAKING
    return BREAKING if levels.index(after) > 1 >= levels.index(before) else RESTRICTIVE


def engine_type(before: Any, after: Any) -> ChangeClass:
    """Wider: readers may meet values that they cannot hold. Narrower: they meet fewer. Another family: breaks."""
    wide, narrow = _fits(before, after), _fits(after, before)
    if wide and narrow:
        return ChangeClass.COSMETIC
    return WEAKENING if wide else RESTRICTIVE if narrow else BREAKING


def _fits(small: Any, large: Any) -> bool:
    """Whether every value of one type is a value of the other."""
    one, other = (_canonical(name) for name in (small, large))
    if one == other:
        return True
    decimals = [re.fullmatch(r"decimal\((\d+),(\d+)\)", name) for name in (one, other)]
    if all(decimals):
        (p, s), (q, t) = ((int(m[1]), int(m[2])) for m in decimals if m)
        return s <= t and p - s <= q - t
    return any(one in f and other in f and f.index(one) < f.index(other) for f in _FAMILIES)


def _canonical(name: Any) -> str:
    bare = re.sub(r"\s+", "", str(name).lower())
    head, paren, rest = bare.partition("(")
    return _SAME.get(head, head) + paren + rest
