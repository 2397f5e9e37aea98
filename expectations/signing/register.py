"""The register: the promises' directory as it stands at one moment, with everything that signatures are judged by.

Belongs here: reading signed JSON documents and whose signature they bear. Does not: what a document says
(`signoff.py`, `waiver.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from expectations.loader.document import Document, parse_document
from expectations.loader.odcs import schema_problems
from expectations.loader.problem import ContractError, Problem
from expectations.signing.profiles import FILE, Profiles, load_profiles
from expectations.signing.signature import PublicKey, SignatureInvalid, signing_key
from expectations.signing.signers import ALLOWED, REVOKED, Objection, Signers, load_signers

SIGNOFFS, WAIVERS = "signoffs", "waivers"
CLOCK_SKEW = timedelta(minutes=5)  # between the signer's machine and the gate's
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"}
_LARGEST_SIGNATURE = 100_000  # bytes

CommittedAt = Callable[[Path], datetime | None]


@dataclass(frozen=True)
class Register:
    """What is known at one moment.

    Args:
        directory: of the promises.
        now: wall clock, UTC.
        committed_at: when a file, as it is now, was committed (UTC); None where it was not.
    """

    directory: Path
    profiles: Profiles
    signers: Signers
    now: datetime
    committed_at: CommittedAt

    def signer(self, raw: bytes, path: Path, namespace: str) -> tuple[PublicKey, bytes]:
        """The key that signed these bytes, and the signature; whether the key counts is not yet asked.

        Args:
            path: of the signature.

        Raises:
            SignatureInvalid: there is none, or it is not of these bytes.
        """
        try:
            if path.stat().st_size > _LARGEST_SIGNATURE:
                raise SignatureInvalid("is far larger than any that ssh-keygen -Y sign writes")
            signature = path.read_bytes()
        except OSError as error:
            raise SignatureInvalid(f"{path.name} cannot be read: {error.strerror}") from None
        return signing_key(raw, signature, namespace), signature

    def objection(self, key: PublicKey, principal: str, namespace: str, said: datetime, path: Path) -> Objection | None:
        """Why a key does not speak for that person; None where it does.

        A document's own date can be back-dated by a key that was retired since: it counts only as far as the commit
        bears it out, and what is not committed must be signed by a key in force today.

        Args:
            said: the document's own date.
            path: of the signature.
        """
        committed = self.committed_at(path)
        at = self.now if committed is None else min(max(said, committed), self.now)
        return self.signers.objection(key, principal, namespace, at)

    def is_future(self, said: datetime) -> bool:
        """Whether a document's own date lies ahead, by more than clocks differ."""
        return said > self.now + CLOCK_SKEW


def open_register(directory: Path, now: datetime, committed_at: CommittedAt = lambda _: None) -> Register:
    """Read profiles and signers.

    Args:
        directory: of the promises.
        now: wall clock, UTC.
        committed_at: as in `Register`.

    Raises:
        ContractError: a file is not what it must be.
    """
    return Register(directory, load_profiles(directory), load_signers(directory), now, committed_at)


def fingerprint(directory: Path, dataset: str) -> str:
    """SHA-256 (hex) over every file that the signatures of a dataset are judged by.

    Args:
        directory: of the promises.
        dataset: its name.
    """
    folders = (directory / kind / dataset for kind in (SIGNOFFS, WAIVERS))
    signed = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    ruling = [path for name in (FILE, ALLOWED, REVOKED) if (path := directory / name).is_file()]
    digest = sha256()
    for path in (*ruling, *signed):
        digest.update(f"{path.relative_to(directory)}\0{sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def write_document(content: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: JSON with sorted keys, made to be read and compared line by line.

    Args:
        content: JSON-compatible.
    """
    return (json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def read_signed(path: Path, schema: Mapping[str, Any]) -> tuple[bytes, Document]:
    """A signed document's bytes, and what they say.

    Args:
        schema: JSON Schema of the whole.

    Raises:
        ContractError: with every problem found.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ContractError(path, [Problem(str(path), 1, "(file)", f"cannot be read: {error.strerror}")]) from None
    try:
        said = json.loads(raw)
    except json.JSONDecodeError as error:
        message = f"is no JSON: {error.msg}; is the file truncated?"
        raise ContractError(path, [Problem(str(path), error.lineno, "(file)", message)]) from None
    except (ValueError, RecursionError):  # not UTF-8, a number of a thousand digits, nested without end
        raise ContractError(path, [Problem(str(path), 1, "(file)", "is no JSON that can be read")]) from None
    document = parse_document(path, raw)
    problems = schema_problems(document, schema)
    if document.data != said:  # what a JSON reader sees is what was signed
        problems.append(document.problem((), "reads differently as YAML; write plain JSON without escapes"))
    for location, value in document.walk():
        if isinstance(value, dict):
            for name in ("signedAt", "validUntil", "issuedAt", "revokedAt"):
                if isinstance(value.get(name), str) and not _is_moment(value[name]):
                    problems.append(document.problem((*location, name), "is no moment: YYYY-MM-DDTHH:MM:SSZ"))
    if problems:
        raise ContractError(path, problems)
    return raw, document


def moment(written: str) -> datetime:
    """A moment of a signed document, UTC."""
    return datetime.strptime(written, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def written(at: datetime) -> str:
    """A moment as signed documents write it: UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _is_moment(text: str) -> bool:
    try:
        moment(text)
    except ValueError:
        return False
    return True
