"""From the package's own types to what an agent is told.

Belongs here: a function per shape of `answers.py` that is made of one type of the package. Does not: deciding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from esclusa.access import Access, read_policies
from esclusa.agents import answers as a
from esclusa.agents.desk import Desk
from esclusa.certificate import Column as Certified
from esclusa.discovery import Offer
from esclusa.errors import EsclusaError
from esclusa.evidence import Finding
from esclusa.promises import PromisedDataset, Promises
from esclusa.server.problems import told

_NOTHING: Mapping[str, Sequence[str]] = MappingProxyType({})


def refusal(error: EsclusaError) -> a.Refusal:
    """A refusal of the package as an agent is told it.

    Args:
        error: what was refused.
    """
    error = told(error)
    return a.Refusal(
        error=type(error).__name__,
        what=error.what,
        observed=error.observed,
        required=error.required,
        owner=error.owner,
        next=error.remedy,
    )


def offered(offer: Offer) -> a.Offered:
    """An offer, as an agent is told it.

    Args:
        offer: of `discovery.offers`.
    """
    roles = [
        a.Role(
            role=role.role,
            until=role.until,
            approvers=role.approvers,
            columns=[column.name for column in role.columns if not column.masked],
            masked={column.name: column.masked for column in role.columns if column.masked},
        )
        for role in offer.roles
    ]
    return a.Offered(
        dataset=offer.dataset,
        title=offer.title,
        description=offer.description,
        owner=offer.owner,
        why=list(offer.reasons),
        roles=roles,
        rows=offer.rows,
        age=offer.freshness,
        valid_until=offer.valid_until,
        caveats=list(offer.caveats),
        prohibited=list(offer.prohibited),
        read_with=offer.python,
    )


def columns(
    known: Sequence[Certified], access: Mapping[str, Access], meant: Mapping[str, Sequence[str]] = _NOTHING
) -> list[a.Column]:
    """Columns that may be read, in order.

    Args:
        known: all columns of the dataset.
        access: how each permitted one is read.
        meant: column → business terms.
    """
    described = {column.name: column for column in known}
    return [
        a.Column(
            name=name,
            type=described[name].type,
            description=described[name].description,
            classification=described[name].classification,
            masked=how.technique,
            terms=list(meant.get(name, ())),
        )
        for name, how in access.items()
    ]


def meant(promised: PromisedDataset | None) -> Mapping[str, Sequence[str]]:
    """The business terms that each column means.

    Args:
        promised: the dataset as promised, or None.
    """
    return {column.name: column.terms for column in promised.columns} if promised else {}


def promised_texts(promised: PromisedDataset, promises: Promises) -> dict[str, Any]:
    """What the contract says besides what is certified: fields of `Context`.

    Args:
        promised: the dataset.
        promises: all of them, for the terms.
    """
    named = dict.fromkeys([*promised.terms, *(term for column in promised.columns for term in column.terms)])
    times = {name: getattr(promised, name) for name in ("freshness", "retention", "frequency")}
    return {
        **{name: getattr(promised, name) for name in ("title", "usage", "limitations", "grain", "risk_tier")},
        "about": promised.purpose,
        "instructions": promised.context.instructions,
        "constraints": list(promised.context.constraints),
        "verified_statements": [
            a.Statement(question=said.question, answer=said.answer) for said in promised.context.verified_statements
        ],
        "terms": [a.Term(term=term.title, definition=term.description) for term in map(promises.term, named) if term],
        "promises": {name: text for name, text in times.items() if text},
        "support": [f"{c.channel} ({c.tool}, {c.scope}): {c.url}" for c in promised.support],
    }


def failed(finding: Finding) -> a.FailedRule:
    """A finding that shut the gate.

    Args:
        finding: of the latest decision.
    """
    return a.FailedRule(
        rule=finding.rule,
        gate_item=finding.item,
        says=finding.description,
        observed=finding.message if finding.observed is None else finding.seen,
        required=finding.required,
        owner=finding.owner,
        next=finding.remedy,
    )


def grants(desk: Desk, dataset: str) -> list[a.Grant]:
    """What the certified contract grants to anyone today; nothing where none is in force.

    Args:
        desk: of the call.
        dataset: its name.
    """
    try:
        policies = desk.release.vouched(dataset).policies
        found = read_policies(policies).grants
    except EsclusaError:
        return []
    today = datetime.now(UTC).date().isoformat()
    return [
        a.Grant(role=g.role, purpose=g.purpose, until=g.until, approvers=g.approvers) for g in found if g.until >= today
    ]
