"""The golden repository as this platform opens it, and what the platform remembers of what it serves.

Belongs here: opening it, keeping it alive, clearing it up, the record of each certificate in force.
Does not: what is published (`publish.py`), refused (`refusals.py`) or taken back (`recall.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import esclusa
from esclusa.certificate import read_certificate
from esclusa.ledger.ledger import Ledger
from expectations.retention import policies
from lineage.golden.keys import ROLES
from lineage.golden.promised import PROMISES_FILE
from lineage.golden.release import CERTIFICATE_FILE
from lineage.golden.repository import GoldenRepository
from orchestration.catalogue import catalogue_files
from orchestration.keyrings import open_keys
from orchestration.notices.facts import withdrawn
from orchestration.platform import Platform
from orchestration.recorded import before_it_counts
from orchestration.workshop import Workshop

RECORD = "published"


def open_golden(platform: Platform) -> GoldenRepository:
    """The golden repository's writer; the first call makes keys and repository, and pins its root for this user.

    Args:
        platform: where they are.

    Raises:
        lineage.errors.KeysUnusable, lineage.errors.RepositoryForged: keys and repository do not belong together.
        esclusa.LedgerUnavailable: the new keys could not be recorded.
    """
    settings = platform.settings
    is_new = not (settings.golden / "metadata" / "timestamp.json").exists()
    if is_new:
        platform.ledger.append("key", "", {"made": list(ROLES)})
    repository = GoldenRepository(settings.golden, open_keys(settings))
    repository.create()
    # Whoever holds the keys need not be told by anyone else that the root is genuine.
    esclusa.trust(settings.golden, root=settings.golden / "metadata" / "1.root.json", replace=is_new)
    return repository


def keep_alive(platform: Platform) -> datetime:
    """Renew `timestamp.json`; returns until when (UTC) the golden repository is now alive."""
    open_golden(platform).keep_alive()
    return esclusa.open(platform.settings.golden).alive_until


def wake(platform: Platform, golden: GoldenRepository) -> None:
    """Publish promises that changed since, and renew a timestamp that ran out while the platform was silent: every
    gate was just looked at.
    """
    files = catalogue_files(platform)
    try:
        told = esclusa.open(platform.settings.golden).promises.digest
    except esclusa.Expired:
        told = ""
    if told != sha256(files[PROMISES_FILE]).hexdigest():
        golden.publish(files=files)


def collect_garbage(platform: Platform, grace: timedelta) -> int:
    """Delete what no release of the last `grace` refers to and no legal hold keeps; returns the number of files."""
    held = [c.name for c in platform.promises.contracts.values() if any(p.hold for p in policies(c).values())]
    return open_golden(platform).collect_garbage(grace, held).files


def record_of(certificate: esclusa.Certificate, refused: str = "") -> dict[str, Any]:
    """What is remembered of a certificate in force.

    Args:
        refused: the stage at which a newer candidate was refused, or empty.
    """
    said = certificate.document["predicate"]
    return {
        "certificate": certificate.digest,
        "candidateDigest": certificate.candidate_digest,
        "contractDigest": certificate.contract_digest,
        "pinnedAt": said["pinnedAt"],
        "validUntil": said["validUntil"],
        "rows": certificate.rows,
        "synthetic": certificate.synthetic,
        "environment": said["environment"],
        "sealedBy": dict(certificate.sealed_by),
        "statistics": {f["rule"]: f["statistics"] for f in said["verdict"]["findings"] if f.get("statistics")},
        "refused": refused,
    }


def record_in_force(platform: Platform, golden: GoldenRepository, dataset: str) -> dict[str, Any] | None:
    """What is remembered of the certificate that golden serves, or None; put right where a step that was killed had
    moved golden and not remembered it.
    """
    workshop, served = platform.workshop, golden.served(dataset)
    if served is None:
        workshop.forget(RECORD, dataset)
        return None
    held = workshop.recall(RECORD, dataset)
    if held is None or held["certificate"] != served:
        path = platform.settings.golden / "targets" / dataset / f"{served}.{CERTIFICATE_FILE}"
        held = record_of(read_certificate(path.read_bytes()), refused="gate")
        workshop.remember(RECORD, dataset, held)
    return held


def served_statistics(workshop: Workshop, dataset: str) -> dict[str, Mapping[str, Any]]:
    """Distributions that the certificate in force states, by rule id: what drift is measured against."""
    held = workshop.recall(RECORD, dataset)
    return dict(held.get("statistics", {})) if held else {}


def withdraw(platform: Platform, dataset: str, message: str, now: datetime) -> None:
    """Take a dataset back until its gate lets a new candidate through.

    Args:
        message: why, for consumers.
        now: wall clock, UTC.

    Raises:
        esclusa.LedgerUnavailable: it could not be recorded, and was not withdrawn.
    """
    golden, owner = open_golden(platform), platform.promises.contracts[dataset].owner
    said: dict[str, Any] = {"stage": "withdrawn", "message": message, "rules": [], "serving": None}

    def record(ledger: Ledger) -> None:
        ledger.append("refusal", dataset, said, at=now)
        withdrawn(platform, dataset, message, now)

    golden.withdraw(dataset, owner=owner, message=message, on_step=before_it_counts(platform.ledger, record))
    platform.workshop.forget(RECORD, dataset)


def collect_superseded(platform: Platform, dataset: str, doomed: Callable[[Path], bool]) -> tuple[Path, ...]:
    """Delete parts of a dataset's superseded releases without grace; returns them.

    Args:
        doomed: asked of each Parquet file that the release in force does not refer to.
    """
    return open_golden(platform).collect_superseded(dataset, doomed)
