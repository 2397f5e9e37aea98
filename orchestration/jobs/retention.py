"""Jobs and schedules of what must not be kept: retention, and the deadlines of erasures.

Belongs here: what runs at which cadence, and when a run is red. Does not: enforcing (`retention.py`), erasing
(`erasure/erasing.py`).
"""

from datetime import UTC, datetime

import dagster as dg

from expectations.erasure.requests import deadlines
from orchestration.assets.sources import POOL
from orchestration.erasure.requests import recall_requests
from orchestration.jobs.schedules import scheduled
from orchestration.platform import Platform
from orchestration.retention import enforce, outstanding, relations_of, run_name
from orchestration.telling.events import Teller
from orchestration.telling.runs import run_named
from orchestration.told import told


def retention_schedule(platform: Platform) -> dg.ScheduleDefinition:
    """Daily: deletes or anonymises what is past its time; fails, naming the owner, where something is outstanding.

    Args:
        platform: whose contracts state the retention.
    """

    @dg.op(name="delete_what_is_past_its_time", pool=POOL)
    def delete(context: dg.OpExecutionContext) -> None:
        now = datetime.now(UTC)
        with told(), Teller(platform, run_named(platform.settings, run_name(now), now)).removal() as removed:
            account = enforce(platform, now=now, progress=context.log.info)
            relations, late = relations_of(account), outstanding(account)
            if relations or late:
                removed(relations, problem="\n".join(late))
        for item in account:
            context.log.info(item.line)
        if late:
            raise dg.Failure(description="\n".join(late), allow_retries=False)

    @dg.job(name="enforce_retention", description="Deletes or anonymises what is past its time; legal holds win.")
    def enforce_retention() -> None:
        delete()

    return scheduled(enforce_retention, "20 2 * * *")


def erasure_schedule(platform: Platform) -> dg.ScheduleDefinition:
    """Hourly: fails while an erasure is overdue, naming request and owner, never the subject; tells what is due soon.

    Args:
        platform: where the requests are.
    """

    @dg.op(name="raise_overdue_erasures")
    def raise_overdue(context: dg.OpExecutionContext) -> None:
        overdue, soon = deadlines(recall_requests(platform), datetime.now(UTC))
        for line in soon:
            context.log.warning(line)
        if overdue:
            raise dg.Failure(description="\n".join(overdue), allow_retries=False)

    @dg.job(name="watch_erasures", description="Fails while an erasure is overdue; names the request and its owner.")
    def watch_erasures() -> None:
        raise_overdue()

    return scheduled(watch_erasures, "50 * * * *")
