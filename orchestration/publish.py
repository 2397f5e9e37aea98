"""The gate's move: what an open verdict lets through goes into the golden repository, a release at once.

Belongs here: the only use of the repository's writer; refusals are published too, so that consumers can ask why.
Does not: deciding (`gate.py`), signing and writing (`lineage`), Dagster (`golden_assets.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import esclusa
from expectations.verdict import Finding
from lineage.certificate import certify
from lineage.decision import decision as decision_document
from lineage.keys import Keys
from lineage.repository import DatasetRelease, GoldenRepository
from orchestration.builds import current_fingerprint
from orchestration.decisions import Decision, circumstances, recall_decision
from orchestration.platform import Platform, code_revision
from orchestration.workshop import Workshop

Progress = Callable[[str], None]
RECORD = "published"
REFUSALS = "refusals"  # the newest delivery of a source table, while it is refused


@dataclass(frozen=True)
class Outcome:
    """What became of one dataset.

    Args:
        serves_newest: True where golden now serves the newest candidate.
        published: True where this step put it in force; False where it was in force already.
        message: what happened and what to do next, for a person.
        certificate: SHA-256 (hex) of the certificate that golden serves, or None.
        rows, valid_until, synthetic: of that certificate.
    """

    dataset: str
    serves_newest: bool
    published: bool
    message: str
    certificate: str | None = None
    rows: int = 0
    valid_until: datetime | None = None
    synthetic: bool = False


def open_golden(platform: Platform) -> GoldenRepository:
    """The golden repository's writer; the first call makes keys and repository, and pins its root for this user.

    Args:
        platform: where they are.

    Raises:
        lineage.errors.KeysUnusable, lineage.errors.RepositoryForged: keys and repository do not belong together.
    """
    settings = platform.settings
    is_new = not (settings.golden / "metadata" / "timestamp.json").exists()
    # An existing repository needs the keys that signed it: new ones in their place would only hide the loss.
    keys = (Keys.create if is_new else Keys.open)(settings.keys, settings.golden)
    repository = GoldenRepository(settings.golden, keys)
    repository.create()
    # Whoever holds the keys need not be told by anyone else that the root is genuine.
    esclusa.trust(settings.golden, root=settings.golden / "metadata" / "1.root.json", replace=is_new)
    return repository


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
    reasons = _reasons(platform, decisions, now)
    if reasons:
        return _hold_back(platform, names, decisions, reasons, now)
    golden = open_golden(platform)
    open_decisions = [d for d in decisions.values() if d is not None]
    fresh = [d for d in open_decisions if not _in_force(platform, golden, d)]
    if not fresh:
        _wake(platform, golden)
    else:
        progress(f"publishing {', '.join(d.dataset for d in fresh)}")
        revision = code_revision()
        releases = [_certified(platform, golden, d, run, revision, now) for d in fresh]
        certificates = golden.publish(releases).certificates
        for decision in fresh:
            platform.workshop.remember(RECORD, decision.dataset, _record(decision, certificates[decision.dataset]))
            _repeat_refusal(platform, decision.dataset, now)
    return tuple(_served(platform, d, published=d in fresh) for d in open_decisions)


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
    """
    golden = open_golden(platform)
    documents = {}
    for name in datasets:
        held = platform.workshop.recall(RECORD, name)
        documents[name] = decision_document(
            name,
            "refused",
            at=now,
            owner=platform.promises.contracts[name].owner,
            stage=stage,
            findings=(findings or {}).get(name, ()),
            message=message,
            remedy=remedy,
            certificate=held["certificate"] if held else None,
        )
        if held:
            platform.workshop.remember(RECORD, name, {**held, "refused": stage})
    if documents:
        golden.publish(verdicts=documents)


def served_statistics(workshop: Workshop, dataset: str) -> dict[str, Mapping[str, Any]]:
    """Distributions that the certificate in force states, by rule id: what drift is measured against."""
    held = workshop.recall(RECORD, dataset)
    return dict(held.get("statistics", {})) if held else {}


def keep_alive(platform: Platform) -> datetime:
    """Renew `timestamp.json`; returns until when (UTC) the golden repository is now alive."""
    open_golden(platform).keep_alive()
    return esclusa.open(platform.settings.golden).alive_until


def collect_garbage(platform: Platform, grace: timedelta) -> int:
    """Delete what no release of the last `grace` refers to; returns the number of files."""
    return open_golden(platform).collect_garbage(grace).files


