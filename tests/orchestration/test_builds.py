"""What dbt's results are read as: a candidate is made only where its model succeeded, and the culprit is named."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.builds import Build, current_fingerprint, read_results, recall_build, remember_build
from orchestration.platform import Platform
from tests.orchestration.small import deliver

FAMILY = ("orders", "refunds")
GOOD = {
    "model.small.stg_shop": "success",
    "model.small.orders": "success",
    "model.small.refunds": "success",
    "test.small.orders_add_up": "pass",
}


def results(**more: Any) -> dict[str, Any]:
    told = {**GOOD, **{uid.replace("__", "."): status for uid, status in more.items()}}
    return {"results": [{"unique_id": uid, "status": status, "failures": 0} for uid, status in told.items() if status]}


def test_every_dataset_has_a_candidate_where_every_model_succeeded(small: Platform) -> None:
    build = read_results(small.manifest, FAMILY, "f", results())
    assert build.settled
    assert build.tests == {"test.small.orders_add_up": ("pass", 0)}


def test_a_failed_test_of_the_golden_model_is_a_finding_and_not_a_missing_candidate(small: Platform) -> None:
    build = read_results(small.manifest, FAMILY, "f", results(test__small__orders_add_up="fail"))
    assert not build.problems
    assert not build.settled, "a failed test is asked again"
    assert build.tests["test.small.orders_add_up"][0] == "fail"


def test_a_model_in_error_is_named_for_every_dataset_below_it(small: Platform) -> None:
    skipped = {"model__small__orders": "skipped", "model__small__refunds": "skipped"}
    build = read_results(small.manifest, FAMILY, "f", results(model__small__stg_shop="error", **skipped))
    assert build.problems == dict.fromkeys(FAMILY, "model stg_shop (error)")


def test_a_dataset_is_not_blamed_for_its_sister(small: Platform) -> None:
    build = read_results(small.manifest, FAMILY, "f", results(model__small__refunds="error"))
    assert build.problems == {"refunds": "model refunds (error)"}


def test_a_failed_test_above_names_itself_where_it_stopped_a_dataset(small: Platform) -> None:
    stopped = {"test__small__shop_is_dated": "fail", "model__small__orders": "skipped"}
    build = read_results(small.manifest, FAMILY, "f", results(**stopped))
    assert build.problems == {"orders": "test shop_is_dated (fail)"}


@pytest.mark.parametrize("status", [None, "skipped"])
def test_a_model_that_did_not_run_is_no_candidate(small: Platform, status: str | None) -> None:
    build = read_results(small.manifest, FAMILY, "f", results(model__small__orders=status))
    assert build.problems == {"orders": "it was skipped, and dbt names no cause"}
    assert not build.settled


def test_a_build_is_recalled_as_it_was_for_each_dataset_of_its_family(small: Platform) -> None:
    build = Build("f", {"orders": "model orders (error)"}, {"test.small.orders_add_up": ("warn", 3)})
    remember_build(small.workshop, FAMILY, build)
    assert recall_build(small.workshop, small.manifest, "orders") == build
    assert recall_build(small.workshop, small.manifest, "refunds") == build
    assert recall_build(small.workshop, small.manifest, "parcels") is None


def test_a_new_load_makes_another_build_of_what_it_feeds_and_of_nothing_else(small: Platform) -> None:
    with small.workshop.warehouse() as connection:
        before = {name: current_fingerprint(connection, small.manifest, name) for name in small.datasets}
        deliver(connection, "shop__sales", "second")
        after = {name: current_fingerprint(connection, small.manifest, name) for name in small.datasets}
    assert {name for name in before if before[name] != after[name]} == {"orders", "refunds"}
