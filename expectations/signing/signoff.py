"""A sign-off: one person's signature, in one role, under one contract as it reads, for one environment.

Belongs here: the document, where it lies, what changed since. Does not: whether it counts (`standing.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from expectations.contract import Contract, Term
from expectations.environment import Environment
from expectations.loader.document import digest_document
from expectations.loader.problem import ContractError
from expectations.signing.profiles import Demand
from expectations.signing.register import MOMENT, SIGNOFFS, moment, read_signed, write_document, written
from expectations.verdict import GateItem, State

NAMESPACE = "esclusa-signoff"
TYPE, REVOCATION_TYPE = "urn:esclusa:signoff:v1", "urn:esclusa:signoff-revocation:v1"
_TEXT = {"type": "string", "minLength": 1, "maxLength": 2000}
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_SIX = [item for item in GateItem if item is not GateItem.SIGNOFF]


def _mapping(**keys: Any) -> dict[str, Any]:
    return {"type": "object", "properties": keys, "required": list(keys), "additionalProperties": False}


_HEAD = {
    "dataset": _TEXT,
    "environment": {"enum": list(Environment)},
    "role": _TEXT,
    "principal": _TEXT,
}
_TERM = _mapping(version={"type": "integer"}, digest=_DIGEST)
SCHEMA = _mapping(
    type={"const": TYPE},
    contract=_mapping(version=_TEXT, digest=_DIGEST, document=_DIGEST),
    definitions={"type": "object", "additionalProperties": _TERM},
    signedAt=MOMENT,
    validUntil=MOMENT,
    seen=_mapping(
        auditedAt=_TEXT,
        candidateDigest=_DIGEST,
        items=_mapping(**{str(item): {"enum": list(State)} for item in _SIX}),
    ),
    **_HEAD,
)
REVOCATION_SCHEMA = _mapping(type={"const": REVOCATION_TYPE}, signoff=_DIGEST, revokedAt=MOMENT, reason=_TEXT, **_HEAD)


@dataclass(frozen=True)
class Signoff:
    """A sign-off as it was read.

    Args:
        raw: the bytes that were signed.
        said: what they say.
    """

    path: Path
    raw: bytes
    said: Mapping[str, Any]

    @property
    def signature(self) -> Path:
        """Where its signature lies."""
        return self.path.with_name(f"{self.path.name}.sig")

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the document."""
        return sha256(self.raw).hexdigest()

    @property
    def revocation(self) -> Path:
        """Where a revocation of exactly this document lies."""
        return self.path.with_name(f"{self.path.stem}.{self.digest[:12]}.revoked.json")

    @property
    def signed_at(self) -> datetime:
        """Its own date, UTC."""
        return moment(self.said["signedAt"])

    @property
    def valid_until(self) -> datetime:
        """Its own end, UTC."""
        return moment(self.said["validUntil"])

    def elsewhere(self, contract: Contract, environment: Environment) -> str:
        """What it was signed for, where that is not this contract as it reads, or not this environment; else empty.

        Args:
            contract, environment: that a signature is needed for.
        """
        if self.said["dataset"] != contract.name:
            return f"it was signed for the dataset {self.said['dataset']}"
        changes = []
        if self.said["environment"] != environment:
            changes.append(f"it was signed for {self.said['environment']}, not for {environment}")
        if self.said["contract"]["digest"] != contract.digest:
            changes += _changed_terms(self.said["definitions"], contract.glossary)
            if self.said["contract"]["document"] != document_digest(contract):
                was, now = self.said["contract"]["version"], contract.version
                changes.append(f"the contract changed ({was} → {now})" if was != now else f"the contract {now} changed")
            changes = changes or [f"it was signed over the digest {self.said['contract']['digest'][:12]}…"]
        return "; ".join(changes)


def _changed_terms(signed: Mapping[str, Any], glossary: Mapping[str, Term]) -> Iterator[str]:
    for name in sorted(signed.keys() & glossary.keys()):
        was, term = signed[name], glossary[name]
        if was["digest"] != digest_document(term.document):
            versions = f"version {was['version']} → {term.version}"
            yield (
                f"the definition {name} changed ({versions})"
                if was["version"] != term.version
                else (f"the definition {name} changed (still version {term.version})")
            )


def document_digest(contract: Contract) -> str:
    """SHA-256 (hex) of the contract alone, without the terms that it names."""
    return digest_document(contract.document)


def folder(directory: Path, contract: Contract, environment: Environment) -> Path:
    """Where the sign-offs of a contract as it reads lie.

    Args:
        directory: of the promises.
    """
    return directory / SIGNOFFS / contract.name / f"{contract.digest[:12]}-{environment}"


def file_of(role: str) -> str:
    """Name of a role's sign-off."""
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', role)}.json"


def new_signoff(
    contract: Contract,
    environment: Environment,
    *,
    role: str,
    principal: str,
    now: datetime,
    demand: Demand,
    seen: Mapping[str, Any],
) -> bytes:
    """The document that is to be signed.

    Args:
        principal: username of the team's member who signs.
        now: wall clock, UTC.
        seen: `auditedAt`, `candidateDigest` and the states of the six `items`, as they were shown.
    """
    terms = {
        name: {"version": term.version, "digest": digest_document(term.document)}
        for name, term in contract.glossary.items()
    }
    return write_document(
        {
            "type": TYPE,
            "dataset": contract.name,
            "contract": {
                "version": contract.version,
                "digest": contract.digest,
                "document": document_digest(contract),
            },
            "definitions": terms,
            "environment": str(environment),
            "role": role,
            "principal": principal,
            "signedAt": written(now),
            "validUntil": written(now + demand.valid),
            "seen": dict(seen),
        }
    )


def new_revocation(signoff: Signoff, *, principal: str, reason: str, now: datetime) -> bytes:
    """The document that takes one sign-off back, once it is signed.

    Args:
        principal: username of the team's member who revokes.
        now: wall clock, UTC.
    """
    return write_document(
        {
            "type": REVOCATION_TYPE,
            **{key: signoff.said[key] for key in ("dataset", "environment", "role")},
            "principal": principal,
            "signoff": signoff.digest,
            "revokedAt": written(now),
            "reason": reason,
        }
    )


def read_signoff(path: Path) -> Signoff:
    """Read a sign-off; its signature is not yet looked at.

    Raises:
        ContractError: it is none; with every problem found.
    """
    raw, document = read_signed(path, SCHEMA)
    return Signoff(path, raw, document.data)


def earlier(directory: Path, contract: Contract, environment: Environment, role: str) -> Signoff | None:
    """The newest sign-off of a role under another contract or for another environment, or None.

    Args:
        directory: of the promises.
    """
    here, found = folder(directory, contract, environment), []
    for path in here.parent.glob(f"*/{file_of(role)}"):
        if path.parent != here:
            try:
                found.append(read_signoff(path))
            except ContractError:
                continue  # what cannot be read tells of no change
    return max(found, key=lambda s: (s.said["environment"] == environment, s.said["signedAt"]), default=None)
