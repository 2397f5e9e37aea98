"""What a request may read of a certified dataset, and what a person is told who may not.

Belongs here: refusals in words, each naming who can grant it. Does not: the decision (`access.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from esclusa.access import DENIED, Access, Grant, decide, read_policies
from esclusa.certificate import Certificate
from esclusa.errors import NotPermitted, Sandbox, UnknownColumn, nearest
from esclusa.verification import Vouched


@dataclass(frozen=True)
class Request:
    """Who asks, and what for.

    Args:
        role, purpose: as the contracts name them; empty where nothing was said.
        production: refuse what was certified in a sandbox.
        caller: who asks a service, by name; empty where the account that runs this process asks.
    """

    role: str
    purpose: str
    production: bool
    caller: str = ""


def demand_environment(certificate: Certificate, request: Request) -> None:
    """Refuse what was certified in a sandbox where production is read.

    Args:
        request: says which is read.

    Raises:
        Sandbox: it was certified without sign-off.
    """
    if request.production and certificate.environment != "production":
        raise Sandbox(
            f"{certificate.dataset} is certified in the {certificate.environment} only, where no sign-off is demanded.",
            observed=f"a certificate of the environment {certificate.environment}",
            required="a certificate of the environment production",
            owner=certificate.owner,
            remedy="Ask the owner for a signed release; --allow-sandbox (allow_sandbox=True) reads it as it is.",
        )


def permitted(vouched: Vouched, request: Request, columns: Sequence[str] | None, today: date) -> Mapping[str, Access]:
    """Columns that may be read for this request today, in the order wanted: as they are or masked, never denied.

    Args:
        vouched: a dataset whose evidence holds, its policies among it.
        request: who asks, and what for.
        columns: which are wanted; all that are permitted where None.
        today: UTC.

    Raises:
        NotPermitted: no role or purpose was said, or they are granted nothing, or not one of the columns.
        UnknownColumn: the dataset has no such column.
    """
    certificate, dataset = vouched.certificate, vouched.certificate.dataset
    role, purpose = request.role, request.purpose
    known = tuple(column.name for column in certificate.columns)
    decisions = decide(vouched.policies, dataset, role, purpose, known, today) if role and purpose else {}
    granted = {name: access for name, access in decisions.items() if access != DENIED}
    if not granted:
        raise _not_granted(vouched, role, purpose, today)
    if columns is None:
        return granted
    if unknown := [name for name in columns if name not in known]:
        raise UnknownColumn(
            f"{dataset} has no column {', '.join(unknown)}.",
            observed=f"asked for: {', '.join(unknown)}",
            required=f"of: {', '.join(known)}",
            owner=certificate.owner,
            remedy=nearest(unknown[0], known),
        )
    if denied := [name for name in columns if name not in granted]:
        raise NotPermitted(
            f"{role} may not read {', '.join(denied)} of {dataset} for {purpose}.",
            observed=f"asked for: {', '.join(denied)}",
            required=f"of: {', '.join(granted)}",
            owner=certificate.owner,
            remedy=f"Leave it out, or ask {_approvers(vouched, role, purpose)} to grant it in the contract.",
        )
    return {name: granted[name] for name in columns}


def _not_granted(vouched: Vouched, role: str, purpose: str, today: date) -> NotPermitted:
    """Why nothing is granted: nothing was said, the use is prohibited, the grant ended, or there never was one."""
    certificate, policies = vouched.certificate, read_policies(vouched.policies)
    dataset, grants = certificate.dataset, policies.grants
    observed = f"role {role or '(none)'}, purpose {purpose or '(none)'}"
    required = f"one of: {'; '.join(map(_told, grants)) or 'nothing: the contract grants no role'}"
    mine = next((grant for grant in grants if (grant.role, grant.purpose) == (role, purpose)), None)
    if purpose and not role and purpose not in {grant.purpose for grant in grants} | {*policies.prohibited}:
        what = f"No role is granted {dataset} for {purpose}."
        hint = nearest(purpose, [grant.purpose for grant in grants])
        remedy = f"{hint} Ask {certificate.owner} or one of the approvers for a grant in the contract.".strip()
    elif not (role and purpose):
        what = f"{dataset} is read in a role and for a purpose."
        remedy = "Say both: --role and --purpose, role= and purpose=, or ESCLUSA_ROLE and ESCLUSA_PURPOSE."
    elif purpose in policies.prohibited:
        what = f"{dataset} must not be used for {purpose}: its contract prohibits it to everyone."
        remedy = "No grant changes that: find another dataset for this purpose, or talk to the owner."
    elif mine is not None and mine.until < today.isoformat():
        what = f"The grant of {role} for {purpose} on {dataset} ended on {mine.until}."
        remedy = f"Ask {mine.approvers} to renew it."
    else:
        what = f"{role} is not granted {dataset} for {purpose}."
        hint = nearest(role, [g.role for g in grants]) if role not in {g.role for g in grants} else ""
        hint = hint or nearest(purpose, [g.purpose for g in grants if g.role == role and g.purpose != purpose])
        remedy = f"{hint} Ask {certificate.owner} or one of the approvers for a grant in the contract.".strip()
    return NotPermitted(what, observed=observed, required=required, owner=certificate.owner, remedy=remedy)


def _told(grant: Grant) -> str:
    return f"{grant.role}: {grant.purpose} (until {grant.until}, approved by {grant.approvers})"


def _approvers(vouched: Vouched, role: str, purpose: str) -> str:
    grants = read_policies(vouched.policies).grants
    return next(grant.approvers for grant in grants if (grant.role, grant.purpose) == (role, purpose))
