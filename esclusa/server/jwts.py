"""JWTs of an identity provider: who is named in one that holds, as what; and nothing of one that does not.

Belongs here: the checks. Does not: the provider's keys (`provider_keys.py`), what a caller may read.
Source: RFC 7519 (JWT), RFC 8725 (best current practices), OpenID Connect Core 1.0 §3.1.3.7, by joserfc.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, Key

from esclusa.server.provider_keys import ProviderKeys
from esclusa.server.settings import Provider

LEEWAY = 30  # seconds that clocks may differ
LONGEST_NAME = 200


class Disbelieved(Exception):
    """A JWT does not hold; its text says why, and nothing of what is in it."""


@dataclass(frozen=True)
class Identity:
    """Who a JWT names.

    Args:
        roles: that its bearer may take.
        purposes: that it may read for; empty where the provider limits none.
    """

    name: str
    roles: frozenset[str]
    purposes: frozenset[str]


class Jwts:
    """JWTs of one provider.

    Args:
        provider: that is believed.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._keys = ProviderKeys(provider)
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": provider.audience},
            exp={"essential": True},
        )

    def identity(self, credential: str) -> Identity:
        """Who it names, once signature, issuer, audience and dates hold.

        Args:
            credential: as it was shown.

        Raises:
            Disbelieved: one of them does not.
            Unreachable: the provider's keys cannot be had.
        """
        try:
            token = jwt.decode(credential, self._key, algorithms=list(self._provider.algorithms))
            self._claims.validate(token.claims)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise Disbelieved(getattr(error, "error", "") or "malformed") from None
        return self._named(token.claims)

    def _key(self, token: GuestProtocol) -> Key:
        kid = token.headers().get("kid")
        key = self._keys.find(kid) if isinstance(kid, str) else None
        if key is None:
            raise ValueError("no such key")
        return key

    def _named(self, claims: Mapping[str, Any]) -> Identity:
        name = _at(claims, self._provider.name_claim)
        if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
            raise Disbelieved(f"no name in the claim {self._provider.name_claim}")
        values = _texts(_at(claims, self._provider.roles_claim))
        roles = {role for value, role in self._provider.roles if value in values} if self._provider.roles else values
        # A token must not widen what its provider grants: `*` stands for every role only in tokens of our own.
        return Identity(name, frozenset(roles - {"*"}), self._purposes(claims))

    def _purposes(self, claims: Mapping[str, Any]) -> frozenset[str]:
        if not self._provider.purposes_claim:
            return frozenset()
        purposes = _texts(_at(claims, self._provider.purposes_claim)) - {"*"}
        if not purposes:
            raise Disbelieved(f"no purpose in the claim {self._provider.purposes_claim}")
        return frozenset(purposes)


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """The value of a claim; by its whole name first, as some providers name claims by URLs."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _texts(value: Any) -> set[str]:
    """The texts of a claim: a list, or one text with blanks between, as `scope` has them."""
    listed = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    return {text for text in listed if isinstance(text, str) and text}
