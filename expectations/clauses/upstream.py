"""Clauses on where the data comes from: sources, and lineage with change.

Belongs here: these two items. Does not: finding lineage (handed in as evidence), what the contract says of itself
(`promise.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from expectations.change.classes import Change, ChangeClass
from expectations.clauses.clause import Clause, Evidence
from expectations.contract import Column, Contract
from expectations.loader.problem import nearest
from expectations.origins import Origins
from expectations.verdict import GateItem

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


def _unagreed_sources(evidence: Evidence) -> Iterator[str]:
    if not evidence.feeding:
        yield "lineage found no source system"
    for system in sorted(evidence.feeding):
        source = evidence.sources.get(system)
        if source is None:
            yield f"{system} has no source contract"
        elif not source.owner or not source.agreed_by or source.agreed_on is None:
            yield f"{system} has no agreement (owner, agreedBy, agreedOn)"
        elif source.agreed_on > evidence.today:
            yield f"{system} is agreed only from {source.agreed_on}"
    for table in sorted(evidence.origins.tables if evidence.origins else ()):
        system, _, name = table.partition(".")
        if system in evidence.sources and name not in (names := [t.name for t in evidence.sources[system].tables]):
            meant = nearest(name, names)
            yield f"{system} agreed no table {name}" + (f" (did you mean {meant}?)" if meant else "")


def _undeclared(evidence: Evidence) -> Iterator[str]:
    declared = {use.system for use in evidence.contract.sources}
    for system in sorted(evidence.feeding - declared):
        meant = nearest(system, declared)
        yield f"{system} feeds the dataset and is not declared" + (f" (the contract declares {meant})" if meant else "")


def _idle(evidence: Evidence) -> Iterator[str]:
    for use in evidence.contract.sources:
        if use.system not in evidence.feeding:
            yield f"{use.system} is declared and feeds nothing here"


def _disowned(evidence: Evidence) -> Iterator[str]:
    for use in evidence.contract.sources:
        source = evidence.sources.get(use.system)
        if use.owner and source is not None and use.owner != source.owner:
            yield f"{use.system} is owned by {source.owner}, the contract says {use.owner}"


def _ungoverned(evidence: Evidence) -> Iterator[str]:
    for use in evidence.contract.sources:
        if not use.duplicate_of:
            continue
        if not use.reason.strip():
            yield f"{use.system} duplicates {use.duplicate_of} without a reason"
        if use.governed_until is None:
            yield f"{use.system} duplicates {use.duplicate_of} without an end date"
        elif use.governed_until < evidence.today:
            yield f"{use.system} may duplicate {use.duplicate_of} only until {use.governed_until}"


def _repeated(evidence: Evidence) -> Iterator[str]:
    """Golden datasets that say the same twice; drafts and retired ones publish nothing, so they repeat nothing."""
    contract = evidence.contract
    for other in evidence.others:
        published = other.status in {"active", "deprecated"} and other.name != contract.name
        if published and _same_grain(contract, other) and _systems(contract) == _systems(other):
            governed = [u for u in contract.sources if u.duplicate_of == other.name]
            governed += [u for u in other.sources if u.duplicate_of == contract.name]
            if not any(u.reason.strip() and u.governed_until and u.governed_until >= evidence.today for u in governed):
                yield f"{other.name} (owner: {other.owner}) has the same grain and the same sources"


def _same_grain(one: Contract, other: Contract) -> bool:
    grains = {" ".join(_IDENTIFIER.findall(c.table.grain.casefold())) for c in (one, other)}
    return len(grains) == 1 or set(one.table.key) == set(other.table.key)


def _systems(contract: Contract) -> set[str]:
    return {use.system for use in contract.sources if not use.duplicate_of}


def _untraced(evidence: Evidence) -> Iterator[str]:
    """Columns that reach neither a source's column nor a constant, directly or through other columns of the dataset."""
    columns = evidence.contract.table.columns
    lost = {c.name: list(_lost_sources(evidence, c)) for c in columns}
    traced = {c.name for c in columns if (c.sources and not lost[c.name]) or _constant(c)}
    named = {c.name: _named(c, columns) for c in columns if not c.sources}
    while more := {name for name, others in named.items() if name not in traced and others and others <= traced}:
        traced |= more
    for column in columns:
        if lost[column.name]:
            yield from lost[column.name]
        elif column.name not in traced:
            yield f"{column.name} names no source, no column it is derived from, and no constant"


def _lost_sources(evidence: Evidence, column: Column) -> Iterator[str]:
    for named in column.sources:
        system, _, rest = named.partition(".")
        table, _, name = rest.partition(".")
        source = evidence.sources.get(system)
        tables = {t.name: t for t in source.tables} if source else {}
        if source is None:
            yield f"{column.name}: no source contract for {system}"
        elif table not in tables:
            yield f"{column.name}: {system} agreed no table {table}"
        elif name not in (names := [c.name for c in tables[table].columns]):
            meant = nearest(name, names)
            yield f"{column.name}: {system}.{table} agreed no column {name}" + (
                f" (did you mean {meant}?)" if meant else ""
            )
        elif system not in evidence.feeding:
            yield f"{column.name}: {system} does not feed the dataset"


