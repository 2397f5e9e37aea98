"""Audit: every rule of a contract, answered on the bytes of one candidate.

Belongs here: from rules to findings. Does not: what a rule means (`rules`), how to ask cheaply (`plan.py`). A rule that
could not be answered is a finding as well, and shuts the gate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any

import duckdb

from expectations.audit.answers import Unanswered, answers, speakable
from expectations.audit.examples import examples
from expectations.contract import Contract
from expectations.rules.expansion import Rule, RuleError, remedy, rules_digest, rules_of
from expectations.rules.kind import Observation, required
from expectations.rules.kinds import kind_of
from expectations.rules.measures import Measure
from expectations.rules.scope import Scope, scoped
from expectations.verdict import Finding, Scalar, State

__all__ = ["audit", "examples", "rules_digest"]


def audit(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    contract: Contract,
    *,
    clock_at: datetime,
    relations: Mapping[str, str] | None = None,
    reference: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[Finding, ...]:
    """Answer every rule that SQL answers; `suite.run_suite` answers the others.

    Args:
        connection: any; its time zone is UTC during the audit.
        relation: SQL usable after FROM.
        contract: what to hold the relation against.
        clock_at: the dataset's clock when the candidate was pinned, timezone-aware UTC.
        relations: name → SQL of the upstream tables and other datasets that rules may read.
        reference: rule id → statistics in the last certificate.

    Raises:
        RuleError: two rules of the contract share an id.
    """
    rules = [rule for rule in rules_of(contract) if rule.engine == "sql"]
    try:
        with scoped(connection, relation, contract, clock_at, relations, reference) as scope:
            findings = tuple(_findings(connection, scope, contract, rules))
    except duckdb.Error as error:
        findings = tuple(_error(rule, contract, f"the candidate cannot be read: {speakable(error)}") for rule in rules)
    assert [f.rule for f in findings] == [r.id for r in rules], "a rule without an answer is not a pass"
    return findings


def _findings(
    connection: duckdb.DuckDBPyConnection, scope: Scope, contract: Contract, rules: Sequence[Rule]
) -> Iterator[Finding]:
    asked = {rule.id: _asked(rule, scope) for rule in rules}
    wanted = [m for measures in asked.values() if not isinstance(measures, RuleError) for m in measures.values()]
    values = answers(connection, scope, wanted)
    for rule in rules:
        measures = asked[rule.id]
        yield (
            _error(rule, contract, str(measures))
            if isinstance(measures, RuleError)
            else _judged(rule, scope, contract, {name: values[measure] for name, measure in measures.items()})
        )


def _asked(rule: Rule, scope: Scope) -> Mapping[str, Measure] | RuleError:
    """What to measure for a rule, or why it cannot be measured."""
    try:
        _demand_columns(rule, scope)
        return kind_of(rule).measures(rule, scope)
    except RuleError as error:
        return error


def _demand_columns(rule: Rule, scope: Scope) -> None:
    for column in rule.columns:
        if column not in scope.types:
            close = get_close_matches(column, list(scope.types), n=1)
            hint = f"; the nearest is `{close[0]}`" if close else ""
            raise RuleError(f"the candidate has no column `{column}`{hint}")


def _judged(rule: Rule, scope: Scope, contract: Contract, measured: Mapping[str, Any]) -> Finding:
    unanswered = [value.reason for value in measured.values() if isinstance(value, Unanswered)]
    if unanswered:
        return _error(rule, contract, unanswered[0])
    try:
        observation = kind_of(rule).judge(rule, scope, measured)
    except RuleError as error:
        return _error(rule, contract, str(error))
    return _observed(rule, contract, observation)


def _observed(rule: Rule, contract: Contract, observation: Observation) -> Finding:
    broken = State.WARN if rule.severity == "warning" else State.FAIL
    state = State.MISSING if observation.holds is None else State.PASS if observation.holds else broken
    seen = "nothing observed"
    if observation.value is not None:
        seen = f"observed {_shown(observation.value)} {rule.unit}".rstrip()
    note = f" ({observation.note})" if observation.note else ""
    return replace(
        _blank(rule),
        state=state,
        observed=observation.value,
        message=f"{seen}, required {required(rule)}{note}",
        remedy="" if state is State.PASS else remedy(contract),
        statistics=observation.statistics,
    )


def _error(rule: Rule, contract: Contract, reason: str) -> Finding:
    return replace(_blank(rule), message=f"could not be evaluated: {reason}", remedy=remedy(contract))


def _blank(rule: Rule) -> Finding:
    """A finding on a rule before anything is known: an error."""
    return Finding(
        rule=rule.id,
        item=rule.item,
        state=State.ERROR,
        observed=None,
        required=required(rule),
        description=rule.description,
        owner=rule.owner,
        severity=rule.severity,
        threshold=float(rule.bound) if isinstance(rule.bound, int | float) else None,
        unit=rule.unit,
        column=rule.column,
        engine=rule.engine,
        tags=rule.tags,
    )


def _shown(value: Scalar) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if isinstance(value, float) else str(value)
