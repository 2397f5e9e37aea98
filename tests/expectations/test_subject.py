"""A subject is read strictly, told by every column that means the same person, and shown by no error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from expectations.contract import Contract, SourceContract
from expectations.erasure.subject import Subject, SubjectRefused, erasable, held_back, subject_of
from expectations.loader import load_contracts, load_glossary, load_sources
from expectations.retention import erasure_keys
from expectations.sql import text

ROOM = Path(__file__).resolve().parents[2] / "expectations"
SECRET = "9999x"


@pytest.fixture(scope="module")
def sources() -> Mapping[str, SourceContract]:
    return load_sources(ROOM / "sources")


@pytest.fixture(scope="module")
def contracts() -> list[Contract]:
    return list(load_contracts(ROOM / "contracts", load_glossary(ROOM / "definitions")).values())


def test_the_agreed_keys_are_those_of_sources_and_those_that_golden_keys_come_from(
    sources: Mapping[str, SourceContract], contracts: list[Contract]
) -> None:
    assert set(erasable(sources, contracts)) == {
        "online_retail.invoice_lines.customer_id",
        "olist.leads.mql_id",
        "olist.deals.mql_id",
    }
    assert {c.name: erasure_keys(c) for c in contracts} == {
        "qualified_leads": ("lead_id",),
        "renewal_risk": ("account_id",),
        "resolution_times": (),
    }


def test_a_number_is_read_as_its_column_holds_it(
    sources: Mapping[str, SourceContract], contracts: list[Contract]
) -> None:
    subject = subject_of("online_retail.invoice_lines.customer_id=017850\n", sources, contracts)
    assert (subject.column, subject.value) == ("online_retail.invoice_lines.customer_id", "17850")
    assert "17850" not in repr(subject)


def test_a_key_that_refers_to_another_is_of_the_same_person(
    sources: Mapping[str, SourceContract], contracts: list[Contract]
) -> None:
    for written in ("olist.leads.mql_id", "olist.deals.mql_id"):
        assert subject_of(f"{written}=ab", sources, contracts).columns == ("olist.deals.mql_id", "olist.leads.mql_id")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (f"online_retail.invoice_lines.customer_id={SECRET}", "not of its type; required: integer"),
        (f"online_retail.invoice_lines.customerid={SECRET}", "did you mean online_retail.invoice_lines.customer_id"),
        (f"online_retail.invoice_lines.country={SECRET}", "is no key that a person can be erased by"),
        ("online_retail.invoice_lines.customer_id=", "incomplete"),
        (SECRET, "incomplete"),
        ("", "incomplete"),
    ],
)
def test_what_names_no_subject_is_refused_without_its_value(
    written: str, said: str, sources: Mapping[str, SourceContract], contracts: list[Contract]
) -> None:
    with pytest.raises(SubjectRefused) as refusal:
        subject_of(written, sources, contracts)
    assert said in str(refusal.value)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("cell", ["17850", "a,17850", "['17850', '2']", "{'k': 17850}", "x 17850"])
def test_a_value_is_found_alone_and_as_a_word(cell: str) -> None:
    subject = Subject("a.b.c", "17850", ())
    assert re.search(subject.pattern, cell)
    with duckdb.connect() as connection:
        found = connection.execute("SELECT regexp_matches(?, ?)", [cell, subject.pattern]).fetchone()
    assert found == (True,)


@pytest.mark.parametrize("cell", ["117850", "178501", "17850x", "ab-17850", "1.17850"])
def test_a_longer_value_is_another(cell: str) -> None:
    assert not re.search(Subject("a.b.c", "17850", ()).pattern, cell)


def test_a_row_held_back_is_found_however_its_key_was_written(sources: Mapping[str, SourceContract]) -> None:
    column = sources["online_retail"].table("invoice_lines").column("customer_id")
    with duckdb.connect() as connection:
        for written, found in (("17850.0", True), ("17850", True), ("17851", False), ("17850 or so", False)):
            row = text(f'{{"CustomerID": "{written}"}}')
            condition = held_back(column, "17850", f"{row}::JSON")
            assert connection.execute(f"SELECT {condition}").fetchone() == (found,), written
        odd = held_back(
            replace(column, physical_name="Customer/ID"), "17850 or so", """'{"Customer/ID": "17850 or so"}'"""
        )
        assert connection.execute(f"SELECT {odd}").fetchone() == (True,)
