"""Use cases stand downstream of what they need, and their check shows at once what it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from orchestration.assets.use_cases import (
    CHECK,
    look_at_use_cases,
    use_case_assets,
    use_case_checks,
    use_case_key,
    use_case_sensor,
)
from orchestration.definitions import build_definitions
from orchestration.golden import open_golden
from orchestration.jobs.schedules import EVERYTHING
from orchestration.manifest import Manifest
from orchestration.platform import Platform
from orchestration.publish import publish_release
from orchestration.recall import revoke
from orchestration.use_cases import consumers_of
from tests.orchestration.small import decided, document
from tests.orchestration.test_notices import EXPOSURE, LATE

KEY = use_case_key("call_list")


@pytest.fixture
def used(small: Platform) -> Platform:
    """A platform whose orders have one use."""
    return replace(small, manifest=Manifest({**document(), "exposures": {"exposure.small.call_list": EXPOSURE}}))


def publish(platform: Platform, **said: Any) -> None:
    decided(platform, "orders", **said)
    publish_release(platform, "orders", now=datetime.now(UTC), run="run-1", progress=lambda _: None)


def said(platform: Platform) -> Mapping[str, Any]:
    return look_at_use_cases(platform)[KEY]


def test_every_use_case_is_an_asset_without_computation_downstream_of_what_it_needs(real: Platform) -> None:
    specs = {spec.key: spec for spec in use_case_assets(real)}
    assert specs.keys() == {use_case_key(c.name) for c in consumers_of(real)}
    graph = build_definitions(real).resolve_asset_graph()
    for consumer in consumers_of(real):
        spec = specs[use_case_key(consumer.name)]
        assert {d.asset_key.to_user_string() for d in spec.deps} == {f"golden/{d}" for d in consumer.datasets}
        assert spec.group_name == "use_cases"
        assert list(spec.owners) == [f"team:{consumer.owner}"]
        assert (spec.tags["purpose"], spec.tags["consumer"]) == (consumer.purpose, consumer.kind)
        assert spec.tags.get("risk_tier", "") == consumer.risk_tier
        assert spec.metadata["role"] == consumer.role
        assert consumer.description in (spec.description or "")
        assert not graph.get(spec.key).is_materializable
        assert CHECK in {key.name for key in graph.get(spec.key).check_keys}


def test_no_run_waits_for_a_use_case(real: Platform) -> None:
    job = build_definitions(real).resolve_job_def(EVERYTHING)
    assert not [name for name in job.graph.node_dict if "use_case" in name]


def test_a_served_use_case_passes(used: Platform) -> None:
    publish(used)
    assert said(used)["passed"]
    assert said(used)["metadata"] == {"state": "served"}


def test_a_use_case_whose_dataset_was_refused_and_never_certified_fails_by_name(used: Platform) -> None:
    publish(used, shut_by=[LATE])
    found = said(used)
    assert (found["passed"], found["severity"]) == (False, dg.AssetCheckSeverity.ERROR)
    assert found["description"].startswith("waits for orders: shut since ")
    assert (
        "orders__late: observed 7 rows, required 0 rows; owner: ada; next: esclusa why orders" in found["description"]
    )
    assert found["metadata"]["waits for"] == "orders"


def test_a_use_case_that_reads_an_older_release_warns(used: Platform) -> None:
    publish(used)
    publish(used, rows=3, shut_by=[LATE])
    found = said(used)
    assert (found["passed"], found["severity"]) == (False, dg.AssetCheckSeverity.WARN)
    assert found["metadata"]["newer refused"] == "orders"


def test_a_use_case_whose_dataset_was_revoked_or_whose_repository_ran_out_fails(used: Platform) -> None:
    open_golden(used)
    publish(used)
    revoke(used, "orders", reason="wrong currency", requester="ada")
    assert said(used)["description"].startswith("waits for orders: withdrawn")
    (used.settings.golden / "metadata" / "timestamp.json").unlink()
    assert not said(used)["passed"]
    assert said(used)["severity"] is dg.AssetCheckSeverity.ERROR


def test_the_check_can_be_asked_from_the_ui(used: Platform) -> None:
    publish(used, shut_by=[LATE])
    (checks,) = use_case_checks(used)
    defs = dg.Definitions(assets=use_case_assets(used), asset_checks=[checks])
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        (evaluation,) = result.get_asset_check_evaluations()
    assert (evaluation.asset_key, evaluation.check_name, evaluation.passed) == (KEY, CHECK, False)


def test_the_sensor_tells_what_changed_and_is_quiet_otherwise(used: Platform) -> None:
    sensor, cursor = use_case_sensor(used), None
    told: list[list[bool]] = []
    with dg.DagsterInstance.ephemeral() as instance:
        for act in (lambda: publish(used), lambda: None, lambda: publish(used, rows=3, shut_by=[LATE]), lambda: None):
            act()
            data = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=cursor))
            told.append([e.passed for e in data.asset_events if isinstance(e, dg.AssetCheckEvaluation)])
            observed = [e.description for e in data.asset_events if isinstance(e, dg.AssetObservation)]
            assert len(observed) == len(told[-1])
            cursor = data.cursor or cursor
    assert told == [[True], [], [False], []]


def test_an_expired_certificate_shows_without_any_run(used: Platform) -> None:
    publish(used, valid_for=timedelta(seconds=6))
    until = datetime.now(UTC) + timedelta(seconds=30)
    while said(used)["passed"]:
        assert datetime.now(UTC) < until
    assert said(used)["description"].startswith("waits for orders: expired since ")
