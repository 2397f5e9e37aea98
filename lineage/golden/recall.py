"""Taking certificates back, and serving an earlier one again: what a dataset's role says afterwards.

Belongs here: both moves in memory, and what they refuse. Does not: putting them in force (`release.py`), who asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from securesystemslib.dsse import Envelope
from tuf.api.metadata import TargetFile

from esclusa.revocation import Revocation, read_revocations
from lineage.certificate import payload_of, sign_payload
from lineage.errors import RecallRefused
from lineage.files import digest_file
from lineage.golden.admission import decide, newest_certificate, served_certificate
from lineage.golden.book import WITHDRAWN_LIFE
from lineage.golden.decision import decision
from lineage.golden.release import CERTIFICATE_FILE, Change


def withdraw(change: Change, dataset: str, *, owner: str, message: str) -> None:
    """Have a role list nothing and say so; see `GoldenRepository.withdraw`."""
    if dataset not in change.book.datasets:
        known = ", ".join(change.book.datasets) or "none"
        raise ValueError(f"{dataset} was never published, so it cannot be withdrawn; published: {known}")
    role = change.book.roles[dataset].signed
    role.targets = {}
    role.unrecognized_fields["esclusa"] |= {"rows": 0, "withdrawn": change.now.isoformat()}
    change.mark(dataset, change.now + WITHDRAWN_LIFE)
    said = decision(dataset, "withdrawn", at=change.now, owner=owner, message=message, remedy=f"ask {owner}")
    decide(change, {dataset: said})


def revocations(change: Change, dataset: str) -> tuple[Revocation, ...]:
    """What was taken back of a dataset, oldest first."""
    role = change.book.roles.get(dataset)
    return () if role is None else read_revocations(role.signed.unrecognized_fields["esclusa"])


def revoke(
    change: Change, dataset: str, digest: str, *, by: str, reason: str, earlier: Iterable[Mapping[str, str]]
) -> Mapping[str, str]:
    """Take a certificate back; see `GoldenRepository.revoke`."""
    certificate = _published(change, dataset, digest)
    if known := next((r for r in revocations(change, dataset) if r.covers(certificate)), None):
        raise RecallRefused(
            f"{dataset}: certificate {digest[:12]}… is {known}; required: one that stands; nothing was changed"
        )
    predicate, served = _predicate(certificate), served_certificate(change, dataset)
    in_force = served is not None and served in statements(change, dataset, digest)
    taken = Revocation(
        certificate=str(served) if in_force else digest,
        statement=sha256(payload_of(certificate)).hexdigest(),
        candidate=predicate["candidateDigest"],
        contract=predicate["contract"]["digest"],
        at=change.now,
        by=by,
        reason=reason,
    )
    said = change.book.roles[dataset].signed.unrecognized_fields["esclusa"]
    said["revoked"] = [*said.get("revoked", []), taken.to_json()]
    if not in_force:
        change.mark(dataset, change.book.roles[dataset].signed.expires)
        return {}
    back = next((together for together in earlier if _all_restorable(change, together)), {})
    message = f"certificate {digest[:12]}… of {dataset} was {taken}"
    if not back:
        withdraw(change, dataset, owner=predicate["owner"], message=message)
    for name, earlier_digest in back.items():
        restore(change, name, earlier_digest, message=message)
    return back


def restore(change: Change, dataset: str, digest: str, *, message: str) -> None:
    """Serve an earlier certificate again; see `GoldenRepository.restore`."""
    certificate = _published(change, dataset, digest)
    if obstacle := _obstacle(change, dataset, certificate):
        raise RecallRefused(
            f"{dataset}: certificate {digest[:12]}… cannot be served again: {obstacle}; required: one that is valid, "
            f"not revoked, its files whole; nothing was changed; next: esclusa run --only {dataset}"
        )
    predicate, newest = _predicate(certificate), newest_certificate(change, dataset)
    files = [
        TargetFile(path.stat().st_size, {"sha256": sha}, f"{dataset}/{path.name.partition('.')[2]}")
        for path, sha in _subjects(change, dataset, certificate)
    ]
    # A key replaced since is unknown to readers: the same statement is signed again, as a rotation does.
    signer = change.keys.signer("gate")
    if signer.public_key.keyid not in Envelope.from_dict(json.loads(certificate)).signatures:
        certificate = sign_payload(payload_of(certificate), signer)
    listed = change.put(f"{dataset}/{CERTIFICATE_FILE}", certificate)
    role = change.book.roles[dataset].signed
    role.targets = {target.path: target for target in (*files, listed)}
    said = role.unrecognized_fields["esclusa"]
    for overtaken in ("withdrawn", "newest"):
        said.pop(overtaken, None)
    if payload_of(certificate) != payload_of(_file(change, dataset, str(newest)).read_bytes()):
        said["newest"] = newest
    said |= {
        "certificate": listed.hashes["sha256"],
        "rows": predicate["rows"],
        "synthetic": predicate["synthetic"],
    }
    change.mark(dataset, datetime.fromisoformat(predicate["validUntil"]))
    of, until = (predicate[field][:16].replace("T", " ") for field in ("certifiedAt", "validUntil"))
    document = decision(
        dataset,
        "refused",
        at=change.now,
        owner=predicate["owner"],
        message=f"{message}; golden serves the certificate of {of} UTC again, valid until {until} UTC",
        remedy=f"correct what was wrong, then: esclusa run --only {dataset}",
        certificate=listed.hashes["sha256"],
    )
    decide(change, {dataset: document})


def statements(change: Change, dataset: str, digest: str) -> frozenset[str]:
    """SHA-256 of every certificate file that says what this one says: each key that replaced another made one.

    Args:
        digest: of one of them.
    """
    payload = payload_of(_published(change, dataset, digest))
    files = _file(change, dataset, digest).parent.glob(f"*.{CERTIFICATE_FILE}")
    return frozenset(f.name.partition(".")[0] for f in files if payload_of(f.read_bytes()) == payload)


def _published(change: Change, dataset: str, digest: str) -> bytes:
    """A certificate of the dataset's chain, or one that says what a certificate of the chain says."""
    path = _file(change, dataset, digest)
    if dataset in change.book.datasets and path.is_file():
        certificate = path.read_bytes()
        payloads = (payload_of(link) for link in _chain(change, dataset))
        if sha256(certificate).hexdigest() == digest and payload_of(certificate) in payloads:
            return certificate
    raise RecallRefused(
        f"{dataset} has no published certificate {digest[:12]}…; required: SHA-256 of one that was published; nothing "
        f"was changed; next: esclusa ledger show --kind release --dataset {dataset}"
    )


