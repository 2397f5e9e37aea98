"""The datasheet's questions: the paper's, each with an answer that a contract gives, and demanded by risk."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from expectations.contract import Contract
from expectations.datasheet.answers import nothing, sentences
from expectations.datasheet.questions import (
    ESSENTIAL,
    FULL,
    LEVELS,
    QUESTIONS,
    Question,
    about_people,
    answers,
    demanded,
    unstated,
)
from expectations.loader import ContractError, load_contract
from expectations.loader.vocabulary import CUSTOM_PROPERTIES
from tests.expectations.promised import CONTRACT, changed, glossary, orders, sources
from tests.expectations.variations import sheet

PAGE = Path(__file__).resolve().parents[2] / "docs" / "documents.md"
OF_THE_PAPER = {
    "Motivation": 3,
    "Composition": 15,
    "Collection process": 11,
    "Preprocessing/cleaning/labeling": 3,
    "Uses": 5,
    "Distribution": 6,
    "Maintenance": 7,
}


def bare() -> Contract:
    """The shop's contract with nothing but its columns: no words, no people, nothing about AI."""
    columns = tuple(replace(c, tags=(), privacy={}, description="", relationships=()) for c in orders().table.columns)
    return replace(
        orders(),
        description={},
        document={},
        owner="",
        team=(),
        support=(),
        slas=(),
        roles=(),
        sources=(),
        custom={},
        domain="",
        table=replace(orders().table, description="", grain="", columns=columns),
    )


def tiered(contract: Contract, tier: str) -> Contract:
    """A contract of that risk tier."""
    return replace(contract, custom={**contract.custom, "aiUse": {"riskTier": tier}})


def test_the_table_has_the_seven_sections_of_the_paper_with_their_questions() -> None:
    assert dict(Counter(q.section for q in QUESTIONS)) == OF_THE_PAPER
    assert list(dict.fromkeys(q.section for q in QUESTIONS)) == list(OF_THE_PAPER)
    assert len({q.id for q in QUESTIONS}) == len(QUESTIONS)
    assert len({(q.section, q.text) for q in QUESTIONS}) == len(QUESTIONS)
    assert all(q.text.endswith("?") for q in QUESTIONS)


def test_a_contract_may_answer_every_question_in_its_own_words_and_no_other() -> None:
    (datasheet,) = [p.value for p in CUSTOM_PROPERTIES if p.name == "datasheet"]
    assert list(datasheet["properties"]["answers"]["properties"]) == [q.id for q in QUESTIONS]
    assert datasheet["properties"]["demands"] == {"enum": list(LEVELS)}


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.says is not nothing], ids=lambda q: q.id)
def test_a_question_that_clauses_answer_is_answered_by_a_contract_that_has_them(question: Question) -> None:
    own = {
        "aiUse": {"useCases": ["forecast"], "prohibited": ["scoring"]},
        "dataGovernance": {
            "designChoices": "One row per order",
            "collection": {"process": "the shop writes them", "from": "2020-01-01"},
            "preparation": [{"op": "cleaning", "what": "cents"}],
            "labelling": "none",
            "assumptions": ["an order is paid"],
            "suitability": {"rows": ">= 10"},
            "biasExamination": {"groups": ["country"], "result": "none found"},
            "knownGaps": [{"gap": "no returns", "plan": "ask"}],
            "population": "buyers",
            "specialCategories": "none",
        },
        "changeManagement": {"notify": "#orders", "noticeDays": 14},
        "datasheet": {"license": {"id": "CC0-1.0"}},
    }
    support = replace(orders().slas[0], name="endOfSupport", description="in 2030")
    contract = replace(orders(), custom=own, slas=(*orders().slas, support))
    document = {
        **contract.document,
        "authoritativeDefinitions": [{"type": "transformationImplementation", "url": "../../models/orders.sql"}],
    }
    said = list(question.says(replace(contract, document=document)))
    assert said
    assert all(isinstance(sentence, str) and sentence == sentence.strip() != "" for sentence in said)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.id)
def test_a_contract_that_says_nothing_leaves_every_question_open_that_its_release_does_not_answer(
    question: Question,
) -> None:
    (answer,) = [r for r in answers(bare()) if r.question is question]
    derived = {"composition_relationships"}  # the key is always there
    assert answer.is_stated == (question.measured or question.people or question.id in derived)
    assert bool(answer.said) == (question.id in derived)


def test_what_a_contract_answers_itself_comes_before_what_its_clauses_say() -> None:
    (answer,) = [r for r in answers(orders()) if r.question.id == "uses_excluded"]
    assert answer.said == ("Judging people.",)
    (consent,) = [r for r in answers(orders()) if r.question.id == "collection_consent"]
    assert consent.said == ("Lawful basis: GDPR Art. 6(1)(f).",)


def test_questions_about_people_are_asked_only_where_there_is_data_of_people() -> None:
    assert about_people(orders())
    assert not about_people(bare())
    assert {r.question.id for r in answers(bare()) if not r.asked} == {q.id for q in QUESTIONS if q.people}
    assert all(r.asked for r in answers(orders()))


@pytest.mark.parametrize(
    ("tier", "own", "level"),
    [
        ("", None, ESSENTIAL),
        ("minimal", None, ESSENTIAL),
        ("limited", None, ESSENTIAL),
        ("limited", FULL, FULL),
        ("high", None, FULL),
        ("high", ESSENTIAL, FULL),  # a contract raises what is demanded, it never lowers it
    ],
)
def test_the_risk_tier_demands_and_the_contract_may_demand_more(tier: str, own: str | None, level: str) -> None:
    contract = tiered(replace(orders(), custom={"datasheet": {"demands": own}} if own else {}), tier)
    assert demanded(contract) == level


def test_a_contract_of_low_risk_must_answer_what_is_essential_and_one_of_high_risk_everything() -> None:
    essential = {q.id for q in QUESTIONS if q.essential and not q.people}
    assert {q.id for q in unstated(bare(), only_demanded=True)} == essential
    everything = {q.id for q in unstated(bare(), only_demanded=False)}
    assert {q.id for q in unstated(tiered(bare(), "high"), only_demanded=True)} == everything > essential


def test_a_sheet_that_answers_all_leaves_nothing_open() -> None:
    assert unstated(orders(), only_demanded=False) == ()
    assert [q.id for q in unstated(sheet("composition_splits"), only_demanded=False)] == ["composition_splits"]


def test_the_page_lists_every_question_with_its_marks_and_no_other() -> None:
    lines = PAGE.read_text(encoding="utf-8").partition("| question | asks | marks |\n")[2].splitlines()[1:]
    written = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines if line.startswith("|")]
    marks = {"essential": "essential", "people": "people", "measured": "release"}
    assert written == [
        (f"`{q.id}`", q.text, ", ".join(word for name, word in marks.items() if getattr(q, name))) for q in QUESTIONS
    ]


def test_free_values_become_sentences() -> None:
    assert sentences(None) == sentences("") == sentences([]) == sentences({"a": ""}) == ()
    assert sentences("none") == ("none",)
    assert sentences([{"knownGap": "x", "plan": ["y", "z"]}, "w"]) == ("known gap: x; plan: y, z", "w")
    assert sentences(3) == ("3",)


def test_a_question_that_is_misspelt_is_refused_with_the_one_that_was_meant(tmp_path: Path) -> None:
    path = changed(tmp_path, CONTRACT, "motivation_funding:", "motivation_founding:")
    with pytest.raises(ContractError, match="motivation_founding") as refusal:
        load_contract(path, glossary(), sources())
    assert "motivation_funding" in str(refusal.value)