def refused_deliveries(platform: Platform, dataset: str) -> list[dict[str, Any]]:
    """Refusals of the newest deliveries that feed a dataset; its certificate stands, but newer data is waiting."""
    found = (platform.workshop.recall(REFUSALS, t.name) for t in platform.manifest.feeding(dataset))
    return [refusal for refusal in found if refusal is not None]


def _repeat_refusal(platform: Platform, dataset: str, now: datetime) -> None:
    """Certifying again what is held does not settle a delivery that is still refused: consumers go on being told."""
    for refusal in refused_deliveries(platform, dataset):
        refuse(platform, [dataset], stage="landing", message=refusal["message"], remedy=refusal["remedy"], now=now)


def _wake(platform: Platform, golden: GoldenRepository) -> None:
    """Renew a timestamp that ran out while the platform was silent: every gate was just found open."""
    try:
        esclusa.open(platform.settings.golden)
    except esclusa.Expired:
        golden.keep_alive()


def _reasons(platform: Platform, decisions: Mapping[str, Decision | None], now: datetime) -> dict[str, str]:
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
        elif decision.valid_until <= now:
            reasons[name] = (
                f"its freshness promise ran out on {decision.valid_until:%Y-%m-%d %H:%M} UTC; next: land newer data"
            )
    return reasons


def _shut_by(decision: Decision) -> str:
    shutting = decision.verdict.shutting
    worst = "; ".join(f"{f.rule}: observed {f.seen}, required {f.required}" for f in shutting[:3])
    more = f"; and {len(shutting) - 3} more" if len(shutting) > 3 else ""
    unanswered = f"; without an answer: {', '.join(decision.verdict.unanswered)}" if decision.verdict.unanswered else ""
    return f"{len(shutting)} of {len(decision.verdict.findings)} findings shut the gate: {worst}{more}{unanswered}"


def _hold_back(
    platform: Platform,
    names: Sequence[str],
    decisions: Mapping[str, Decision | None],
    reasons: Mapping[str, str],
    now: datetime,
) -> tuple[Outcome, ...]:
    outcomes = []
    for name in names:
        owner = platform.promises.contracts[name].owner
        reason = reasons.get(name) or f"its release waits for {', '.join(sorted(reasons))}"
        decision, held = decisions[name], platform.workshop.recall(RECORD, name)
        kept = (
            f"golden keeps the certified version, valid until {held['validUntil'][:16]} UTC"
            if held
            else "nothing is served"
        )
        message = f"{name}: gate shut: {reason}; {kept}; owner: {owner}; next: esclusa why {name}"
        shutting = {name: decision.verdict.shutting} if decision else {}
        remedy = f"correct what the findings name, then: esclusa run --only {name}"
        refuse(platform, [name], stage="gate", message=message, remedy=remedy, now=now, findings=shutting)
        outcomes.append(Outcome(name, False, False, message, **_served_fields(held)))
    return tuple(outcomes)


def _in_force(platform: Platform, golden: GoldenRepository, decision: Decision) -> bool:
    """True where golden serves exactly this decision, and tells of no refusal but that of a newer delivery."""
    held = platform.workshop.recall(RECORD, decision.dataset)
    told = "landing" if refused_deliveries(platform, decision.dataset) else ""
    return (
        held is not None
        and held["refused"] == told
        and held["pinnedAt"] == decision.pinned_at.isoformat()
        and held["candidateDigest"] == decision.pin.digest
        and held["contractDigest"] == decision.verdict.contract_digest
        and golden.certificate(decision.dataset) == held["certificate"]
    )


def _certified(
    platform: Platform, golden: GoldenRepository, decision: Decision, run: str, revision: str, now: datetime
) -> DatasetRelease:
    contract = platform.promises.contracts[decision.dataset]
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
        signoffs=decision.signoffs,
        waivers=decision.waivers,
    )
    return DatasetRelease(contract, decision.pin, certificate)


def _record(decision: Decision, certificate: str) -> dict[str, Any]:
    return {
        "certificate": certificate,
        "candidateDigest": decision.pin.digest,
        "contractDigest": decision.verdict.contract_digest,
        "pinnedAt": decision.pinned_at.isoformat(),
        "validUntil": decision.valid_until.isoformat(),
        "rows": decision.pin.rows,
        "synthetic": any(i.synthetic for i in decision.inputs),
        "statistics": {f.rule: f.statistics for f in decision.verdict.findings if f.statistics is not None},
        "refused": "",  # the stage at which a newer candidate was refused
    }


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
    }
