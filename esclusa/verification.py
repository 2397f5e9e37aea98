"""Every check between a release and a row, in order; a read passes all of them or returns nothing.

Belongs here: the table of checks, and what each demands. Does not: fetching (`repository.py`),
parsing rows (`reader.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from esclusa.certificate import Certificate, read_certificate, verify_signature
from esclusa.errors import Expired, Tampered, Untrusted, owned_by
from esclusa.evidence import why_shut
from esclusa.latest import demand_role, owner_of
from esclusa.repository import Repository, Role

CHECKS = {
    "release": "root, timestamp, snapshot and targets are signed, unexpired and not older than seen before",
    "role": "the dataset's own metadata is signed by the gate and of this release",
    "certificate": "the certificate has the digest that the role lists",
    "signature": "the gate signed the certificate, for this dataset",
    "verdict": "its evidence opens the gate: every rule answered, none shut, all six items",
    "validity": "its promise has not run out",
    "files": "certificate and release list the same files, digest by digest",
    "contract": "the contract is the one that was kept",
    "policies": "the access policies are the ones that were certified",
    "parts": "every Parquet file hashes to the digest that was certified",
}

Note = Callable[[str, str], None]  # (name of the check that passed, what was observed)


@dataclass(frozen=True)
class Vouched:
    """A dataset whose evidence holds; its parts are not read yet.

    Args:
        certificate: the certificate in force.
        role: where its files are listed.
        parts: paths of its Parquet files, in row order.
        policies: who may read which column for what, as Cedar.
    """

    certificate: Certificate
    role: Role
    parts: tuple[str, ...]
    policies: str


def certificate_path(dataset: str) -> str:
    """Where a dataset's certificate is listed."""
    return f"{dataset}/certificate.json"


def vouch(repository: Repository, dataset: str, note: Note) -> Vouched:
    """Run every check but the last.

    Args:
        repository: a pinned release.
        dataset: its name.
        note: told of each check that passed.

    Raises:
        EsclusaError: of the first check that failed, naming the owner where known.
    """
    with owner_of(repository, dataset):
        note("release", f"release {repository.version}, alive until {moment(repository.alive_until)}")
        role = demand_role(repository, dataset)
        note("role", f"version {role.version}, {len(role.files)} files")
        certificate = signed_certificate(repository, role, note)
    with owned_by(certificate.owner):
        demand_valid(certificate, role, note)
        parts = _same_files(certificate, role, note)
        _document(repository, role, "contract.yaml")
        note("contract", f"version {certificate.contract_version}, digest {certificate.contract_digest[:16]}…")
        policies = _document(repository, role, "policies.cedar")
        note("policies", f"sha256 {sha256(policies).hexdigest()[:16]}…")
    return Vouched(certificate, role, parts, policies.decode())


def hash_parts(repository: Repository, vouched: Vouched, note: Note) -> None:
    """The last check, without keeping the bytes.

    Args:
        repository: the release that `vouched` is of.

    Raises:
        EsclusaError: a part is missing or differs.
    """
    with owned_by(vouched.certificate.owner):
        for part in vouched.parts:
            repository.check(vouched.role, part)
    note("parts", f"{len(vouched.parts)} files, {vouched.certificate.size:,} bytes, hashed")


def signed_certificate(repository: Repository, role: Role, note: Note = lambda *_: None) -> Certificate:
    """The certificate that a role lists: its bytes, its signature, its evidence; not its date.

    Args:
        repository: the release that the role is of.
        role: of a dataset; may be expired.

    Raises:
        EsclusaError: it is missing, edited, signed by another key, or its verdict is not open.
    """
    path = certificate_path(role.name)
    if path not in role.files:
        raise Untrusted(
            f"{role.name} lists files without a certificate.",
            observed="no certificate.json",
            required="one certificate",
        )
    data = repository.read(role, path)
    note("certificate", f"sha256 {sha256(data).hexdigest()[:16]}…")
    certificate = read_certificate(data)
    verify_signature(data, *repository.keys(role.name))
    if certificate.dataset != role.name:
        raise Untrusted(
            f"The certificate listed under {role.name} speaks of {certificate.dataset}.",
            observed=certificate.dataset,
            required=role.name,
            owner=certificate.owner,
            remedy="Read nothing from it and tell the owner.",
        )
    note("signature", f"signed by the gate on {moment(certificate.certified_at)}")
    with owned_by(certificate.owner):
        _evidence_opens(certificate, note)
    return certificate


