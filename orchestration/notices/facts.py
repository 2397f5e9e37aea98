"""The facts that owners are told, each as a notice: what, observed against required, who acts, what comes next.

Belongs here: the sentences, and what makes a fact the same one when it is met again. Does not: meeting it
(`refusals.py`, `delivery.py`, `recall.py`, schedules), channels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import esclusa
from esclusa.certificate import Certificate
from expectations.landing import DeliveryRefused
from expectations.signing.lapse import Lapse
from expectations.verdict import Finding, GateItem
from orchestration.notices import notify
from orchestration.notices.notice import Kind
from orchestration.platform import Platform

_SHOWN = 5  # findings that are told; the rest are counted
_LEFT = 4  # a certificate expires soon when a quarter of its validity is left: renewal, at half of it, has failed


def gate_shut(platform: Platform, decision: Mapping[str, Any], at: datetime) -> None:
    """The newest candidate of a dataset was refused.

    Args:
        decision: the document `verdicts/<dataset>.json`.
        at: wall clock, UTC.
    """
    dataset, findings = decision["dataset"], decision["findings"]
    kept = "consumers go on reading the certified release" if decision["certificate"] else "nothing is served"
    observed = [f"{f['rule']}: {_seen(f)}" for f in findings[:_SHOWN]]
    if len(findings) > _SHOWN:
        observed.append(f"and {len(findings) - _SHOWN} more")
    notify(
        platform,
        Kind.GATE_SHUT,
        subject=dataset,
        datasets=[dataset],
        # The numbers of a fault move from run to run; it is the same fault.
        mark="|".join([decision["stage"], *sorted(f["rule"] for f in findings)])
        if findings
        else _without_numbers(f"{decision['stage']}|{decision['message']}"),
        what=f"The newest candidate of {dataset} was refused at the {decision['stage']}; {kept}.",
        observed="; ".join(observed) or decision["message"],
        required="; ".join(f"{f['rule']}: {f['required']}" for f in findings[:_SHOWN])
        or "a candidate that is let through",
        owner=decision["owner"],
        remedy=f"esclusa why {dataset}; then {decision['remedy']}",
        at=at,
    )


def upstream_breaking(platform: Platform, refusal: DeliveryRefused, datasets: Iterable[str], at: datetime) -> None:
    """A delivery does not keep its source contract.

    Args:
        refusal: what was seen and what was agreed.
        datasets: that it reaches, by column lineage.
        at: wall clock, UTC.
    """
    subject, reached = f"{refusal.system}.{refusal.table}", tuple(datasets)
    notify(
        platform,
        Kind.UPSTREAM_BREAKING,
        subject=subject,
        datasets=reached,
        mark=_without_numbers(f"{refusal.seen}|{refusal.agreed}"),
        what=f"A delivery of {subject} breaks its source contract and was refused; what had landed before stays.",
        observed=refusal.seen,
        required=refusal.agreed,
        owner=refusal.owner,
        remedy=refusal.remedy,
        at=at,
        support=platform.promises.sources[refusal.system].support,
    )


def recalled(
    platform: Platform, dataset: str, certificate: str, *, reason: str, again: Iterable[str], at: datetime
) -> None:
    """A certificate was revoked.

    Args:
        certificate: SHA-256 (hex) of its file.
        reason: as it was published.
        again: datasets that are served from an earlier release again.
        at: wall clock, UTC.
    """
    back = tuple(again)
    notify(
        platform,
        Kind.RECALLED,
        subject=dataset,
        datasets={dataset, *back},
        mark=certificate,
        what=f"Certificate {certificate[:12]}… of {dataset} was revoked: do not rely on what was read under it.",
        observed=reason,
        required="a certificate that stands" + ("; an earlier release is served again" if back else ""),
        owner=platform.promises.contracts[dataset].owner,
        remedy=f"esclusa why {dataset}; who read it: esclusa ledger show --kind read --dataset {dataset}",
        at=at,
    )


def withdrawn(platform: Platform, dataset: str, message: str, at: datetime) -> None:
    """A dataset was taken back until its gate lets a candidate through.

    Args:
        message: as it was published.
        at: wall clock, UTC.
    """
    notify(
        platform,
        Kind.RECALLED,
        subject=dataset,
        datasets=[dataset],
        mark=f"withdrawn {at.isoformat()}",
        what=f"{dataset} was withdrawn: nothing of it is served.",
        observed=message,
        required="a candidate that its gate lets through",
        owner=platform.promises.contracts[dataset].owner,
        remedy=f"esclusa why {dataset}",
        at=at,
    )


def look_at_certificates(platform: Platform, now: datetime) -> None:
    """Tell of certificates that expire soon or have expired, each certificate once.

    Args:
        now: wall clock, UTC.

    Raises:
        esclusa.EsclusaError: the golden repository itself cannot be read.
    """
    release = esclusa.open(platform.settings.golden)
    for dataset in release.datasets:
        certificate = release.why(dataset).certificate
        if certificate is None or dataset not in platform.promises.contracts:
            continue
        left = certificate.valid_until - now
        if left <= timedelta():
            _expiry(platform, Kind.EXPIRED, certificate, "every read of it is refused", "expired", now)
        elif left <= (certificate.valid_until - certificate.certified_at) / _LEFT:
            _expiry(platform, Kind.EXPIRING, certificate, "nothing has renewed it", "expires", now)


def _expiry(platform: Platform, kind: Kind, certificate: Certificate, says: str, verb: str, now: datetime) -> None:
    dataset, until = certificate.dataset, f"{certificate.valid_until:%Y-%m-%d %H:%M} UTC"
    notify(
        platform,
        kind,
        subject=dataset,
        datasets=[dataset],
        mark=certificate.digest,
        what=f"The certificate of {dataset} {verb} on {until}: {says}.",
        observed=f"certified on {certificate.certified_at:%Y-%m-%d %H:%M} UTC, {verb} on {until}",
        required="certified again within its freshness promise",
        owner=certificate.owner,
        remedy=f"esclusa why {dataset}; then: esclusa run --only {dataset}",
        at=now,
    )


def lapses(platform: Platform, found: Iterable[Lapse], now: datetime) -> None:
    """Tell of signatures and waivers at their end, each end once before and once after.

    Args:
        found: by the daily look.
        now: wall clock, UTC.
    """
    for lapse in found:
        notify(
            platform,
            Kind.SIGNOFF_LAPSED if lapse.has_ended else Kind.SIGNOFF_LAPSING,
            subject=lapse.dataset,
            datasets=[lapse.dataset],
            mark=f"{lapse.of} {lapse.ends}",
            what=f"{lapse.dataset}: {lapse.what}.",
            observed=f"{lapse.of}: {'ended' if lapse.has_ended else 'ends'} on {lapse.ends}",
            required="a signature that counts, before the gate needs it",
            owner=lapse.people,
            remedy=lapse.remedy,
            at=now,
        )


def _seen(document: Mapping[str, Any]) -> str:
    finding = Finding(**document)
    if finding.observed is None:
        return finding.message or finding.told
    # What a signature lacks is no value of a row.
    return finding.seen if finding.item == GateItem.SIGNOFF else finding.told


def _without_numbers(text: str) -> str:
    return re.sub(r"\d[\d.,:]*", "#", text)
