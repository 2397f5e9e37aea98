"""The graph that dbt wrote, read: who feeds whom, who is built with whom, and what makes a build another one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from orchestration.manifest import Manifest, ManifestError, SourceTable, load_manifest
from orchestration.platform import Platform
from tests.orchestration.small import DATASETS, data_test, document

SALES, PARCELS = SourceTable("shop", "sales"), SourceTable("post", "parcels")
LOADS = ["shop__sales first firstfirst"]


def changed(change: Callable[[dict[str, Any]], object]) -> Manifest:
    other = copy.deepcopy(document())
    change(other)
    return Manifest(other)


def test_datasets_are_the_golden_models() -> None:
    assert tuple(Manifest(document()).datasets) == DATASETS


def test_datasets_that_share_a_model_are_one_family_and_the_rest_stand_alone() -> None:
    assert Manifest(document()).families == (("orders", "refunds"), ("parcels",))


def test_a_dataset_that_two_families_feed_joins_them() -> None:
    def join(other: dict[str, Any]) -> None:
        other["parent_map"]["model.small.refunds"].append("model.small.parcels")

    assert changed(join).families == (("orders", "parcels", "refunds"),)


def test_feeding_follows_the_lineage_to_the_source_tables() -> None:
    manifest = Manifest(document())
    assert manifest.feeding("refunds") == (SALES,)
    assert manifest.fed_by(SALES) == ("orders", "refunds")
    assert manifest.fed_by(PARCELS) == ("parcels",)


def test_models_are_built_after_those_they_read() -> None:
    names = [model["name"] for model in Manifest(document()).build_order(("orders", "refunds"))]
    assert names[0] == "stg_shop"
    assert sorted(names) == ["orders", "refunds", "stg_shop"]


def test_a_test_of_the_golden_model_becomes_a_rule_that_bears_its_name_once() -> None:
    manifest = Manifest(document())
    assert manifest.tests("orders") == {"orders__dbt_add_up": "test.small.orders_add_up"}
    assert manifest.tests("parcels") == {}


def code_of(uid: str) -> Callable[[dict[str, Any]], None]:
    return lambda other: other["nodes"][uid].update(raw_code="select 2")


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "the model's code": code_of("model.small.orders"),
    "code above it": code_of("model.small.stg_shop"),
    "a test's code": code_of("test.small.orders_add_up"),
    "a test above it": code_of("test.small.shop_is_dated"),
    "a test's severity": lambda d: d["nodes"]["test.small.orders_add_up"]["config"].update(severity="WARN"),
    "a model's configuration": lambda d: d["nodes"]["model.small.orders"]["config"].update(materialized="view"),
    "a new test": lambda d: d["nodes"].update({"test.small.new": data_test("new", "model.small.orders")}),
    "a macro": lambda d: d["macros"]["macro.small.cents"].update(macro_sql="x / 10"),
    "dbt's version": lambda d: d["metadata"].update(dbt_version="2"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_build_is_another_one_after_a_change_of(change: Callable[[dict[str, Any]], object]) -> None:
    family = ("orders", "refunds")
    assert changed(change).fingerprint(family, LOADS) != Manifest(document()).fingerprint(family, LOADS)


def test_a_build_is_another_one_after_another_load_and_in_another_project() -> None:
    manifest = Manifest(document())
    was = manifest.fingerprint(("parcels",), LOADS)
    assert manifest.fingerprint(("parcels",), [*LOADS, "one more"]) != was
    assert Manifest(document(), "another dbt_project.yml").fingerprint(("parcels",), LOADS) != was


@pytest.mark.parametrize("uid", ["model.small.orders", "model.small.stg_shop", "test.small.orders_add_up"])
def test_a_build_stays_the_same_one_after_a_change_of_what_it_does_not_use(uid: str) -> None:
    was = Manifest(document()).fingerprint(("parcels",), LOADS)
    assert changed(code_of(uid)).fingerprint(("parcels",), reversed(LOADS)) == was


def test_each_real_dataset_is_fed_by_the_sources_that_its_contract_names(real: Platform) -> None:
    assert real.datasets
    for name in real.datasets:
        named = {source.system for source in real.promises.contracts[name].sources}
        assert {table.system for table in real.manifest.feeding(name)} == named
        assert real.manifest.tests(name)


def test_a_project_that_dbt_cannot_read_is_refused_with_the_command_to_run(real: Platform, tmp_path: Path) -> None:
    class Broken(type(real.settings)):  # type: ignore[misc]  # the project is a place, not a setting
        dbt_project = copytree(real.settings.dbt_project, tmp_path / "dbt_project")

    (Broken.dbt_project / "models" / "golden" / "orphan.sql").write_text("select * from {{ ref('nobody') }}")
    settings = Broken(**{**vars(replace(real.settings, home=tmp_path))})
    with pytest.raises(ManifestError, match=r"nobody[\s\S]*next: .*dbt compile"):
        load_manifest(settings)
