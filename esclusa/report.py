"""`verify`: every check on a dataset or on a kept certificate file, told one by one.

Belongs here: the report, and how an old certificate is trusted. Does not: the checks of a release (`verification.py`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from esclusa.certificate import Certificate, read_certificate, verify_signature
from esclusa.chain import published_certificates
from esclusa.errors import EsclusaError, Misused, Untrusted, owned_by
from esclusa.latest import demand_role, owner_of
from esclusa.repository import Repository
from esclusa.revocation import read_revocations
from esclusa.verification import CHECKS, hash_parts, moment, signed_certificate, vouch

FILE_CHECKS = {
    "format": "the file is a certificate",
    "release": CHECKS["release"],
    "standing": "it was not revoked",
    "current": "the dataset's current certificate is signed and its evidence opens the gate",
    "chain": "the file is that certificate, or one that the chain of `previous` digests leads to",
}


@dataclass(frozen=True)
class Check:
    """One check of a report.

    Args:
        name, demand: of the table above.
        state: `passed`, `failed`, or `not reached`: after one that failed, or where a service keeps the files.
        observed: what was seen.
    """

    name: str
    demand: str
    state: str
    observed: str


@dataclass(frozen=True)
class Report:
    """What `verify` found.

    Args:
        subject: dataset name or certificate file.
        checks: in order.
        certificate: the one at hand, where it could be read.
        error: the refusal, or None.
    """

    subject: str
    checks: tuple[Check, ...]
    certificate: Certificate | None
    error: EsclusaError | None

    @property
    def ok(self) -> bool:
        """True where every check passed."""
        return self.error is None


def report_on(repository: Repository, subject: str | os.PathLike[str], are_parts_at_hand: bool = True) -> Report:
    """Every check on a dataset, or on a certificate file.

    Args:
        repository: a pinned release.
        subject: a dataset's name; or a path, which is what ends in `.json` or holds a separator.
        are_parts_at_hand: False where a service keeps the Parquet files to itself.

    Raises:
        Misused: the file cannot be read.
    """
    name = os.fspath(subject)
    if isinstance(subject, str) and not name.endswith(".json") and os.sep not in name:
        return _dataset_report(repository, name, are_parts_at_hand)
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise Misused(
            f"{name} cannot be read.",
            observed=error.strerror or type(error).__name__,
            required="the name of a dataset, or a certificate file",
        ) from None
    return _file_report(repository, name, data)


class _Notes:
    """The checks that passed, in order."""

    def __init__(self, table: dict[str, str]) -> None:
        self.table = table
        self.seen: dict[str, str] = {}
        self.left: dict[str, str] = {}  # checks that cannot be made here, and why

    def __call__(self, name: str, observed: str) -> None:
        self.seen[name] = observed

    def checks(self, error: EsclusaError | None) -> tuple[Check, ...]:
        """Passed, then the failed one, then those not reached."""
        rows, failed = [], error is None
        for name, demand in self.table.items():
            if name in self.seen:
                rows.append(Check(name, demand, "passed", self.seen[name]))
            elif not failed:
                assert error is not None
                failed = True
                rows.append(Check(name, demand, "failed", error.observed or error.what))
            else:
                rows.append(Check(name, demand, "not reached", self.left.get(name, "")))
        return tuple(rows)


def _dataset_report(repository: Repository, dataset: str, are_parts_at_hand: bool) -> Report:
    notes, certificate = _Notes(CHECKS), None
    try:
        vouched = vouch(repository, dataset, notes)
        certificate = vouched.certificate
        if are_parts_at_hand:
            hash_parts(repository, vouched, notes)
        else:
            notes.left["parts"] = "kept by the service, which hashes them; not handed out"
    except EsclusaError as error:
        return Report(dataset, notes.checks(error), certificate, error)
    return Report(dataset, notes.checks(None), certificate, None)


def _file_report(repository: Repository, name: str, data: bytes) -> Report:
    notes, certificate = _Notes(FILE_CHECKS), None
    try:
        certificate = read_certificate(data)
        notes("format", f"{certificate.dataset}, certified {moment(certificate.certified_at)}")
        notes("release", f"release {repository.version}, alive until {moment(repository.alive_until)}")
        with owner_of(repository, certificate.dataset):
            _demand_standing(repository, certificate.dataset, data)
            notes("standing", "not revoked")
            current = signed_certificate(repository, demand_role(repository, certificate.dataset))
            notes("current", f"certified {moment(current.certified_at)}, valid until {moment(current.valid_until)}")
        with owned_by(current.owner):
            notes("chain", _chained(repository, current, certificate, data))
    except EsclusaError as error:
        return Report(name, notes.checks(error), certificate, error)
    return Report(name, notes.checks(None), certificate, None)


def _demand_standing(repository: Repository, dataset: str, data: bytes) -> None:
    said = repository.role(dataset).said if dataset in repository.datasets else {}
    for revocation in read_revocations(said):
        if revocation.covers(data):
            raise revocation.error(dataset)


def _chained(repository: Repository, current: Certificate, kept: Certificate, data: bytes) -> str:
    """Where the kept file stands in the chain."""
    if kept.digest == current.digest:
        return "the current certificate"
    steps = 0
    for steps, link in enumerate(published_certificates(repository, kept.dataset), 1):
        if link.digest == kept.digest:
            return f"superseded, {steps - 1} before the newest certificate"
        if link.certified_at < kept.certified_at:
            break
    # Not a published one: say whether it was edited (Tampered) or is a stranger's (Untrusted).
    verify_signature(data, *repository.keys(kept.dataset))
    raise Untrusted(
        f"The certificate is signed by the gate, but it was never published for {kept.dataset}.",
        observed=f"sha256 {sha256(data).hexdigest()}, not among {steps} published certificates",
        required="one of the published certificates",
        remedy=f"Rely on the published one: esclusa verify {kept.dataset}",
    )
