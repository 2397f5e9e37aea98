"""What a certificate or a decision says about single rules, and whether that opens a gate.

Belongs here: findings as published, the latest decision on a dataset, the verdict computed again. Does not: signatures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

OPENING = ("pass", "warn")
ITEMS = ("definitions", "sources", "access", "quality", "lineage", "retention")
SIGNOFF = "signoff"  # production demands it besides


@dataclass(frozen=True)
class Finding:
    """One rule as it was observed; never holds a row.

    Args:
        rule: `<column>__<rule>` or `<dataset>__<rule>`.
        item: the gate item that it is evidence for.
        state: `pass`, `warn`, `fail`, `error` or `missing`.
        observed, required: what was measured, in `unit`, against the bound in words.
        owner: who is asked to act.
        remedy: what comes next.
    """

    rule: str
    item: str
    state: str
    observed: str | int | float | bool | None
    required: str
    unit: str
    column: str | None
    severity: str
    description: str
    message: str
    owner: str
    remedy: str

    @property
    def opens(self) -> bool:
        """True where it does not shut the gate."""
        return self.state in OPENING

    @property
    def seen(self) -> str:
        """What was measured, with its unit, for a person."""
        if self.observed is None:
            return "no value"
        is_number = isinstance(self.observed, int | float) and not isinstance(self.observed, bool)
        shown = f"{self.observed:,.6g}" if is_number else str(self.observed)
        return shown if self.unit in ("", "value", "count") else f"{shown} {self.unit}"


def read_finding(document: Mapping[str, Any]) -> Finding:
    """A finding from its JSON.

    Args:
        document: as `docs/release-format.md` describes it.

    Raises:
        KeyError: it lacks a rule, an item or a state.
    """
    return Finding(
        rule=document["rule"],
        item=document["item"],
        state=document["state"],
        observed=document.get("observed"),
        required=document.get("required") or "",
        unit=document.get("unit") or "",
        column=document.get("column"),
        severity=document.get("severity") or "error",
        description=document.get("description") or "",
        message=document.get("message") or "",
        owner=document.get("owner") or "",
        remedy=document.get("remedy") or "",
    )


@dataclass(frozen=True)
class Decision:
    """The latest decision on a dataset, also on one that was never certified.

    Args:
        outcome: `certified`, `refused` or `withdrawn`.
        at: when, UTC.
        stage: where it was decided: `landing`, `build` or `gate`.
        findings: those that shut the gate.
        message, remedy: what happened and what to do, for a person.
        certificate: SHA-256 (hex) of the certificate that golden serves after it, or None.
    """

    dataset: str
    outcome: str
    at: datetime
    stage: str
    owner: str
    findings: tuple[Finding, ...]
    message: str
    remedy: str
    certificate: str | None


def read_decision(data: bytes) -> Decision:
    """A decision from the bytes of `verdicts/<dataset>.json`.

    Args:
        data: the file, its signature checked before.

    Raises:
        KeyError, ValueError: it is not a decision.
    """
    document = json.loads(data)
    return Decision(
        dataset=document["dataset"],
        outcome=document["outcome"],
        at=datetime.fromisoformat(document["at"]),
        stage=document.get("stage") or "gate",
        owner=document.get("owner") or "",
        findings=tuple(read_finding(f) for f in document.get("findings") or ()),
        message=document.get("message") or "",
        remedy=document.get("remedy") or "",
        certificate=document.get("certificate"),
    )


def why_shut(verdict: Mapping[str, Any]) -> str:
    """Why a verdict's evidence does not open the gate; empty where it does. Its own `open` is not asked.

    Args:
        verdict: the certificate's `verdict`.
    """
    findings = [read_finding(f) for f in verdict["findings"]]
    expected = set(verdict["expectedRules"])
    if not expected:
        return "no rule was expected of it"
    if unanswered := sorted(expected - {f.rule for f in findings}):
        return f"{len(unanswered)} expected rules without a finding, first {unanswered[0]}"
    if shutting := [f.rule for f in findings if not f.opens]:
        return f"{len(shutting)} findings shut the gate, first {shutting[0]}"
    demanded = (*ITEMS, SIGNOFF) if verdict.get("environment") == "production" else ITEMS
    if bare := [item for item in demanded if item not in {f.item for f in findings}]:
        return f"no evidence for {', '.join(bare)}"
    return ""
