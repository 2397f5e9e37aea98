"""The sensor of lineage: ends the runs that have ended, and sends what waits.

Belongs here: what the daemon does every half minute. Does not: events (`telling`), sending (`lineage/events`).
"""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from orchestration.platform import Platform
from orchestration.telling.events import Teller
from orchestration.telling.relaying import relay_of
from orchestration.telling.runs import evidence_of, failed_steps

EVERY_SECONDS = 30
AT_A_TIME_SECONDS = 15.0  # a sensor that takes a minute is ended by Dagster


def lineage_sensor(platform: Platform) -> dg.SensorDefinition:
    """Tells the end of every run that Dagster's daemon started, and sends events to the configured receiver.

    Args:
        platform: where the events are.
    """

    @dg.sensor(
        name="tell_lineage",
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Ends the OpenLineage run of each finished run, and sends what the receiver has not taken yet.",
    )
    def tell_lineage(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        ended = tell_ends(platform, context.instance)
        relay = relay_of(platform.settings)
        if not relay.has_receiver:
            return dg.SkipReason(f"{ended} runs ended; no receiver is configured, the files keep the events")
        done = relay.attempt(AT_A_TIME_SECONDS, datetime.now(UTC))
        said = f"{ended} runs ended; {done.sent} events sent, {done.refused} refused, {done.waiting} wait"
        return dg.SkipReason(f"{said}: {done.problem}" if done.problem else said)

    return tell_lineage


def tell_ends(platform: Platform, instance: dg.DagsterInstance) -> int:
    """Tell the end of each run that Dagster knows to be over; returns how many.

    Args:
        platform: where the events are.
        instance: that ran them.
    """
    ended = 0
    for root in list(evidence_of(platform.settings).unended()):
        run = instance.get_run_by_id(root.run)
        if run is not None and run.is_finished:
            failures = instance.get_records_for_run(root.run, of_type=dg.DagsterEventType.STEP_FAILURE).records
            steps = {record.event_log_entry.step_key or "" for record in failures}
            Teller(platform, root).end(_problem(run.status, steps))
            ended += 1
    return ended


def _problem(status: dg.DagsterRunStatus, steps: set[str]) -> str:
    if status is dg.DagsterRunStatus.SUCCESS:
        return ""
    return failed_steps(steps) or f"the run ended as {status.value.lower()}"
