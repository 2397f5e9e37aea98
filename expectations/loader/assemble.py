"""From a document that keeps every rule of writing to the typed contract, source contract or term.

Belongs here: the mapping of keys to fields. Does not: reading or judging (`lint.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from expectations.contract import (
    Column,
    Contract,
    Quality,
    Role,
    Sla,
    SourceContract,
    SourceUse,
    Table,
    Term,
    TermUse,
)
from expectations.loader.custom import custom, listed
from expectations.loader.document import Document, Location, digest_document
from expectations.loader.lint import approvers
from expectations.loader.lint_frame import members
from expectations.loader.vocabulary import TIME_UNITS
from expectations.rules.expansion import OPERATORS


def assemble_contract(document: Document, glossary: Mapping[str, Term]) -> Contract:
    """The typed contract of a golden dataset.

    Args:
        document: without problems.
        glossary: holds every term that the contract names.
    """
    data, ours = document.data, custom(document.data)
    terms = tuple(_term_use(document, t, i) for i, t in enumerate(ours.get("businessDefinitions", ())))
    used = {t.term: glossary[t.term] for t in terms}
    return Contract(
        name=data["name"],
        id=data["id"],
        version=data["version"],
        status=data["status"],
        domain=data.get("domain", ""),
        description=data["description"],
        owner=_owner(data),
        team=tuple(members(data)),
        support=tuple(data.get("support", ())),
        table=_table(document, 0),
        slas=tuple(_sla(document, i) for i in range(len(data.get("slaProperties", ())))),
        roles=tuple(_role(document, i) for i in range(len(data.get("roles", ())))),
        terms=terms,
        sources=tuple(_source_use(document, s, i) for i, s in enumerate(ours.get("sourceSystems", ()))),
        release=ours.get("release", data["name"]),
        tags=tuple(data.get("tags", ())),
        custom=ours,
        document=data,
        digest=digest_document({"contract": data, "terms": {name: term.document for name, term in used.items()}}),
        path=document.path,
        glossary=used,
    )


def assemble_source(document: Document) -> SourceContract:
    """The typed contract of a source system.

    Args:
        document: without problems.
    """
    data, ours = document.data, custom(document.data)
    agreement = ours.get("agreement", {})
    return SourceContract(
        system=data["name"],
        id=data["id"],
        version=data["version"],
        description=data["description"].get("purpose", ""),
        owner=agreement.get("owner") or _owner(data),
        agreed_by=listed(agreement.get("agreedBy", ())),
        agreed_on=_day(agreement.get("agreedOn")),
        tables=tuple(_table(document, i) for i in range(len(data["schema"]))),
        support=tuple(data.get("support", ())),
        custom=ours,
        document=data,
        digest=digest_document(data),
        path=document.path,
        slas=tuple(_sla(document, i) for i in range(len(data.get("slaProperties", ())))),
    )


def assemble_term(document: Document) -> Term:
    """The typed glossary term.

    Args:
        document: without problems.
    """
    data, ours = document.data, custom(document.data)
    return Term(
        name=data["name"],
        business_name=data["businessName"],
        description=data["description"],
        version=ours["version"],
        agreed_by=listed(ours.get("agreedBy", ())),
        agreed_on=_day(ours.get("agreedOn")),
        document=data,
        path=document.path,
    )


def _owner(data: Mapping[str, Any]) -> str:
    return next(str(m["username"]) for m in members(data) if m.get("role") == "owner")


def _day(written: str | None) -> date | None:
    return None if written is None else date.fromisoformat(written)


def _custom_line(document: Document, name: str, *below: str | int) -> int:
    properties = document.data["customProperties"]
    index = next(i for i, p in enumerate(properties) if p["property"] == name)
    return document.line(("customProperties", index, "value", *below))


def _term_use(document: Document, use: Mapping[str, Any], i: int) -> TermUse:
    return TermUse(
        term=use["term"],
        version=use["version"],
        agreed_by=listed(use.get("agreedBy", ())),
        agreed_on=_day(use.get("agreedOn")),
        line=_custom_line(document, "businessDefinitions", i),
    )


def _source_use(document: Document, use: Mapping[str, Any], i: int) -> SourceUse:
    return SourceUse(
        system=use["system"],
        owner=use.get("owner", ""),
        record_for=listed(use.get("systemOfRecordFor", ())),
        duplicate_of=use.get("duplicateOf", ""),
        reason=use.get("reason", ""),
        governed_until=_day(use.get("governedUntil")),
        line=_custom_line(document, "sourceSystems", i),
    )


def _sla(document: Document, i: int) -> Sla:
    sla = document.data["slaProperties"][i]
    unit, value = TIME_UNITS.get(sla.get("unit", "")), sla["value"]
    timed = unit is not None and isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e6
    return Sla(
        name=sla["property"],
        element=sla.get("element", ""),
        duration=unit * value if unit is not None and timed else None,
        schedule=sla.get("schedule", ""),
        description=sla.get("description", ""),
        custom=custom(sla),
        line=document.line(("slaProperties", i)),
    )


def _role(document: Document, i: int) -> Role:
    role, ours = document.data["roles"][i], custom(document.data["roles"][i])
    return Role(
        name=role["role"],
        access=role.get("access", ""),
        purposes=listed(ours.get("purposes", ())),
        approvers=approvers(f"{role.get('firstLevelApprovers', '')},{role.get('secondLevelApprovers', '')}"),
        expires=_day(ours.get("expires")),
        columns=ours.get("columns", {}),
        line=document.line(("roles", i)),
    )


def _table(document: Document, i: int) -> Table:
    at: Location = ("schema", i)
    table = document.data["schema"][i]
    return Table(
        name=table["name"],
        description=table.get("description", ""),
        grain=table.get("dataGranularityDescription", ""),
        columns=tuple(_column(document, (*at, "properties", j), c) for j, c in enumerate(table["properties"])),
        quality=_qualities(document, at, table, None),
        custom=custom(table),
        line=document.line(at),
    )


def _column(document: Document, at: Location, column: Mapping[str, Any]) -> Column:
    ours = custom(column)
    position = column.get("primaryKeyPosition", 1) if column.get("primaryKey") else None
    references = [target for r in column.get("relationships", ()) for target in listed(r["to"])]
    return Column(
        name=column["name"],
        physical_name=column.get("physicalName", column["name"]),
        logical_type=column["logicalType"],
        physical_type=column["physicalType"].lower(),
        description=column.get("description", ""),
        classification=column.get("classification", ""),
        required=column.get("required", False),
        unique=column.get("unique", False),
        key_position=position,
        options=column.get("logicalTypeOptions", {}),
        enum=tuple(_written(e["value"]) for e in column.get("enum", ())),
        relationships=tuple(references),
        quality=_qualities(document, at, column, column["name"]),
        sources=tuple(column.get("transformSourceObjects", ())),
        business_name=column.get("businessName", ""),
        tags=tuple(column.get("tags", ())),
        privacy=ours.get("privacy", {}),
        line=document.line(at),
        logic=column.get("transformLogic", ""),
        declared_lineage=ours.get("declaredLineage", ""),
    )


def _written(value: str | float) -> str:
    """A value as its author wrote it: YAML's `true`, not Python's."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _qualities(document: Document, at: Location, holder: Mapping[str, Any], column: str | None) -> tuple[Quality, ...]:
    return tuple(
        _quality(document, (*at, "quality", i), rule, column) for i, rule in enumerate(holder.get("quality", ()))
    )


def _quality(document: Document, at: Location, rule: Mapping[str, Any], column: str | None) -> Quality:
    operator = next((name for name in OPERATORS if name in rule), None)
    bound = rule[operator] if operator else None
    kind = rule.get("type", "library")
    return Quality(
        id=rule["id"],
        kind=kind,
        body={k: rule[k] for k in ("metric", "arguments", "query", "engine", "implementation") if k in rule},
        operator=operator,
        bound=tuple(bound) if isinstance(bound, list) else bound,
        unit=rule.get("unit", "rows" if kind == "library" else ""),
        severity=rule["severity"],
        description=rule.get("description", ""),
        dimension=rule.get("dimension", ""),
        tags=tuple(rule.get("tags", ())),
        column=column,
        line=document.line(at),
    )
