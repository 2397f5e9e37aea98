"""Assembly: everything that Dagster loads. Nothing is decided here.

Belongs here: putting assets, jobs and schedules together. Does not: any of them.
"""

from __future__ import annotations

import dagster as dg

from orchestration.assets.gates import gate_assets
from orchestration.assets.golden import golden_assets
from orchestration.assets.models import dbt_resource, model_assets
from orchestration.assets.sources import source_assets
from orchestration.assets.use_cases import use_case_assets, use_case_checks, use_case_sensor
from orchestration.jobs.lineage import lineage_sensor
from orchestration.jobs.retention import erasure_schedule, retention_schedule
from orchestration.jobs.schedules import (
    cadence_schedules,
    everything_job,
    expiry_schedule,
    freshness_schedule,
    garbage_schedule,
    keep_alive_schedule,
)
from orchestration.jobs.sensors import notice_sensor, site_sensor
from orchestration.jobs.signing import signing_schedule
from orchestration.platform import Platform, load_platform
from orchestration.settings import read_settings


def build_definitions(platform: Platform) -> dg.Definitions:
    """All definitions of one platform.

    Args:
        platform: settings, promises and manifest.
    """
    return dg.Definitions(
        assets=[
            *source_assets(platform),
            *model_assets(platform),
            *gate_assets(platform),
            *golden_assets(platform),
            *use_case_assets(platform),
        ],
        asset_checks=use_case_checks(platform),
        jobs=[everything_job()],
        schedules=[
            *cadence_schedules(platform),
            freshness_schedule(platform),
            expiry_schedule(platform),
            keep_alive_schedule(platform),
            garbage_schedule(platform),
            retention_schedule(platform),
            erasure_schedule(platform),
            signing_schedule(platform),
        ],
        sensors=[
            lineage_sensor(platform),
            notice_sensor(platform),
            site_sensor(platform),
            use_case_sensor(platform),
        ],
        resources={"dbt": dbt_resource(platform)},
        # Steps are short, and every new process would pay seconds of imports.
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What `workspace.yaml` points at."""
    return build_definitions(load_platform(read_settings()))
