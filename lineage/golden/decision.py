"""The latest decision on a dataset, published also where it was refused: what consumers ask `why` about.

Belongs here: its document. Does not: deciding; findings arrive judged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from expectations.verdict import Finding
from lineage.certificate import moment_of

OUTCOMES = ("certified", "refused", "withdrawn")
STAGES = ("landing", "build", "gate")


def decision(
    dataset: str,
    outcome: str,
    *,
    at: datetime,
    owner: str,
    stage: str = "gate",
    findings: Sequence[Finding] = (),
    message: str = "",
    remedy: str = "",
    certificate: str | None = None,
) -> bytes:
    """The document `verdicts/<dataset>.json`.

    Args:
        outcome: one of `OUTCOMES`.
        at: when it was decided; timezone-aware.
        stage: where it was decided, one of `STAGES`.
        findings: of these only the shutting ones are written; a finding holds no row.
        message, remedy: what happened and the next command, for a person.
        certificate: SHA-256 (hex) of the certificate that golden serves after this decision, or None.

    Raises:
        ValueError: an unknown outcome or stage, or a moment without a time zone.
    """
    document = {
        "dataset": dataset,
        "outcome": outcome,
        "at": at.isoformat() if at.tzinfo is None else moment_of(at),
        "stage": stage,
        "owner": owner,
        "findings": [{**asdict(f), "tags": list(f.tags)} for f in findings if not f.opens],
        "message": message,
        "remedy": remedy,
        "certificate": certificate,
    }
    encoded = json.dumps(document, sort_keys=True, ensure_ascii=False).encode()
    read_decision(dataset, encoded)
    return encoded


def read_decision(dataset: str, encoded: bytes) -> Mapping[str, Any]:
    """A decision document, checked.

    Raises:
        ValueError: it is none, or speaks of another dataset.
    """
    document = json.loads(encoded)
    required = {
        "dataset": document.get("dataset") == dataset,
        "outcome": document.get("outcome") in OUTCOMES,
        "stage": document.get("stage") in STAGES,
        "owner": bool(document.get("owner")),
        "at": datetime.fromisoformat(document.get("at", "")).tzinfo is not None,
        "certificate": (document.get("outcome") != "certified") or bool(document.get("certificate")),
    }
    if wrong := [name for name, holds in required.items() if not holds]:
        raise ValueError(f"the decision on {dataset} has no valid {', '.join(wrong)} (see docs/release-format.md)")
    return dict(document)
