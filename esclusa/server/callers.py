"""Who calls: one function from an `Authorization` header to a caller, or a refusal.

Belongs here: `Caller`, and telling API tokens from an identity provider's. Does not: what a caller may read
(`permission.py`, by the contracts' policies).
Source: RFC 6750 (bearer tokens).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from esclusa.errors import NO_CREDENTIALS, Misused, NotIdentified, NotPermitted, Unreachable, nearest
from esclusa.server.buckets import Buckets
from esclusa.server.calling import in_work
from esclusa.server.jwts import Disbelieved, Jwts
from esclusa.server.settings import Provider, ServerSettings
from esclusa.server.tokens import ANY, PREFIX, TokenFile, is_well_formed

LONGEST = 8192  # letters of a header that are looked at at all
FAILURES = 1.0  # attempts per second and address that fail; ten times as many at once


@dataclass(frozen=True)
class Caller:
    """Whom the service answers.

    Args:
        name: as the ledger will say it: `token:<name>` or `oidc:<subject>`.
        roles: that it may take; `*` for every role.
        purposes: that it may read for; empty for every purpose that a contract grants the role.
        mirror: may fetch whole Parquet files, unmasked.
    """

    name: str
    roles: frozenset[str]
    purposes: frozenset[str] = frozenset()
    mirror: bool = False

    def demand(self, role: str, purpose: str) -> None:
        """Refuse a role or a purpose that this caller may not take. What the contract grants is decided after it.

        Args:
            role, purpose: as the request says; empty where it says nothing, which the contract's refusal then tells.

        Raises:
            NotPermitted: it may not.
        """
        for kind, asked, allowed in (("role", role, self.roles), ("purpose", purpose, self.purposes or {ANY})):
            if asked and ANY not in allowed and asked not in allowed:
                known = tuple(sorted(allowed))
                raise NotPermitted(
                    f"{self.name} may not read {'in the role' if kind == 'role' else 'for the purpose'} {asked}.",
                    observed=f"{kind} {asked}",
                    required=f"one of: {', '.join(known) or 'none: nothing is mapped to this caller'}",
                    remedy=f"{nearest(asked, known)} Ask who runs the service for a token with this {kind}.".strip(),
                )

    def demand_mirror(self, file: str) -> None:
        """Refuse whole Parquet files, which hold every column unmasked, to whoever was not given that right.

        Args:
            file: what was asked for.

        Raises:
            NotPermitted: it may not.
        """
        if not self.mirror:
            raise NotPermitted(
                f"{self.name} may not fetch Parquet files: they hold every column, unmasked.",
                observed=file,
                required="a token with the right to mirror",
                remedy="Read rows in a role and for a purpose instead; esclusa tokens add --mirror gives the right.",
            )


class Callers:
    """Everyone who may call.

    Args:
        tokens: made by `esclusa tokens add`.
        provider: whose JWTs are believed too, or None.
        rate: requests per second and caller; five times as many at once.
    """

    def __init__(self, tokens: TokenFile, provider: Provider | None = None, rate: float = ServerSettings.rate) -> None:
        self.tokens = tokens
        self._jwts = Jwts(provider) if provider else None
        self._requests = Buckets(rate, rate * 5)
        self._failures = Buckets(FAILURES, FAILURES * 10)

    def identify(self, authorization: str | None) -> Caller:
        """The caller of the request in work, whom this counts it for.

        Args:
            authorization: its `Authorization` header, or None.

        Raises:
            NotIdentified: no token, or one that is unknown, expired, revoked or forged.
            Unreachable: tokens or the provider's keys cannot be had.
            Busy: too many requests of this caller; or too many of this address that failed. A token that holds is let
                in also then, or whoever shares an address with a guesser would be shut out.
        """
        call = in_work()
        try:
            caller = self._identified(authorization)
        except NotIdentified:
            self._failures.take(call.address)
            raise
        call.caller = caller.name
        self._requests.take(caller.name)
        return caller

    def _identified(self, authorization: str | None) -> Caller:
        scheme, _, credential = (authorization or "").strip().partition(" ")
        credential = credential.strip()
        if not scheme:
            raise _refused("Rows are handed out to callers with a token.", NO_CREDENTIALS)
        if scheme.lower() != "bearer" or not credential or len(credential) > LONGEST:
            raise _refused("The Authorization header holds no bearer token.", "another scheme, or no token")
        if credential.startswith(PREFIX):
            return self._by_token(credential)
        if self._jwts is None:
            raise _refused("The token is none of this service.", "a token of another kind")
        try:
            identity = self._jwts.identity(credential)
        except Disbelieved as reason:
            raise _refused("The token of the identity provider does not hold.", str(reason)) from None
        return Caller(f"oidc:{identity.name}", identity.roles, identity.purposes)

    def _by_token(self, credential: str) -> Caller:
        if not is_well_formed(credential):
            raise _refused("The token was cut off or mistyped.", "a checksum that does not fit")
        try:
            token = self.tokens.find(credential)
        except Misused:  # it names a file of this machine, and what is wrong with it: nothing for whoever calls
            raise Unreachable(
                "The tokens of the service cannot be looked up.",
                observed="a file of tokens that cannot be used",
                required="one that only the service can read",
                remedy="Who runs the service is told what is wrong with it by esclusa tokens list.",
            ) from None
        state = token.state(datetime.now(UTC)) if token else "unknown"
        if token is None or state != "in force":
            raise _refused(f"The token is {state}.", f"a token that is {state}")
        roles = frozenset(token.roles)
        return Caller(f"token:{token.name}", roles, frozenset(token.purposes), token.mirror)


def _refused(what: str, observed: str) -> NotIdentified:
    return NotIdentified(
        what,
        observed=observed,
        required="Authorization: Bearer <token>",
        remedy="Ask who runs the service for a token (esclusa tokens add), and put it into ESCLUSA_TOKEN.",
    )
