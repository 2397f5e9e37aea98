"""Profiles: which roles must sign a contract, for how long, and how long a waiver may be.

Belongs here: `profiles.yaml`, and what it demands of one contract. Does not: whether anybody signed (`standing.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from expectations.contract import Contract
from expectations.loader.custom import listed
from expectations.loader.document import Location, read_document
from expectations.loader.odcs import schema_problems
from expectations.loader.problem import ContractError, Problem, nearest
from expectations.loader.vocabulary import RISK_TIERS

FILE = "profiles.yaml"
_DAYS = {"type": "integer", "minimum": 1, "maximum": 3660}
_ROLES = {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string", "minLength": 1}}
_PROFILE = {
    "type": "object",
    "properties": {"signoffs": _ROLES, "validDays": _DAYS, "warnDays": _DAYS, "maxWaiverDays": _DAYS},
    "required": ["signoffs", "validDays", "warnDays", "maxWaiverDays"],
    "additionalProperties": False,
}
_TIERS = {
    "type": "object",
    "properties": {tier: {"type": "string"} for tier in RISK_TIERS},
    "required": list(RISK_TIERS),
    "additionalProperties": False,
}
_SCHEMA = {
    "type": "object",
    "properties": {
        "profiles": {"type": "object", "minProperties": 1, "additionalProperties": _PROFILE},
        "riskTiers": _TIERS,
        "default": {"type": "string"},
    },
    "required": ["profiles", "riskTiers", "default"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Profiles:
    """`profiles.yaml` as read.

    Args:
        by_name: profile → its keys.
        by_tier: risk tier → profile.
        default: the profile where a contract says nothing of AI use.
    """

    path: Path
    by_name: Mapping[str, Mapping[str, Any]]
    by_tier: Mapping[str, str]
    default: str


@dataclass(frozen=True)
class Demand:
    """What production asks of one contract.

    Args:
        profiles: names of those that are in force together.
        roles: that must sign, each another person with another key.
        quorum: people who must have signed; at least one a role.
        valid: how long a signature counts.
        warn: how long before its end it warns.
        longest_waiver: how long a waiver may be.
    """

    profiles: tuple[str, ...]
    roles: tuple[str, ...]
    quorum: int
    valid: timedelta
    warn: timedelta
    longest_waiver: timedelta

    def rules(self, contract: Contract) -> frozenset[str]:
        """Ids of the findings that answer it."""
        return frozenset({role_rule(contract, role) for role in self.roles} | {distinct_rule(contract)})


def role_rule(contract: Contract, role: str) -> str:
    """Id of the finding on a role's sign-off."""
    return f"{contract.name}__signoff_{re.sub(r'[^A-Za-z0-9_]', '_', role)}"


def distinct_rule(contract: Contract) -> str:
    """Id of the finding on whether different people signed."""
    return f"{contract.name}__signoff_distinct"


def load_profiles(directory: Path) -> Profiles:
    """Read `profiles.yaml`.

    Args:
        directory: of the promises.

    Raises:
        ContractError: with every problem found.
    """
    path = directory / FILE
    document = read_document(path)
    problems = schema_problems(document, _SCHEMA)
    if not problems:
        names = document.data["profiles"]
        uses: list[tuple[Location, str]] = [(("riskTiers", t), name) for t, name in document.data["riskTiers"].items()]
        for location, name in [*uses, (("default",), document.data["default"])]:
            if name not in names:
                problems.append(document.problem(location, f"no profile is called {name}", nearest(name, names)))
    if problems:
        raise ContractError(path, problems)
    return Profiles(path, document.data["profiles"], document.data["riskTiers"], document.data["default"])


def demand_of(contract: Contract, profiles: Profiles) -> Demand:
    """What production asks of a contract: the profile of its risk tier and its own, and whatever it adds to them.

    Args:
        contract: of a golden dataset.

    Raises:
        ContractError: it names a profile that does not exist, or nobody in its team holds a role that must sign.
    """
    gate = contract.custom.get("gate", {})
    tier = profiles.by_tier.get(contract.custom.get("aiUse", {}).get("riskTier", ""), profiles.default)
    named = gate.get("profile", tier)
    if named not in profiles.by_name:
        message = f"{named} is no profile of {profiles.path.name}"
        raise _refused(contract, message, nearest(named, profiles.by_name))
    together = tuple(dict.fromkeys((tier, named)))
    asked = [profiles.by_name[name] for name in together]
    roles = tuple(dict.fromkeys(r for p in (*asked, gate) for r in listed(p.get("signoffs", ()))))
    held = {str(m.get("role")) for m in contract.team}
    if lacking := [role for role in roles if role not in held]:
        raise _refused(
            contract,
            f"nobody in the team holds the role {', '.join(lacking)}, which must sign by the profile {together[0]}",
            nearest(lacking[0], held),
        )
    days = {
        "validDays": min(p["validDays"] for p in (*asked, *([gate] if "validDays" in gate else []))),
        "warnDays": max(p["warnDays"] for p in asked),
        "maxWaiverDays": min(p["maxWaiverDays"] for p in asked),
    }
    return Demand(
        profiles=together,
        roles=roles,
        quorum=max(len(roles), gate.get("quorum", 0)),
        valid=timedelta(days=days["validDays"]),
        warn=timedelta(days=days["warnDays"]),
        longest_waiver=timedelta(days=days["maxWaiverDays"]),
    )


def holders(contract: Contract, role: str) -> tuple[str, ...]:
    """Usernames in the team that hold a role."""
    return tuple(str(m["username"]) for m in contract.team if m.get("role") == role)


def _refused(contract: Contract, message: str, meant: str | None) -> ContractError:
    document = read_document(contract.path)
    properties = document.data.get("customProperties") or []
    at = next((i for i, p in enumerate(properties) if p.get("property") == "gate"), None)
    line = 1 if at is None else document.line(("customProperties", at))
    return ContractError(contract.path, [Problem(str(contract.path), line, "customProperties[gate]", message, meant)])
