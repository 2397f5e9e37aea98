"""Deciding by a dataset's policies: role × purpose × column × day → read, masked or denied.

Belongs here: asking Cedar, and failing closed. Does not: the policies (made from the contract, published as
`policies.cedar`), what a refusal says (`permission.py`), masking (`masks.py`).
Source: Cedar policy language 4, evaluated by cedarpy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from esclusa.errors import Tampered
from esclusa.masks import TECHNIQUES

if TYPE_CHECKING:
    import cedarpy

_ACTIONS = ("read", "readMasked")


@dataclass(frozen=True)
class Access:
    """How one column may be read.

    Args:
        state: `read`, `masked` or `denied`.
        technique: of the mask, a name in `masks.TECHNIQUES`; empty where not masked.
    """

    state: Literal["read", "masked", "denied"]
    technique: str = ""


DENIED = Access("denied")


@dataclass(frozen=True)
class Grant:
    """What a contract grants: a role may read for a purpose.

    Args:
        until: last day, ISO.
        approvers: who approved it, and would renew it; comma-separated.
    """

    role: str
    purpose: str
    until: str
    approvers: str


@dataclass(frozen=True)
class Policies:
    """A dataset's policies, parsed.

    Args:
        grants: every role and purpose that some policy permits, in the contract's order.
        prohibited: purposes that nobody may read it for.
        techniques: Cedar's id of a policy → technique of its mask.
    """

    parsed: cedarpy.PolicySet
    grants: tuple[Grant, ...]
    prohibited: tuple[str, ...]
    techniques: dict[str, str]


def decide(
    policies: str, dataset: str, role: str, purpose: str, columns: Sequence[str], today: date
) -> dict[str, Access]:
    """How each column may be read; a column that no policy speaks of is denied, and all are where any evaluation errs.

    Args:
        policies: Cedar, as it was certified.
        dataset: what the columns are of.
        role, purpose: who asks, and what for.
        columns: names.
        today: UTC.

    Raises:
        Tampered: the text is no Cedar.
    """
    return dict(_decided(policies, dataset, role, purpose, tuple(columns), today))


@lru_cache(maxsize=1024)
def _decided(
    policies: str, dataset: str, role: str, purpose: str, columns: tuple[str, ...], today: date
) -> Mapping[str, Access]:
    from cedarpy import is_authorized_batch

    known = read_policies(policies)
    context = {"purpose": purpose, "today": {"__extn": {"fn": "datetime", "arg": today.isoformat()}}}
    principal = _entity("Role", role)
    asked = [
        {
            "principal": principal,
            "action": _entity("Action", action),
            "resource": _entity("Column", f"{dataset}.{column}"),
            "context": context,
        }
        for column in columns
        for action in _ACTIONS
    ]
    answers = is_authorized_batch(asked, known.parsed, "[]") if asked else []
    # Cedar leaves a policy that errs out of account: if that one forbids, what it forbade would be permitted.
    if len(answers) != len(asked) or any(answer.diagnostics.errors for answer in answers):
        return dict.fromkeys(columns, DENIED)
    plain, masked = answers[::2], answers[1::2]
    return {
        column: Access("read") if read.allowed else _masked(known, mask)
        for column, read, mask in zip(columns, plain, masked, strict=True)
    }


def _masked(known: Policies, answer: Any) -> Access:
    """By the one technique that the permitting policies name; two of them, or one unknown here, permit nothing."""
    techniques = {known.techniques.get(policy, "") for policy in answer.diagnostics.reasons}
    if not answer.allowed or len(techniques) != 1 or not techniques <= TECHNIQUES.keys():
        return DENIED
    return Access("masked", *techniques)


def _entity(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}


@lru_cache(maxsize=64)
def read_policies(policies: str) -> Policies:
    """Policies from their text.

    Args:
        policies: Cedar.

    Raises:
        Tampered: it is no Cedar.
    """
    try:
        return _parsed(policies)
    except (ValueError, KeyError) as error:
        raise Tampered(
            "The access policies cannot be read.",
            observed=f"{type(error).__name__}: {error}",
            required="policies of Cedar 4, as docs/release-format.md describes them",
            remedy="Read nothing from it and tell the owner.",
        ) from None


def _parsed(policies: str) -> Policies:
    from cedarpy import PolicySet, policies_to_json_str

    written = json.loads(policies_to_json_str(policies))["staticPolicies"]
    notes = {name: policy.get("annotations") or {} for name, policy in written.items()}
    permits = [notes[name] for name, policy in written.items() if policy["effect"] == "permit"]
    grants = [Grant(said["role"], said["purpose"], said["until"], said["approvers"]) for said in permits]
    return Policies(
        PolicySet.from_str(policies),
        tuple(dict.fromkeys(grants)),
        tuple(said["prohibits"] for said in notes.values() if "prohibits" in said),
        {name: said["technique"] for name, said in notes.items() if "technique" in said},
    )
