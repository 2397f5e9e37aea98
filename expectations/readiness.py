"""Readiness: the six gate items, from all findings on a candidate to the verdict.

Belongs here: which answers a contract demands, and putting them together. Does not: measuring rules (`audit`), the
demands on the contract itself (`clauses`), opening the gate (`verdict.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from expectations.change.classes import Change
from expectations.clauses import lineage as clauses_lineage
from expectations.clauses import promise as clauses_promise
from expectations.clauses import upstream as clauses_upstream
from expectations.clauses.clause import Clause, Evidence
from expectations.contract import Contract, SourceContract
from expectations.environment import Environment
from expectations.origins import Origins
from expectations.pii.scan import scan_id, unscanned
from expectations.rules.expansion import Rule, rules_of
from expectations.verdict import Finding, State, Verdict

CLAUSES: tuple[Clause, ...] = (
    *clauses_promise.CLAUSES,
    *clauses_upstream.CLAUSES,
    *clauses_lineage.CLAUSES,
)


def expected_rules(contract: Contract) -> frozenset[str]:
    """Every id that a verdict on this contract must answer.

    Args:
        contract: of a golden dataset.

    Raises:
        expectations.rules.RuleError: two rules share an id.
    """
    rules = {r.id for r in rules_of(contract)} | {c.rule(contract) for c in CLAUSES}
    return frozenset(rules | {scan_id(contract)})


def judge(
    contract: Contract,
    *,
    candidate_digest: str,
    audited_at: datetime,
    findings: Iterable[Finding],
    sources: Mapping[str, SourceContract],
    feeding: frozenset[str],
    others: Iterable[Contract],
    source_changes: Mapping[str, tuple[Change, ...]],
    today: date,
    rules_digest: str,
    environment: Environment = Environment.SANDBOX,
    origins: Origins | None = None,
    released: Mapping[str, Any] | None = None,
    erased: Mapping[str, int] | None = None,
) -> Verdict:
    """The verdict on one candidate.

    Args:
        contract: of the dataset.
        candidate_digest: SHA-256 (hex) of the pinned candidate.
        audited_at: wall clock, timezone-aware UTC.
        findings: of the audit, of the suite, of the scan and of dbt's tests, on exactly that candidate.
        sources: every source contract, by system.
        feeding: systems that feed the dataset, found by lineage.
        others: contracts of the other golden datasets.
        source_changes: system → differences between its last landing and its contract.
        today: wall-clock date, UTC.
        rules_digest: SHA-256 (hex) of what was asked of the data.
        environment: where the verdict is to hold.
        origins: what column lineage found of the dataset; None shuts the lineage item.
        released: the contract of the last release as published, or None before the first.
        erased: column → values of somebody who was erased; None, where nobody looked, shuts the retention item.

    Raises:
        expectations.rules.RuleError: two rules share an id.
    """
    measured = tuple(findings)
    answered = frozenset(f.rule for f in measured)
    evidence = Evidence(
        contract, answered, sources, feeding, tuple(others), source_changes, today, origins, released, erased
    )
    unanswered = [_unanswered(rule, contract) for rule in rules_of(contract) if rule.id not in answered]
    if scan_id(contract) not in answered:
        unanswered.append(unscanned(contract))
    return Verdict(
        dataset=contract.name,
        contract_digest=contract.digest,
        candidate_digest=candidate_digest,
        rules_digest=rules_digest,
        audited_at=audited_at,
        findings=(*measured, *unanswered, *(clause.finding(evidence) for clause in CLAUSES)),
        expected_rules=expected_rules(contract),
        environment=environment,
    )


def _unanswered(rule: Rule, contract: Contract) -> Finding:
    """A rule that nobody measured: said as a finding, so that whoever looks sees which, and whom to ask.

    A rule of severity `warning` shuts the gate here too: it may warn of what it saw, not of having seen nothing.
    """
    return Finding(
        rule=rule.id,
        item=rule.item,
        state=State.MISSING,
        severity=rule.severity,
        observed=None,
        required="1 measurement",
        column=rule.column,
        description=rule.description,
        owner=contract.owner,
        message=f"{contract.name}: {rule.id} was not measured; required: every rule is; owner: {contract.owner}",
        remedy=f"esclusa run --only {contract.name}",
        engine=rule.engine,
        tags=rule.tags,
    )