def _constant(column: Column) -> bool:
    return not column.sources and column.logic.casefold().startswith("constant")


def _named(column: Column, columns: tuple[Column, ...]) -> set[str]:
    """Other columns of the dataset that the column's logic names."""
    return set(_IDENTIFIER.findall(column.logic)) & {c.name for c in columns if c is not column}


def _unmanaged(evidence: Evidence) -> Iterator[str]:
    if "changeManagement" not in evidence.contract.custom:
        yield "nothing says what happens when a source's schema changes"


def _breaking(evidence: Evidence) -> list[str]:
    return [words for change, words in _changes(evidence) if change.kind is not ChangeClass.ADDITIVE]


def _blocked_additions(evidence: Evidence) -> list[str]:
    return [] if _warns(evidence) else _additions(evidence)


def _noted_additions(evidence: Evidence) -> list[str]:
    return _additions(evidence) if _warns(evidence) else []


def _additions(evidence: Evidence) -> list[str]:
    return [words for change, words in _changes(evidence) if change.kind is ChangeClass.ADDITIVE]


def _warns(evidence: Evidence) -> bool:
    managed = evidence.contract.custom.get("changeManagement", {})
    return bool(managed.get("upstreamAdditive") == "warn")


def _changes(evidence: Evidence) -> Iterator[tuple[Change, str]]:
    systems = evidence.feeding | {use.system for use in evidence.contract.sources}
    for system in sorted(systems & evidence.source_changes.keys()):
        for change in evidence.source_changes[system]:
            if evidence.origins and not _concerns(evidence.origins, system, change):
                continue
            where = ".".join(part for part in (system, change.table, change.column) if part)
            yield change, f"{where}: {change.description}"


def _concerns(origins: Origins, system: str, change: Change) -> bool:
    """An addition nobody uses yet: it is told to whoever reads the table."""
    is_of_column = change.column and change.kind is not ChangeClass.ADDITIVE
    columns = frozenset({change.column} if is_of_column else ())
    return origins.concerned(f"{system}.{change.table}", columns)


CLAUSES = (
    Clause(
        "sources_agreed",
        GateItem.SOURCES,
        "Every system that feeds the dataset has a source contract with owner and agreement",
        "0 systems without agreement",
        "have the system's owner agree to expectations/sources/<system>.yaml",
        _unagreed_sources,
    ),
    Clause(
        "sources_declared",
        GateItem.SOURCES,
        "Every system that feeds the dataset, as lineage finds it, is declared",
        "0 undeclared systems",
        "declare the system in `sourceSystems` of {path}, or stop reading it",
        _undeclared,
    ),
    Clause(
        "sources_used",
        GateItem.SOURCES,
        "Every declared system feeds the dataset",
        "0 idle systems",
        "take the system out of `sourceSystems` of {path}",
        _idle,
        severity="warning",
    ),
    Clause(
        "sources_owned",
        GateItem.SOURCES,
        "Contract and source contract name the same owner of each system",
        "0 systems with two owners",
        "correct `owner` in `sourceSystems` of {path}",
        _disowned,
    ),
    Clause(
        "sources_duplicates_governed",
        GateItem.SOURCES,
        "Every copy of a system has a reason and an end date",
        "0 ungoverned copies",
        "agree on `reason` and `governedUntil` of the copy in {path}, or read the original",
        _ungoverned,
    ),
    Clause(
        "sources_not_repeated",
        GateItem.SOURCES,
        "No other golden dataset has the same grain and sources, unless that is governed",
        "0 datasets that say the same",
        "merge them, or declare one in `sourceSystems` of {path} with `duplicateOf`, `reason` and `governedUntil`",
        _repeated,
    ),
    Clause(
        "lineage_columns_traced",
        GateItem.LINEAGE,
        "Every column comes from an agreed column of a source, from traced columns of the dataset, or is a constant",
        "0 columns of unknown origin",
        "write `transformSourceObjects` or `transformLogic` of the column in {path}",
        _untraced,
    ),
    Clause(
        "lineage_change_managed",
        GateItem.LINEAGE,
        "It is agreed what happens when a source's schema changes",
        "the property changeManagement",
        "write `changeManagement` into {path}",
        _unmanaged,
    ),
    Clause(
        "lineage_no_breaking_change",
        GateItem.LINEAGE,
        "What the sources delivered breaks nothing that was agreed",
        "0 breaking differences",
        "agree on the change in expectations/sources/<system>.yaml and adapt the models",
        _breaking,
    ),
    Clause(
        "lineage_no_blocked_addition",
        GateItem.LINEAGE,
        "The sources deliver nothing new where the contract blocks it",
        "0 additions under upstreamAdditive: block",
        "agree on the addition in expectations/sources/<system>.yaml, or let it pass in {path}",
        _blocked_additions,
    ),
    Clause(
        "lineage_additions_noted",
        GateItem.LINEAGE,
        "What the sources deliver beyond the agreement is noted where the contract lets it pass",
        "0 additions",
        "agree on the addition in expectations/sources/<system>.yaml",
        _noted_additions,
        severity="warning",
    ),
)
