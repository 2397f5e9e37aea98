"""The shop's contract with one thing changed in memory, and the gate's verdict on it.

Belongs here: variations that the linter would refuse, or that only time brings about. Does not: assertions.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from expectations.contract import Column, Contract, SourceContract
from expectations.origins import Origin, Origins
from expectations.pii.scan import scan_id
from expectations.readiness import judge
from expectations.rules.expansion import rules_of
from expectations.verdict import Finding, GateItem, State, Verdict
from tests.expectations.promised import orders, sources

TODAY = date(2026, 11, 22)


def measured(contract: Contract, *but: str) -> list[Finding]:
    """A passing finding for every rule of the contract and for the scan, except those named."""
    answered = {**{r.id: r.item for r in rules_of(contract)}, scan_id(contract): GateItem.ACCESS}
    return [
        Finding(rule, item, State.PASS, 0, "0 rows", "holds", contract.owner)
        for rule, item in answered.items()
        if rule not in but
    ]


def as_declared(contract: Contract) -> Origins:
    """Lineage that finds just what the contract declares."""
    columns = {c.name: Origin(values=frozenset(c.sources)) for c in contract.table.columns}
    used = frozenset(name for origin in columns.values() for name in origin.values)
    return Origins(columns, used, frozenset({"shop.orders"}))


def found(
    doubts: Mapping[str, str] | None = None,
    deciding: Iterable[str] = (),
    tables: Iterable[str] = ("shop.orders",),
    **columns: Iterable[str] | None,
) -> Origins:
    """Lineage that finds what the shop's contract declares, but for these columns; None: its query makes none."""
    declared = as_declared(orders())
    origins = {name: Origin(frozenset(origin.values), frozenset(deciding)) for name, origin in declared.columns.items()}
    for name, values in columns.items():
        del origins[name]
        if values is not None:
            origins[name] = Origin(frozenset(values), frozenset(deciding))
    return Origins(origins, declared.used, frozenset(tables), doubts or {})


def judged(contract: Contract | None = None, **given: Any) -> Verdict:
    """The verdict where everything is in order but what is given."""
    contract = contract or orders()
    case: dict[str, Any] = {
        "findings": measured(contract),
        "sources": sources(),
        "feeding": frozenset({"shop"}),
        "others": [],
        "source_changes": {},
        "origins": as_declared(contract),
        "erased": {},
        **given,
    }
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    return judge(contract, candidate_digest="c" * 64, audited_at=at, today=TODAY, rules_digest="r" * 64, **case)


def column(name: str, **changes: Any) -> Contract:
    """The contract with one column changed."""
    contract = orders()
    columns = tuple(replace(c, **changes) if c.name == name else c for c in contract.table.columns)
    assert columns != contract.table.columns
    return replace(contract, table=replace(contract.table, columns=columns))


def column_document(name: str, version: str = "", **changes: Any) -> Contract:
    """The contract whose document says something else of one column, and names that version."""
    contract = orders()
    document = copy.deepcopy(dict(contract.document))
    next(c for c in document["schema"][0]["properties"] if c["name"] == name).update(changes)
    document["version"] = version or document["version"]
    return replace(contract, document=document, version=document["version"])


def role(**changes: Any) -> Contract:
    """The contract with its role changed."""
    return replace(orders(), roles=(replace(orders().roles[0], **changes),))


def use(**changes: Any) -> Contract:
    """The contract with its source's declaration changed."""
    return replace(orders(), sources=(replace(orders().sources[0], **changes),))


def copy_of_shop(**changes: Any) -> Contract:
    """The contract with a second system that duplicates the first."""
    governed = {
        "system": "lake",
        "owner": "",
        "duplicate_of": "shop",
        "reason": "rate limit",
        "governed_until": date(2026, 11, 22),
    }
    return replace(orders(), sources=(*orders().sources, replace(orders().sources[0], **{**governed, **changes})))


def source(**changes: Any) -> dict[str, SourceContract]:
    """The source contract changed."""
    return {"shop": replace(sources()["shop"], **changes)}


def term(**changes: Any) -> Contract:
    """The contract, its glossary term changed."""
    return replace(orders(), glossary={"order": replace(orders().glossary["order"], **changes)})


def sla(name: str, **changes: Any) -> Contract:
    """The contract with one SLA changed."""
    return replace(orders(), slas=tuple(replace(s, **changes) if s.name == name else s for s in orders().slas))


def managed(**changes: str) -> Contract:
    """The contract with another change management."""
    custom = {k: v for k, v in orders().custom.items() if k != "changeManagement"}
    return replace(orders(), custom={**custom, **({"changeManagement": changes} if changes else {})})


def sheet(*unanswered: str, **changes: Any) -> Contract:
    """The contract without its own answers to some questions of the datasheet, or with other words about it."""
    said = {**orders().custom["datasheet"], **changes}
    answers = {question: text for question, text in said["answers"].items() if question not in unanswered}
    return replace(orders(), custom={**orders().custom, "datasheet": {**said, "answers": answers}})


def other(**changes: Any) -> Contract:
    """Another golden dataset that says the same as the first."""
    return replace(orders(), name="order_lines", **changes)


def without_quality(*kept: str) -> Contract:
    """The contract whose table has only those quality rules."""
    contract = orders()
    return replace(
        contract, table=replace(contract.table, quality=tuple(q for q in contract.table.quality if q.id in kept))
    )


def optional(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Columns without a completeness rule."""
    return tuple(replace(c, required=False, quality=()) for c in columns)


def unkeyed() -> Contract:
    """The contract without a primary key."""
    return column("order_id", key_position=None)


def incomplete() -> Contract:
    """The contract without a rule on completeness."""
    return replace(orders(), table=replace(orders().table, columns=optional(orders().table.columns)))


def unprotected() -> Contract:
    """The contract with personal data that no technique protects and no role declines."""
    return replace(column("buyer_hmac", privacy={"category": "contact"}), roles=role(columns={"deny": ["note"]}).roles)


def warned_volume() -> Contract:
    """The contract whose row count only warns."""
    contract = orders()
    quality = tuple(replace(q, severity="warning") if q.id == "volume" else q for q in contract.table.quality)
    return replace(contract, table=replace(contract.table, quality=quality))
