"""Sensors: what the daemon looks at between schedules.

Belongs here: when to look, and what a tick says. Does not: sending (`notices/`), writing pages (`site.py`).
"""

from datetime import UTC, datetime

import dagster as dg

from orchestration.notices.outbox import Outbox
from orchestration.notices.sending import send_due
from orchestration.platform import Platform
from orchestration.site import renew_site

SECONDS = 30


def notice_sensor(platform: Platform) -> dg.SensorDefinition:
    """Every half minute: sends the notices that are due; without a run, and without a daemon nothing is lost.

    Args:
        platform: where outbox and channels are.
    """

    @dg.sensor(
        name="send_notices",
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends notices to the channels of the contracts; tries again what could not be delivered.",
    )
    def send_notices(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        done = send_due(platform.settings, now=datetime.now(UTC))
        outbox = Outbox(platform.settings.notices)
        waiting, dead = len(outbox.pending()), len(outbox.dead())
        return dg.SkipReason(f"{done.sent} sent; {waiting} wait; {dead} dead letters (esclusa notices)")

    return send_notices


def site_sensor(platform: Platform) -> dg.SensorDefinition:
    """Every half minute: writes the catalogue's pages where something was published; a failed tick says why not.

    Args:
        platform: whose golden repository they show.
    """

    @dg.sensor(
        name="write_catalogue",
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Writes the catalogue's pages to ESCLUSA_SITE with every release, and every hour.",
    )
    def write_catalogue(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if platform.settings.site is None:
            return dg.SkipReason("ESCLUSA_SITE names no directory: no pages are written")
        built = renew_site(platform.settings, datetime.now(UTC))
        return dg.SkipReason(
            f"{built.pages} pages, release {built.release}" if built else "they are as new as the release"
        )

    return write_catalogue