def _chain(change: Change, dataset: str) -> Iterator[bytes]:
    digest = newest_certificate(change, dataset)
    while digest is not None and (path := _file(change, dataset, digest)).is_file():
        certificate = path.read_bytes()
        if sha256(certificate).hexdigest() != digest:
            return
        yield certificate
        digest = _predicate(certificate)["previous"]


def _file(change: Change, dataset: str, digest: str) -> Path:
    return change.path / "targets" / dataset / f"{digest}.{CERTIFICATE_FILE}"


def _predicate(certificate: bytes) -> Mapping[str, Any]:
    predicate: Mapping[str, Any] = json.loads(payload_of(certificate))["predicate"]
    return predicate


def _subjects(change: Change, dataset: str, certificate: bytes) -> Iterator[tuple[Path, str]]:
    """(file, SHA-256) of everything that a certificate vouches for."""
    for subject in json.loads(payload_of(certificate))["subject"]:
        digest, name = subject["digest"]["sha256"], subject["name"].removeprefix(f"{dataset}/")
        yield change.path / "targets" / dataset / f"{digest}.{name}", digest


def _all_restorable(change: Change, together: Mapping[str, str]) -> bool:
    try:
        return not any(_obstacle(change, name, _published(change, name, d)) for name, d in together.items())
    except RecallRefused:
        return False


def _obstacle(change: Change, dataset: str, certificate: bytes) -> str:
    """Why a certificate cannot be served again; empty where it can."""
    for taken in revocations(change, dataset):
        if taken.covers(certificate):
            return str(taken)
    until = _predicate(certificate)["validUntil"]
    if datetime.fromisoformat(until) <= change.now:
        return f"it expired at {until}"
    for path, digest in _subjects(change, dataset, certificate):
        if not path.is_file():
            return f"its file {path.name.partition('.')[2]} is gone"
        if digest_file(path)[0] != digest:
            return f"its file {path.name.partition('.')[2]} holds other bytes"
    return ""
