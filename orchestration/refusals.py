"""Refusals are published too, so that consumers can ask why; each one once, for as long as it stands.

Belongs here: telling consumers and the ledger. Does not: deciding (`gate.py`, `delivery.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from esclusa.ledger.ledger import Ledger
from expectations.verdict import Finding
from lineage.golden.decision import decision
from orchestration.catalogue import catalogue_files
from orchestration.columns import concerned
from orchestration.golden import RECORD, open_golden, wake
from orchestration.notices.facts import gate_shut
from orchestration.platform import Platform
from orchestration.recorded import before_it_counts, refusal_body

REFUSALS = "refusals"  # the newest delivery of a source table, while it is refused


def refuse(
    platform: Platform,
    datasets: Iterable[str],
    *,
    stage: str,
    message: str,
    remedy: str,
    now: datetime,
    findings: Mapping[str, Sequence[Finding]] | None = None,
) -> None:
    """Publish that the newest candidates were refused; what golden serves stays as it is.

    Args:
        stage: `landing`, `build` or `gate`.
        message: what was seen, what is required, who owns it.
        remedy: what to do next.
        findings: dataset → findings that shut its gate.

    Raises:
        esclusa.LedgerUnavailable: it could not be recorded; consumers are told what they were told before.
    """
    golden = open_golden(platform)
    documents = {}
    for name in datasets:
        document = decision(
            name,
            "refused",
            at=now,
            owner=platform.promises.contracts[name].owner,
            stage=stage,
            findings=(findings or {}).get(name, ()),
            message=message,
            remedy=remedy,
            certificate=golden.served(name),
        )
        if not _says_the_same(golden.decision(name), document):
            documents[name] = document
        if held := platform.workshop.recall(RECORD, name):
            platform.workshop.remember(RECORD, name, {**held, "refused": stage})

    def record(ledger: Ledger) -> None:
        for name, document in documents.items():
            said = json.loads(document)
            ledger.append("refusal", name, refusal_body(said), at=now)
            if stage != "landing":  # of that the delivery tells, once for all that it feeds
                gate_shut(platform, said, now)

    if documents:
        step = before_it_counts(platform.ledger, record)
        golden.publish(verdicts=documents, files=catalogue_files(platform), on_step=step)
    else:
        wake(platform, golden)


def refused_deliveries(platform: Platform, dataset: str) -> list[dict[str, Any]]:
    """Refusals of the newest deliveries that concern a dataset; its certificate stands, but newer data is waiting."""
    found = ((t, platform.workshop.recall(REFUSALS, t.name)) for t in platform.manifest.feeding(dataset))
    return [r for t, r in found if r is not None and dataset in concerned(platform, t, r.get("columns", ()))]


def repeat_refusal(platform: Platform, dataset: str, now: datetime) -> None:
    """Certifying again what is held does not settle a delivery that is still refused: consumers go on being told."""
    for refusal in refused_deliveries(platform, dataset):
        refuse(platform, [dataset], stage="landing", message=refusal["message"], remedy=refusal["remedy"], now=now)


def _says_the_same(told: bytes | None, document: bytes) -> bool:
    """True where a decision differs from the one in force in nothing but its date."""
    return told is not None and {**json.loads(told), "at": ""} == {**json.loads(document), "at": ""}
