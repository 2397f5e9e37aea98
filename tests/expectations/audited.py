"""A small factory of contracts, and ways to audit a few rows under them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from expectations.audit.auditing import audit
from expectations.contract import Column, Contract, Quality, Sla, Table
from expectations.verdict import Finding

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def column(name: str = "c", physical: str = "", quality: Sequence[Quality] = (), **more: Any) -> Column:
    """A column that promises nothing but what is given."""
    given = {
        "physical_name": name,
        "logical_type": "string",
        "description": "a column",
        "classification": "internal",
        "required": False,
        "unique": False,
        "key_position": None,
        "options": {},
        "enum": (),
        "relationships": (),
        "sources": (),
        "business_name": name,
        "tags": (),
        "privacy": {},
        "line": 1,
    }
    return Column(name=name, physical_type=physical, quality=tuple(quality), **{**given, **more})


def quality(
    id: str = "rule",
    *,
    kind: str = "library",
    operator: str | None = "mustBe",
    bound: Any = 0,
    unit: str = "rows",
    severity: str = "error",
    column: str | None = "c",
    **body: Any,
) -> Quality:
    """A quality rule; what is not named is its body."""
    return Quality(id, kind, body, operator, bound, unit, severity, "", "", (), column, 1)


def sla(name: str, element: str, duration: Any) -> Sla:
    """A promise on a column."""
    return Sla(name, element, duration, "", "", {}, 1)


def contract(*columns: Column, quality: Sequence[Quality] = (), slas: Sequence[Sla] = ()) -> Contract:
    """A contract of the dataset `things`."""
    return Contract(
        name="things",
        id="urn:things",
        version="1.0.0",
        status="active",
        domain="",
        description={},
        owner="data.owner",
        team=(),
        support=(),
        table=Table("things", "", "", columns, tuple(quality), {}, 1),
        slas=tuple(slas),
        roles=(),
        terms=(),
        sources=(),
        release="things",
        tags=(),
        custom={},
        document={},
        digest="0" * 64,
        path=Path("things.yaml"),
    )


def audited(
    agreed: Contract,
    rows: str,
    *,
    clock_at: datetime = NOON,
    relations: Mapping[str, str] | None = None,
    reference: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Finding]:
    """Findings by rule id on the rows of a query."""
    with duckdb.connect() as connection:
        found = audit(
            connection, f"({rows})", agreed, clock_at=clock_at, relations=relations or {}, reference=reference or {}
        )
    return {finding.rule: finding for finding in found}
