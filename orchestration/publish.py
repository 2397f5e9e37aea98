"""The gate's move: what an open verdict lets through goes into the golden repository, a release at once.

Belongs here: what may be published, and publishing it. Does not: deciding (`gate.py`), telling refusals
(`refusals.py`), signing and writing (`lineage`), Dagster (`assets/golden.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from esclusa.certificate import read_certificate
from esclusa.ledger.ledger import Ledger
from esclusa.revocation import Revocation
from lineage.certificate import certify, moment_of
from lineage.golden.repository import DatasetRelease, GoldenRepository
from orchestration.builds import current_fingerprint
from orchestration.catalogue import catalogue_files
from orchestration.decisions import Decision, circumstances, recall_decision
from orchestration.documents import further_documents
from orchestration.golden import RECORD, open_golden, record_in_force, record_of, wake
from orchestration.keyrings import sealed
from orchestration.notices import Kind, settle
from orchestration.platform import Platform, code_revision
from orchestration.recorded import before_it_counts, release_body
from orchestration.refusals import refuse, refused_deliveries, repeat_refusal

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What became of one dataset.

    Args:
        serves_newest: True where golden now serves the newest candidate.
        published: True where this step put it in force; False where it was in force already.
        message: what happened and what to do next, for a person.
        certificate: SHA-256 (hex) of the certificate that golden serves, or None.
        rows, valid_until, synthetic, environment: of that certificate.
    """

    dataset: str
    serves_newest: bool
    published: bool
    message: str
    certificate: str | None = None
    rows: int = 0
    valid_until: datetime | None = None
    synthetic: bool = False
    environment: str = ""


def publish_release(
    platform: Platform, release: str, *, now: datetime, run: str, progress: Progress
) -> tuple[Outcome, ...]:
    """Publish every dataset of a release group, if each has an open verdict on the candidate that stands now.

    Args:
        release: name of the group.
        now: wall clock, UTC.
        run: id of the run, stated in the certificate.
        progress: told each move in a few words.
    """
    names = platform.promises.group(release)
    decisions = {name: recall_decision(platform.workshop, name) for name in names}
    golden = open_golden(platform)
    reasons = _reasons(platform, golden, decisions, now)
    if reasons:
        return _hold_back(platform, golden, names, decisions, reasons, now)
    open_decisions = [d for d in decisions.values() if d is not None]
    fresh = [d for d in open_decisions if not _in_force(platform, golden, d)]
    if not fresh:
        wake(platform, golden)
    else:
        progress(f"publishing {', '.join(d.dataset for d in fresh)}")
        revision = code_revision()
        releases = [_certified(platform, golden, d, run, revision, now) for d in fresh]
        certificates = [read_certificate(release.certificate) for release in releases]
        served = {name: digest for name in names if (digest := golden.served(name))}
        together = served | {c.dataset: c.digest for c in certificates}

        def record(ledger: Ledger) -> None:
            for certificate in certificates:
                ledger.append("release", certificate.dataset, release_body(certificate, release, together, run), at=now)

        golden.publish(releases, files=catalogue_files(platform), on_step=before_it_counts(platform.ledger, record))
        for certificate in certificates:
            # First: killed in between, the next run publishes anew, and what is told again then is told.
            settle(platform, certificate.dataset, Kind.GATE_SHUT, Kind.EXPIRING, Kind.EXPIRED)
            platform.workshop.remember(RECORD, certificate.dataset, record_of(certificate))
            repeat_refusal(platform, certificate.dataset, now)
    return tuple(_served(platform, d, published=d in fresh) for d in open_decisions)


def _reasons(
    platform: Platform, golden: GoldenRepository, decisions: Mapping[str, Decision | None], now: datetime
) -> dict[str, str]:
    """Dataset → why its newest candidate may not be published; empty where all may."""
    with platform.workshop.warehouse() as connection:
        standing = {name: current_fingerprint(connection, platform.manifest, name) for name in decisions}
    reasons = {}
    for name, decision in decisions.items():
        contract = platform.promises.contracts[name]
        if decision is None or decision.fingerprint != standing[name]:
            reasons[name] = f"the candidate that stands now was never audited; next: materialise gate/{name}"
        elif decision.verdict.contract_digest != contract.digest:
            reasons[name] = f"the contract changed after the audit; next: materialise gate/{name}"
        elif decision.circumstances != circumstances(platform.workshop, platform.promises, name):
            reasons[name] = f"clock, sources, references or signatures changed since; next: materialise gate/{name}"
        elif not decision.verdict.open:
            reasons[name] = _shut_by(decision)
        elif revocation := _revoked(golden, decision):
            reasons[name] = f"this candidate under this contract was {revocation}; next: mend one of the two"
        elif decision.valid_until <= now:
            reasons[name] = (
                f"its freshness promise ran out on {decision.valid_until:%Y-%m-%d %H:%M} UTC; next: land newer data"
            )
    return reasons


