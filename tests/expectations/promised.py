"""A small shop's promises, as files: one contract, one source, one term; whole, or with one thing changed.

Belongs here: copies of the fixtures for a test to break. Does not: assertions.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from expectations.contract import Contract, SourceContract, Term
from expectations.loader import load_contract, load_source, load_term

FIXTURES = Path(__file__).parent / "fixtures"
CONTRACT = FIXTURES / "contracts" / "orders.yaml"
SOURCE = FIXTURES / "sources" / "shop.yaml"
TERM = FIXTURES / "definitions" / "order.yaml"


def changed(directory: Path, original: Path, old: str = "", new: str = "") -> Path:
    """A copy of a fixture in which `old`, which must be there once, reads `new`."""
    text = original.read_text()
    if old:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {original.name}"
    path = directory / original.name
    path.write_text(text.replace(old, new) if old else text)
    return path


@cache
def glossary() -> dict[str, Term]:
    """The shop's only term."""
    return {"order": load_term(TERM)}


@cache
def sources() -> dict[str, SourceContract]:
    """The shop's only source."""
    return {"shop": load_source(SOURCE)}


def orders() -> Contract:
    """The contract, whole."""
    return load_contract(CONTRACT, glossary(), sources())
