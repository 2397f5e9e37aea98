"""What the UI is told of every asset, so that a person need not open a file to know who owns what, and why."""

from __future__ import annotations

import dagster as dg
import pytest

from expectations.environment import Environment
from expectations.readiness import expected_rules
from expectations.verdict import Finding, GateItem, State, demanded_items
from orchestration.assets.gates import check_results, findings_table, item_check
from orchestration.definitions import build_definitions
from orchestration.platform import Platform, PromiseGap, load_platform
from orchestration.settings import read_settings
from tests.orchestration.small import decided


@pytest.fixture(scope="module")
def defs(real: Platform) -> dg.Definitions:
    """The definitions of this repository."""
    return build_definitions(real)


@pytest.fixture(scope="module")
def specs(defs: dg.Definitions) -> dict[str, dg.AssetSpec]:
    """Asset → what the UI is told of it."""
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


@pytest.fixture(scope="module")
def checks(defs: dg.Definitions) -> dict[str, dict[str, str]]:
    """Asset → check → description."""
    found: dict[str, dict[str, str]] = {}
    for key in defs.resolve_asset_graph().asset_check_keys:
        spec = defs.resolve_asset_graph().get_check_spec(key)
        found.setdefault(key.asset_key.to_user_string(), {})[key.name] = spec.description or ""
    return found


