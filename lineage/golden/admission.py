"""What may enter a release: a certificate that vouches for exactly these files, and decisions that agree with it.

Belongs here: the checks, and laying the files and their roles down. Does not: putting them in force (`release.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import TargetFile

from expectations.contract import Contract
from expectations.verdict import read_verdict
from lineage.certificate import CONTRACT_FILE, documents, read_statement
from lineage.errors import CertificateRefused, RepositoryForged
from lineage.files import take_in
from lineage.golden.book import CATALOGUE, SHARED, VERDICTS
from lineage.golden.decision import decision, read_decision
from lineage.golden.release import CERTIFICATE_FILE, Change, is_withdrawn
from lineage.pin import Part, Pin
from lineage.sealing import Sealed, sealed_columns

_DATASET = re.compile(r"[a-z][a-z0-9_]*")
_RESERVED = {"root", "targets", "snapshot", "timestamp", *SHARED}
_HASHING_THREADS = 4


@dataclass(frozen=True)
class DatasetRelease:
    """A certified dataset, ready to be published.

    Args:
        certificate: the DSSE envelope that `certify` made of this pin, its sealed files and this contract.
        sealed: what is published of the pin; None where no column is above internal.
        further: documents that the certificate vouches for besides contract and policies: file name → content.
    """

    contract: Contract
    pin: Pin
    certificate: bytes
    sealed: Sealed | None = None
    further: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def documents(self) -> dict[str, bytes]:
        """What is published beside the rows: file name → content."""
        return documents(self.contract, self.further)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The Parquet files that are published."""
        return self.sealed.parts if self.sealed else self.pin.parts

    @property
    def dataset(self) -> str:
        """Its name."""
        return self.contract.name

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the certificate file."""
        return sha256(self.certificate).hexdigest()


def admit(change: Change, releases: Sequence[DatasetRelease], verdicts: Mapping[str, bytes]) -> None:
    """Check everything, then bring in files and change roles in memory; nothing is in force yet.

    Args:
        releases: datasets that flip together.
        verdicts: dataset → decision document.

    Raises:
        CertificateRefused, PinChanged, ValueError: as `GoldenRepository.publish`.
    """
    for dataset in (*(release.dataset for release in releases), *verdicts):
        _demand_name(dataset)
    fresh = [(release, _predicate(change, release)) for release in releases if not _in_force(change, release)]
    decisions = _agreeing(change, releases, verdicts)
    for release, predicate in fresh:
        _bring_in(change, release, predicate)
    decide(change, decisions)


def newest_certificate(change: Change, dataset: str) -> str | None:
    """SHA-256 (hex) of the newest certificate of a dataset, served, withdrawn or revoked, or None."""
    role = change.book.roles.get(dataset)
    if role is None:
        return None
    said = role.signed.unrecognized_fields["esclusa"]
    return str(said.get("newest") or said["certificate"])


def served_certificate(change: Change, dataset: str) -> str | None:
    """SHA-256 (hex) of the certificate under which a dataset is served now, or None."""
    role = change.book.roles.get(dataset)
    if role is None or is_withdrawn(role.signed):
        return None
    return str(role.signed.unrecognized_fields["esclusa"]["certificate"])


def decide(change: Change, decisions: Mapping[str, bytes]) -> None:
    """Put decisions among the verdicts.

    Args:
        decisions: dataset → decision document.
    """
    listed = change.book.roles[VERDICTS].signed.targets
    for dataset, document in decisions.items():
        read_decision(dataset, document)
        change.on_step("decision")
        target = change.put(f"{VERDICTS}/{dataset}.json", document)
        listed[target.path] = target
        change.mark(VERDICTS)


def decided(change: Change, dataset: str) -> bytes | None:
    """The decision document in force on a dataset, or None."""
    target = change.book.roles[VERDICTS].signed.targets.get(f"{VERDICTS}/{dataset}.json")
    return None if target is None else change.address(target).read_bytes()


def published_contract(change: Change, dataset: str) -> bytes | None:
    """The contract of a dataset's last release, the very bytes that were signed; None where there is none.

    Raises:
        RepositoryForged: the file is missing, or is not the one that was signed.
    """
    path = f"{dataset}/{CONTRACT_FILE}"
    role = change.book.roles.get(dataset)
    target = role.signed.targets.get(path) if role else None
    if target is None:
        return None
    try:
        content = change.address(target).read_bytes()
        target.verify_length_and_hashes(content)
    except (OSError, RepositoryError) as error:
        raise RepositoryForged(
            f"{path} is not the file that was published ({type(error).__name__}); required: the bytes that were "
            "signed; next: restore the golden repository from a copy (see docs/operate.md)"
        ) from error
    return content


def catalogue(change: Change, files: Mapping[str, bytes]) -> None:
    """Replace the catalogue's files by these, where they differ from those in force.

    Args:
        files: file name → content.
    """
    held = change.book.roles.get(CATALOGUE)
    listed = {path: info.hashes["sha256"] for path, info in held.signed.targets.items()} if held else {}
    if listed == {f"{CATALOGUE}/{name}": sha256(content).hexdigest() for name, content in files.items()}:
        return
    change.on_step("catalogue")
    targets = [change.put(f"{CATALOGUE}/{name}", content) for name, content in files.items()]
    change.role(CATALOGUE).targets = {target.path: target for target in targets}
    change.mark(CATALOGUE)


def _demand_name(dataset: str) -> None:
    """A name becomes a role and a path: it may be no other role's, and lead nowhere else."""
    if not _DATASET.fullmatch(dataset) or dataset in _RESERVED:
        reserved = ", ".join(sorted(_RESERVED))
        raise ValueError(f"{dataset!r} cannot name a dataset; required: snake_case, and none of {reserved}")


