"""THE table of a datasheet's questions, and which of them a contract must answer.

Belongs here: the questions, who is asked them, what of a contract answers each, what its risk tier demands.
Does not: how an answer is read from a contract (`answers.py`), writing the sheet (`lineage/documents/datasheet.py`).
Source: Gebru, Morgenstern, Vecchione, Wortman Vaughan, Wallach, Daumé III, Crawford, "Datasheets for Datasets",
Communications of the ACM 64 (12), 2021, arXiv 1803.09010v8: its seven sections, question by question. Left out is
"Any other comments?", which ends each section: an empty answer to it says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from expectations.contract import Contract
from expectations.datasheet import answers as a

ESSENTIAL = "essential"
FULL = "full"
LEVELS = (ESSENTIAL, FULL)
# A high-risk system may only learn from data whose origin, gaps and biases are written down (EU AI Act, Art. 10, 11).
BY_RISK_TIER = {"minimal": ESSENTIAL, "limited": ESSENTIAL, "high": FULL}


@dataclass(frozen=True)
class Question:
    """One question.

    Args:
        id: `<section>_<word>`; a contract's own answer is written under it.
        section: heading that it stands under.
        text: as the paper asks it.
        says: contract → what its other clauses answer, in sentences.
        essential: demanded of every contract; the others only where all are.
        people: asked only where the dataset holds data of people.
        measured: the release itself answers it by its files, audit and chain of custody, whatever the contract says.
    """

    id: str
    section: str
    text: str
    says: Callable[[Contract], Iterable[str]] = a.nothing
    essential: bool = False
    people: bool = False
    measured: bool = False


@dataclass(frozen=True)
class Answer:
    """What a contract says to one question.

    Args:
        said: sentences; empty where the contract says nothing.
        asked: False where the question is about people and the dataset holds no data of any.
    """

    question: Question
    said: tuple[str, ...]
    asked: bool

    @property
    def is_stated(self) -> bool:
        """Whether the sheet says something here."""
        return bool(self.said) or self.question.measured or not self.asked


def _questions(section: str, **asked: tuple[str, Callable[[Contract], Iterable[str]], str]) -> tuple[Question, ...]:
    return tuple(
        Question(f"{section.partition('/')[0].partition(' ')[0].lower()}_{word}", section, text, says, **_marks(marks))
        for word, (text, says, marks) in asked.items()
    )


def _marks(marks: str) -> dict[str, Any]:
    return dict.fromkeys(marks.split(), True)


QUESTIONS: tuple[Question, ...] = (
    *_questions(
        "Motivation",
        purpose=("For what purpose was the dataset created?", a.purpose, "essential"),
        creator=("Who created the dataset, and on behalf of which entity?", a.creator, "essential"),
        funding=("Who funded the creation of the dataset?", a.nothing, ""),
    ),
    *_questions(
        "Composition",
        instances=("What do the instances that comprise the dataset represent?", a.instances, "essential"),
        count=("How many instances are there in total?", a.nothing, "measured"),
        sample=(
            "Does the dataset contain all possible instances or is it a sample of instances from a larger set?",
            a.population,
            "essential",
        ),
        data=("What data does each instance consist of?", a.nothing, "measured"),
        label=("Is there a label or target associated with each instance?", a.labels, ""),
        missing=("Is any information missing from individual instances?", a.gaps, "measured"),
        relationships=("Are relationships between individual instances made explicit?", a.relationships, ""),
        splits=("Are there recommended data splits?", a.nothing, ""),
        errors=("Are there any errors, sources of noise, or redundancies in the dataset?", a.limitations, "essential"),
        external=(
            "Is the dataset self-contained, or does it link to or otherwise rely on external resources?",
            a.nothing,
            "measured",
        ),
        confidential=("Does the dataset contain data that might be considered confidential?", a.nothing, "measured"),
        offensive=(
            "Does the dataset contain data that, if viewed directly, might be offensive, insulting, threatening, or "
            "might otherwise cause anxiety?",
            a.nothing,
            "",
        ),
        subpopulations=("Does the dataset identify any subpopulations?", a.groups, "people"),
        identification=(
            "Is it possible to identify individuals, either directly or indirectly, from the dataset?",
            a.nothing,
            "people measured",
        ),
        sensitive=(
            "Does the dataset contain data that might be considered sensitive in any way?",
            a.special_categories,
            "essential people",
        ),
    ),
    *_questions(
        "Collection process",
        acquired=("How was the data associated with each instance acquired?", a.collection, "essential"),
        mechanisms=("What mechanisms or procedures were used to collect the data?", a.systems, "measured"),
        sampling=("If the dataset is a sample from a larger set, what was the sampling strategy?", a.nothing, ""),
        people=("Who was involved in the data collection process, and how were they compensated?", a.nothing, ""),
        timeframe=("Over what timeframe was the data collected?", a.timeframe, "essential"),
        ethics=("Were any ethical review processes conducted?", a.nothing, ""),
        direct=(
            "Was the data collected from the individuals in question directly, or obtained via third parties?",
            a.nothing,
            "people",
        ),
        notice=("Were the individuals in question notified about the data collection?", a.nothing, "people"),
        consent=(
            "Did the individuals in question consent to the collection and use of their data?",
            a.lawful_basis,
            "essential people",
        ),
        revocation=(
            "Were the individuals provided with a mechanism to revoke their consent in the future or for certain uses?",
            a.erasure,
            "people",
        ),
        impact=(
            "Has an analysis of the potential impact of the dataset and its use on data subjects been conducted?",
            a.nothing,
            "people",
        ),
    ),
    *_questions(
        "Preprocessing/cleaning/labeling",
        done=("Was any preprocessing, cleaning or labeling of the data done?", a.preparation, "essential"),
        raw=("Was the raw data saved in addition to the preprocessed data?", a.nothing, "measured"),
        software=("Is the software that was used to preprocess the data available?", a.implementation, "measured"),
    ),
    *_questions(
        "Uses",
        already=("Has the dataset been used for any tasks already?", a.use_cases, ""),
        repository=("Is there a repository that links to any or all systems that use it?", a.nothing, "measured"),
        other=("What tasks could the dataset be used for?", a.usage, "essential"),
        impact=(
            "Is there anything about its composition, collection or preprocessing that might impact future uses?",
            a.biases,
            "",
        ),
        excluded=("Are there tasks for which the dataset should not be used?", a.prohibited, "essential"),
    ),
    *_questions(
        "Distribution",
        third_parties=("Will the dataset be distributed to third parties outside of the entity?", a.nothing, ""),
        how=("How will the dataset be distributed?", a.readers, "measured"),
        when=("When will the dataset be distributed?", a.nothing, "measured"),
        license=("Will the dataset be distributed under a license or terms of use?", a.license_, "essential"),
        restrictions=("Have any third parties imposed restrictions on the data?", a.nothing, ""),
        export=("Do any export controls or other regulatory restrictions apply?", a.nothing, ""),
    ),
    *_questions(
        "Maintenance",
        who=("Who will be supporting, hosting and maintaining the dataset?", a.maintainers, "measured"),
        contact=("How can the owner, curator or manager of the dataset be contacted?", a.support, "essential"),
        erratum=("Is there an erratum?", a.nothing, "measured"),
        updates=("Will the dataset be updated?", a.updates, "essential"),
        retention=(
            "Are there applicable limits on the retention of the data associated with the instances?",
            a.retention,
            "essential",
        ),
        versions=("Will older versions of the dataset continue to be supported and hosted?", a.versions, "measured"),
        contribute=("Is there a mechanism for others to extend, augment or contribute to it?", a.nothing, ""),
    ),
)


def answers(contract: Contract) -> tuple[Answer, ...]:
    """What a contract says to each question, in the order of the table: its own words first, then its other clauses.

    Args:
        contract: of a golden dataset.
    """
    own, people = contract.custom.get("datasheet", {}).get("answers", {}), about_people(contract)
    return tuple(
        Answer(q, (*a.sentences(own.get(q.id)), *q.says(contract)), asked=people or not q.people) for q in QUESTIONS
    )


def about_people(contract: Contract) -> bool:
    """Whether the dataset holds data of people: a column says so, or the contract has a lawful basis for it."""
    personal = any("pii" in c.tags or c.privacy for c in contract.table.columns)
    return personal or bool(tuple(a.lawful_basis(contract)))


def demanded(contract: Contract) -> str:
    """How much of the sheet must be answered: what the risk tier demands, or more where the contract says so.

    Args:
        contract: of a golden dataset.
    """
    tier = BY_RISK_TIER.get(contract.custom.get("aiUse", {}).get("riskTier", ""), ESSENTIAL)
    own = str(contract.custom.get("datasheet", {}).get("demands", ESSENTIAL))
    return max(tier, own, key=LEVELS.index)


def unstated(contract: Contract, *, only_demanded: bool) -> tuple[Question, ...]:
    """The questions to which the sheet can only print "not stated".

    Args:
        contract: of a golden dataset.
        only_demanded: leave out what neither risk tier nor contract demands.
    """
    every = not only_demanded or demanded(contract) == FULL
    return tuple(r.question for r in answers(contract) if not r.is_stated and (every or r.question.essential))
