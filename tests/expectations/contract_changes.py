"""Changes made from a document itself: one of every clause, and every way in which one can be made weaker.

Belongs here: making them. Does not: assertions.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

Place = tuple[str | int, ...]
Made = tuple[str, dict[str, Any]]


def at(document: Any, place: Place) -> Any:
    """What stands at a place."""
    for step in place:
        document = document[step]
    return document


def with_change(document: dict[str, Any], place: Place, change: Callable[[Any, Any], None]) -> dict[str, Any]:
    """A copy in which `change(holder, last step)` was done."""
    made = copy.deepcopy(document)
    change(at(made, place[:-1]), place[-1])
    return made


def places(part: Any, place: Place = ()) -> Iterator[Place]:
    """Every place of a document: each key and each element of a list, leaves and branches."""
    steps = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for step, below in steps:
        yield (*place, step)
        yield from places(below, (*place, step))


def every_change(document: dict[str, Any]) -> Iterator[Made]:
    """A changed value for every leaf, and each key and element left out; and each list in the other order."""
    for place in places(document):
        if place[-1] == "property" and "customProperties" in place:
            continue  # what it is called decides what it is: the linter refuses any name but ours
        name, value = ".".join(map(str, place)), at(document, place)
        yield f"without {name}", with_change(document, place, lambda holder, step: holder.__delitem__(step))
        if not isinstance(value, dict | list):
            other = _other(value)
            yield f"other {name}", with_change(document, place, lambda h, s, o=other: h.__setitem__(s, o))
        if isinstance(value, list) and len(value) > 1:
            yield f"turned {name}", with_change(document, place, lambda h, s: h.__setitem__(s, h[s][::-1]))
        if isinstance(value, list) and value and isinstance(value[0], str):
            yield f"more in {name}", with_change(document, place, lambda h, s: h[s].append("something_more"))


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else f"{value} x"


def weakenings(document: dict[str, Any]) -> Iterator[Made]:
    """Every way in which a clause of a contract promises or protects less than before."""
    for place in places(document):
        value, key = at(document, place), place[-1]
        for how, change in _weaker(key, value, at(document, place[:-1]), place):
            yield f"{how}: {'.'.join(map(str, place))}", with_change(document, place, change)


def _weaker(key: str | int, value: Any, holder: Any, place: Place) -> Iterator[tuple[str, Callable[[Any, Any], None]]]:
    def put(new: Any) -> Callable[[Any, Any], None]:
        return lambda h, s: h.__setitem__(s, new)

    gone: Callable[[Any, Any], None] = lambda h, s: h.__delitem__(s)  # noqa: E731
    rules = len(place) > 1 and place[-2] == "quality"
    match key, value:
        case (("mustBeLessThan" | "mustBeLessOrEqualTo" | "maximum" | "maxLength" | "threshold"), (int() | float())):
            yield "bound raised", put(value * 2 + 1)
        case (("mustBeGreaterThan" | "mustBeGreaterOrEqualTo" | "minimum" | "minLength"), (int() | float())):
            yield "bound lowered", put(value - abs(value) - 1)
        case "mustBeBetween", [low, high]:
            yield "lower end moved out", put([low - 1, high])
            yield "upper end moved out", put([low, high + 1])
        case "mustBe", _:
            yield "another value", put(value + 1)
        case "severity", "error":
            yield "only a warning", put("warning")
        case (("required" | "unique" | "criticalDataElement" | "erasureKey" | "logReads" | "primaryKey"), True):
            yield "no longer", put(False)
            yield "no longer said", gone
        case "classification", ("internal" | "confidential" | "restricted"):
            yield "lowered", put({"internal": "public", "confidential": "internal", "restricted": "internal"}[value])
        case "pattern", _:
            yield "pattern gone", gone
            yield "any text matches", put(".*")
        case "enum", list():
            yield "any value accepted", gone
            yield "one more accepted", lambda h, s: h[s].append({"value": "something_else"})
        case (("quality" | "relationships" | "roles" | "slaProperties"), list()) if value:
            if key in {"quality", "relationships", "slaProperties"}:
                yield "all gone", gone
            if key == "roles":
                yield "one role more", lambda h, s: h[s].append({**copy.deepcopy(h[s][0]), "role": "stranger"})
        case int(), dict() if rules:
            yield "rule gone", gone
        case int(), ("pii" | "pseudonymised"):
            yield "mark gone", gone
        case int(), {
            "property": ("privacy" | "changeManagement" | "accessAudit" | "gate" | "deletion" | "lawfulBasis")
        }:
            yield "protection gone", gone
        case "value", ([*_] | str()) if holder.get("property") == "purposes":
            yield "one purpose more", put([*([value] if isinstance(value, str) else value), "anything"])
        case "value", str() if holder.get("property") == "expires":
            yield "granted for longer", put((date.fromisoformat(value) + timedelta(days=1)).isoformat())
        case "value", (int() | float()) if holder.get("property") in {
            "freshness",
            "frequency",
            "timeToRepair",
            "latency",
        }:
            yield "later allowed", put(value * 2)
        case "value", (int() | float()) if holder.get("property") == "retention":
            yield "kept for longer", put(value * 2)
            yield "history cut", put(value // 2)
        case "answers" | "license", dict():
            yield "no longer said", gone
        case str(), str() if len(place) > 1 and place[-2] == "answers":
            yield "answer gone", gone
        case "deny", list():
            yield "no column denied", gone
        case "allow", list():
            yield "one column more", put([*value, "anything"])
        case "mask", dict():
            yield "nothing masked", gone
        case "action", "delete":
            yield "only anonymised", put("anonymise")
        case "legalHold", False:
            yield "held", put(True)
        case (("maxDays" | "validDays" | "reviewEveryDays"), int()):
            yield "later", put(value + 30)
        case (("quorum" | "noticeDays"), int()):
            yield "fewer", put(value - 1)
        case (("signoffs" | "prohibited" | "sensitiveColumns"), list()):
            yield "one fewer", put(value[1:])
        case "useCases", list():
            yield "one more", put([*value, "anything"])
        case (("upstreamAdditive" | "additive"), "block"):
            yield "let pass", put("warn")
        case "firstLevelApprovers" | "secondLevelApprovers", _:
            yield "nobody approves", gone
        case "riskTier", "limited" | "high":
            yield "a lower tier", put("minimal")
        case "quarantineTolerance", {"value": number}:
            yield "more held back", put({**value, "value": number + 1})
        case "erasure", dict():
            yield "nobody is erased", gone
        case "technique", _:
            yield "unprotected", gone
        case "status", "active":
            yield "let go", put("deprecated")
        case _:
            return
