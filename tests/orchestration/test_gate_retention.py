"""At the gate: rows past their time are not pinned, held ones are, and nobody who was erased passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from expectations.verdict import State
from lineage.golden.garbage import Collected
from lineage.golden.repository import GoldenRepository
from orchestration.builds import Build, current_fingerprint, recall_build, remember_build
from orchestration.decisions import Decision, circumstances
from orchestration.erasure.tombstones import set_tombstones
from orchestration.gate import decide
from orchestration.golden import collect_garbage
from orchestration.letting_go import terms
from orchestration.platform import Platform
from tests.orchestration.shop import CLOCK, DAY, KEY, open_shop, shop_contract

SECOND = timedelta(seconds=1)
NOW = datetime.now(UTC)
AGES = (30 * DAY + SECOND, 30 * DAY, 30 * DAY - SECOND, timedelta(0))
SALES = [(str(i), f"buyer-{i}", CLOCK - age) for i, age in enumerate(AGES)]
HOLD = {"legalHold": {"reason": "claim 7", "by": "legal.office", "since": "2026-11-01"}}


def decided(home: Path, **deletion: Any) -> tuple[Platform, Decision]:
    """What the gate decides on a candidate with every sale in it."""
    shop = open_shop(home, SALES, contract=shop_contract(**deletion))
    return shop, decide_again(shop)


def decide_again(shop: Platform) -> Decision:
    with shop.workshop.warehouse() as connection:
        connection.execute("CREATE OR REPLACE TABLE candidate.orders AS SELECT id, buyer, sold_at FROM raw.shop__sales")
        fingerprint = current_fingerprint(connection, shop.manifest, "orders")
    remember_build(shop.workshop, ["orders"], Build(fingerprint, {}, {}))
    return decide(shop.workshop, shop.promises, shop.manifest, "orders", now=NOW, progress=lambda _: None)


@pytest.fixture(autouse=True)
def _reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCLUSA_STATE", str(tmp_path / "state"))


def finding(decision: Decision, rule: str) -> tuple[State, str]:
    found = next(f for f in decision.verdict.findings if f.rule == rule)
    return found.state, found.message


def test_a_row_past_its_time_is_not_pinned_and_one_that_is_not_is(tmp_path: Path) -> None:
    _, decision = decided(tmp_path / "home")
    assert decision.pin.rows == 3
    assert finding(decision, "orders__retention")[0] is State.PASS


def test_a_held_row_is_pinned_whatever_its_age_and_the_hold_is_told(tmp_path: Path) -> None:
    _, decision = decided(tmp_path / "home", **HOLD)
    assert decision.pin.rows == 4
    state, message = finding(decision, "orders__retention")
    assert state is State.PASS
    assert "legal hold since 2026-11-01 by legal.office: claim 7" in message


def test_nobody_who_was_erased_passes_the_gate(tmp_path: Path) -> None:
    shop, before = decided(tmp_path / "home")
    assert finding(before, "orders__retention_no_erased_subject")[0] is State.PASS
    around = circumstances(shop.workshop, shop.promises, "orders")
    set_tombstones(shop.settings, [KEY], "buyer-3", "request", NOW)
    assert circumstances(shop.workshop, shop.promises, "orders") != around
    state, message = finding(decide_again(shop), "orders__retention_no_erased_subject")
    assert state is State.FAIL
    assert "buyer holds 1 values of subjects that were erased" in message
    assert "buyer-3" not in message


def test_whom_a_keyed_pseudonym_stands_for_is_asked_of_the_candidate(tmp_path: Path) -> None:
    shop, _ = decided(tmp_path / "home")
    number, buyer, sold_at = shop.promises.contracts["orders"].table.columns
    hidden = replace(buyer, privacy={"category": "identifier", "technique": "hmac", "domain": "buyers"})
    contract = shop.promises.contracts["orders"]
    contract = replace(contract, table=replace(contract.table, columns=(number, hidden, sold_at)))
    shop = replace(shop, promises=replace(shop.promises, contracts={"orders": contract}))
    set_tombstones(shop.settings, [KEY], "buyer-3", "request", NOW)
    assert finding(decide_again(shop), "orders__retention_no_erased_subject")[0] is State.FAIL


def test_what_left_under_other_terms_is_built_again_and_under_the_same_ones_it_stands(tmp_path: Path) -> None:
    shop, _ = decided(tmp_path / "home")
    build = recall_build(shop.workshop, shop.manifest, "orders")
    assert build is not None
    now = terms(shop.promises, ["orders"])
    assert build.stands(build.fingerprint, now)
    longer = replace(shop.promises, contracts={"orders": shop_contract(**HOLD)})
    another_clock = replace(shop.promises, clocks={})
    for other in (longer, another_clock):
        assert not build.stands(build.fingerprint, terms(other, ["orders"]))


def test_a_build_that_lost_nothing_stands_whatever_the_terms(tmp_path: Path) -> None:
    shop, _ = decided(tmp_path / "home", **HOLD)
    build = recall_build(shop.workshop, shop.manifest, "orders")
    assert build is not None
    assert build.stands(build.fingerprint, terms(replace(shop.promises, clocks={}), ["orders"]))


def test_files_of_a_dataset_under_a_legal_hold_are_no_garbage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def collected(_: GoldenRepository, __: timedelta, held: list[str]) -> Collected:
        asked.append(held)
        return Collected(0, 0)

    monkeypatch.setattr(GoldenRepository, "collect_garbage", collected)
    for number, deletion in enumerate((HOLD, {})):
        shop = open_shop(tmp_path / str(number), SALES, contract=shop_contract(**deletion))
        collect_garbage(shop, DAY)
    assert asked == [["orders"], []]