def _evidence_opens(certificate: Certificate, note: Note) -> None:
    verdict = certificate.verdict
    reason = why_shut(verdict)
    bound = (verdict.get("contractDigest"), verdict.get("candidateDigest"))
    if not reason and bound != (certificate.contract_digest, certificate.candidate_digest):
        reason = "the verdict is of another candidate or another contract"
    if reason:
        raise Untrusted(
            f"The certificate of {certificate.dataset} is signed, but its evidence does not open the gate.",
            observed=reason,
            required="an open verdict on exactly this candidate and this contract",
            remedy=f"Read nothing from it and tell the owner; esclusa why {certificate.dataset}",
        )
    note("verdict", f"{len(certificate.findings)} rules answered, all open the gate")


def demand_valid(certificate: Certificate, role: Role, note: Note = lambda *_: None) -> None:
    """Refuse a promise that has run out.

    Args:
        certificate: of the role.
        role: of a dataset.

    Raises:
        Expired: it has, this second.
    """
    if role.expired or min(role.expires, certificate.valid_until) <= datetime.now(UTC):
        raise expired(certificate)
    note("validity", f"valid until {moment(certificate.valid_until)}")


def expired(certificate: Certificate) -> Expired:
    """The error of a promise that ran out.

    Args:
        certificate: the one that was in force.
    """
    return Expired(
        f"The certificate of {certificate.dataset} has expired: its data is no longer as fresh as promised.",
        observed=f"valid until {moment(certificate.valid_until)}",
        required=f"a certificate valid at {moment(datetime.now(UTC))}",
        owner=certificate.owner,
        remedy=f"Ask the owner for a new release; esclusa why {certificate.dataset} tells what stands in its way.",
    )


def _same_files(certificate: Certificate, role: Role, note: Note) -> tuple[str, ...]:
    own = certificate_path(role.name)
    listed = {path: info.hashes.get("sha256", "") for path, info in role.files.items() if path != own}
    if listed != dict(certificate.subjects):
        differing = sorted(path for path, _ in listed.items() ^ certificate.subjects.items())
        raise Tampered(
            f"The files of {role.name} are not those that its certificate vouches for.",
            observed=f"the release differs in {', '.join(sorted(set(differing)))}",
            required=f"the {len(certificate.subjects)} files of the certificate, with their digests",
            remedy="Read nothing from it and tell the owner.",
        )
    parts = tuple(sorted(path for path in listed if path.endswith(".parquet")))
    names = [[path.rpartition("/")[2], listed[path], role.files[path].length] for path in parts]
    candidate = sha256(json.dumps(names, separators=(",", ":")).encode()).hexdigest()
    # Sealed files are other bytes than the candidate that was audited; the gate vouches for both.
    if not parts or (not certificate.sealed and candidate != certificate.candidate_digest):
        raise Tampered(
            f"The Parquet files of {role.name} are not the candidate that was audited.",
            observed=f"{len(parts)} files, candidate {candidate}",
            required=f"candidate {certificate.candidate_digest}",
            remedy="Read nothing from it and tell the owner.",
        )
    note("files", f"{len(listed)} files, candidate {certificate.candidate_digest[:16]}…")
    return parts


def _document(repository: Repository, role: Role, name: str) -> bytes:
    path = f"{role.name}/{name}"
    if path not in role.files:
        raise Tampered(f"{role.name} is listed without its {name}.", observed=f"no {name}", required=path)
    return repository.read(role, path)


def moment(at: datetime) -> str:
    """A moment for a person: UTC, to the minute.

    Args:
        at: timezone-aware.
    """
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
