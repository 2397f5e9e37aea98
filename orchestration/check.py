"""What changed in the promises since the last release or a revision, and whether each version was raised enough.

Belongs here: gathering it. Does not: classes (`expectations/change/table.py`), showing it (`commands/check.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from expectations.change.classes import Bump
from expectations.change.revision import (
    ClauseChange,
    bump_demanded,
    bump_made,
    changes_between,
    readers_affected,
    term_changes,
    version_demanded,
)
from expectations.contract import Contract, SourceContract, Term
from expectations.loader import ContractError, Problem, load_contracts, load_glossary, load_sources, load_use_cases
from expectations.loader.custom import custom
from expectations.loader.use_cases import undecided
from expectations.use_case import UseCase
from orchestration.columns import origins_of, trace_project
from orchestration.manifest import load_manifest
from orchestration.released import released_contract
from orchestration.revision import Revision
from orchestration.settings import Settings
from orchestration.use_cases import exposures_of

RELEASE = "release"
Document = Mapping[str, Any]
Affected = tuple[str, ...]


@dataclass(frozen=True)
class Promised:
    """Every promise file, read and linted."""

    contracts: Mapping[str, Contract]
    sources: Mapping[str, SourceContract]
    glossary: Mapping[str, Term]
    use_cases: Mapping[str, UseCase]

    def doubts(self, today: date) -> tuple[Problem, ...]:
        """What is no fault of a file and should be looked at.

        Args:
            today: UTC.
        """
        return tuple(undecided(self.use_cases.values(), self.contracts, today))


@dataclass(frozen=True)
class Checked:
    """One file against its earlier state.

    Args:
        name: of the dataset, the source system or the term.
        what: `contract`, `source` or `definition`.
        before, after: versions; `before` is "" where there was none.
        changes: each with who is affected.
        demanded, made: the part of the version that had to be raised, and that was; `made` is None where it fell.
        least: the lowest version that would do.
    """

    name: str
    what: str
    before: str
    after: str
    changes: tuple[tuple[ClauseChange, Affected], ...]
    demanded: Bump
    made: Bump | None
    least: str

    @property
    def holds(self) -> bool:
        """True where the version was raised as the changes demand."""
        return not self.changes or (self.made is not None and self.made >= self.demanded)


def lint(room: Path) -> Promised:
    """Read every promise file; all problems of all files together.

    Args:
        room: the directory of promises.

    Raises:
        ContractError: with every problem found.
    """
    problems: list[Problem] = []

    def read(load: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            return load()
        except ContractError as error:
            problems.extend(error.problems)
            return {}

    glossary = read(lambda: load_glossary(room / "definitions"))
    sources = read(lambda: load_sources(room / "sources"))
    # Without the glossary every term would be unknown, and that is not what is wrong.
    contracts = read(lambda: load_contracts(room / "contracts", glossary, sources)) if not problems else {}
    use_cases = read(lambda: load_use_cases(room / "use_cases", contracts)) if not problems else {}
    if problems:
        raise ContractError(room, problems)
    return Promised(contracts, sources, glossary, use_cases)


def lint_exposures(settings: Settings, promised: Promised) -> int:
    """Lint dbt's exposures, which read golden datasets as use cases do; returns their number.

    Args:
        settings: where dbt's project is.
        promised: what `lint` read.

    Raises:
        ManifestError: dbt refuses its project, or an exposure reads what no contract grants it.
    """
    return len(exposures_of(load_manifest(settings), promised.contracts, promised.use_cases))


def check(settings: Settings, promised: Promised, datasets: Iterable[str], against: str) -> tuple[Checked, ...]:
    """Each promise against its earlier state.

    Args:
        settings: where promises, golden repository and dbt's project are.
        promised: what `lint` read.
        datasets: those looked at, with the sources and terms that they name.
        against: `release`, which knows contracts only, or a git revision.

    Raises:
        Misused: there is no such revision.
        lineage.errors.Refused: the golden repository is not the one that its keys signed.
    """
    contracts = [promised.contracts[name] for name in datasets]
    if against == RELEASE:
        return tuple(_contract(c, released_contract(settings, c.name), promised) for c in contracts)
    at = Revision(settings.expectations, against)
    systems = sorted({use.system for c in contracts for use in c.sources} & promised.sources.keys())
    sources = [promised.sources[system] for system in systems]
    terms = [promised.glossary[name] for name in sorted({use.term for c in contracts for use in c.terms})]
    return (
        *(_contract(c, at.document("contracts", c.path), promised) for c in contracts),
        *(_source(s, at.document("sources", s.path), promised, settings) for s in sources),
        *(_term(t, at.document("definitions", t.path), promised) for t in terms),
    )


def _contract(contract: Contract, before: Document | None, promised: Promised) -> Checked:
    others = [c for name, c in promised.contracts.items() if name != contract.name]
    changes = changes_between(before, contract.document) if before is not None else ()
    affected = [(change, readers_affected(change, contract, others)) for change in changes]
    return _checked(contract.name, "contract", before, contract.version, affected)


def _source(source: SourceContract, before: Document | None, promised: Promised, settings: Settings) -> Checked:
    changes = changes_between(before, source.document) if before is not None else ()
    reached = _reached(source, promised, settings) if changes else lambda change: ()
    return _checked(source.system, "source", before, source.version, [(c, reached(c)) for c in changes])


def _reached(source: SourceContract, promised: Promised, settings: Settings) -> Callable[[ClauseChange], Affected]:
    """The datasets that use what changed, by column lineage; those that read any table where it is about none."""
    lineage = trace_project(load_manifest(settings), promised.sources)
    origins = {dataset: origins_of(lineage, dataset) for dataset in lineage.datasets}

    def reached(change: ClauseChange) -> Affected:
        tables = [change.table] if change.table else [table.name for table in source.tables]
        columns = frozenset({change.column} if change.column else ())
        named = [f"{source.system}.{table}" for table in tables]
        using = [d for d, found in origins.items() if any(found.concerned(table, columns) for table in named)]
        return tuple(f"dataset {d}" for d in using) if change.kind.weakens else ()

    return reached


def _checked(
    name: str, what: str, before: Document | None, version: str, changes: Iterable[tuple[ClauseChange, Affected]]
) -> Checked:
    affected = tuple(changes)
    if before is None:
        return Checked(name, what, "", version, (), Bump.NONE, Bump.NONE, version)
    earlier, demanded = str(before["version"]), bump_demanded(change for change, _ in affected)
    least = version_demanded(earlier, demanded)
    return Checked(name, what, earlier, version, affected, demanded, bump_made(earlier, version), least)


def _term(term: Term, before: Document | None, promised: Promised) -> Checked:
    """The version of a term is one number: it counts meanings."""
    if before is None:
        return Checked(term.name, "definition", "", str(term.version), (), Bump.NONE, Bump.NONE, str(term.version))
    earlier = int(custom(before)["version"])
    changes = term_changes(before, term.document)
    users = tuple(f"dataset {name}" for name, c in promised.contracts.items() if term.name in {u.term for u in c.terms})
    demanded = Bump.MAJOR if any(change.kind.weakens for change in changes) else Bump.NONE
    made = Bump.MAJOR if term.version > earlier else Bump.NONE if term.version == earlier else None
    affected = tuple((change, users if change.kind.weakens else ()) for change in changes)
    least = earlier + 1 if demanded else earlier
    return Checked(term.name, "definition", str(earlier), str(term.version), affected, demanded, made, str(least))
