"""The columns that arrived against the columns that were agreed.

Belongs here: missing, renamed and additional columns, and exports of another shape. Does not: values of rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from difflib import SequenceMatcher

from expectations.landing.delivery import Delivery

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Header cells made distinct: the second `category` becomes `category#2`, as contracts name it.

    Args:
        names: the cells as written.
    """
    seen: Counter[str] = Counter()
    out = []
    for name in names:
        seen[name] += 1
        out.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return tuple(out)


def compare(delivery: Delivery, file: str, seen: tuple[str, ...]) -> tuple[str, ...]:
    """Differences that the contract lets pass, in words.

    Args:
        delivery: the terms.
        file: the file's name for people.
        seen: distinct names, in the order delivered.

    Raises:
        DeliveryRefused: a column is missing or renamed, the header is of another shape, or a column was added that the
            contract blocks.
    """
    agreed = [c.physical_name for c in delivery.table.columns]
    missing = [name for name in agreed if name not in seen]
    extra = [name for name in seen if name not in agreed]
    whole = f"{len(agreed)} columns"
    if missing:
        # With hardly any agreed name in it the first line may be a row: then nothing of it is repeated.
        if len(missing) > len(agreed) / 2:
            raise delivery.refused(
                file, seen=_shape(delivery, seen, agreed), agreed=f"{whole}, named in the first line"
            )
        raise delivery.refused(
            file,
            seen="; ".join(_missing(name, agreed, seen, extra) for name in missing),
            agreed=f"{whole}, {', '.join(f'`{name}`' for name in missing)} among them",
            remedy=f"ask {delivery.source.owner} for the agreed names, or agree the new ones in the contract",
            columns=(c.name for c in delivery.table.columns if c.physical_name in missing),
        )
    added = tuple(f"column `{name}` was not agreed and is not landed" for name in extra)
    if added and delivery.additive == "block":
        raise delivery.refused(
            file,
            seen="additional columns " + ", ".join(f"`{name}`" for name in extra),
            agreed=f"{whole} and no others (additive: block)",
            remedy=f"ask {delivery.source.owner} to leave them out, or agree them in the contract",
        )
    return added


def _missing(name: str, agreed: list[str], seen: tuple[str, ...], extra: list[str]) -> str:
    likely = _successor(name, agreed, seen, extra)
    return f"column `{name}` is missing" + (f", `{likely}` is new: renamed?" if likely else "")


def _successor(name: str, agreed: list[str], seen: tuple[str, ...], extra: list[str]) -> str | None:
    """The new name that a missing column probably has: most alike, else the one that stands in its place."""
    alike = max(extra, key=lambda other: _likeness(name, other), default=None)
    if alike is not None and _likeness(name, alike) >= 0.6:
        return alike
    place = agreed.index(name)
    return seen[place] if len(seen) == len(agreed) and seen[place] in extra else None


def _likeness(left: str, right: str) -> float:
    a, b = ("".join(c for c in text.lower() if c.isalnum()) for text in (left, right))
    return SequenceMatcher(None, a, b).ratio()


def _shape(delivery: Delivery, seen: tuple[str, ...], agreed: list[str]) -> str:
    """What a header is that holds hardly any of the agreed names."""
    found = sum(1 for name in agreed if name in seen)
    cells = [name.partition("#")[0].strip() for name in seen]
    blank = cells.count("")
    repeated = len(cells) - blank - len({c for c in cells if c})
    if len(seen) == 1:
        other = next(
            (word for mark, word in DELIMITERS.items() if mark in seen[0] and mark != delivery.delimiter), None
        )
        if other:
            return (
                f"one column: the values are separated by {other}, not by {DELIMITERS.get(delivery.delimiter, 'ours')}"
            )
    values = sum(map(_is_value, cells)) > len(cells) / 2
    if values and _is_value(cells[0]):  # a pivot begins with a label
        return f"no header line: the first of its {len(seen)} columns is named like a value"
    if blank or repeated or values:
        return (
            f"a pivot or report export: {len(seen)} columns, {blank} of them unnamed, {repeated} repeated; "
            f"{found} of the agreed names found"
        )
    return f"{len(seen)} columns, {found} of the agreed names found: another table, or no header line"


def _is_value(cell: str) -> bool:
    """Whether a header cell is a number or date: what a pivot spreads over its columns."""
    return any(c.isdigit() for c in cell) and sum(c.isalpha() for c in cell) <= 3
