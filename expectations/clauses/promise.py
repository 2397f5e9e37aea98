"""Clauses on what the contract itself says: definitions, access, quality and retention.

Belongs here: these four items. Does not: where the data comes from (`upstream.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from expectations.clauses.clause import Clause, Evidence
from expectations.contract import Column
from expectations.datasheet.questions import unstated
from expectations.loader.custom import named_columns
from expectations.loader.vocabulary import RESTRAINED
from expectations.rules.expansion import rules_of
from expectations.verdict import GateItem


def _unagreed_terms(evidence: Evidence) -> Iterator[str]:
    contract = evidence.contract
    if not contract.terms:
        yield "no business definition is named"
    for use in contract.terms:
        term = contract.glossary.get(use.term)
        if term is None:
            yield f"{use.term} is not in the glossary"
        elif term.version != use.version:
            yield f"{use.term} is at version {term.version}, the contract names {use.version}"
        elif not term.agreed_by or term.agreed_on is None:
            yield f"{use.term} was agreed by nobody or on no date"
        elif term.agreed_on > evidence.today:
            yield f"{use.term} is agreed only from {term.agreed_on}"


def _undescribed(evidence: Evidence) -> Iterator[str]:
    contract = evidence.contract
    if not str(contract.description.get("purpose", "")).strip():
        yield "the dataset has no purpose"
    if not contract.table.description.strip():
        yield "the table has no description"
    if not contract.table.grain.strip():
        yield "the table does not say what one row is"
    for column in contract.table.columns:
        if not column.description.strip():
            yield f"{column.name} has no description"


def _unanswered(evidence: Evidence) -> Iterator[str]:
    for question in unstated(evidence.contract, only_demanded=True):
        yield f"{question.id} is not stated ({question.text})"


def _left_open(evidence: Evidence) -> Iterator[str]:
    for question in unstated(evidence.contract, only_demanded=False):
        yield f"{question.id} is not stated"


def _unclassified(evidence: Evidence) -> Iterator[str]:
    for column in evidence.contract.table.columns:
        if not column.classification:
            yield f"{column.name} has no classification"
        elif _personal(column) and column.classification not in RESTRAINED:
            yield f"{column.name} is personal data and classified {column.classification}"


def _personal(column: Column) -> bool:
    return "pii" in column.tags or bool(column.privacy)


def _ungranted(evidence: Evidence) -> Iterator[str]:
    roles = evidence.contract.roles
    if not roles:
        yield "nobody is granted a role"
    for role in roles:
        if not role.purposes:
            yield f"{role.name} has no purpose"
        if not role.approvers:
            yield f"{role.name} has no approver"
        if role.expires is None:
            yield f"{role.name} never expires"
        elif role.expires < evidence.today:
            yield f"{role.name} expired on {role.expires}"


def _unknown_columns(evidence: Evidence) -> Iterator[str]:
    columns = {c.name for c in evidence.contract.table.columns}
    for role in evidence.contract.roles:
        for name in sorted(named_columns(role.columns) - columns):
            yield f"{role.name} names the column {name}, which does not exist"


def _exposed(evidence: Evidence) -> Iterator[str]:
    for column in (c for c in evidence.contract.table.columns if c.classification in RESTRAINED):
        if column.privacy.get("technique"):
            continue
        for role in evidence.contract.roles:
            if column.name not in named_columns(role.columns):
                yield f"{role.name} reads {column.name} ({column.classification}), and nothing says that it needs to"


def _without_rule(what: str, *kinds: str) -> Clause:
    """A clause that some rule of these kinds is there, shuts the gate when broken, and was measured."""

    def offences(evidence: Evidence) -> Iterator[str]:
        rules = [r for r in rules_of(evidence.contract) if r.kind in kinds and r.severity == "error"]
        if not rules:
            yield f"no rule of severity error on {what} ({', '.join(kinds)})"
        elif not evidence.measured.intersection(r.id for r in rules):
            yield f"no rule on {what} was measured: {', '.join(r.id for r in rules)}"

    return Clause(
        f"quality_has_{what}_rule",
        GateItem.QUALITY,
        f"At least one rule on {what} can shut the gate",
        "at least 1 measured rule",
        f"add a rule on {what} to {{path}} (docs/contracts.md shows each)",
        offences,
    )


def _unpromised_retention(evidence: Evidence) -> Iterator[str]:
    retention = evidence.contract.sla("retention")
    if retention is None:
        yield "nothing says how long rows may be kept"
        return
    if not retention.element or retention.duration is None:
        yield "the retention has no element or no duration"
    if not retention.custom.get("deletion", {}).get("action"):
        yield "nothing says what happens to rows past their retention"


def _unmeasured_retention(evidence: Evidence) -> Iterator[str]:
    rules = [r.id for r in rules_of(evidence.contract) if r.kind == "retention" and r.severity == "error"]
    if not evidence.measured.intersection(rules):
        yield "the age of the oldest row was not measured"


def _resurrected(evidence: Evidence) -> Iterator[str]:
    if evidence.erased is None:
        yield "nobody looked for subjects that were erased"
    for column, values in (evidence.erased or {}).items():
        yield f"{column} holds {values:,} values of subjects that were erased"


_AGREE = "agree on the term, raise its version in expectations/definitions, and name that version in {path}"

CLAUSES = (
    Clause(
        "definitions_agreed",
        GateItem.DEFINITIONS,
        "Every business term is in the glossary, agreed, at the version that the contract names",
        "0 terms missing, changed or not agreed",
        _AGREE,
        _unagreed_terms,
    ),
    Clause(
        "definitions_described",
        GateItem.DEFINITIONS,
        "The dataset, its grain and every column are described",
        "0 descriptions missing",
        "write the missing descriptions into {path}",
        _undescribed,
    ),
    Clause(
        "definitions_datasheet",
        GateItem.DEFINITIONS,
        "The datasheet answers every question that the contract's risk tier, or the contract itself, demands",
        "0 demanded questions not stated",
        "answer the questions under `datasheet` in {path} (docs/documents.md lists them)",
        _unanswered,
    ),
    Clause(
        "definitions_datasheet_whole",
        GateItem.DEFINITIONS,
        "The datasheet answers every question",
        "0 questions not stated",
        "answer the questions under `datasheet` in {path} (docs/documents.md lists them)",
        _left_open,
        severity="warning",
    ),
    Clause(
        "access_classified",
        GateItem.ACCESS,
        "Every column is classified, and personal data above internal",
        "0 columns unclassified or classified too low",
        "set `classification` in {path}",
        _unclassified,
    ),
    Clause(
        "access_granted",
        GateItem.ACCESS,
        "Every role has purposes, approvers and a last day",
        "at least 1 role, and 0 incomplete or expired",
        "have the approvers renew or complete `roles` in {path}",
        _ungranted,
    ),
    Clause(
        "access_columns_known",
        GateItem.ACCESS,
        "Every column that a role's grant names exists",
        "0 unknown columns",
        "correct `columns` of the role in {path}",
        _unknown_columns,
    ),
    Clause(
        "access_least_privilege",
        GateItem.ACCESS,
        "Columns above internal are pseudonymised, or each role says whether it needs them: allow, deny or mask",
        "0 columns exposed",
        "allow, deny or mask the column for the role, or declare its `privacy` technique, in {path}",
        _exposed,
    ),
    _without_rule("key", "primaryKey"),
    _without_rule("completeness", "nullValues", "missingValues"),
    _without_rule("volume", "rowCount"),
    _without_rule("freshness", "freshness"),
    Clause(
        "retention_agreed",
        GateItem.RETENTION,
        "It is agreed how long rows are kept, by which column, and what happens then",
        "an SLA `retention` with element, duration and deletion",
        "write the SLA `retention` with its `deletion` into {path}",
        _unpromised_retention,
    ),
    Clause(
        "retention_measured",
        GateItem.RETENTION,
        "The age of the oldest row was measured",
        "1 measurement",
        "give the SLA `retention` in {path} an element that holds dates",
        _unmeasured_retention,
    ),
    Clause(
        "retention_no_erased_subject",
        GateItem.RETENTION,
        "Nobody who was erased is in the dataset",
        "0 values of erased subjects",
        "find where they come from (esclusa erase --list names the requests), and erase them there",
        _resurrected,
    ),
)
