"""Jobs and schedules: when things happen.

Belongs here: what runs at which cadence. Does not: cadences themselves, where a source contract states them.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from expectations.contract import SourceContract
from orchestration.assets.sources import LAYER, source_key
from orchestration.golden import collect_garbage, keep_alive
from orchestration.health import expired, unhealthy
from orchestration.manifest import SourceTable
from orchestration.notices.facts import look_at_certificates
from orchestration.platform import Platform
from orchestration.telling.runs import evidence_of

EVERYTHING = "land_and_certify"
GRACE = timedelta(days=14)  # longer than any reader needs to finish with a release


def everything_job() -> Any:
    """The whole way for every dataset: what `esclusa run` runs."""
    return dg.define_asset_job(
        EVERYTHING,
        selection=dg.AssetSelection.all(),
        description="Land every source, build, audit, certify and publish every dataset.",
        executor_def=dg.in_process_executor,
    )


def cadence_schedules(platform: Platform) -> list[dg.ScheduleDefinition]:
    """A job and a schedule for every source system and cadence: its tables and everything downstream.

    Args:
        platform: its source contracts state the cadences (cron, UTC).
    """
    return [
        scheduled(_landing_job(platform, source.system, tables, numbered), cadence)
        for source in platform.promises.sources.values()
        for numbered, (cadence, tables) in enumerate(sorted(_by_cadence(source).items()))
    ]


def _by_cadence(source: SourceContract) -> dict[str, list[SourceTable]]:
    tables: dict[str, list[SourceTable]] = {}
    for table in source.tables:
        if cadence := table.custom["delivery"].get("cadence"):
            tables.setdefault(str(cadence), []).append(SourceTable(source.system, table.name))
    return tables


def _landing_job(platform: Platform, system: str, tables: list[SourceTable], numbered: int) -> Any:
    suffix = f"_{numbered + 1}" if numbered else ""
    # What is built or published in one step is run as one; of the sources, only these land.
    fed = platform.moving_together(d for table in tables for d in platform.manifest.fed_by(table))
    goldens = dg.AssetSelection.assets(*(dg.AssetKey(["golden", d]) for d in fed))
    landed = dg.AssetSelection.assets(*map(source_key, tables))
    return dg.define_asset_job(
        f"land_{system}{suffix}_and_certify",
        selection=goldens.upstream() - dg.AssetSelection.groups(LAYER) | landed,
        description=f"Land {', '.join(f'{LAYER}/{t.name}' for t in tables)} and certify what they feed.",
        executor_def=dg.in_process_executor,
    )


def freshness_schedule(platform: Platform) -> dg.ScheduleDefinition:
    """Hourly: gates whose certificate has less than half its validity left are certified again; the rest stand.

    Args:
        platform: the datasets to keep fresh.
    """
    gates = [dg.AssetKey(["gate", d]) for d in platform.datasets]
    goldens = [dg.AssetKey(["golden", d]) for d in platform.datasets]
    job = dg.define_asset_job(
        "enforce_freshness",
        selection=dg.AssetSelection.assets(*gates, *goldens),
        description="Certify again what is about to expire; what cannot be certified is left to expire.",
        executor_def=dg.in_process_executor,
    )
    return scheduled(job, "10 * * * *")


def expiry_schedule(platform: Platform) -> dg.ScheduleDefinition:
    """Hourly: tells owners of what expires soon; fails, naming dataset and owner, while any certificate is expired.

    Args:
        platform: where the golden repository is.
    """

    @dg.op(name="raise_expired_certificates")
    def raise_expired(context: dg.OpExecutionContext) -> None:
        now = datetime.now(UTC)
        look_at_certificates(platform, now)
        late = expired(platform, now)
        for line in late:
            context.log.error(line)
        if late:
            raise dg.Failure(description="\n".join(late), allow_retries=False)

    @dg.job(name="watch_expiry", description="Fails while any certificate is expired; names dataset and owner.")
    def watch_expiry() -> None:
        raise_expired()

    return scheduled(watch_expiry, "40 * * * *")


def keep_alive_schedule(platform: Platform) -> dg.ScheduleDefinition:
    """Hourly: renews `timestamp.json`, but only while the platform is healthy; a dead platform lets everything expire.

    Args:
        platform: what must be healthy.
    """

    @dg.op(name="renew_timestamp")
    def renew(context: dg.OpExecutionContext) -> None:
        reasons = unhealthy(platform)
        if reasons:
            raise dg.Failure(
                description="timestamp.json is not renewed, the platform is not healthy:\n" + "\n".join(reasons),
                allow_retries=False,
            )
        context.log.info(f"timestamp.json renewed until {keep_alive(platform):%Y-%m-%d %H:%M} UTC")

    @dg.job(name="keep_alive", description="Renews the golden repository's timestamp while the platform is healthy.")
    def keep_alive_job() -> None:
        renew()

    return scheduled(keep_alive_job, "25 * * * *")


def garbage_schedule(platform: Platform) -> dg.ScheduleDefinition:
    """Weekly: deletes what no release of the grace period refers to; certificates and roots stay for ever.

    Args:
        platform: where the golden repository is.
    """

    @dg.op(name="collect_unreferenced_files")
    def collect(context: dg.OpExecutionContext) -> None:
        context.log.info(f"{collect_garbage(platform, GRACE)} unreferenced files deleted")
        context.log.info(f"{evidence_of(platform.settings).let_go(datetime.now(UTC))} files of old events deleted")

    @dg.job(name="collect_garbage", description="Deletes parts and metadata that no recent release refers to.")
    def collect_garbage_job() -> None:
        collect()

    return scheduled(collect_garbage_job, "15 3 * * 0")


def scheduled(job: Any, cron: str) -> dg.ScheduleDefinition:
    """A job at its times, running from the start.

    Args:
        cron: in UTC.
    """
    return dg.ScheduleDefinition(
        job=job, cron_schedule=cron, execution_timezone="UTC", default_status=dg.DefaultScheduleStatus.RUNNING
    )
