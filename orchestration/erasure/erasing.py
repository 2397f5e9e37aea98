"""Erasure: a person is deleted everywhere, never lands again, and what was done is proven and signed.

Belongs here: taking a request, the order of its steps, going on with one that was interrupted.
Does not: the steps (`steps.py`), when deadlines are watched (`jobs/retention.py`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from expectations.contract import Contract
from expectations.erasure.requests import Request
from expectations.erasure.subject import Subject, SubjectRefused, subject_of
from expectations.retention import erasure_days, policies
from lineage.errors import Refused
from orchestration.erasure import steps
from orchestration.erasure.proof import ErasureUnproven, prove, sign_receipt
from orchestration.erasure.requests import recall_request, recall_requests, remember_request, seal, unseal
from orchestration.erasure.work import Work
from orchestration.manifest import SourceTable
from orchestration.platform import Platform
from orchestration.rebuild import Rebuild, rebuild
from orchestration.telling.events import Teller
from orchestration.telling.runs import run_named

Progress = Callable[[str], None]
STEPS: Mapping[str, Callable[[Work], None]] = {
    "tombstone": steps.set_tombstone,
    "inventory": steps.take_inventory,
    "rows": steps.delete_rows,
    "records": steps.forget_records,
    "build": steps.build_again,
    "releases": steps.clear_releases,
    "rewrite": steps.rewrite_warehouse,
    "proof": prove,
    "receipt": sign_receipt,
}


class ErasureHeld(Refused):
    """A legal hold forbids to delete what was asked to be erased."""


def quiet(message: str) -> None:
    """Tell nobody."""


def take(platform: Platform, written: str, *, reason: str, requester: str, now: datetime) -> Request:
    """Take a request: from here on it has a deadline. One that is open for the same subject is gone on with.

    Args:
        written: `<system>.<table>.<column>=<value>`.
        reason: why, such as an article of law.
        requester: reference of whoever asked.
        now: wall clock, UTC.

    Raises:
        SubjectRefused: nobody can be erased by that key, or the reason or reference repeats the value.
        ErasureHeld: a legal hold stands.
        esclusa.LedgerUnavailable: the request could not be recorded.
    """
    subject = _subject(platform, written)
    if subject.value in f"{reason} {requester}":
        raise SubjectRefused(
            "the reason or the requester's reference holds the subject's value, and both are kept in the receipt; "
            "required: a reference that names nobody, such as the number of a ticket"
        )
    if waiting := _waiting(platform, subject):
        return waiting
    fed = _fed(platform, subject)
    _demand_no_hold(platform, subject, fed)
    request = Request(
        id=f"{now:%Y%m%d}-{os.urandom(4).hex()}",
        column=subject.column,
        requester=requester,
        reason=reason,
        owner=platform.promises.sources[subject.column.partition(".")[0]].owner,
        requested_at=now,
        deadline=now + timedelta(days=erasure_days(fed)),
    )
    sealed = seal(platform.settings, request.id, f"{subject.column}={subject.value}")
    said = {"request": request.id, "state": "requested", "by": subject.column, "deadline": request.deadline.isoformat()}
    platform.ledger.append("erasure", "", said, at=now)
    remember_request(platform, request, {"fed": sorted(c.name for c in fed)}, sealed)
    return request


def carry_out(
    platform: Platform,
    name: str,
    *,
    now: datetime,
    progress: Progress = quiet,
    build: Rebuild = rebuild,
    compression: str = "auto",
    on_step: Progress = quiet,
) -> tuple[Request, Mapping[str, Any]]:
    """Do what is still to be done of a request; done twice, it does nothing twice.

    Args:
        name: id of the request.
        now: wall clock, UTC.
        progress: told each move in a few words.
        build: takes datasets from raw to golden.
        compression: of the rewritten warehouse, see `Workshop.rewrite`.
        on_step: called with the name of each step before it is taken.

    Returns:
        The finished request, and the account of what was removed and proven.

    Raises:
        ErasureUnproven: something still holds the subject; the request stays open.
    """
    request, account, sealed = recall_request(platform, name)
    if not request.open:
        return request, account
    subject = _subject(platform, unseal(platform.settings, name, sealed))
    work = Work(platform, subject, request, account, now, progress, build, compression)
    with Teller(platform, run_named(platform.settings, f"erasure {name}", now)).removal(name) as removed:
        for step, do in STEPS.items():
            if step in work.request.done:
                continue
            on_step(step)
            try:
                do(work)
            except ErasureUnproven:
                # What is still there is looked for, and deleted, from the beginning by the next attempt.
                remember_request(platform, replace(work.request, done=()), account, sealed)
                raise
            work.request = replace(work.request, done=(*work.request.done, step))
            remember_request(platform, work.request, account, sealed if work.request.open else "")
        withdrawn = [dataset for dataset, became in account["datasets"].items() if became == steps.WITHDRAWN]
        removed(account["tables"], withdrawn)
    return work.request, account


def resume(platform: Platform, **options: Any) -> list[tuple[Request, Mapping[str, Any]]]:
    """Go on with every open request, the one with the nearest deadline first.

    Args:
        options: as for `carry_out`.
    """
    waiting = sorted((r for r in recall_requests(platform) if r.open), key=lambda r: r.deadline)
    return [carry_out(platform, request.id, **options) for request in waiting]


def _subject(platform: Platform, written: str) -> Subject:
    return subject_of(written, platform.promises.sources, platform.promises.contracts.values())


def _fed(platform: Platform, subject: Subject) -> list[Contract]:
    """Contracts of the datasets that the subject's tables feed."""
    tables = {SourceTable(*path.split(".")[:2]) for path in subject.columns}
    names = {dataset for table in tables for dataset in platform.manifest.fed_by(table)}
    return [platform.promises.contracts[name] for name in sorted(names & set(platform.datasets))]


def _waiting(platform: Platform, subject: Subject) -> Request | None:
    """An open request for the same subject."""
    for request in recall_requests(platform):
        if request.open:
            sealed = recall_request(platform, request.id)[2]
            other = _subject(platform, unseal(platform.settings, request.id, sealed))
            if (other.value, other.columns) == (subject.value, subject.columns):
                return request
    return None


def _demand_no_hold(platform: Platform, subject: Subject, fed: list[Contract]) -> None:
    holds = {}
    for path in subject.columns:
        system, table, _ = path.split(".")
        policy = policies(platform.promises.sources[system]).get(table)
        if policy and policy.hold:
            holds[f"{system}.{table}"] = policy
    for contract in fed:
        policy = policies(contract).get(contract.name)
        if policy and policy.hold:
            holds[contract.name] = policy
    if holds:
        shown = "; ".join(f"{name} is under {policy.hold} (owner: {policy.owner})" for name, policy in holds.items())
        raise ErasureHeld(
            f"nothing was erased: {shown}; required: no legal hold on what is to be erased; next: ask who placed the "
            "hold to lift it (`legalHold` in the contract), tell the requester, and ask again"
        )
