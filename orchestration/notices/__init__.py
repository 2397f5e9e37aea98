"""Notices: owners are told, by the channels of their contracts, what they must act on; each fact once while it stands.

Belongs here: from a fact to letters in the outbox. Does not: which facts (`publish.py`, `refusals.py`, `jobs` …),
sending (`sending.py`). Whatever is wrong with a channel or with the outbox, nothing that tells a fact fails of it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from expectations.loader.problem import ContractError
from lineage.errors import Refused
from orchestration.manifest import ManifestError
from orchestration.notices.channels import load_channels
from orchestration.notices.notice import Kind, Notice, channels_for
from orchestration.notices.outbox import Outbox
from orchestration.platform import Platform
from orchestration.use_cases import needing

__all__ = ["Kind", "notify", "settle"]

_log = logging.getLogger("esclusa.notices")


def notify(
    platform: Platform,
    kind: Kind,
    *,
    subject: str,
    datasets: Iterable[str],
    mark: str,
    what: str,
    observed: str,
    required: str,
    owner: str,
    remedy: str,
    at: datetime,
    support: Iterable[Mapping[str, Any]] = (),
) -> None:
    """Put a notice into the outbox for every channel that takes it and has a receiving end.

    Args:
        kind: what it is about.
        subject: the dataset, or the source table as `<system>.<table>`.
        datasets: that it reaches; their contracts name the channels.
        mark: what makes the fact this one: the same mark is told once while it stands.
        what, observed, required, owner, remedy: as in `Notice`; no value of a row.
        at: wall clock, UTC.
        support: ODCS `support` of whoever else is told, such as the source's owner.
    """
    names, settings = tuple(sorted(datasets)), platform.settings
    try:
        known = load_channels(settings)
        supports = [platform.promises.contracts[name].support for name in names]
        wanted = [channel for listed in (*supports, tuple(support)) for channel in channels_for(kind, listed)]
        taking = [channel for channel in dict.fromkeys(wanted) if channel in known]
        if not taking:
            return
        notice = Notice(
            kind=kind,
            subject=subject,
            datasets=names,
            use_cases=tuple(f"{c.title} ({c.owner})" for c in needing(platform, names)),
            what=what,
            observed=observed,
            required=required,
            owner=owner,
            remedy=remedy,
            environment=str(settings.environment),
            link=link_to(platform, names),
            at=at,
        )
        Outbox(settings.notices).put(notice, mark, taking)
    except (OSError, ContractError, ManifestError, Refused) as error:
        _log.error("the notice %s about %s could not be put into the outbox: %s", kind, subject, type(error).__name__)


def settle(platform: Platform, subject: str, *kinds: Kind) -> None:
    """What was told about a subject stands no more: should it come again, it is told again.

    Args:
        subject: as for `notify`.
        kinds: what is settled.
    """
    try:
        Outbox(platform.settings.notices).settle(subject, *kinds)
    except OSError as error:
        _log.error("what was told about %s could not be settled: %s", subject, type(error).__name__)


def link_to(platform: Platform, datasets: tuple[str, ...]) -> str:
    """The catalogue's page of a dataset, or its front page where a notice is about several; "" without a catalogue.

    Args:
        datasets: that the notice is about.
    """
    base = platform.settings.catalogue_url
    if not base:
        return ""
    return f"{base}/datasets/{datasets[0]}.html" if len(datasets) == 1 else f"{base}/"
