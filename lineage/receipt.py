"""The receipt of an erasure: what was removed where, when and at whose request, signed by the gate; never who.

Belongs here: its form, its signature and checking it. Does not: erasing (orchestration).
Source: in-toto Attestation Framework v1 (Statement), DSSE 1.0 (envelope).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Key, Signer
from tuf.api.metadata import Metadata, Root

from lineage.certificate import PAYLOAD_TYPE, STATEMENT_TYPE, sign_payload
from lineage.errors import ReceiptRefused
from lineage.golden.book import versioned

PREDICATE_TYPE = "urn:esclusa:erasure:v1"


def receipt(tombstones: Mapping[str, str], predicate: Mapping[str, Any], signer: Signer) -> bytes:
    """Sign a receipt.

    Args:
        tombstones: source column → keyed digest (HMAC-SHA256, hex) of the subject: the subjects of the statement.
        predicate: request, times, what was removed, what was proven; JSON.
        signer: the gate key.

    Returns:
        A DSSE envelope as sorted, compact JSON.
    """
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"hmac-sha256": digest}} for name, digest in sorted(tombstones.items())],
        "predicateType": PREDICATE_TYPE,
        "predicate": dict(predicate),
    }
    payload = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return sign_payload(payload, signer)


def read_receipt(encoded: bytes, keys: Sequence[Key]) -> Mapping[str, Any]:
    """The statement of a receipt that a gate key signed.

    Args:
        encoded: the file.
        keys: the gate's, today's and earlier ones (`gate_keys`).

    Raises:
        ReceiptRefused: it is no receipt, was edited, or none of these keys signed it.
    """
    problem = "no gate key of this golden repository signed it, or it was edited"
    try:
        envelope = Envelope.from_dict(json.loads(encoded))
        envelope.verify(list(keys), 1)
        statement: dict[str, Any] = json.loads(envelope.payload)
        if (envelope.payload_type, statement["predicateType"]) == (PAYLOAD_TYPE, PREDICATE_TYPE):
            return statement
        problem = "the gate signed it, but as something else"
    except VerificationError:
        pass
    except (KeyError, TypeError, ValueError, AttributeError):
        problem = "it is cut short or no receipt at all"
    raise ReceiptRefused(
        f"the receipt is refused: {problem}; required: a receipt of an erasure as the gate signed it; next: ask for "
        "the file in `receipts/` of the platform"
    )


def gate_keys(golden: Path) -> tuple[Key, ...]:
    """Every gate key that the roots of a golden repository ever named, the newest first.

    Args:
        golden: the repository; its chain of roots was verified by whoever opened it.
    """
    keys: dict[str, Key] = {}
    roots = [file for _, role, file in versioned(golden / "metadata") if role == "root"]
    for file in reversed(roots):
        root: Metadata[Root] = Metadata.from_bytes(file.read_bytes())
        for keyid in root.signed.roles["snapshot"].keyids:  # the gate signs the snapshot, and datasets
            keys.setdefault(keyid, root.signed.keys[keyid])
    return tuple(keys.values())
