"""What runs when: cadences of source contracts, the watch over expiry, life signs from a healthy platform alone."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

import esclusa
from orchestration.definitions import build_definitions
from orchestration.golden import open_golden
from orchestration.health import expired, unhealthy
from orchestration.jobs.schedules import cadence_schedules, expiry_schedule, garbage_schedule, keep_alive_schedule
from orchestration.platform import Platform
from orchestration.publish import publish_release
from orchestration.settings import ROOT
from tests.golden_repository import open_small
from tests.orchestration.small import decided


@pytest.fixture(scope="module")
def defs(real: Platform) -> dg.Definitions:
    """The definitions of this repository."""
    return build_definitions(real)


def run(schedule: dg.ScheduleDefinition) -> tuple[bool, str]:
    """Whether the scheduled job succeeds, and what it says where it fails."""
    job: Any = schedule.job
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    result = job.execute_in_process(run_config=quiet, raise_on_error=False)
    failures = [e.step_failure_data.user_failure_data for e in result.all_events if e.is_step_failure]
    return result.success, "\n".join(str(said.description) for said in failures if said)


def publish(platform: Platform, dataset: str, **decision: Any) -> None:
    """Certify and publish a dataset."""
    decided(platform, dataset, **decision)
    (outcome,) = publish_release(platform, dataset, now=datetime.now(UTC), run="r", progress=lambda _: None)
    assert outcome.published, outcome.message


def timestamp(platform: Platform) -> bytes:
    return (platform.settings.golden / "metadata" / "timestamp.json").read_bytes()


def test_every_schedule_is_switched_on_and_reads_utc(defs: dg.Definitions) -> None:
    schedules = list(defs.schedules or ())
    assert len(schedules) >= 5
    for schedule in schedules:
        assert isinstance(schedule, dg.ScheduleDefinition)
        assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING, schedule.name
        assert schedule.execution_timezone == "UTC"


def test_each_source_table_lands_at_the_cadence_of_its_contract_and_takes_along_all_it_feeds(
    real: Platform, defs: dg.Definitions
) -> None:
    graph = defs.resolve_asset_graph()
    landed = {}
    for schedule in cadence_schedules(real):
        job: Any = schedule.job
        assets = {key.to_user_string() for key in job.selection.resolve(graph)}
        raw = {asset for asset in assets if asset.startswith("raw/")}
        landed |= dict.fromkeys(raw, schedule.cron_schedule)
        fed = {d for d in real.datasets if {f"raw/{t.name}" for t in real.manifest.feeding(d)} & raw}
        for layer in ("candidate", "gate", "golden"):
            assert {a for a in assets if a.startswith(f"{layer}/")} == {f"{layer}/{d}" for d in fed}
    agreed = {
        f"raw/{source.system}__{table.name}": table.custom["delivery"]["cadence"]
        for source in real.promises.sources.values()
        for table in source.tables
    }
    assert landed == agreed


def test_a_source_without_a_cadence_is_not_scheduled(real: Platform) -> None:
    def without(custom: Any) -> dict[str, Any]:
        return {"delivery": {key: value for key, value in custom["delivery"].items() if key != "cadence"}}

    sources = {
        system: replace(source, tables=tuple(replace(t, custom=without(t.custom)) for t in source.tables))
        for system, source in real.promises.sources.items()
    }
    assert not cadence_schedules(replace(real, promises=replace(real.promises, sources=sources)))


def test_an_expired_certificate_fails_the_watch_by_name_and_stops_no_life_sign(small: Platform) -> None:
    publish(small, "parcels")
    publish(small, "orders", valid_for=timedelta(seconds=6))
    assert run(expiry_schedule(small)) == (True, "")
    (entry,) = [e for e in esclusa.catalog(repository=small.settings.golden) if e.dataset == "orders"]
    assert entry.valid_until is not None
    time.sleep(max(0.0, (entry.valid_until - datetime.now(UTC)).total_seconds()) + 0.1)
    succeeded, said = run(expiry_schedule(small))
    assert not succeeded
    assert said.startswith("orders: expired ")
    assert "owner: ada" in said
    assert "next: esclusa why orders" in said
    assert "parcels" not in said
    assert unhealthy(small) == [], "its own date tells consumers, and the others must go on"


def test_a_certificate_counts_as_expired_from_its_very_second(small: Platform) -> None:
    publish(small, "orders")
    (entry,) = esclusa.catalog(repository=small.settings.golden)
    assert entry.valid_until is not None
    assert expired(small, entry.valid_until - timedelta(seconds=1)) == []
    assert len(expired(small, entry.valid_until)) == 1


def test_a_healthy_platform_gives_a_life_sign(small: Platform) -> None:
    publish(small, "orders")
    before = timestamp(small)
    assert run(keep_alive_schedule(small)) == (True, "")
    assert timestamp(small) != before
    assert esclusa.open(small.settings.golden).alive_until > datetime.now(UTC) + timedelta(hours=23)


def test_a_platform_that_was_silent_for_days_gives_a_life_sign_again(small: Platform) -> None:
    open_small(small.settings.golden, small.settings.keys, datetime.now(UTC) - timedelta(days=3))
    open_golden(small)
    with pytest.raises(esclusa.Expired):
        esclusa.open(small.settings.golden)
    assert run(keep_alive_schedule(small)) == (True, "")
    assert esclusa.open(small.settings.golden).alive_until > datetime.now(UTC)


def test_no_life_sign_is_given_for_a_repository_that_was_tampered_with(small: Platform) -> None:
    publish(small, "orders")
    (certificate,) = (small.settings.golden / "targets" / "orders").glob("*.certificate.json")
    certificate.chmod(0o644)
    certificate.write_bytes(certificate.read_bytes().replace(b"a", b"b", 1))
    before = timestamp(small)
    succeeded, said = run(keep_alive_schedule(small))
    assert not succeeded
    assert "orders: " in said
    assert "owner: ada" in said
    assert "next: esclusa verify orders" in said
    assert timestamp(small) == before


def test_no_life_sign_is_given_while_the_warehouse_cannot_be_read(small: Platform) -> None:
    publish(small, "orders")
    small.settings.warehouse.write_bytes(b"not a warehouse" * 1000)
    before = timestamp(small)
    succeeded, said = run(keep_alive_schedule(small))
    assert not succeeded
    assert "warehouse" in said
    assert "next:" in said
    assert timestamp(small) == before


def test_garbage_collection_touches_nothing_that_is_served(small: Platform) -> None:
    publish(small, "orders")
    assert run(garbage_schedule(small)) == (True, "")
    assert esclusa.verify("orders", repository=small.settings.golden).ok


def test_the_page_for_operators_lists_every_schedule_and_when_it_runs(defs: dg.Definitions) -> None:
    page = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(\w+(?:<\w+>\w*)*_schedule)`", page, re.M))
    made = {re.sub(r"^land_(?!<)\w+?_and_certify", "land_<system>_and_certify", s.name) for s in defs.schedules or ()}
    assert listed == made


def test_the_page_for_operators_lists_every_sensor(defs: dg.Definitions) -> None:
    page = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    _, _, listed = page.partition("| sensor | how often | what it does |")
    named = set(re.findall(r"^\| `(\w+)` \|", listed.partition("\n\n")[0], re.M))
    sensors = list(defs.sensors or ())
    assert named == {sensor.name for sensor in sensors}
    for sensor in sensors:
        assert sensor.default_status is dg.DefaultSensorStatus.RUNNING, sensor.name
