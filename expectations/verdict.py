"""Finding and Verdict: one clause observed, and the whole; the only place that can say "pass".

Belongs here: states, gate items, the arithmetic from findings to an open or shut gate.
Does not: how a finding is measured.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from expectations.environment import Environment


class State(StrEnum):
    """What became of one rule. Only `PASS` and `WARN` open a gate."""

    PASS = "pass"  # noqa: S105 - a state, not a secret
    WARN = "warn"  # a rule of severity `warning` that does not hold
    FAIL = "fail"  # a rule of severity `error` that does not hold
    ERROR = "error"  # the rule could not be evaluated
    MISSING = "missing"  # evidence that the rule needs is not there, or the rule was skipped


class GateItem(StrEnum):
    """The six items that operations and security sign, and their signature, which production demands besides."""

    DEFINITIONS = "definitions"
    SOURCES = "sources"
    ACCESS = "access"
    QUALITY = "quality"
    LINEAGE = "lineage"
    RETENTION = "retention"
    SIGNOFF = "signoff"


OPENING = frozenset({State.PASS, State.WARN})

Scalar = str | int | float | bool | None
WITHHELD = "a text, which is not repeated here"


@dataclass(frozen=True)
class Finding:
    """One clause of a contract, observed once.

    Args:
        rule: id, `<column>__<rule>` or `<dataset>__<rule>`; unique within a contract.
        item: the gate item that this is evidence for.
        state: what became of it.
        severity: `error` or `warning`, as the contract says.
        observed: what was measured, in `unit`; None only where nothing could be measured.
        required: the bound in words and symbols, e.g. `≤ 0.5 %`.
        threshold: the bound as a number where it is one (plotted beside `observed`).
        unit: `rows`, `percent`, `hours`, `count`, `value` …
        column: the column it speaks of, if one.
        description: what the rule says, in business words.
        message: what was seen against what is required; holds no value of a classified column.
        owner: who is asked to act.
        remedy: the command or action that comes next.
        engine: `sql`, `greatExpectations`, `dbt` or `contract`.
        tags: measure ids (ISO/IEC 5259-2) and articles that this is evidence of.
        statistics: for drift rules, the observed distribution: the reference of the next audit.
    """

    rule: str
    item: GateItem
    state: State
    observed: Scalar
    required: str
    description: str
    owner: str
    message: str = ""
    remedy: str = ""
    severity: str = "error"
    threshold: float | None = None
    unit: str = ""
    column: str | None = None
    engine: str = "contract"
    tags: tuple[str, ...] = ()
    statistics: Mapping[str, Any] | None = None

    @property
    def opens(self) -> bool:
        """True where this finding does not shut the gate."""
        return self.state in OPENING

    @property
    def seen(self) -> str:
        """What was measured, with its unit, for a person."""
        if self.observed is None:
            return "no value"
        is_number = isinstance(self.observed, int | float) and not isinstance(self.observed, bool)
        shown = f"{self.observed:,.6g}" if is_number else str(self.observed)
        return shown if self.unit in ("", "value", "count") else f"{shown} {self.unit}"

    @property
    def told(self) -> str:
        """The same for whoever may see no row: a text that is not the name of a type may be the value of one."""
        is_plain = not isinstance(self.observed, str) or self.rule.endswith("__type")
        return self.seen if is_plain else WITHHELD


@dataclass(frozen=True)
class Verdict:
    """All findings on one candidate under one contract, bound to both by digest.

    Args:
        dataset: name of the dataset.
        contract_digest, candidate_digest, rules_digest: SHA-256, lower-case hex.
        audited_at: wall clock, timezone-aware UTC.
        findings: every rule of the contract and every clause of the six items.
        expected_rules: ids that the contract demands; one without a finding counts as missing.
        environment: where it holds; production demands the sign-off besides the six items.
    """

    dataset: str
    contract_digest: str
    candidate_digest: str
    rules_digest: str
    audited_at: datetime
    findings: tuple[Finding, ...]
    expected_rules: frozenset[str] = field(default_factory=frozenset)
    environment: Environment = Environment.SANDBOX

    @property
    def unanswered(self) -> tuple[str, ...]:
        """Rules that the contract demands and no finding answers."""
        return tuple(sorted(self.expected_rules - {f.rule for f in self.findings}))

    @property
    def shutting(self) -> tuple[Finding, ...]:
        """The findings that shut the gate."""
        return tuple(f for f in self.findings if not f.opens)

    def item_state(self, item: GateItem) -> State:
        """State of one gate item: the worst of its findings; `missing` where it has none.

        Args:
            item: one of the six.
        """
        states = [f.state for f in self.findings if f.item is item]
        if not states or (item is GateItem.QUALITY and self.unanswered):
            return State.MISSING
        return max(states, key=list(State).index)

    @property
    def items(self) -> dict[GateItem, State]:
        """The items that this environment demands, and any other that a finding speaks of, each with its state."""
        spoken_of = {f.item for f in self.findings}
        return {i: self.item_state(i) for i in GateItem if i in spoken_of or i in demanded_items(self.environment)}

    @property
    def open(self) -> bool:
        """The gate: open only when every demanded item has evidence and every finding opens it."""
        return bool(self.expected_rules) and not self.unanswered and all(s in OPENING for s in self.items.values())

    def to_json(self) -> dict[str, Any]:
        """A JSON document with stable keys; `read_verdict` is its inverse."""
        findings = [{**asdict(f), "tags": list(f.tags)} for f in self.findings]
        return {
            "dataset": self.dataset,
            "environment": str(self.environment),
            "open": self.open,
            "contractDigest": self.contract_digest,
            "candidateDigest": self.candidate_digest,
            "rulesDigest": self.rules_digest,
            "auditedAt": self.audited_at.isoformat(),
            "items": {str(k): str(v) for k, v in self.items.items()},
            "unanswered": list(self.unanswered),
            "expectedRules": sorted(self.expected_rules),
            "findings": findings,
        }


def demanded_items(environment: Environment) -> tuple[GateItem, ...]:
    """The items that a gate needs evidence for.

    Args:
        environment: the sign-off is demanded in production only.
    """
    return tuple(i for i in GateItem if i is not GateItem.SIGNOFF or environment is Environment.PRODUCTION)


def read_verdict(document: Mapping[str, Any]) -> Verdict:
    """Rebuild a verdict from `Verdict.to_json`; `open` is computed again, never believed.

    Args:
        document: the parsed JSON.

    Raises:
        KeyError, TypeError, ValueError: the document is not a verdict.
    """
    findings = tuple(
        Finding(**{**f, "item": GateItem(f["item"]), "state": State(f["state"]), "tags": tuple(f["tags"])})
        for f in document["findings"]
    )
    return Verdict(
        dataset=document["dataset"],
        contract_digest=document["contractDigest"],
        candidate_digest=document["candidateDigest"],
        rules_digest=document["rulesDigest"],
        audited_at=datetime.fromisoformat(document["auditedAt"]),
        findings=findings,
        expected_rules=frozenset(document["expectedRules"]),
        environment=Environment(document["environment"]),
    )


def digest_rules(rules: Iterable[tuple[str, str]]) -> str:
    """SHA-256 over (rule id, rendered expression) pairs: what was asked, whatever the engine's version.

    Args:
        rules: pairs, in any order.
    """
    return sha256(json.dumps(sorted(rules), ensure_ascii=False).encode()).hexdigest()
