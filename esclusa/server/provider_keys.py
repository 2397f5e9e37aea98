"""The public keys of an identity provider: from a file or a URL, kept for a while, fetched again as they rotate.

Belongs here: having them at hand. Does not: what they verify (`jwts.py`).
Source: RFC 7517 (JWK), OpenID Connect Discovery 1.0 §4.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import urllib3
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from esclusa.errors import Busy, Unreachable
from esclusa.location import is_loopback
from esclusa.server.settings import Provider

KEPT = 300  # seconds before keys are fetched again
GRACE = 3600  # seconds that they are believed while the provider does not answer
PAUSE = 10  # seconds between two fetches, whatever callers show
TIMEOUT = 5  # seconds
WAIT = 1  # seconds that a caller whose key is not at hand waits for another's fetch: threads are few
LARGEST = 1_000_000  # bytes
KINDS = ("RSA", "EC", "OKP")  # public keys; a shared secret (`oct`) has no place in a published set


class ProviderKeys:
    """The keys, by their id.

    Args:
        provider: whose they are.
        clock: seconds, monotonic.
    """

    def __init__(self, provider: Provider, clock: Callable[[], float] = time.monotonic) -> None:
        self._provider, self._clock = provider, clock
        self._turn = Lock()
        self._keys: dict[str, Key] = {}
        self._fetched = self._tried = -float("inf")
        self._failure = "not fetched yet"

    def find(self, kid: str) -> Key | None:
        """The key of that id; the set is fetched again where it is old or has none of it.

        Args:
            kid: as a JWT names it.

        Raises:
            Unreachable: there is no set that may still be believed.
            Busy: another caller's fetch takes long, and this key is not at hand.
        """
        is_at_hand = kid in self._keys and self._clock() - self._fetched <= GRACE
        if self._is_due(kid):
            if self._turn.acquire(timeout=0 if is_at_hand else WAIT):
                try:
                    if self._is_due(kid):  # whoever was waited for may have fetched it
                        self._refresh(self._clock())
                        self._tried = self._clock()  # not before: others of a first fetch must wait for it
                finally:
                    self._turn.release()
            elif not is_at_hand:
                raise Busy("The keys of the identity provider are being fetched.", remedy="Try again.", after=WAIT)
        if self._clock() - self._fetched > GRACE:
            raise Unreachable(
                "The keys of the identity provider cannot be had.",
                observed=self._failure,
                required="its public keys (JWKS), from a file or over https",
                remedy="Who runs the service checks ESCLUSA_OIDC_ISSUER and ESCLUSA_OIDC_JWKS.",
            )
        return self._keys.get(kid)

    def _is_due(self, kid: str) -> bool:
        now = self._clock()
        return (now - self._fetched > KEPT or kid not in self._keys) and now - self._tried > PAUSE

    def _refresh(self, now: float) -> None:
        try:
            self._keys = _usable(self._document())
            self._fetched = now
        except (OSError, ValueError, KeyError, TypeError, AttributeError, urllib3.exceptions.HTTPError) as error:
            self._failure = type(error).__name__

    def _document(self) -> Any:
        where = self._provider.keys
        if where and "://" not in where:
            return json.loads(Path(where).expanduser().read_bytes())
        if not where:
            base = self._provider.issuer.rstrip("/")
            said = _fetched(f"{base}/.well-known/openid-configuration")
            if said["issuer"] != self._provider.issuer:
                raise ValueError("another issuer")
            where = said["jwks_uri"]
        return _fetched(where)


def _usable(document: Mapping[str, Any]) -> dict[str, Key]:
    keys = {}
    for written in document["keys"]:
        if written.get("kty") in KINDS and written.get("use", "sig") == "sig" and isinstance(written.get("kid"), str):
            try:
                keys[written["kid"]] = JWKRegistry.import_key(written)
            except (JoseError, ValueError):
                continue  # one key that is not understood takes nothing from the others (RFC 7517 §5)
    return keys


def _fetched(url: str) -> Any:
    """JSON from a URL: over TLS, or from this machine; no redirects, not much, not for long."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise ValueError("not https")
    answer = urllib3.request("GET", url, redirect=False, retries=False, timeout=TIMEOUT, preload_content=False)
    try:
        data = answer.read(LARGEST + 1)
    finally:
        answer.close()
    if answer.status != 200 or len(data) > LARGEST:
        raise ValueError(f"status {answer.status}")
    return json.loads(data)
