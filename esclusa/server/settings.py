"""Settings of the service: limits, where its tokens are kept, which identity provider it believes.

Belongs here: every variable that only the service reads, typed, with its default. Does not: what is done with them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from esclusa.errors import Misused
from esclusa.settings import Setting

TOKENS_FILE = "tokens.json"
_MEGABYTE = 1 << 20

SETTINGS = (
    Setting("ESCLUSA_TOKENS", "`tokens.json` beside the repository", "File of API tokens, hashed; mode 0600."),
    Setting("ESCLUSA_OIDC_ISSUER", "none", "Issuer (URL) of the identity provider whose JWTs are believed too."),
    Setting("ESCLUSA_OIDC_AUDIENCE", "none", "Audience that a JWT must be made for; needed with an issuer."),
    Setting(
        "ESCLUSA_OIDC_JWKS",
        "as the issuer's `.well-known/openid-configuration` says",
        "The provider's public keys: a file, or an https URL; fetched again as they rotate.",
    ),
    Setting("ESCLUSA_OIDC_ALGORITHMS", "RS256 PS256 ES256", "Signatures that are accepted: none by a secret."),
    Setting("ESCLUSA_OIDC_NAME_CLAIM", "sub", "Claim that names the caller in the ledger."),
    Setting("ESCLUSA_OIDC_ROLES_CLAIM", "roles", "Claim that says which roles a caller may take; dots go deeper."),
    Setting(
        "ESCLUSA_OIDC_ROLES",
        "each value is a role",
        "Which value of that claim gives which role: `group=role`, comma-separated; other values give none.",
    ),
    Setting("ESCLUSA_OIDC_PURPOSES_CLAIM", "none", "Claim that limits the purposes of a caller; dots go deeper."),
    Setting("ESCLUSA_SERVE_ROWS", "1000000", "Rows of one answer, at most."),
    Setting("ESCLUSA_SERVE_MEGABYTES", "256", "Megabytes of one answer, encoded, at most."),
    Setting("ESCLUSA_SERVE_CACHE_MEGABYTES", "256", "Megabytes of encoded answers kept for the next reader."),
    Setting("ESCLUSA_SERVE_RATE", "20", "Requests a second of one caller, on average; bursts of five times as many."),
    Setting("ESCLUSA_SERVE_ADDRESS_RATE", "100", "The same for an address, where nobody is asked for a token."),
    Setting("ESCLUSA_SERVE_CONCURRENT", "256", "Requests in work at once, of all callers, in one worker."),
    Setting(
        "ESCLUSA_SERVE_HOSTS",
        "this machine's own: localhost, 127.0.0.1, ::1",
        "Further names that it is reached by, comma-separated: on this machine, and to agents, no other is answered.",
    ),
    Setting("ESCLUSA_SERVE_TIMEOUT", "30", "Seconds until an answer must begin, and between two pieces of it."),
)


# Public-key signatures (RFC 7518 §3.1, RFC 9864). With a shared secret, whoever knows the public key could sign.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")


@dataclass(frozen=True)
class Provider:
    """An identity provider that is believed.

    Args:
        issuer, audience: that a JWT must name.
        keys: file or URL of its public keys; empty where its discovery document says.
        algorithms: that a signature may use.
        name_claim, roles_claim, purposes_claim: where a JWT says who, as what, what for; the last may be empty.
        roles: value of the roles claim → role; empty where the values are roles.
    """

    issuer: str
    audience: str
    keys: str = ""
    algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256")
    name_claim: str = "sub"
    roles_claim: str = "roles"
    purposes_claim: str = ""
    roles: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ServerSettings:
    """Settings in force.

    Args:
        tokens: file of API tokens.
        rows, bytes: of one answer, at most.
        cache: bytes of encoded answers that are kept.
        rate: requests per second and caller; five times as many at once.
        address_rate: the same for an address, where nobody is asked for a token.
        concurrent: requests in work at once.
        timeout: seconds until an answer must begin, and between two pieces of it.
        hosts: further names under which it is reached, in lower case.
        provider: whose JWTs are believed beside the tokens, or None.
    """

    tokens: Path
    rows: int = 1_000_000
    bytes: int = 256 * _MEGABYTE
    cache: int = 256 * _MEGABYTE
    rate: float = 20.0
    address_rate: float = 100.0
    concurrent: int = 256
    timeout: float = 30.0
    hosts: frozenset[str] = frozenset()
    provider: Provider | None = None


def load_server_settings(repository: Path, environment: Mapping[str, str] = os.environ) -> ServerSettings:
    """Settings of a service over a repository.

    Args:
        repository: directory of the golden repository.
        environment: variables to read.

    Raises:
        Misused: a limit is no positive number.
    """
    return ServerSettings(
        tokens=tokens_file(repository, environment),
        rows=int(_number(environment, "ESCLUSA_SERVE_ROWS")),
        bytes=int(_number(environment, "ESCLUSA_SERVE_MEGABYTES") * _MEGABYTE),
        cache=int(_number(environment, "ESCLUSA_SERVE_CACHE_MEGABYTES") * _MEGABYTE),
        rate=_number(environment, "ESCLUSA_SERVE_RATE"),
        address_rate=_number(environment, "ESCLUSA_SERVE_ADDRESS_RATE"),
        concurrent=int(_number(environment, "ESCLUSA_SERVE_CONCURRENT")),
        timeout=_number(environment, "ESCLUSA_SERVE_TIMEOUT"),
        hosts=frozenset(environment.get("ESCLUSA_SERVE_HOSTS", "").lower().replace(",", " ").split()),
        provider=_provider(environment),
    )


def _provider(environment: Mapping[str, str]) -> Provider | None:
    said = {
        name: environment.get(f"ESCLUSA_OIDC_{name}", "").strip()
        for name in ("ISSUER", "AUDIENCE", "JWKS", "ALGORITHMS", "NAME_CLAIM", "ROLES_CLAIM", "ROLES", "PURPOSES_CLAIM")
    }
    if not said["ISSUER"]:
        return None
    if not said["AUDIENCE"]:
        raise Misused(
            "An issuer without an audience would let in tokens that were made for other services.",
            observed="ESCLUSA_OIDC_ISSUER without ESCLUSA_OIDC_AUDIENCE",
            required="both",
        )
    algorithms = tuple(said["ALGORITHMS"].replace(",", " ").split()) or Provider.algorithms
    if unknown := [name for name in algorithms if name not in ALGORITHMS]:
        known = ", ".join(ALGORITHMS)
        raise Misused(
            "ESCLUSA_OIDC_ALGORITHMS names what is not accepted.", observed=unknown[0], required=f"of: {known}"
        )
    return Provider(
        said["ISSUER"],
        said["AUDIENCE"],
        said["JWKS"],
        algorithms,
        said["NAME_CLAIM"] or Provider.name_claim,
        said["ROLES_CLAIM"] or Provider.roles_claim,
        said["PURPOSES_CLAIM"],
        tuple(_pair(part) for part in said["ROLES"].split(",") if part.strip()),
    )


def _pair(text: str) -> tuple[str, str]:
    group, equals, role = (part.strip() for part in text.rpartition("="))
    if not (group and equals and role):
        raise Misused(
            "ESCLUSA_OIDC_ROLES cannot be read.", observed=text.strip(), required="group=role, comma-separated"
        )
    return group, role


def tokens_file(repository: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Where the tokens of a repository's service are kept.

    Args:
        repository: directory of the golden repository.
        environment: variables to read.
    """
    named = environment.get("ESCLUSA_TOKENS", "")
    return Path(named).expanduser() if named else repository.parent / TOKENS_FILE


def _number(environment: Mapping[str, str], variable: str) -> float:
    text = environment.get(variable, "") or next(s.default for s in SETTINGS if s.variable == variable)
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise Misused(f"{variable} is no limit.", observed=text, required="a number above 0")
    return number