def test_the_definitions_can_be_loaded(defs: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(defs)


def test_every_golden_asset_says_what_its_contract_says(real: Platform, specs: dict[str, dg.AssetSpec]) -> None:
    for name, contract in real.promises.contracts.items():
        spec = specs[f"golden/{name}"]
        assert list(spec.owners) == [f"team:{contract.owner}"]
        assert contract.table.description in (spec.description or "")
        assert contract.table.grain in (spec.description or "")
        assert {"parquet", "tuf"} <= spec.kinds
        assert spec.tags["domain"] == contract.domain
        assert spec.tags["release"] == contract.release
        is_open = {c.classification for c in contract.table.columns} <= {"public", "internal"}
        assert (spec.tags["classification"] in {"public", "internal"}) == is_open, "that of its most sensitive column"
        freshness = contract.sla("freshness")
        assert freshness is not None
        assert isinstance(spec.freshness_policy, dg.FreshnessPolicy)
        assert spec.freshness_policy == dg.FreshnessPolicy.time_window(freshness.duration)
        assert spec.metadata["contract"] == f"{contract.id} {contract.version}"


@pytest.mark.parametrize("layer", ["candidate", "golden"])
def test_columns_are_shown_with_type_meaning_and_classification(
    layer: str, real: Platform, specs: dict[str, dg.AssetSpec]
) -> None:
    for name, contract in real.promises.contracts.items():
        schema = specs[f"{layer}/{name}"].metadata["dagster/column_schema"]
        shown = [(c.name, c.type, c.description, c.tags["classification"]) for c in schema.columns]
        promised = [(c.name, c.physical_type, c.description, c.classification) for c in contract.table.columns]
        assert shown == promised


def test_a_dataset_goes_from_its_sources_through_candidate_and_gate_to_golden(
    real: Platform, specs: dict[str, dg.AssetSpec]
) -> None:
    for name in real.datasets:
        assert [d.asset_key.to_user_string() for d in specs[f"golden/{name}"].deps] == [f"gate/{name}"]
        assert [d.asset_key.to_user_string() for d in specs[f"gate/{name}"].deps] == [f"candidate/{name}"]
        for layer in ("candidate", "gate", "golden"):
            assert specs[f"{layer}/{name}"].group_name == layer
            assert list(specs[f"{layer}/{name}"].owners) == [f"team:{real.promises.contracts[name].owner}"]


def test_every_source_asset_names_its_owner_and_its_agreed_columns(
    real: Platform, specs: dict[str, dg.AssetSpec]
) -> None:
    for source in real.promises.sources.values():
        for table in source.tables:
            spec = specs[f"raw/{source.system}__{table.name}"]
            assert list(spec.owners) == [f"team:{source.owner}"]
            assert source.owner in (spec.description or "")
            assert spec.tags["system"] == source.system
            assert [c.name for c in spec.metadata["dagster/column_schema"].columns] == [c.name for c in table.columns]


def test_a_gate_has_one_check_for_each_gate_item_and_for_each_rule(
    real: Platform, checks: dict[str, dict[str, str]]
) -> None:
    for name, contract in real.promises.contracts.items():
        items = {item_check(item) for item in demanded_items(Environment.SANDBOX)}
        rules = expected_rules(contract) | set(real.manifest.tests(name))
        assert checks[f"gate/{name}"].keys() == items | rules
        assert all(checks[f"gate/{name}"].values()), "each says what it asks"
        assert all("Decided by the gate" in checks[f"gate/{name}"][item] for item in items)


def test_no_check_blocks_for_publishing_is_the_gate(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    assert not [key for key in graph.asset_check_keys if graph.get_check_spec(key).blocking]


def test_every_step_on_the_warehouse_takes_its_turn(defs: dg.Definitions) -> None:
    for asset in defs.assets or ():
        if isinstance(asset, dg.AssetSpec):
            assert asset.key.path[0] == "use_cases", "nothing else is without a step"
            continue
        assert isinstance(asset, dg.AssetsDefinition)
        layers = {key.path[0] for key in asset.keys}
        assert (asset.op.pool == "warehouse") == (layers != {"golden"}), asset.op.name


TOO_MANY = Finding(
    "orders__late", GateItem.QUALITY, State.FAIL, 7, "≤ 2 rows", "No order is late.", "ada",
    message="7 rows are late", remedy="ask the shop", threshold=2.0, unit="rows", tags=("Com-ML-1",),
)  # fmt: skip


def test_a_failed_rule_shows_observed_and_required_as_numbers_and_who_is_asked_to_do_what(small: Platform) -> None:
    decision = decided(small, "orders", shut_by=[TOO_MANY])
    results = {r.check_name: r for r in check_results(decision, dg.AssetKey(["gate", "orders"]))}
    late = results["orders__late"]
    assert not late.passed
    assert late.severity is dg.AssetCheckSeverity.ERROR
    assert late.metadata["observed"] == dg.FloatMetadataValue(7.0)
    assert late.metadata["required"] == dg.FloatMetadataValue(2.0)
    told = {label: value.value for label, value in late.metadata.items()}
    assert told["bound"] == "≤ 2 rows"
    assert (told["owner"], told["next"], told["evidence of"]) == ("ada", "ask the shop", "Com-ML-1")
    assert late.description == "7 rows are late"

    assert not results[item_check(GateItem.QUALITY)].passed
    assert results[item_check(GateItem.QUALITY)].metadata["shut by"].value == ["orders__late"]
    assert results[item_check(GateItem.ACCESS)].passed
    items = {item_check(item) for item in decision.verdict.items}
    assert results.keys() == items | {f.rule for f in decision.verdict.findings}


def test_a_warning_is_shown_as_one_and_does_not_count_as_passed(small: Platform) -> None:
    warned = Finding(**{**vars(TOO_MANY), "state": State.WARN, "severity": "warning"})
    results = check_results(decided(small, "orders", shut_by=[warned]), dg.AssetKey(["gate", "orders"]))
    (late,) = [r for r in results if r.check_name == "orders__late"]
    assert not late.passed
    assert late.severity is dg.AssetCheckSeverity.WARN


def test_the_table_of_findings_begins_with_what_shuts_the_gate(small: Platform) -> None:
    table = findings_table(decided(small, "orders", shut_by=[TOO_MANY]).verdict).splitlines()
    assert table[2].startswith("| fail | orders__late | 7 rows | ≤ 2 rows | ada | ask the shop |")


def test_a_contract_without_a_model_is_refused_by_name(
    real: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    promised = dict(real.promises.contracts)
    promised["forgotten"] = next(iter(promised.values()))
    monkeypatch.setattr("orchestration.platform.load_promises", lambda _: type(real.promises)(promised, {}, {}))
    monkeypatch.setattr("orchestration.platform.load_manifest", lambda _: real.manifest)
    with pytest.raises(PromiseGap, match=r"without its other half: forgotten; next: write"):
        load_platform(read_settings({}))
