"""The certificate: an in-toto Statement on the published files, in a DSSE envelope that the gate signs.

Belongs here: what a certificate says, and its signature. Does not: measuring, publishing (`golden/repository.py`).
Source: in-toto Attestation Framework v1 (Statement), DSSE 1.0 (envelope).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from typing import Any

from ruamel.yaml import YAML
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Key, Signer

from expectations.clock import Clock
from expectations.contract import Contract
from expectations.policy import policies_of
from expectations.verdict import Verdict
from lineage.errors import CertificateRefused, GateShut
from lineage.pin import Pin
from lineage.sealing import Sealed, sealed_columns

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:esclusa:certificate:v1"
CONTRACT_FILE = "contract.yaml"
POLICIES_FILE = "policies.cedar"


@dataclass(frozen=True)
class Input:
    """One load that a dataset was built from: a link of the chain of custody.

    Args:
        file: as delivered, relative to the data directory, or `postgres:<schema>.<table>`.
        file_digest, contract_digest: SHA-256 (hex) of the file and of the source contract.
        landed_at: timezone-aware.
        synthetic: True where the sample generator made it.
    """

    system: str
    table: str
    file: str
    file_digest: str
    rows: int
    load_id: str
    landed_at: datetime
    contract_digest: str
    synthetic: bool


def documents(contract: Contract, further: Mapping[str, bytes]) -> dict[str, bytes]:
    """What is published beside the rows: file name → content.

    Args:
        contract: the loaded contract; its own two files stand whatever `further` says.
        further: what else travels with the data.
    """
    return {**further, CONTRACT_FILE: contract_file(contract), POLICIES_FILE: policies_of(contract).encode()}


def contract_file(contract: Contract) -> bytes:
    """The contract as it is published: YAML of the very document that was audited, not of a file that may have changed.

    Args:
        contract: the loaded contract.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 120
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # keep the author's order
    stream = BytesIO()
    yaml.dump(json.loads(json.dumps(contract.document)), stream)
    return stream.getvalue()


def certify(
    verdict: Verdict,
    contract: Contract,
    pin: Pin,
    *,
    inputs: Sequence[Input],
    code: str,
    run: str,
    clock: Clock,
    pinned_at: datetime,
    valid_until: datetime,
    previous: str | None,
    signer: Signer,
    certified_at: datetime | None = None,
    signoffs: Sequence[Mapping[str, Any]] = (),
    waivers: Sequence[Mapping[str, Any]] = (),
    ledger: Mapping[str, Any] | None = None,
    sealed: Sealed | None = None,
    further: Mapping[str, bytes] | None = None,
) -> bytes:
    """Sign that a pin keeps its contract; the same arguments give the same bytes.

    Args:
        verdict: on exactly this pin under exactly this contract.
        inputs: every load that the candidate was built from.
        code: revision of the code that built it.
        run: id of the run.
        clock: the dataset's clock.
        pinned_at: wall clock at which the candidate was pinned and the clock read; timezone-aware.
        valid_until: wall clock at which the freshness promise runs out; timezone-aware.
        previous: SHA-256 (hex) of the certificate file now in force, or None.
        signer: the gate key.
        certified_at: wall clock, default now.
        signoffs, waivers: as they were signed, each with its signature.
        ledger: sequence number and hash of the ledger's head.
        sealed: what is published of the pin; the pin itself where no column is above internal.
        further: documents that it vouches for besides contract and policies: file name → content.

    Returns:
        The certificate file: a DSSE envelope as sorted, compact JSON.

    Raises:
        GateShut: the verdict is not open, or speaks of other bytes or another contract; or the promise has run out.
        ValueError: a moment has no time zone.
    """
    certified_at = certified_at or datetime.now(UTC)
    moments = (pinned_at, valid_until, certified_at, verdict.audited_at, *(i.landed_at for i in inputs))
    if any(moment.tzinfo is None for moment in moments):
        raise ValueError(f"{contract.name}: every moment in a certificate needs a time zone")
    published = sealed or Sealed(pin.digest, pin.parts)
    _demand_open(verdict, contract, pin, published, inputs, valid_until, certified_at)
    subject = [{"name": f"{contract.name}/{part.name}", "digest": {"sha256": part.sha256}} for part in published.parts]
    for name, content in documents(contract, further or {}).items():
        subject.append({"name": f"{contract.name}/{name}", "digest": {"sha256": sha256(content).hexdigest()}})
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": subject,
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "dataset": contract.name,
            "owner": contract.owner,
            "support": [dict(channel) for channel in contract.support],
            "contract": {
                "id": contract.id,
                "version": contract.version,
                "digest": contract.digest,
                "description": str(contract.description.get("purpose") or contract.table.description),
            },
            "environment": str(verdict.environment),
            "signoffs": [dict(signoff) for signoff in signoffs],
            "waivers": [dict(waiver) for waiver in waivers],
            "ledger": None if ledger is None else dict(ledger),
            "definitions": _definitions(contract),
            "candidateDigest": pin.digest,
            "rulesDigest": verdict.rules_digest,
            "verdict": verdict.to_json(),
            "inputs": [_input(i) for i in inputs],
            "schema": _schema(contract),
            "sealed": dict(published.columns),
            "sealedBy": dict(published.keys),
            "primaryKey": list(contract.table.key),
            "rows": pin.rows,
            "bytes": sum(part.size for part in published.parts),
            "clock": {"kind": clock.kind, "standsAt": None if clock.stands_at is None else moment_of(clock.stands_at)},
            "pinnedAt": moment_of(pinned_at),
            "certifiedAt": moment_of(certified_at),
            "validUntil": moment_of(valid_until),
            "code": {"revision": code},
            "run": run,
            "synthetic": any(i.synthetic for i in inputs),
            "previous": previous,
        },
    }
    return sign_payload(
        json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(), signer
    )


