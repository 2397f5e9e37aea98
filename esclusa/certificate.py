"""The certificate: what was published, on which evidence, until when; and the check of its signature.

Belongs here: the format as a reader needs it (docs/release-format.md). Does not: comparing it with a release.
Source: DSSE 1.0 envelope, in-toto Statement v1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Key

from esclusa.errors import Tampered, Untrusted
from esclusa.evidence import Finding, read_finding

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:esclusa:certificate:v1"


@dataclass(frozen=True)
class Column:
    """One column as certified."""

    name: str
    type: str
    description: str
    classification: str


@dataclass(frozen=True)
class Certificate:
    """One certificate.

    Args:
        digest: SHA-256 (hex) of the file.
        environment: `sandbox`, or `production`: signed off by the people whom the contract demands.
        contract_digest, contract_version: the contract that was kept.
        candidate_digest: SHA-256 over names, digests and sizes of the audited parts, before any column was sealed.
        rows, size: of all parts; size in bytes.
        clock: `now`, or `replay`: made on historical data, its clock standing at `stands_at` when pinned.
        synthetic: True where any input came from the sample generator.
        certified_at, valid_until: UTC.
        subjects: path → SHA-256 (hex) of every file that it vouches for.
        findings: every rule, observed.
        sealed: column that was published sealed → its class.
        sealed_by: class → fingerprint of the key that opens it.
        previous: SHA-256 (hex) of the certificate before this one, or None.
        ledger: sequence and hash of the ledger's last entry when it was certified, or None.
        document: the whole in-toto statement.
    """

    digest: str
    dataset: str
    owner: str
    description: str
    environment: str
    contract_version: str
    contract_digest: str
    candidate_digest: str
    rows: int
    size: int
    columns: tuple[Column, ...]
    clock: str
    stands_at: datetime | None
    synthetic: bool
    certified_at: datetime
    valid_until: datetime
    subjects: Mapping[str, str]
    findings: tuple[Finding, ...]
    sealed: Mapping[str, str]
    sealed_by: Mapping[str, str]
    previous: str | None
    ledger: tuple[int, str] | None
    document: Mapping[str, Any]

    @property
    def verdict(self) -> Mapping[str, Any]:
        """The verdict as it was signed."""
        verdict: Mapping[str, Any] = self.document["predicate"]["verdict"]
        return verdict

    @property
    def freshness(self) -> Finding | None:
        """The finding on freshness, measured on data time."""
        return next((f for f in self.findings if f.rule.endswith("__freshness")), None)

    @property
    def age(self) -> str:
        """Age of the data when it was certified, with its unit, e.g. `3.2 hours`; empty where not measured."""
        fresh = self.freshness
        measured = fresh is not None and isinstance(fresh.observed, int | float)
        return f"{fresh.observed:,.1f} {fresh.unit}" if fresh is not None and measured else ""

    @property
    def signed(self) -> tuple[str, ...]:
        """Who signed the contract, as what, until when."""
        signoffs = self.document["predicate"].get("signoffs", ())
        return tuple(f"{s['principal']} as {s['role']}, until {s['validUntil'][:10]}" for s in signoffs)

    @property
    def waived(self) -> tuple[str, ...]:
        """Findings that pass only because people signed for it: which, until when, by whom, why."""
        return tuple(
            f"{w['rule']} waived until {w['until']} by "
            f"{' and '.join(s['principal'] for s in w['signatures'])}: {w['reason']}"
            for w in self.document["predicate"].get("waivers", ())
        )

    @property
    def caveats(self) -> tuple[str, ...]:
        """What must be said wherever this certificate is shown: empty for signed-off, real data on today's clock,
        nothing of it waived.
        """
        notes = [] if self.environment == "production" else ["SANDBOX certificate: no sign-off was demanded"]
        notes += ["SYNTHETIC data, made by the sample generator"] if self.synthetic else []
        if self.clock != "now":
            notes.append(f"replay clock, standing at {self.stands_at:%Y-%m-%d} when pinned: historical data")
        return (*notes, *self.waived)


def read_certificate(data: bytes) -> Certificate:
    """A certificate from its bytes; nothing is proven yet.

    Args:
        data: the DSSE envelope, JSON.

    Raises:
        Tampered: it is no certificate of this format.
    """
    try:
        return _certificate(sha256(data).hexdigest(), _statement(data))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Tampered(
            "This is not a certificate in a format that this version reads.",
            observed=f"{type(error).__name__}: {error}",
            required=f"a DSSE envelope of {PAYLOAD_TYPE}, predicate {PREDICATE_TYPE}",
            remedy="Take the certificate from the golden repository again; update esclusa if the format is newer.",
        ) from None


def verify_signature(data: bytes, keys: Sequence[Key], threshold: int) -> None:
    """Demand that a certificate was signed by the gate.

    Args:
        data: the DSSE envelope, JSON, as `read_certificate` could read it.
        keys, threshold: of the dataset's role, from signed targets metadata.

    Raises:
        Tampered: a gate key is named, but its signature is of other bytes.
        Untrusted: too few of the gate's keys have signed.
    """
    envelope = _envelope(data)
    try:
        envelope.verify(list(keys), threshold)
    except (VerificationError, ValueError):
        named = sorted(envelope.signatures.keys() & {key.keyid for key in keys})
        signers = ", ".join(id_[:12] for id_ in envelope.signatures) or "nobody"
        kind, what = (
            (Tampered, "The certificate was edited after it was signed.")
            if named
            else (Untrusted, "The certificate was not signed by the gate of this repository.")
        )
        raise kind(
            what,
            observed=f"signed by {signers}",
            required=f"{threshold} valid of the gate's keys {', '.join(key.keyid[:12] for key in keys)}",
            remedy="Do not rely on it. Take the certificate from the golden repository: esclusa verify <dataset>",
        ) from None


def payload_of(data: bytes) -> bytes:
    """What a certificate file says, as it was signed; proves nothing.

    Args:
        data: the DSSE envelope, JSON, as `read_certificate` could read it.
    """
    payload: bytes = _envelope(data).payload
    return payload


def _statement(data: bytes) -> Mapping[str, Any]:
    envelope = _envelope(data)
    if envelope.payload_type != PAYLOAD_TYPE:
        raise ValueError(f"payload type {envelope.payload_type}")
    statement: dict[str, Any] = json.loads(envelope.payload)
    if (statement["_type"], statement["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
        raise ValueError(f"{statement['_type']} with predicate {statement['predicateType']}")
    return statement


def _envelope(data: bytes) -> Envelope:
    return Envelope.from_dict(json.loads(data))


def _certificate(digest: str, statement: Mapping[str, Any]) -> Certificate:
    said = statement["predicate"]
    contract, clock = said["contract"], said["clock"]
    return Certificate(
        digest=digest,
        dataset=said["dataset"],
        owner=said["owner"],
        description=contract.get("description") or "",
        environment=said.get("environment") or "sandbox",
        contract_version=contract["version"],
        contract_digest=contract["digest"],
        candidate_digest=said["candidateDigest"],
        rows=said["rows"],
        size=said["bytes"],
        columns=tuple(
            Column(c["name"], c["type"], c.get("description") or "", c.get("classification") or "")
            for c in said["schema"]
        ),
        clock=clock["kind"],
        stands_at=datetime.fromisoformat(clock["standsAt"]) if clock.get("standsAt") else None,
        synthetic=said["synthetic"],
        certified_at=datetime.fromisoformat(said["certifiedAt"]),
        valid_until=datetime.fromisoformat(said["validUntil"]),
        subjects={s["name"]: s["digest"]["sha256"] for s in statement["subject"]},
        findings=tuple(read_finding(f) for f in said["verdict"]["findings"]),
        sealed=said["sealed"],
        sealed_by=said["sealedBy"],
        previous=said["previous"],
        ledger=(head["sequence"], head["hash"]) if (head := said.get("ledger")) else None,
        document=statement,
    )
