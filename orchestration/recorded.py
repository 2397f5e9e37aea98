"""What the ledger is told of gates and releases, and that nothing is put in force without it.

Belongs here: the bodies of these entries. Does not: the chain (`esclusa/ledger`), reads, signatures and erasures, whose
own modules record them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from esclusa.certificate import Certificate
from esclusa.ledger.ledger import Ledger
from expectations.verdict import Verdict
from lineage.golden.release import IN_FORCE

Recorded = Callable[[Ledger], object]


def before_it_counts(ledger: Ledger, record: Recorded) -> Callable[[str], None]:
    """Record in the very moment before a release is put in force: where that fails, it is not.

    Args:
        record: appends what is to be recorded.
    """

    def on_step(step: str) -> None:
        if step == IN_FORCE:
            record(ledger)

    return on_step


def verdict_body(verdict: Verdict) -> dict[str, Any]:
    """What a gate decided, without the moment: equal where it decided the same again."""
    return {
        "candidate": verdict.candidate_digest,
        "contract": verdict.contract_digest,
        "rules": verdict.rules_digest,
        "environment": str(verdict.environment),
        "open": verdict.open,
        "findings": dict(Counter(str(finding.state) for finding in verdict.findings)),
        "shutting": sorted({f.rule for f in verdict.shutting} | set(verdict.unanswered)),
    }


def release_body(certificate: Certificate, group: str, together: Mapping[str, str], run: str) -> dict[str, Any]:
    """What was put in force.

    Args:
        group: the release that it belongs to.
        together: dataset → certificate, of all datasets of the group that are served from then on.
        run: id of the run.
    """
    return {
        "certificate": certificate.digest,
        "candidate": certificate.candidate_digest,
        "contract": certificate.contract_digest,
        "version": certificate.contract_version,
        "rows": certificate.rows,
        "certifiedAt": certificate.certified_at.isoformat(),
        "validUntil": certificate.valid_until.isoformat(),
        "release": group,
        "together": dict(together),
        "run": run,
    }


def refusal_body(decision: Mapping[str, Any]) -> dict[str, Any]:
    """What was refused, as it was published.

    Args:
        decision: the document `verdicts/<dataset>.json`.
    """
    return {
        "stage": decision["stage"],
        "message": decision["message"],
        "rules": [finding["rule"] for finding in decision["findings"]],
        "serving": decision["certificate"],
    }
