"""What is promised now, certified or not: datasets, source systems, terms and use cases.

Belongs here: the types. Does not: reading them (`promises_document.py`), what is certified (`listing.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from esclusa.tracing.origins import Lineage


@dataclass(frozen=True)
class PromisedColumn:
    """One column as the contract describes it.

    Args:
        key: True where it is part of the primary key.
        terms: business terms that it means.
    """

    name: str
    title: str
    type: str
    description: str
    classification: str
    key: bool
    required: bool
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Channel:
    """Where help is asked for."""

    channel: str
    tool: str
    url: str
    scope: str


@dataclass(frozen=True)
class Grant:
    """A role that may read, for what, until which day (None where the contract names none)."""

    role: str
    description: str
    purposes: tuple[str, ...]
    expires: date | None
    approvers: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """A question and the query that answers it, verified by the owner."""

    question: str
    answer: str


@dataclass(frozen=True)
class Context:
    """What whoever reads should know first."""

    instructions: str = ""
    verified_statements: tuple[Statement, ...] = ()
    constraints: tuple[str, ...] = ()


@dataclass(frozen=True)
class PromisedDataset:
    """One dataset as its contract promises it.

    Args:
        release: the group of datasets that are published together.
        systems: source systems that its contract names.
        refers_to: other datasets that its columns refer to.
        grants: roles, as granted.
        prohibited: purposes that are forbidden to all.
        risk_tier: of AI use: `minimal`, `limited`, `high`, or empty.
        freshness, retention, frequency: as written, e.g. `120 h`; empty where not promised.
    """

    dataset: str
    title: str
    owner: str
    domain: str
    purpose: str
    usage: str
    limitations: str
    grain: str
    version: str
    status: str
    release: str
    terms: tuple[str, ...]
    systems: tuple[str, ...]
    refers_to: tuple[str, ...]
    tags: tuple[str, ...]
    support: tuple[Channel, ...]
    grants: tuple[Grant, ...]
    prohibited: tuple[str, ...]
    risk_tier: str
    columns: tuple[PromisedColumn, ...]
    freshness: str
    retention: str
    frequency: str
    context: Context
    lineage: Lineage


@dataclass(frozen=True)
class SourceColumn:
    """One column that a source system agreed to deliver."""

    name: str
    type: str
    description: str
    classification: str


@dataclass(frozen=True)
class SourceTable:
    """One table of a source system."""

    table: str
    description: str
    columns: tuple[SourceColumn, ...]


@dataclass(frozen=True)
class Source:
    """One source system, and who agreed to its contract."""

    system: str
    owner: str
    description: str
    version: str
    agreed_by: tuple[str, ...]
    agreed_on: date | None
    tables: tuple[SourceTable, ...]


@dataclass(frozen=True)
class Term:
    """One business term, and the datasets whose contracts name it."""

    term: str
    title: str
    description: str
    version: int
    agreed_by: tuple[str, ...]
    agreed_on: date | None
    datasets: tuple[str, ...]


@dataclass(frozen=True)
class UseCase:
    """What datasets are used for.

    Args:
        kind: `use_case` of an AI team, or `exposure` of the dbt project.
        role: in which it reads, or empty where a publisher of an earlier format said none.
        datasets: that it needs, all of them.
    """

    use_case: str
    kind: str
    title: str
    owner: str
    purpose: str
    risk_tier: str
    description: str
    url: str
    datasets: tuple[str, ...]
    role: str = ""


@dataclass(frozen=True)
class Promises:
    """Everything that is promised; empty where the repository publishes none.

    Args:
        digest: SHA-256 (hex) of the document, or empty.
    """

    datasets: tuple[PromisedDataset, ...] = ()
    sources: tuple[Source, ...] = ()
    terms: tuple[Term, ...] = ()
    use_cases: tuple[UseCase, ...] = ()
    digest: str = field(default="", compare=False)

    def dataset(self, name: str) -> PromisedDataset | None:
        """The promised dataset of that name, or None."""
        return next((d for d in self.datasets if d.dataset == name), None)

    def source(self, system: str) -> Source | None:
        """The source system of that name, or None."""
        return next((s for s in self.sources if s.system == system), None)

    def term(self, name: str) -> Term | None:
        """The business term of that name, or None."""
        return next((t for t in self.terms if t.term == name), None)

    def uses(self, dataset: str) -> tuple[UseCase, ...]:
        """The use cases that read a dataset."""
        return tuple(u for u in self.use_cases if dataset in u.datasets)
