"""Requests to erase, on disk: what is behind each of them; the subject only while it is open, and only sealed.

Belongs here: reading and writing the records. Does not: deadlines (`expectations/erasure`), carrying them out.
Source: AES-256-GCM under a key derived from the tombstones' (HKDF, RFC 5869).
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from expectations.erasure.requests import Request
from orchestration.erasure.tombstones import make_key, read_key
from orchestration.platform import Platform
from orchestration.settings import Settings

KIND = "erasures"
_NONCE = 12  # bytes
_MOMENTS = ("requested_at", "deadline", "finished_at")


def remember_request(platform: Platform, request: Request, account: Mapping[str, Any], sealed: str = "") -> None:
    """Write a request as it stands.

    Args:
        account: what was found, removed and proven so far.
        sealed: the subject, as `seal` made it; empty once the request is finished.
    """
    said = {**asdict(request), **{name: _iso(getattr(request, name)) for name in _MOMENTS}}
    platform.workshop.remember(KIND, request.id, {**said, "account": account, "sealed": sealed})


def recall_requests(platform: Platform) -> tuple[Request, ...]:
    """Every request, the oldest first."""
    directory = platform.settings.workshop / KIND
    found = (recall_request(platform, path.stem)[0] for path in directory.glob("*.json"))
    return tuple(sorted(found, key=lambda request: request.requested_at))


def recall_request(platform: Platform, name: str) -> tuple[Request, dict[str, Any], str]:
    """One request, its account and its sealed subject.

    Args:
        name: id of a request that there is.
    """
    document = platform.workshop.recall(KIND, name)
    assert document is not None
    said = {field.name: document[field.name] for field in fields(Request)}
    for moment in _MOMENTS:
        said[moment] = said[moment] and datetime.fromisoformat(said[moment])
    return Request(**{**said, "done": tuple(said["done"])}), document["account"], document["sealed"]


def seal(settings: Settings, name: str, written: str) -> str:
    """A subject, encrypted so that only this platform can go on with the request.

    Args:
        name: id of the request; bound to it.
        written: `<system>.<table>.<column>=<value>`.
    """
    nonce = os.urandom(_NONCE)
    return b64encode(nonce + _cipher(make_key(settings)).encrypt(nonce, written.encode(), name.encode())).decode()


def unseal(settings: Settings, name: str, sealed: str) -> str:
    """What `seal` was given."""
    content = b64decode(sealed)
    return _cipher(read_key(settings)).decrypt(content[:_NONCE], content[_NONCE:], name.encode()).decode()


def _cipher(key: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"esclusa erasure request").derive(key))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
