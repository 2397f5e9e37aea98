"""The typed contract: what a golden dataset promises, and what a source system agreed to deliver.

Belongs here: the shapes that every room reads. Does not: reading YAML and judging it (`loader`).
Source: Open Data Contract Standard 3.2; `customProperties` with `vendor: esclusa` as docs/contracts.md lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Quality:
    """One quality rule as written: of a column where `column` is set, else of the table.

    Args:
        id: the author's id; `rule_id` is unique in the contract.
        kind: `library`, `sql` or `custom`.
        body: the rule's own keys: `metric` + `arguments`, `query`, or `engine` + `implementation`.
        operator: one ODCS operator (`mustBe`, `mustBeLessThan`, `mustBeBetween` …), or None for a custom rule.
        bound: its value: a number, or a pair for the between operators.
        unit: `rows` or `percent`.
        severity: `error` shuts the gate, `warning` shows and passes.
        line: line in the file.
    """

    id: str
    kind: str
    body: Mapping[str, Any]
    operator: str | None
    bound: float | tuple[float, float] | None
    unit: str
    severity: str
    description: str
    dimension: str
    tags: tuple[str, ...]
    column: str | None
    line: int


@dataclass(frozen=True)
class Column:
    """One column (ODCS property).

    Args:
        name: the column's name in the table.
        physical_name: its name where it is delivered (a source file's header); equal to `name` where not given.
        logical_type, physical_type: ODCS logical type; engine type in lower case.
        key_position: 1-based position in the primary key, or None.
        options: ODCS `logicalTypeOptions` (`pattern`, `minimum`, `maximum`, `minLength`, `format` …).
        enum: the accepted values, as written.
        relationships: `<dataset>.<column>` that values must exist in.
        sources: ODCS `transformSourceObjects`, `<system>.<table>.<column>`.
        privacy: the `privacy` custom property, empty where not given.
        logic: ODCS `transformLogic`, as written.
        declared_lineage: why column lineage cannot follow it, or "" where it must.
    """

    name: str
    physical_name: str
    logical_type: str
    physical_type: str
    description: str
    classification: str
    required: bool
    unique: bool
    key_position: int | None
    options: Mapping[str, Any]
    enum: tuple[str, ...]
    relationships: tuple[str, ...]
    quality: tuple[Quality, ...]
    sources: tuple[str, ...]
    business_name: str
    tags: tuple[str, ...]
    privacy: Mapping[str, Any]
    line: int
    logic: str = ""
    declared_lineage: str = ""


@dataclass(frozen=True)
class Sla:
    """One SLA property, its `value` and `unit` as a duration where it has one.

    Args:
        name: `freshness`, `frequency`, `retention` …
        element: `<table>.<column>` that it is measured on, or "".
        duration: value × unit for units of time, else None.
        schedule: cron expression, or "".
        custom: vendor properties, such as `deletion`.
    """

    name: str
    element: str
    duration: timedelta | None
    schedule: str
    description: str
    custom: Mapping[str, Any]
    line: int

    @property
    def column(self) -> str:
        """The column part of `element`."""
        return self.element.rpartition(".")[2]


@dataclass(frozen=True)
class Role:
    """Who may read, for what.

    Args:
        purposes: declared purposes this role may read for.
        expires: last day of the grant, or None where none is given.
        columns: `allow` and `deny` lists and `mask` mapping.
    """

    name: str
    access: str
    purposes: tuple[str, ...]
    approvers: tuple[str, ...]
    expires: date | None
    columns: Mapping[str, Any]
    line: int


@dataclass(frozen=True)
class TermUse:
    """A glossary term that a contract names, at the version that was agreed."""

    term: str
    version: int
    agreed_by: tuple[str, ...]
    agreed_on: date | None
    line: int


@dataclass(frozen=True)
class SourceUse:
    """A source system that a contract names.

    Args:
        owner: as the contract states it; the source contract must agree.
        duplicate_of, reason, governed_until: set where the source is a governed copy.
    """

    system: str
    owner: str
    record_for: tuple[str, ...]
    duplicate_of: str
    reason: str
    governed_until: date | None
    line: int


@dataclass(frozen=True)
class Table:
    """One table: its columns and its own rules.

    Args:
        custom: vendor properties of the schema object, such as `delivery` for a source's table.
    """

    name: str
    description: str
    grain: str
    columns: tuple[Column, ...]
    quality: tuple[Quality, ...]
    custom: Mapping[str, Any]
    line: int

    @property
    def key(self) -> tuple[str, ...]:
        """Primary key columns in order of position."""
        keyed = [c for c in self.columns if c.key_position is not None]
        return tuple(c.name for c in sorted(keyed, key=lambda c: c.key_position or 0))

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            KeyError: there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@dataclass(frozen=True)
class Term:
    """A business term of the glossary: one ODCS property in `definitions/<term>.yaml`.

    Args:
        document: the whole file as parsed: what the digest covers.
    """

    name: str
    business_name: str
    description: str
    version: int
    agreed_by: tuple[str, ...]
    agreed_on: date | None
    document: Mapping[str, Any]
    path: Path


@dataclass(frozen=True)
class Contract:
    """The one description of a golden dataset.

    Args:
        digest: SHA-256 (hex) over RFC 8785 JSON of the document and of the glossary terms that it names.
        document: the parsed YAML, JSON-compatible.
        owner: username of the team member whose role is `owner`.
        release: group of datasets that are published together; the dataset's own name where none is given.
        custom: vendor properties at the top: `changeManagement`, `aiUse`, `gate`, `dataGovernance` …
    """

    name: str
    id: str
    version: str
    status: str
    domain: str
    description: Mapping[str, Any]
    owner: str
    team: tuple[Mapping[str, Any], ...]
    support: tuple[Mapping[str, Any], ...]
    table: Table
    slas: tuple[Sla, ...]
    roles: tuple[Role, ...]
    terms: tuple[TermUse, ...]
    sources: tuple[SourceUse, ...]
    release: str
    tags: tuple[str, ...]
    custom: Mapping[str, Any]
    document: Mapping[str, Any]
    digest: str
    path: Path
    glossary: Mapping[str, Term] = field(default_factory=dict)

    def sla(self, name: str) -> Sla | None:
        """The SLA property of that name, or None."""
        return next((s for s in self.slas if s.name == name), None)


@dataclass(frozen=True)
class SourceContract:
    """What a source system agreed to deliver; a table per schema object.

    Args:
        system: its name, equal to the file's stem.
        owner: who answers for it.
        slas: what was promised of its tables; of `retention` one for each table that has one.
        agreed_by, agreed_on: the agreement; empty or None shuts the sources item of whatever it feeds.
        digest: SHA-256 (hex) over RFC 8785 JSON of the document.
    """

    system: str
    id: str
    version: str
    description: str
    owner: str
    agreed_by: tuple[str, ...]
    agreed_on: date | None
    tables: tuple[Table, ...]
    support: tuple[Mapping[str, Any], ...]
    custom: Mapping[str, Any]
    document: Mapping[str, Any]
    digest: str
    path: Path
    slas: tuple[Sla, ...] = ()

    def table(self, name: str) -> Table:
        """The table of that name.

        Raises:
            KeyError: there is none.
        """
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)
