"""Recall: a certificate is taken back at once, its dataset withdrawn or rolled back, and its readers are found.

Belongs here: the order of these moves, and what the platform then remembers. Does not: what a revocation changes in
the golden repository (`lineage/golden/recall.py`), printing (`commands/recall.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import esclusa
from esclusa.certificate import read_certificate
from esclusa.ledger.ledger import Ledger
from lineage.golden.release import CERTIFICATE_FILE
from lineage.golden.repository import GoldenRepository
from orchestration.golden import open_golden, record_in_force
from orchestration.notices.facts import recalled
from orchestration.platform import Platform
from orchestration.recorded import release_body
from orchestration.telling.events import Teller
from orchestration.telling.runs import run_named

DIGEST = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True)
class Reader:
    """Who read a certificate's rows, as they said and as their account says.

    Args:
        reads: how often.
        first, last: UTC.
    """

    user: str
    role: str
    purpose: str
    reads: int
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Recall:
    """What a revocation did.

    Args:
        certificate: SHA-256 (hex) of the file that was taken back.
        again: dataset → certificate, of what is served again instead.
        serving: SHA-256 (hex) of the certificate under which the dataset is served now, or None.
        readers: of the certificate, by their last read, the newest first.
    """

    dataset: str
    certificate: str
    again: Mapping[str, str]
    serving: str | None
    readers: tuple[Reader, ...]


def revoke(
    platform: Platform, certificate: str, *, reason: str, requester: str, rollback: bool = False, run: str = "revoke"
) -> Recall:
    """Take a certificate back, for ever: the same candidate under the same contract is not published again.

    Args:
        certificate: SHA-256 (hex) of its file, eight letters of it or more; the file; or a dataset, for the one that
            it is served under.
        reason: why; published, so it names no person and no value.
        requester: who asks for it; published.
        rollback: serve the newest earlier release that is still valid, where there is one, instead of nothing.
        run: id of the run, for the ledger.

    Raises:
        esclusa.Misused: there is no such certificate, or no reason.
        lineage.errors.RecallRefused: it is revoked already.
        esclusa.LedgerUnavailable: it could not be recorded; nothing was changed.
    """
    if not reason.strip() or not requester.strip():
        raise esclusa.Misused(
            "A revocation needs a reason and somebody who asks for it.", required="--reason and --requester"
        )
    golden, began = open_golden(platform), datetime.now(UTC)
    dataset, digest = _found(platform, golden, certificate)
    statements, served = golden.statements(dataset, digest), golden.served(dataset)
    if served is not None and served in statements:
        digest = served  # a replaced key made another file of it

    def record(again: Mapping[str, str]) -> None:
        said = {"certificate": digest, "reason": reason, "requester": requester, "rollback": rollback}
        platform.ledger.append("revocation", dataset, {**said, "again": dict(again)})
        for name, earlier in again.items():
            body = release_body(_certificate(platform, name, earlier), group.get(name, name), again, run)
            platform.ledger.append("release", name, body)
        recalled(platform, dataset, digest, reason=reason, again=again, at=datetime.now(UTC))

    group = {name: contract.release for name, contract in platform.promises.contracts.items()}
    earlier = list(_earlier(platform.ledger, dataset)) if rollback else []
    with Teller(platform, run_named(platform.settings, f"revoke.{dataset} {digest}", began)).revocation(dataset):
        record_in_force(platform, golden, dataset)  # an earlier revocation may have been killed before it was
        again = golden.revoke(dataset, digest, by=requester, reason=reason, earlier=earlier, record=record).certificates
        for name in {dataset, *again}:
            record_in_force(platform, golden, name)
    serving = golden.served(dataset)
    return Recall(dataset, digest, again, serving, readers_of(platform.ledger, dataset, statements))


def readers_of(ledger: Ledger, dataset: str, certificates: frozenset[str]) -> tuple[Reader, ...]:
    """Everyone whose reads this ledger recorded; readers who keep a ledger of their own are not in it.

    Args:
        certificates: SHA-256 of certificate files that say the same.
    """
    found: dict[tuple[str, str, str], Reader] = {}
    for entry in ledger.entries(kind="read", dataset=dataset):
        if entry.body.get("certificate") in certificates:
            user, role, purpose = (str(entry.body.get(field) or "") for field in ("user", "role", "purpose"))
            before = found.get((user, role, purpose))
            first, reads = (before.first, before.reads + 1) if before else (entry.at, 1)
            found[user, role, purpose] = Reader(user, role, purpose, reads, first, entry.at)
    return tuple(sorted(found.values(), key=lambda reader: reader.last, reverse=True))


def _earlier(ledger: Ledger, dataset: str) -> Iterator[Mapping[str, str]]:
    """Releases of the dataset's group as the ledger knows them, the newest first."""
    for entry in reversed(list(ledger.entries(kind="release", dataset=dataset))):
        yield entry.body["together"]


def _certificate(platform: Platform, dataset: str, digest: str) -> esclusa.Certificate:
    return read_certificate(_file(platform, dataset, digest).read_bytes())


def _file(platform: Platform, dataset: str, digest: str) -> Path:
    return platform.settings.golden / "targets" / dataset / f"{digest}.{CERTIFICATE_FILE}"


def _found(platform: Platform, golden: GoldenRepository, certificate: str) -> tuple[str, str]:
    """Dataset and digest of what a person named."""
    if certificate in platform.promises.contracts and (newest := golden.certificate(certificate)):
        return certificate, golden.served(certificate) or newest
    wanted = sha256(Path(certificate).read_bytes()).hexdigest() if Path(certificate).is_file() else certificate.lower()
    known = platform.settings.golden / "targets"
    files = list(known.glob(f"*/{wanted}*.{CERTIFICATE_FILE}")) if DIGEST.fullmatch(wanted) else []
    if len(files) != 1:
        raise esclusa.Misused(
            f"{certificate} names no certificate." if not files else f"{certificate} names {len(files)} certificates.",
            required="SHA-256 of a published certificate (eight letters or more), its file, or a certified dataset",
            remedy="esclusa ledger show --kind release lists them, esclusa why <dataset> the one in force.",
        )
    return files[0].parent.name, files[0].name.partition(".")[0]
