"""What the UI shows downstream of a refused delivery: the lamps as they stood, and why nothing new came."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from orchestration.assets.lamps import NOT_ASKED, keep_lamps

RAW, GATE, GOLDEN = (dg.AssetKey([layer, "sales"]) for layer in ("raw", "gate", "golden"))
SAID = {"owner": "team.sales", "next": "ask for it again, then: esclusa run"}


class Line:
    """Three steps on one instance; the first may refuse what it is given, the second judge it badly."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.refused = self.bad = False

        @dg.asset(key=RAW)
        def raw(context: dg.AssetExecutionContext) -> None:
            if self.refused:
                keep_lamps(context, RAW, "a column is missing", SAID)
                raise dg.Failure(description="a column is missing", allow_retries=False)

        checks = [dg.AssetCheckSpec("1_quality", asset=GATE), dg.AssetCheckSpec("amount_minimum", asset=GATE)]

        @dg.multi_asset(specs=[dg.AssetSpec(GATE, deps=[RAW])], check_specs=checks)
        def gate() -> Iterator[Any]:
            yield dg.MaterializeResult(asset_key=GATE)
            for check in checks:
                yield dg.AssetCheckResult(
                    asset_key=GATE,
                    check_name=check.name,
                    passed=not self.bad,
                    description=f"{check.name} was asked",
                    metadata={"observed": 3.0},
                )

        @dg.asset(key=GOLDEN, deps=[GATE])
        def golden() -> None: ...

        self.assets = [raw, gate, golden]

    def run(self, refused: bool = False, bad: bool = False) -> bool:
        self.refused, self.bad = refused, bad
        return dg.materialize(self.assets, instance=self.instance, raise_on_error=False).success

    def lamps(self) -> dict[str, Any]:
        keys = [dg.AssetCheckKey(GATE, name) for name in ("1_quality", "amount_minimum")]
        records = self.instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
        return {key.name: record.event.dagster_event.event_specific_data for key, record in records.items()}  # type: ignore[union-attr]

    def observed(self, key: dg.AssetKey) -> list[dg.AssetObservation]:
        found = self.instance.fetch_observations(key, limit=10).records
        return [record.asset_observation for record in found if record.asset_observation is not None]


@pytest.fixture
def line() -> Iterator[Line]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Line(instance)


@pytest.mark.parametrize("bad", [False, True])
def test_checks_that_a_refused_delivery_keeps_a_run_from_stand_as_they_stood(line: Line, bad: bool) -> None:
    assert line.run(bad=bad)
    for _ in range(2):  # also where the newest telling is itself one of what stood
        assert not line.run(refused=True)
        for name, told in line.lamps().items():
            assert told.passed is not bad
            assert told.description == f"{name} was asked"
            assert told.metadata["observed"].value == 3.0
            assert told.metadata[NOT_ASKED].value == "a column is missing"


def test_gate_and_golden_say_why_nothing_new_reached_them(line: Line) -> None:
    line.run()
    line.run(refused=True)
    for key in (GATE, GOLDEN):
        (observation,) = line.observed(key)
        assert observation.description == "a column is missing"
        assert {name: value.value for name, value in observation.metadata.items()} == {"refused": "raw/sales", **SAID}
    assert not line.observed(RAW)


def test_a_check_that_was_never_asked_is_not_made_up(line: Line) -> None:
    line.run(refused=True)
    assert all(not hasattr(told, "passed") for told in line.lamps().values())


def test_a_run_that_reaches_its_checks_again_tells_them_new(line: Line) -> None:
    line.run()
    line.run(refused=True)
    line.run(bad=True)
    assert all(not told.passed and NOT_ASKED not in told.metadata for told in line.lamps().values())
