"""Clause: one demand of a gate item that the contract and its surroundings meet or break.

Belongs here: the evidence that clauses read, and a clause's finding. Does not: the clauses (`clauses_*.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from expectations.change.classes import Change
from expectations.contract import Contract, SourceContract
from expectations.origins import Origins
from expectations.verdict import Finding, GateItem, State

_SHOWN = 10  # offences named in a message; the rest are counted


@dataclass(frozen=True)
class Evidence:
    """What is known when a candidate is judged.

    Args:
        contract: of the dataset.
        measured: ids of the rules that a finding answers.
        sources: every source contract, by system.
        feeding: systems that feed the dataset, found by lineage.
        others: contracts of the other golden datasets.
        source_changes: system → differences between its last landing and its contract.
        today: wall-clock date, UTC.
        origins: what column lineage found of the dataset; None where nobody followed its columns.
        released: the contract of the last release as published, or None before the first.
        erased: column → how many of its values are of somebody who was erased; None where nobody looked.
    """

    contract: Contract
    measured: frozenset[str]
    sources: Mapping[str, SourceContract]
    feeding: frozenset[str]
    others: tuple[Contract, ...]
    source_changes: Mapping[str, tuple[Change, ...]]
    today: date
    origins: Origins | None = None
    released: Mapping[str, Any] | None = None
    erased: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Clause:
    """One demand.

    Args:
        id: `<item>_<demand>`; the finding's rule is `<dataset>__<id>`.
        item: the gate item that it belongs to.
        description: the demand in business words.
        required: what keeps it, in a few words.
        remedy: what to do; `{path}` is the contract's file, `{dataset}` its name.
        offences: evidence → what breaks it, each in words without values.
        severity: `error` shuts the gate, `warning` shows and passes.
    """

    id: str
    item: GateItem
    description: str
    required: str
    remedy: str
    offences: Callable[[Evidence], Iterable[str]]
    severity: str = "error"

    def rule(self, contract: Contract) -> str:
        """The id of its finding."""
        return f"{contract.name}__{self.id}"

    def finding(self, evidence: Evidence) -> Finding:
        """What became of the clause.

        Args:
            evidence: of one candidate.
        """
        contract = evidence.contract
        offences = list(self.offences(evidence))
        broken = State.WARN if self.severity == "warning" else State.FAIL
        seen = "; ".join(offences[:_SHOWN]) + (f"; and {len(offences) - _SHOWN} more" if len(offences) > _SHOWN else "")
        next_step = (
            f"{self.remedy.format(path=contract.path, dataset=contract.name)}, then: esclusa run --only {contract.name}"
        )
        return Finding(
            rule=self.rule(contract),
            item=self.item,
            state=broken if offences else State.PASS,
            severity=self.severity,
            observed=len(offences),
            required=self.required,
            threshold=0.0,
            unit="count",
            description=self.description,
            owner=contract.owner,
            message=f"{contract.name}: {seen}; required: {self.required}; owner: {contract.owner}" if offences else "",
            remedy=next_step if offences else "",
        )
