"""Who calls: one function from an `Authorization` header to a caller, or a refusal.

Belongs here: `Caller`, and telling API tokens from an identity provider's. Does not: what a caller may read
(`permission.py`, by the contracts' policies).
Source: RFC 6750 (bearer tokens).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from esclusa.errors import NO_CREDENTIALS, NotIdentified, NotPermitted, nearest
from esclusa.server.tokens import ANY, PREFIX, TokenFile, is_well_formed

LONGEST = 8192  # letters of a header that are looked at at all


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
    """

    def __init__(self, tokens: TokenFile) -> None:
        self.tokens = tokens

    def identify(self, authorization: str | None) -> Caller:
        """The caller of a request.

        Args:
            authorization: its `Authorization` header, or None.

        Raises:
            NotIdentified: no token, or one that is unknown, expired, revoked or forged; never says which is known.
        """
        scheme, _, credential = (authorization or "").strip().partition(" ")
        credential = credential.strip()
        if not scheme:
            raise _refused("Rows are handed out to callers with a token.", NO_CREDENTIALS)
        if scheme.lower() != "bearer" or not credential or len(credential) > LONGEST:
            raise _refused("The Authorization header holds no bearer token.", "another scheme, or no token")
        if not credential.startswith(PREFIX):
            raise _refused("The token is none of this service.", "a token of another kind")
        return self._by_token(credential)

    def _by_token(self, credential: str) -> Caller:
        if not is_well_formed(credential):
            raise _refused("The token was cut off or mistyped.", "a checksum that does not fit")
        token = self.tokens.find(credential)
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