def _in_force(change: Change, release: DatasetRelease) -> bool:
    return release.digest == served_certificate(change, release.dataset)


def _predicate(change: Change, release: DatasetRelease) -> Mapping[str, Any]:
    """The predicate of a certificate that vouches for exactly this release, now."""
    dataset, pin = release.dataset, release.pin
    statement = read_statement(release.certificate, change.keys.signer("gate").public_key)
    predicate: Mapping[str, Any] = statement["predicate"]
    files = {part.name: part.sha256 for part in release.parts}
    files |= {name: sha256(content).hexdigest() for name, content in release.documents.items()}
    subjects = {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]}
    current = newest_certificate(change, dataset)
    problem = ""
    if predicate["dataset"] != dataset or subjects != {f"{dataset}/{name}": digest for name, digest in files.items()}:
        problem = f"it vouches for {len(subjects)} other files of {predicate['dataset']}"
    elif (predicate["candidateDigest"], predicate["contract"]["digest"]) != (pin.digest, release.contract.digest):
        problem = "it was made for another candidate or contract"
    elif predicate["sealed"] != sealed_columns(release.contract):
        problem = "columns above internal are not sealed"
    elif not read_verdict(predicate["verdict"]).open:
        problem = "its own findings do not open the gate"
    elif predicate["previous"] != current:
        problem = f"it follows {predicate['previous']}, but {current} is in force: another publisher came between"
    elif datetime.fromisoformat(predicate["validUntil"]) <= change.now:
        problem = f"it expired at {predicate['validUntil']}"
    if problem:
        raise CertificateRefused(
            f"{dataset}: the certificate is refused: {problem}; required: a valid certificate of exactly these files; "
            f"owner: {release.contract.owner}; nothing was published; next: run the gate again"
        )
    return predicate


def _agreeing(change: Change, releases: Sequence[DatasetRelease], verdicts: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Every decision to publish: those given, and a plain one for each released dataset without."""
    decisions = dict(verdicts)
    for release in releases:
        dataset, certificate = release.dataset, release.digest
        plain = decision(dataset, "certified", at=change.now, owner=release.contract.owner, certificate=certificate)
        said = read_decision(dataset, decisions.setdefault(dataset, plain))
        if (said["outcome"], said["certificate"]) != ("certified", certificate):
            raise ValueError(f"{dataset} is released under certificate {certificate}, but its decision says otherwise")
    return decisions


def _bring_in(change: Change, release: DatasetRelease, predicate: Mapping[str, Any]) -> None:
    dataset = release.dataset
    parts = [TargetFile(p.size, {"sha256": p.sha256}, f"{dataset}/{p.name}") for p in release.parts]
    with ThreadPoolExecutor(_HASHING_THREADS) as pool:
        incoming = []
        for target, part in zip(parts, release.parts, strict=True):
            change.on_step("part")
            incoming.append(pool.submit(take_in, part.path, change.address(target), part.sha256, part.size))
        for done in incoming:
            done.result()
    change.on_step("certificate")
    certificate = change.put(f"{dataset}/{CERTIFICATE_FILE}", release.certificate)
    change.on_step("documents")
    beside = [change.put(f"{dataset}/{name}", content) for name, content in release.documents.items()]
    role = change.role(dataset)
    role.targets = {target.path: target for target in (*parts, certificate, *beside)}
    revoked = role.unrecognized_fields.get("esclusa", {}).get("revoked", [])
    role.unrecognized_fields["esclusa"] = {
        "dataset": dataset,
        "release": release.contract.release,
        "certificate": release.digest,
        "rows": release.pin.rows,
        "synthetic": predicate["synthetic"],
        **({"revoked": revoked} if revoked else {}),
    }
    change.mark(dataset, datetime.fromisoformat(predicate["validUntil"]))
