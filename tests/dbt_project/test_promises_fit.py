"""The contracts' thresholds against the real data: every rule holds, and no tolerance is wide open."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from expectations.audit.auditing import audit
from expectations.clock import dataset_clock, load_clocks
from expectations.contract import Contract
from expectations.rules.expansion import Rule, rules_of
from expectations.verdict import Finding, State
from lineage.pin import pin

ROOT = Path(__file__).resolve().parents[2]
DATASETS = ("qualified_leads", "renewal_risk", "resolution_times")


@pytest.fixture(scope="module")
def pins(built: Any, contracts: dict[str, Contract], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Dataset → the pin of the candidate built from the real data, its columns protected."""
    directory, secrets = tmp_path_factory.mktemp("pins"), {"pseudonyms": bytes(32)}
    made = {}
    for name, contract in contracts.items():
        pinned = pin(built.connection, f"candidate.{name}", contract, directory / name, secrets=secrets)
        (part,) = pinned.parts
        made[name] = part.path
    return made


@pytest.fixture(scope="module")
def findings(built: Any, contracts: dict[str, Contract], pins: dict[str, Path]) -> dict[str, dict[str, Finding]]:
    """Dataset → rule id → what the audit found on the pin."""
    clocks = load_clocks(ROOT / "expectations" / "replay.yaml")
    now = datetime.now(UTC)
    found = {}
    for name, contract in contracts.items():
        relations = {r: r for r in contract.custom["relations"]}
        at = dataset_clock(contract, clocks).at(now, now)
        audited = audit(built.connection, f"read_parquet('{pins[name]}')", contract, clock_at=at, relations=relations)
        found[name] = {f.rule: f for f in audited}
    return found


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_rule_holds_on_the_real_data(findings: dict[str, dict[str, Finding]], dataset: str) -> None:
    assert {f.rule: (f.state, f.observed) for f in findings[dataset].values() if f.state is not State.PASS} == {}


@pytest.mark.parametrize("dataset", DATASETS)
def test_great_expectations_agrees(contracts: dict[str, Contract], pins: dict[str, Path], dataset: str) -> None:
    from expectations.audit.suite import run_suite  # Great Expectations takes seconds to import

    found = run_suite(contracts[dataset], [pins[dataset]])
    assert found
    assert {f.rule: (f.state, f.observed) for f in found if f.state is not State.PASS} == {}


def tolerances(contract: Contract) -> list[Rule]:
    """Rules that let some share of the rows through: an upper bound in percent, above zero."""
    upper = ("mustBeLessThan", "mustBeLessOrEqualTo")
    return [r for r in rules_of(contract) if r.unit == "percent" and r.operator in upper]


@pytest.mark.parametrize("dataset", DATASETS)
def test_no_tolerance_is_wide_open(
    contracts: dict[str, Contract], findings: dict[str, dict[str, Finding]], dataset: str
) -> None:
    """Within ten times what was seen, and within ten points of it."""
    rules = tolerances(contracts[dataset])
    assert rules
    for rule in rules:
        seen = findings[dataset][rule.id].observed
        assert isinstance(seen, int | float)
        assert isinstance(rule.bound, int | float)
        room = min(10 * seen, seen + 10) if seen else 1
        assert rule.bound <= room, f"{rule.id}: {seen} seen, up to {rule.bound} allowed"


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_threshold_gives_its_reason(contracts: dict[str, Contract], dataset: str) -> None:
    written = [r for c in contracts[dataset].table.columns for r in c.quality] + list(contracts[dataset].table.quality)
    assert all(len(rule.description) > 20 for rule in written)
    assert all(len(sla.description) > 20 for sla in contracts[dataset].slas)
