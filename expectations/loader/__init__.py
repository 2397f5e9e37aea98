"""Loading: contracts, sources, glossary and use cases, from files to types; or every problem found, and nothing else.

Belongs here: the order of the steps. Does not: any of the steps (`document.py`, `odcs.py`, `lint.py`, `assemble.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from expectations.contract import Contract, SourceContract, Term
from expectations.loader.assemble import assemble_contract, assemble_source, assemble_term
from expectations.loader.document import Document, digest_document, read_document
from expectations.loader.lint import lint_contract, lint_source, lint_term
from expectations.loader.odcs import Schema, odcs_schema, property_schema, schema_problems
from expectations.loader.problem import ContractError, Problem
from expectations.loader.use_cases import assemble_use_case, lint_use_case, undescribed, use_case_schema
from expectations.rules.expansion import RuleError, rules_of
from expectations.use_case import UseCase

__all__ = [
    "ContractError",
    "Problem",
    "digest_document",
    "load_contract",
    "load_contracts",
    "load_glossary",
    "load_source",
    "load_sources",
    "load_term",
    "load_use_cases",
]

T = TypeVar("T")


def load_contract(
    path: Path, glossary: Mapping[str, Term], sources: Mapping[str, SourceContract] | None = None
) -> Contract:
    """Read the contract of a golden dataset.

    Args:
        path: `<dataset>.yaml`.
        glossary: every agreed term.
        sources: every source contract; None skips the check that each system has one (the gate makes it again).

    Raises:
        ContractError: with every problem found.
    """
    document = _read(path, odcs_schema(), lambda read: lint_contract(read, glossary, sources))
    contract = assemble_contract(document, glossary)
    try:
        rules_of(contract)
    except RuleError as error:
        raise ContractError(path, [document.problem(("schema", 0), str(error))]) from None
    return contract


def load_source(path: Path) -> SourceContract:
    """Read the contract of a source system.

    Args:
        path: `<system>.yaml`.

    Raises:
        ContractError: with every problem found.
    """
    return assemble_source(_read(path, odcs_schema(), lint_source))


def load_term(path: Path) -> Term:
    """Read one term of the glossary.

    Args:
        path: `<term>.yaml`.

    Raises:
        ContractError: with every problem found.
    """
    return assemble_term(_read(path, property_schema(), lint_term))


def load_contracts(
    directory: Path, glossary: Mapping[str, Term], sources: Mapping[str, SourceContract] | None = None
) -> dict[str, Contract]:
    """Read every contract of a directory: dataset → contract.

    Args:
        directory: of `<dataset>.yaml` files.
        glossary, sources: as for `load_contract`.

    Raises:
        ContractError: with every problem of every file.
    """
    return {c.name: c for c in _all(directory, lambda path: load_contract(path, glossary, sources))}


def load_sources(directory: Path) -> dict[str, SourceContract]:
    """Read every source contract of a directory: system → contract.

    Args:
        directory: of `<system>.yaml` files.

    Raises:
        ContractError: with every problem of every file.
    """
    return {s.system: s for s in _all(directory, load_source)}


def load_glossary(directory: Path) -> dict[str, Term]:
    """Read the glossary: term's name → term.

    Args:
        directory: of `<term>.yaml` files.

    Raises:
        ContractError: with every problem of every file.
    """
    return {t.name: t for t in _all(directory, load_term)}


def load_use_cases(directory: Path, contracts: Mapping[str, Contract]) -> dict[str, UseCase]:
    """Read every use case of a directory: name → use case; none where the directory is absent.

    Args:
        directory: of `<use_case>.yaml` files.
        contracts: of every golden dataset; what they say of AI use and what the files say must agree.

    Raises:
        ContractError: with every problem of every file.
    """

    def load(path: Path) -> UseCase:
        return assemble_use_case(_read(path, use_case_schema(), lambda read: lint_use_case(read, contracts)))

    loaded: dict[str, UseCase] = {}
    problems: list[Problem] = []
    described = {path.stem for path in directory.glob("*.y*ml")}
    try:
        loaded = {u.name: u for u in _all(directory, load)} if directory.is_dir() else {}
    except ContractError as error:
        problems += error.problems
    problems += [problem for c in contracts.values() for problem in undescribed(c, directory, described)]
    if problems:
        raise ContractError(directory, problems)
    return loaded


def _read(path: Path, schema: Schema, lint: Callable[[Document], Iterable[Problem]]) -> Document:
    document = read_document(path)
    problems = schema_problems(document, schema) or tuple(lint(document))
    if problems:
        raise ContractError(path, problems)
    return document


def _all(directory: Path, load: Callable[[Path], T]) -> list[T]:
    """Each file of a directory; all their problems together, so that one run shows everything there is to correct."""
    if not directory.is_dir():
        raise ContractError(directory, [Problem(str(directory), 1, "(directory)", "is not a directory")])
    loaded: list[T] = []
    problems: list[Problem] = []
    for path in sorted(p for p in directory.iterdir() if p.suffix in {".yaml", ".yml"}):
        try:
            loaded.append(load(path))
        except ContractError as error:
            problems += error.problems
    if problems:
        raise ContractError(directory, problems)
    return loaded
