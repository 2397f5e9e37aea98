"""What the catalogue is told of the promises of this repository, and what a reader makes of it."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from esclusa.errors import Tampered
from esclusa.promises import Promises
from esclusa.promises_document import read_promises
from expectations.loader import load_contracts, load_glossary, load_sources
from lineage.golden.promised import promises_file
from lineage.tracing.columns import Model, column_lineage

EXPECTATIONS = Path(__file__).resolve().parents[2] / "expectations"
GLOSSARY = load_glossary(EXPECTATIONS / "definitions")
CONTRACTS = load_contracts(EXPECTATIONS / "contracts", GLOSSARY)
SOURCES = load_sources(EXPECTATIONS / "sources")
USE = {
    "useCase": "calls", "kind": "use_case", "title": "Calls", "owner": "ada", "purpose": "account_review",
    "riskTier": "minimal", "description": "Whom to call.", "url": "", "datasets": ["renewal_risk"],
}  # fmt: skip


def published() -> bytes:
    lineage = column_lineage([Model(f"candidate.{name}", "select 1 as one", (), name) for name in CONTRACTS], [])
    return promises_file(CONTRACTS.values(), SOURCES.values(), GLOSSARY.values(), lineage, [USE])


@cache
def promises() -> Promises:
    return read_promises(published())


def test_the_same_promises_give_the_same_bytes() -> None:
    assert published() == published()


def test_every_dataset_source_and_term_is_told() -> None:
    assert [d.dataset for d in promises().datasets] == sorted(CONTRACTS)
    assert [s.system for s in promises().sources] == sorted(SOURCES)
    assert [t.term for t in promises().terms] == sorted(GLOSSARY)


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_dataset_is_told_as_its_contract_says(name: str) -> None:
    contract, told = CONTRACTS[name], promises().dataset(name)
    assert told is not None
    assert (told.owner, told.version, told.release) == (contract.owner, contract.version, contract.release)
    assert [c.name for c in told.columns] == [c.name for c in contract.table.columns]
    assert [c.name for c in told.columns if c.key] == list(contract.table.key)
    assert all(c.description and c.classification and c.type for c in told.columns)
    assert {g.role: g.purposes for g in told.grants} == {r.name: r.purposes for r in contract.roles}
    assert all(g.description and g.expires and g.approvers for g in told.grants)
    assert told.prohibited == tuple(contract.custom["aiUse"]["prohibited"])
    assert told.freshness
    assert told.retention
    assert told.context.instructions
    assert told.context.verified_statements
    assert told.support[0].channel
    assert told.lineage.columns.keys() == {c.name for c in contract.table.columns}


def test_a_promise_is_told_in_the_words_of_its_author() -> None:
    told = promises().dataset("renewal_risk")
    assert told is not None
    assert (told.title, told.freshness, told.retention, told.frequency) == ("Renewal risk", "120 h", "730 d", "1 d")
    assert told.context.constraints == ("Do not join account_id to names, addresses or credit records.",)
    assert next(c.terms for c in told.columns if c.name == "is_active") == ("active_account",)
    assert "\n" not in told.limitations


def test_a_source_and_a_term_are_told_with_who_agreed_and_when() -> None:
    source, term = promises().source("olist"), promises().term("order")
    assert source is not None
    assert source.owner == "partner.sales"
    assert source.agreed_by
    assert [t.table for t in source.tables] == ["leads", "deals"]
    assert term is not None
    assert (term.agreed_on, term.datasets) == (date(2026, 11, 9), ("renewal_risk",))


def test_use_cases_are_found_from_their_datasets() -> None:
    assert [u.use_case for u in promises().uses("renewal_risk")] == ["calls"]
    assert promises().uses("qualified_leads") == ()


def without(document: dict[str, Any]) -> None:
    del document["datasets"][0]["owner"]


def of_no_day(document: dict[str, Any]) -> None:
    document["terms"][0]["agreedOn"] = "soon"


def of_another_shape(document: dict[str, Any]) -> None:
    document["sources"] = 7


@pytest.mark.parametrize("spoil", [without, of_no_day, of_another_shape])
def test_a_document_that_is_not_of_the_format_is_refused_whole(spoil: Any) -> None:
    document = json.loads(published())
    spoil(document)
    with pytest.raises(Tampered, match="What is promised cannot be read"):
        read_promises(json.dumps(document).encode())
