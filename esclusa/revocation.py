"""Certificates that were taken back: what a dataset's role says of them, and the error of one.

Belongs here: the format, as publisher and reader share it. Does not: taking one back (`lineage/golden/recall.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from esclusa.certificate import payload_of
from esclusa.errors import Revoked, Tampered


@dataclass(frozen=True)
class Revocation:
    """One certificate that was taken back, for ever.

    Args:
        certificate: SHA-256 (hex) of its file.
        statement: SHA-256 (hex) of what it says: a replaced key signs the same statement again, in another file.
        candidate, contract: digests of the candidate and of the contract that it vouched for.
        at: since when, UTC.
        by: who asked for it.
        reason: why, for consumers.
    """

    certificate: str
    statement: str
    candidate: str
    contract: str
    at: datetime
    by: str
    reason: str

    def __str__(self) -> str:
        return f"revoked on {self.at:%Y-%m-%d} by {self.by}: {self.reason}"

    def covers(self, certificate: bytes) -> bool:
        """True where a certificate file says what was taken back, whichever key signed it."""
        return self.statement == sha256(payload_of(certificate)).hexdigest()

    def to_json(self) -> dict[str, str]:
        """As it stands in the role."""
        return {**vars(self), "at": self.at.isoformat()}

    def error(self, dataset: str, owner: str = "") -> Revoked:
        """What a reader of that certificate is told."""
        return Revoked(
            f"The certificate {self.certificate[:12]}… of {dataset} was revoked on {self.at:%Y-%m-%d}.",
            observed=f"by {self.by}: {self.reason}",
            required="a certificate in force",
            owner=owner,
            remedy=f"Do not rely on what was read under it; esclusa why {dataset} tells what is served now.",
        )


def read_revocations(said: Mapping[str, Any]) -> tuple[Revocation, ...]:
    """Every revocation that a dataset's role states.

    Args:
        said: the field `esclusa` of the role.

    Raises:
        Tampered: it is none of this format.
    """
    try:
        return tuple(Revocation(**{**r, "at": datetime.fromisoformat(r["at"])}) for r in said.get("revoked", ()))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Tampered(
            "What a dataset's role says of revoked certificates cannot be read.",
            observed=type(error).__name__,
            required="revocations as docs/release-format.md describes them",
            remedy="Update esclusa if the format is newer; else tell the publisher.",
        ) from None
