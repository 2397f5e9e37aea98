"""`datasheet.md`: every question stands there with its answer, or says that nobody stated one."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from expectations.clock import Clock
from expectations.contract import Contract
from expectations.datasheet.questions import QUESTIONS
from expectations.environment import Environment
from expectations.verdict import Finding, GateItem, State
from lineage.documents.datasheet import NOT_ASKED, NOT_STATED, datasheet
from lineage.documents.datasheet_evidence import EVIDENCE
from lineage.documents.facts import Facts
from tests.expectations.promised import orders
from tests.expectations.variations import sheet
from tests.golden_repository import open_small
from tests.lineage.documented import AT, open_orders, released, rows

WARNED = Finding(
    "country__drift",
    GateItem.QUALITY,
    State.WARN,
    0.3,
    "< 0.25",
    "Shares <as> measured.",
    "sales.owner",
    column="country",
)
WAIVER = {"rule": "amount__median", "reason": "prices rose | for good", "until": "2026-12-24", "signatures": []}
SIGNED = {
    "role": "owner",
    "principal": "ana",
    "signedAt": "2026-11-20T10:00:00+00:00",
    "validUntil": "2027-05-19T00:00:00",
}


def facts_of(home: Path, contract: Contract, **changes: object) -> Facts:
    _, facts = released(open_small(home / "golden", home / "keys"), contract, findings=[WARNED])
    return replace(facts, **changes)  # type: ignore[arg-type] # each test changes what it is about


def answers_in(text: str) -> dict[str, str]:
    """Heading of a question → what stands under it, in order."""
    found = re.findall(r"^### ([^\n]+)\n\n(.*?)(?=\n\n#{2,3} |\Z)", text, re.M | re.S)
    return {question: answer.strip() for question, answer in found}


@pytest.fixture
def sheet_text(tmp_path: Path) -> str:
    return datasheet(facts_of(tmp_path, orders())).decode()


def test_every_question_of_every_section_stands_there_in_order(sheet_text: str) -> None:
    headings = re.findall(r"^(#{2,3}) (.+)$", sheet_text, re.M)
    expected: list[tuple[str, str]] = []
    for question in QUESTIONS:
        if ("##", question.section) not in expected:
            expected.append(("##", question.section))
        expected.append(("###", question.text))
    assert headings == expected
    assert f"Of {len(QUESTIONS)}, {len(QUESTIONS)} are answered." in sheet_text
    assert NOT_STATED not in sheet_text


@pytest.mark.parametrize("question", [q for q in QUESTIONS if not q.measured], ids=lambda q: q.id)
def test_an_answer_that_nobody_gave_reads_not_stated(tmp_path: Path, question: object) -> None:
    bare = replace(
        orders(), description={}, document={}, owner="", team=(), support=(), slas=(), roles=(), custom={}, domain=""
    )
    table = replace(bare.table, description="", grain="")
    text = datasheet(facts_of(tmp_path, replace(bare, table=table))).decode()
    assert isinstance(question, type(QUESTIONS[0]))
    answer = answers_in(text)[question.text]
    assert answer.endswith(NOT_STATED) == (question.id != "composition_relationships")
    assert re.search(r"\d+ not stated\.", text)


def test_one_open_question_is_counted_and_shown(tmp_path: Path) -> None:
    text = datasheet(facts_of(tmp_path, sheet("composition_splits"))).decode()
    assert f"{len(QUESTIONS) - 1} are answered, 1 not stated." in text
    assert [q for q, said in answers_in(text).items() if NOT_STATED in said] == ["Are there recommended data splits?"]


def test_what_the_release_answers_itself_is_there_for_every_question_marked_so(sheet_text: str) -> None:
    assert {q.id for q in QUESTIONS if q.measured} <= set(EVIDENCE)
    said = answers_in(sheet_text)
    assert all(said[q.text] for q in QUESTIONS if q.measured)


def test_it_tells_rows_files_custody_findings_classes_and_code(sheet_text: str) -> None:
    said = answers_in(sheet_text)
    assert "5 rows in 1 Parquet file" in said["How many instances are there in total?"]
    assert f"`{'a' * 64}`" in said["What mechanisms or procedures were used to collect the data?"]
    errors = said["Are there any errors, sources of noise, or redundancies in the dataset?"]
    assert "1 of them warned" in errors
    assert "| `country__drift` | Shares \\<as> measured. | 0.3 | \\< 0.25 |" in errors
    confidential = said["Does the dataset contain data that might be considered confidential?"]
    assert "| confidential | `buyer_hmac`, `note` | encrypted; the key of the class opens them |" in confidential
    assert "| `buyer_hmac` | buyer | contact | pseudonym |" in sheet_text
    assert f"`{'0' * 40}`" in said["Is the software that was used to preprocess the data available?"]
    assert "the sandbox demands no signature" in said["Who will be supporting, hosting and maintaining the dataset?"]


def test_signatures_and_waivers_are_shown_with_their_ends(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, orders(), signoffs=(SIGNED,), waivers=(WAIVER,))
    text = datasheet(replace(facts, verdict=replace(facts.verdict, environment=Environment.PRODUCTION))).decode()
    assert "| owner | ana | 2026-11-20 | 2027-05-19 |" in text
    assert text.count("| `amount__median` | prices rose \\| for good | 2026-12-24 |") == 2
    assert "sandbox" not in text


def test_synthetic_and_historical_data_says_so_at_the_top(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, orders(), clock=Clock("replay", AT - timedelta(days=365)))
    head = datasheet(replace(facts, inputs=[replace(facts.inputs[0], synthetic=True)])).decode().partition("\n## ")[0]
    assert "**It is synthetic" in head
    assert "**It is historical: its clock stood at 2025-11-27" in head
    assert "**It is certified for the sandbox" in head


def test_questions_about_people_say_that_there_are_none(tmp_path: Path) -> None:
    people = replace(open_orders(), document={**open_orders().document, "description": {}})
    said = answers_in(datasheet(facts_of(tmp_path, people)).decode())
    assert {said[q.text] for q in QUESTIONS if q.people} == {NOT_ASKED}


def test_the_same_facts_give_the_same_bytes_and_no_row_is_in_them(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, orders())
    assert datasheet(facts) == datasheet(replace(facts))
    text = datasheet(facts).decode()
    assert not any(str(row[name]) in text for row in rows() for name in ("order_id", "buyer_hmac"))
