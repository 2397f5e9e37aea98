"""Whether the platform is healthy enough to vouch for the golden repository, and which certificates are overdue.

Belongs here: the questions asked before `timestamp.json` is renewed.
Does not: renewing it (`publish.py`), schedules (`jobs/schedules.py`).
"""

from __future__ import annotations

from datetime import datetime

import duckdb

import esclusa
from orchestration.platform import Platform
from orchestration.workshop import WorkshopBusy


def unhealthy(platform: Platform) -> list[str]:
    """Reasons not to renew the timestamp; empty where the platform is healthy.

    A certificate that merely expired is no reason: its own date tells consumers, and the others must go on.

    Args:
        platform: what must be healthy.
    """
    return [*_warehouse(platform), *_repository(platform)]


def expired(platform: Platform, now: datetime) -> list[str]:
    """A line for every published dataset whose certificate is past its date, with owner and next step.

    Args:
        now: wall clock, UTC.
    """
    return [
        f"{e.dataset}: expired {e.valid_until:%Y-%m-%d %H:%M} UTC; required: certified again within its "
        f"freshness promise; owner: {e.owner}; next: esclusa why {e.dataset}"
        for e in esclusa.catalog(repository=platform.settings.golden)
        if e.valid_until is not None and e.valid_until <= now
    ]


def _warehouse(platform: Platform) -> list[str]:
    try:
        with platform.workshop.warehouse() as connection:
            connection.execute("SELECT count(*) FROM meta.loads").fetchone()
    except (duckdb.Error, WorkshopBusy) as error:
        return [f"the warehouse cannot be read ({type(error).__name__}); next: see docs/operate.md, recovery"]
    return []


def _repository(platform: Platform) -> list[str]:
    """The golden repository as a consumer sees it: a broken certificate must not be kept alive."""
    try:
        entries = esclusa.catalog(repository=platform.settings.golden)
    except esclusa.Expired:  # after a long silence the timestamp itself has run out: that is what is to be renewed
        return []
    except esclusa.EsclusaError as error:
        return [str(error)]
    return [
        f"{e.dataset}: {e.problem}; owner: {e.owner}; next: esclusa verify {e.dataset}" for e in entries if e.problem
    ]
