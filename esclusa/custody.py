"""The chain of custody of one certified dataset: from the files of its sources to the people who signed.

Belongs here: reading it out of certificates and promises. Does not: printing it (`cli/custody.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from esclusa.certificate import Certificate
from esclusa.chain import published_certificates
from esclusa.documents import documents
from esclusa.errors import EsclusaError
from esclusa.promises import Promises
from esclusa.repository import Repository
from esclusa.revocation import read_revocations


@dataclass(frozen=True)
class Load:
    """One delivery that the dataset was built from.

    Args:
        owner: of the source system, as promised now; empty where that is not published.
        file, digest: as delivered, and SHA-256 (hex) of it.
        rows: of it that were accepted.
        load, landed_at: its id in the warehouse, and when it landed, UTC.
        contract_digest: SHA-256 (hex) of the source contract that it was held to.
        synthetic: True where the sample generator made it.
    """

    system: str
    table: str
    owner: str
    file: str
    digest: str
    rows: int
    load: str
    landed_at: datetime
    contract_digest: str
    synthetic: bool


@dataclass(frozen=True)
class Earlier:
    """One certificate before the one in force.

    Args:
        digest: SHA-256 (hex) of its file.
        revoked: since when, by whom and why it was taken back; or empty.
    """

    digest: str
    certified_at: datetime
    valid_until: datetime
    rows: int
    contract_version: str
    revoked: str


@dataclass(frozen=True)
class Custody:
    """Everything that a certificate rests on.

    Args:
        loads: by source, the oldest first.
        revision, run: of the code that built it, and of the run that certified it.
        candidate_digest, contract_digest, rules_digest: of the bytes that were measured, against what, by which rules.
        findings: state → number of rules.
        signed, waived: by whom, until when, for what.
        ledger: sequence and hash of the ledger's last entry when it was certified, or None.
        documents: that travel with the data: file name → SHA-256 (hex).
        earlier: certificates before it, the newest first.
        more: True where there are still older ones.
        broken: what is wrong with the chain of earlier certificates, or empty.
    """

    dataset: str
    certificate: str
    loads: tuple[Load, ...]
    revision: str
    run: str
    candidate_digest: str
    contract_digest: str
    contract_version: str
    rules_digest: str
    findings: Mapping[str, int]
    signed: tuple[str, ...]
    waived: tuple[str, ...]
    ledger: tuple[int, str] | None
    documents: Mapping[str, str]
    earlier: tuple[Earlier, ...]
    more: bool
    broken: str


def custody_of(repository: Repository, certificate: Certificate, promises: Promises, most: int | None = 5) -> Custody:
    """The chain of custody of a certificate.

    Args:
        repository: the release that it is of.
        certificate: its signature verified before.
        promises: of the same release; they name the owners of sources.
        most: so many earlier certificates; None for all.
    """
    said, dataset = certificate.document["predicate"], certificate.dataset
    owners = {source.system: source.owner for source in promises.sources}
    earlier, more, broken = _earlier(repository, certificate, most)
    return Custody(
        dataset=dataset,
        certificate=certificate.digest,
        loads=tuple(_load(entry, owners) for entry in said["inputs"]),
        revision=said["code"]["revision"],
        run=said["run"],
        candidate_digest=certificate.candidate_digest,
        contract_digest=certificate.contract_digest,
        contract_version=certificate.contract_version,
        rules_digest=said["rulesDigest"],
        findings=dict(Counter(finding.state for finding in certificate.findings)),
        signed=certificate.signed,
        waived=certificate.waived,
        ledger=certificate.ledger,
        documents={n: certificate.subjects[f"{dataset}/{n}"] for n in documents(certificate.subjects, dataset)},
        earlier=earlier,
        more=more,
        broken=broken,
    )


def _load(entry: Mapping[str, Any], owners: Mapping[str, str]) -> Load:
    return Load(
        system=entry["system"],
        table=entry["table"],
        owner=owners.get(entry["system"], ""),
        file=entry["file"],
        digest=entry["fileDigest"],
        rows=entry["rows"],
        load=entry["loadId"],
        landed_at=datetime.fromisoformat(entry["landedAt"]),
        contract_digest=entry["contractDigest"],
        synthetic=entry["synthetic"],
    )


def _earlier(
    repository: Repository, certificate: Certificate, most: int | None
) -> tuple[tuple[Earlier, ...], bool, str]:
    revoked = {r.certificate: str(r) for r in read_revocations(repository.role(certificate.dataset).said)}
    found: list[Earlier] = []
    chain = published_certificates(repository, certificate.dataset)
    try:
        for link in islice(chain, None if most is None else most + 2):
            if link.digest != certificate.digest:
                until, version = link.valid_until, link.contract_version
                reason = revoked.get(link.digest, "")
                found.append(Earlier(link.digest, link.certified_at, until, link.rows, version, reason))
    except EsclusaError as error:
        return tuple(found), False, error.what
    return tuple(found[:most]), most is not None and len(found) > most, ""
