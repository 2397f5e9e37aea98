"""Differences between two documents of promises, by the names of things and not by their places in lists.

Belongs here: finding every difference. Does not: what it means (`table.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]
ORDER = "(order)"  # last part of a path: the same things stand in another order
WRITING = "(writing)"  # the same is said in other YAML, such as one name for a list of one
_WORDS = "(words)"  # beside a custom property: what its author said of it
# What names a thing in a list, the first that every element has and no two share.
_NAMES = ("username", "name", "role", "term", "system", "property", "id", "channel", "value", "to", "url", "op", "gap")
# Lists whose order says something, and lists of lists: one value each.
_WHOLE = {"mustBeBetween", "mustNotBeBetween", "edges", "shares", "value_set"}
# Where one name may stand for a list of one.
_LISTS = {
    "agreedBy", "allow", "deny", "prohibited", "purposes", "relations", "sensitiveColumns", "signoffs",
    "systemOfRecordFor", "useCases",
}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One difference.

    Args:
        path: names from the top of the document down.
        before, after: what is said there; None where nothing is.
    """

    path: Path
    before: Any
    after: Any

    def __str__(self) -> str:
        return ".".join(self.path)


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], whole: Callable[[Path], bool]
) -> tuple[Difference, ...]:
    """Every difference between two documents; none is passed over.

    Args:
        before, after: as parsed.
        whole: whether a mapping that is there only once is told as one difference, and not part by part.
    """
    found = tuple(_compare((), _named(before), _named(after), whole))
    return found or ((Difference((WRITING,), before, after),) if before != after else ())


def _compare(path: Path, before: Any, after: Any, whole: Callable[[Path], bool]) -> Iterator[Difference]:
    if before == after and _order(before) == _order(after):
        return
    parted = [side for side in (before, after) if isinstance(side, dict)]
    if (
        not any(parted)
        or (None in (before, after) and whole(path))
        or (before is not None is not after and len(parted) < 2)
    ):
        yield Difference(path, before, after)
        return
    old, new = (side if isinstance(side, dict) else {} for side in (before, after))
    for name in [*old, *(n for n in new if n not in old)]:
        yield from _compare((*path, name), old.get(name), new.get(name), whole)
    if _common(old, new) != _common(new, old) and (_is_list(old) or _is_list(new)):
        yield Difference((*path, ORDER), list(old), list(new))


class _Listed(dict[str, Any]):
    """A list by the names of its elements; its order was its author's choice."""


def _is_list(part: Any) -> bool:
    return isinstance(part, _Listed)


def _order(part: Any) -> Any:
    """What equality of mappings does not see: in which order lists stand, at any depth."""
    if not isinstance(part, dict):
        return part
    inner = {name: _order(value) for name, value in part.items()}
    return [*inner.items()] if _is_list(part) else inner


def _common(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return [name for name in one if name in other]


def _named(part: Any, key: str = "") -> Any:
    """The document with each list as a mapping by name, and our own properties where their holder's native ones are."""
    if isinstance(part, Mapping):
        native = {name: _named(value, name) for name, value in part.items() if name != "customProperties"}
        return native | dict(_custom(part.get("customProperties") or ()))
    if key in _LISTS and isinstance(part, str):
        part = [part]
    if not isinstance(part, list) or key in _WHOLE:
        return part
    if all(not isinstance(element, Mapping | list) for element in part):
        return _Listed({str(element): True for element in part}) if len(set(map(str, part))) == len(part) else part
    names = _names_of(part, key)
    return _Listed({name: _named(element) for name, element in zip(names, part, strict=True)})


def _custom(properties: Any) -> Iterator[tuple[str, Any]]:
    for stated in properties:
        name = str(stated.get("property"))
        yield name, _named(stated.get("value"), name)
        rest = {key: value for key, value in stated.items() if key not in {"property", "value", "vendor"}}
        if rest or "vendor" in stated:
            yield f"{name} {_WORDS}", {"vendor": stated.get("vendor"), **rest}


def _names_of(elements: list[Any], key: str) -> list[str]:
    if key == "slaProperties":  # two may be of one kind, on two columns
        return _distinct([f"{e.get('property')} {e.get('element', '')}".strip() for e in elements])
    for name in _NAMES:
        named = [str(e[name]) for e in elements if isinstance(e, Mapping) and name in e]
        if len(named) == len(elements) == len(set(named)):
            return named
    return [f"#{i}" for i in range(len(elements))]


def _distinct(names: list[str]) -> list[str]:
    return names if len(set(names)) == len(names) else [f"{name} #{i}" for i, name in enumerate(names)]