def _demand_open(
    verdict: Verdict,
    contract: Contract,
    pin: Pin,
    published: Sealed,
    inputs: Sequence[Input],
    valid_until: datetime,
    certified_at: datetime,
) -> None:
    problem = ""
    if not verdict.open:
        rules = [finding.rule for finding in verdict.shutting] + [f"{rule} (no finding)" for rule in verdict.unanswered]
        problem = f"the verdict is shut by {', '.join(rules[:5]) or 'a gate item without evidence'}"
    elif {verdict.dataset, pin.dataset} != {contract.name}:
        problem = f"the verdict is on {verdict.dataset}, the pin of {pin.dataset}"
    elif verdict.candidate_digest != pin.digest:
        problem = f"candidate {verdict.candidate_digest[:12]}… was audited, {pin.digest[:12]}… is pinned"
    elif verdict.contract_digest != contract.digest:
        problem = f"contract {verdict.contract_digest[:12]}… was audited, {contract.digest[:12]}… is in force"
    elif published.candidate != pin.digest:
        problem = f"candidate {published.candidate[:12]}… was sealed, {pin.digest[:12]}… is pinned"
    elif published.columns != sealed_columns(contract):
        columns = (", ".join(names) or "none" for names in (sealed_columns(contract), published.columns))
        problem = "the columns {} are above internal, and sealed are {}".format(*columns)
    elif not inputs:
        problem = "no load is named that it was built from"
    elif valid_until <= certified_at:
        problem = f"its freshness promise ran out at {moment_of(valid_until)}"
    if problem:
        raise GateShut(
            f"{contract.name}: not certified: {problem}; required: an open verdict on exactly these bytes and this "
            f"contract, still fresh; owner: {contract.owner}; next: `esclusa why {contract.name}`"
        )


def _input(load: Input) -> dict[str, Any]:
    return {
        "system": load.system,
        "table": load.table,
        "file": load.file,
        "fileDigest": load.file_digest,
        "rows": load.rows,
        "loadId": load.load_id,
        "landedAt": moment_of(load.landed_at),
        "contractDigest": load.contract_digest,
        "synthetic": load.synthetic,
    }


def _schema(contract: Contract) -> list[dict[str, str]]:
    return [
        {"name": c.name, "type": c.physical_type, "description": c.description, "classification": c.classification}
        for c in contract.table.columns
    ]


def _definitions(contract: Contract) -> list[dict[str, Any]]:
    return [
        {"term": use.term, "version": use.version, "description": contract.glossary[use.term].description}
        for use in contract.terms
        if use.term in contract.glossary
    ]


def moment_of(moment: datetime) -> str:
    """A moment as ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat()


def sign_payload(payload: bytes, signer: Signer) -> bytes:
    """A certificate file: this payload in a DSSE envelope with this one signature.

    Args:
        payload: the statement's bytes.
        signer: the gate key.
    """
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return json.dumps(envelope.to_dict(), sort_keys=True, separators=(",", ":")).encode()


def payload_of(certificate: bytes) -> bytes:
    """The statement's bytes inside a certificate file; proves nothing."""
    return Envelope.from_dict(json.loads(certificate)).payload


def read_statement(certificate: bytes, key: Key) -> Mapping[str, Any]:
    """The statement of a certificate that the gate signed.

    Args:
        certificate: the file.
        key: the gate's public key.

    Raises:
        CertificateRefused: it is no certificate, or this key did not sign it.
    """
    try:
        envelope = Envelope.from_dict(json.loads(certificate))
        envelope.verify([key], 1)
        statement: dict[str, Any] = json.loads(envelope.payload)
        genuine = (envelope.payload_type, statement["predicateType"]) == (PAYLOAD_TYPE, PREDICATE_TYPE)
        cause: Exception | None = None
    except (KeyError, TypeError, ValueError, VerificationError) as error:
        genuine, cause = False, error
    if not genuine:
        raise CertificateRefused(
            f"the certificate was not signed by the gate key {key.keyid[:12]}…, or is none; "
            "it may be edited, or the key was rotated meanwhile; next: certify again"
        ) from cause
    return statement
