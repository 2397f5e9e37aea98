"""`datasheet.md`: every question of a datasheet with what the contract and the release answer, or "not stated".

Belongs here: the sheet's frame, and setting answers in it. Does not: the questions (`expectations/datasheet`), what the
release itself answers (`datasheet_evidence.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from expectations.datasheet.questions import Answer, answers, unstated
from lineage.documents.datasheet_evidence import EVIDENCE
from lineage.documents.facts import Facts, day_of
from lineage.documents.markdown import code, escaped, listed, table

FILE = "datasheet.md"
NOT_STATED = "*not stated*"
NOT_ASKED = "The dataset holds no data of people."


def datasheet(facts: Facts) -> bytes:
    """The datasheet of one release; the same facts give the same bytes.

    Args:
        facts: of the release.
    """
    return ("\n\n".join(block for block in _blocks(facts) if block) + "\n").encode()


def _blocks(facts: Facts) -> Iterator[str]:
    contract, every = facts.contract, answers(facts.contract)
    open_questions = unstated(contract, only_demanded=False)
    yield f"# Datasheet: {escaped(facts.title)}"
    yield (
        f"Written when {code(contract.name)} {escaped(contract.version)} was certified, from its contract, its audit "
        f"and its chain of custody; the release's certificate names this file's digest. The questions are those of "
        f"*Datasheets for Datasets* (Gebru et al., Communications of the ACM 64 (12), 2021). Of {len(every)}, "
        f"{len(every) - len(open_questions)} are answered{_not(len(open_questions))}."
    )
    yield "\n".join(f"> **{caveat}**  " for caveat in facts.caveats)
    yield table(
        ("of this release", "stated"),
        [
            ("Dataset", code(contract.name)),
            ("Version", f"{escaped(contract.version)}, {escaped(contract.status)}"),
            ("Owner", escaped(contract.owner)),
            ("Environment", escaped(str(facts.verdict.environment))),
            ("Rows", f"{facts.rows:,}"),
            ("Certified", day_of(facts.certified_at)),
            ("Valid until", day_of(facts.valid_until)),
            ("Contract", code(facts.verdict.contract_digest)),
            ("Candidate", code(facts.verdict.candidate_digest)),
        ],
    )
    for section, asked in groupby(every, key=lambda answer: answer.question.section):
        yield f"## {section}"
        for answer in asked:
            yield f"### {answer.question.text}"
            yield from _answer(answer, facts)


def _not(count: int) -> str:
    return f", {count} not stated" if count else ""


def _begun(sentence: str) -> str:
    """A sentence with a capital, unless it begins with the name of something."""
    first = sentence.partition(" ")[0]
    return sentence if "_" in first or "." in first.rstrip(".") else sentence[:1].upper() + sentence[1:]


def _answer(answer: Answer, facts: Facts) -> Iterator[str]:
    if not answer.asked:
        yield NOT_ASKED
        return
    if answer.said:
        yield listed([escaped(_begun(sentence)) for sentence in answer.said])
    evidence = EVIDENCE.get(answer.question.id)
    if evidence is not None:
        yield from evidence(facts)
    if not answer.is_stated:
        yield NOT_STATED
