"""Audits: what the gate asked of a candidate, one assertion per rule, and whether it opened.

Belongs here: a verdict as events. Does not: deciding (`expectations/readiness.py`).
"""

from __future__ import annotations

from datetime import datetime

from openlineage.client.facet_v2 import data_quality_assertions_dataset

from expectations.contract import Contract
from expectations.verdict import State, Verdict
from lineage.events import facets
from lineage.events.places import Atlas
from lineage.events.runs import Event, Root, Work, told
from lineage.pin import Pin

Assertion = data_quality_assertions_dataset.Assertion
KIND = "AUDIT"


def job(dataset: str) -> str:
    """Name of the job that audits a dataset."""
    return f"audit.{dataset}"


def work(contract: Contract, root: Root, began: datetime, ended: datetime) -> Work:
    """The audit of a dataset as one run of that job."""
    text = f"Pins the candidate of {contract.name} and audits every clause of its contract on those bytes."
    return Work(job(contract.name), KIND, root, began, ended, text, contract.owner)


def audited(contract: Contract, verdict: Verdict, pin: Pin, of: Work, atlas: Atlas) -> list[Event]:
    """A decision of the gate: COMPLETE where it opened, FAIL with the rules that shut it.

    Args:
        contract: that was audited.
        verdict: with every finding.
        pin: the bytes that were audited.
        of: the run.
        atlas: names datasets.
    """
    place = atlas.relation(f"candidate.{contract.name}")
    tags = {**facets.tags_of(contract), "environment": str(verdict.environment)}
    size = sum(part.size for part in pin.parts)
    described = facets.described(place, contract.table, contract.owner, tags=tags, version=verdict.candidate_digest)
    asked = {
        "dataQualityAssertions": assertions(verdict, contract),
        "dataQualityMetrics": facets.measured(pin.rows, size, len(pin.parts), _nulls(verdict, contract)),
    }
    candidate = facets.as_input(place, described, asked)
    return told(of, inputs=[candidate], problem="" if verdict.open else _shut(verdict))


def failed(of: Work, problem: str) -> list[Event]:
    """An audit that found nothing to audit, or came to no answer.

    Args:
        problem: in words that hold no value of a row.
    """
    return told(of, problem=problem)


def assertions(
    verdict: Verdict, contract: Contract
) -> data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet:
    """One assertion per rule and clause, and one for each rule that nothing answered.

    Args:
        verdict: with every finding.
        contract: names the columns.
    """
    columns = {column.name for column in contract.table.columns}
    asked = [
        Assertion(
            finding.rule.partition("__")[2] or finding.rule,
            finding.state is State.PASS,
            column=finding.column if finding.column in columns else None,
            severity="warn" if finding.severity == "warning" or finding.state is State.WARN else "error",
            name=finding.rule,
            description=finding.description,
            expected=finding.required,
            actual=finding.told,
            params={"gateItem": str(finding.item), "state": str(finding.state), "engine": finding.engine},
        )
        for finding in verdict.findings
    ]
    missing = [
        Assertion(
            rule.partition("__")[2] or rule,
            False,
            severity="error",
            name=rule,
            expected="an answer",
            actual="none",
            params={"state": str(State.MISSING)},
        )
        for rule in verdict.unanswered
    ]
    return data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet([*asked, *missing])


def _nulls(verdict: Verdict, contract: Contract) -> dict[str, int]:
    """Rows without a value, of each column of which a rule counted them."""
    wanted = {f"{column.name}__required": column.name for column in contract.table.columns}
    return {
        wanted[f.rule]: f.observed
        for f in verdict.findings
        if f.rule in wanted and f.unit == "rows" and isinstance(f.observed, int)
    }


def _shut(verdict: Verdict) -> str:
    """Which rules shut the gate; what each saw is in its assertion."""
    named = ", ".join([f.rule for f in verdict.shutting] + [f"{rule} (no finding)" for rule in verdict.unanswered])
    shut_by = named or "a gate item without evidence"
    return f"{verdict.dataset}: gate shut by {shut_by}; next: esclusa why {verdict.dataset}"