def _revoked(golden: GoldenRepository, decision: Decision) -> Revocation | None:
    """What was taken back does not come back by being asked for again; another candidate or contract does."""
    same = (decision.pin.digest, decision.verdict.contract_digest)
    return next((r for r in golden.revocations(decision.dataset) if (r.candidate, r.contract) == same), None)


def _shut_by(decision: Decision) -> str:
    shutting = decision.verdict.shutting
    worst = "; ".join(f"{f.rule}: observed {f.seen}, required {f.required}" for f in shutting[:3])
    more = f"; and {len(shutting) - 3} more" if len(shutting) > 3 else ""
    unanswered = f"; without an answer: {', '.join(decision.verdict.unanswered)}" if decision.verdict.unanswered else ""
    return f"{len(shutting)} of {len(decision.verdict.findings)} findings shut the gate: {worst}{more}{unanswered}"


def _hold_back(
    platform: Platform,
    golden: GoldenRepository,
    names: Sequence[str],
    decisions: Mapping[str, Decision | None],
    reasons: Mapping[str, str],
    now: datetime,
) -> tuple[Outcome, ...]:
    outcomes = []
    for name in names:
        owner = platform.promises.contracts[name].owner
        reason = reasons.get(name) or f"its release waits for {', '.join(sorted(reasons))}"
        decision, held = decisions[name], record_in_force(platform, golden, name)
        kept = (
            f"golden keeps the certified version, valid until {held['validUntil'][:16]} UTC"
            if held
            else "nothing is served"
        )
        message = f"{name}: gate shut: {reason}; {kept}; owner: {owner}"
        shutting = {name: decision.verdict.shutting} if decision else {}
        remedy = f"correct what the findings name, then: esclusa run --only {name}"
        refuse(platform, [name], stage="gate", message=message, remedy=remedy, now=now, findings=shutting)
        told = f"{message}; next: esclusa why {name}"
        outcomes.append(Outcome(name, False, False, told, **_served_fields(held)))
    return tuple(outcomes)


def _in_force(platform: Platform, golden: GoldenRepository, decision: Decision) -> bool:
    """True where golden serves exactly this decision, and tells of no refusal but that of a newer delivery."""
    held, contract = platform.workshop.recall(RECORD, decision.dataset), platform.promises.contracts[decision.dataset]
    told = "landing" if refused_deliveries(platform, decision.dataset) else ""
    return (
        held is not None
        and held["refused"] == told
        and held["pinnedAt"] == moment_of(decision.pinned_at)
        and held["candidateDigest"] == decision.pin.digest
        and held["contractDigest"] == decision.verdict.contract_digest
        and held["sealedBy"] == sealed(platform.settings, decision.pin, contract).keys
        and golden.served(decision.dataset) == held["certificate"]
    )


def _certified(
    platform: Platform, golden: GoldenRepository, decision: Decision, run: str, revision: str, now: datetime
) -> DatasetRelease:
    contract, head = platform.promises.contracts[decision.dataset], platform.ledger.head()
    published = sealed(platform.settings, decision.pin, contract)
    further = further_documents(platform, decision, published, code=revision, now=now)
    certificate = certify(
        decision.verdict,
        contract,
        decision.pin,
        inputs=decision.inputs,
        code=revision,
        run=run,
        clock=decision.clock,
        pinned_at=decision.pinned_at,
        valid_until=decision.valid_until,
        previous=golden.certificate(decision.dataset),
        signer=golden.keys.signer("gate"),
        certified_at=now,
        ledger=None if head is None else {"sequence": head.sequence, "hash": head.hash},
        signoffs=decision.signoffs,
        waivers=decision.waivers,
        sealed=published,
        further=further,
    )
    return DatasetRelease(contract, decision.pin, certificate, published, further)


def _served(platform: Platform, decision: Decision, *, published: bool) -> Outcome:
    held = platform.workshop.recall(RECORD, decision.dataset)
    message = "certified and published" if published else "unchanged: the certificate in force stands"
    return Outcome(decision.dataset, True, published, message, **_served_fields(held))


def _served_fields(held: Mapping[str, Any] | None) -> dict[str, Any]:
    if held is None:
        return {}
    return {
        "certificate": held["certificate"],
        "rows": held["rows"],
        "valid_until": datetime.fromisoformat(held["validUntil"]),
        "synthetic": held["synthetic"],
        "environment": held.get("environment", ""),
    }
