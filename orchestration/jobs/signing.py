"""The daily look at signatures: a sign-off or a waiver that ends soon warns, one that has ended shows red.

Belongs here: when it is taken, and how it shows. Does not: what lapses (`expectations.signing`).
"""

from datetime import UTC, datetime

import dagster as dg

from expectations.signing.lapse import lapsing
from orchestration.jobs.schedules import scheduled
from orchestration.notices.facts import lapses
from orchestration.platform import Platform
from orchestration.signing import committed_at


def signing_schedule(platform: Platform) -> dg.ScheduleDefinition:
    """Daily: warns of signatures and waivers before they end, fails while one has ended, naming who must act.

    Args:
        platform: its promises hold them.
    """

    @dg.op(name="look_at_signatures")
    def look(context: dg.OpExecutionContext) -> None:
        settings, contracts = platform.settings, platform.promises.contracts.values()
        now = datetime.now(UTC)
        found = lapsing(contracts, settings.expectations, now, committed_at)
        lapses(platform, found, now)
        for lapse in found:
            (context.log.error if lapse.has_ended else context.log.warning)(lapse.told)
        if ended := [lapse.told for lapse in found if lapse.has_ended]:
            raise dg.Failure(description="\n".join(ended), allow_retries=False)

    @dg.job(name="watch_signatures", description="Warns before a sign-off or a waiver ends; fails while one has ended.")
    def watch_signatures() -> None:
        look()

    return scheduled(watch_signatures, "20 6 * * *")
