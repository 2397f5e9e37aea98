"""An erasure leaves nobody behind, wherever it was interrupted; where the gate refuses, the dataset is withdrawn."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import esclusa
from expectations.erasure.requests import deadlines
from expectations.erasure.subject import SubjectRefused
from lineage.receipt import gate_keys, read_receipt
from orchestration.erasure import steps as erasure_steps
from orchestration.erasure.erasing import STEPS, ErasureHeld, carry_out, resume, take
from orchestration.erasure.holdings import search
from orchestration.erasure.proof import ErasureUnproven
from orchestration.erasure.requests import recall_request, recall_requests
from orchestration.erasure.tombstones import read_tombstones
from orchestration.platform import Platform
from tests.orchestration.shop import CLOCK, KEY, build, open_shop, shop_contract, shop_source

ANN, BOB = "ann-4711-buyer", "bob-4712-buyer"
ASKED: dict[str, Any] = {"reason": "GDPR Art. 17", "requester": "ticket 9"}
HOLD = {"legalHold": {"reason": "claim 7", "by": "legal.office", "since": "2026-11-01"}}
NOW = datetime.now(UTC)


class Killed(BaseException):
    """The process died."""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Three sales of two buyers, published."""
    monkeypatch.setenv("ESCLUSA_STATE", str(tmp_path / "state"))
    return open_shop(tmp_path / "home", [("1", ANN, CLOCK), ("2", BOB, CLOCK), ("3", ANN, CLOCK)])


def left(platform: Platform) -> dict[str, int]:
    """Rows of each relation that hold Ann."""
    found = {}
    with platform.workshop.warehouse() as connection:
        for name in ("raw.shop__sales", "quarantine.shop__sales", "staging.stg_sales", "candidate.orders"):
            row = connection.execute(f"SELECT count(*) FROM {name} t WHERE contains(t::VARCHAR, ?)", [ANN]).fetchone()
            assert row is not None
            found[name] = row[0]
    return found


def erase(platform: Platform, value: str = ANN, **options: Any) -> tuple[Any, Any]:
    request = take(platform, f"{KEY}={value}", now=NOW, **ASKED)
    return carry_out(platform, request.id, **{"now": NOW, "build": build, "compression": "uncompressed", **options})


def demand_gone(platform: Platform) -> None:
    assert set(left(platform).values()) == {0}
    _, hits = search(platform.settings.home, ANN, [])
    assert hits == {}
    assert not (platform.settings.workshop / "rewriting").exists()


def test_before_an_erasure_the_subject_is_everywhere(shop: Platform) -> None:
    assert left(shop) == {
        "raw.shop__sales": 2,
        "quarantine.shop__sales": 2,
        "staging.stg_sales": 2,
        "candidate.orders": 2,
    }
    shop.workshop.rewrite("uncompressed")
    assert set(search(shop.settings.home, ANN, [])[1]) >= {"workshop/warehouse.duckdb"}


def test_an_erasure_removes_one_subject_and_no_other(shop: Platform) -> None:
    request, account = erase(shop)
    demand_gone(shop)
    with shop.workshop.warehouse() as connection:
        assert connection.execute("SELECT id, buyer FROM candidate.orders").fetchall() == [("2", BOB)]
        counts = connection.execute("SELECT delivered, accepted, quarantined, erased FROM meta.loads").fetchall()
    assert counts == [(6, 1, 1, 4)]
    assert account["tables"] == {
        "candidate.orders": 2,
        "quarantine.shop__sales": 2,
        "raw.shop__sales": 2,
        "staging.stg_sales": 2,
    }
    assert {file["rows"] for file in account["files"].values()} == {2}
    assert account["datasets"] == {"orders": "republished"}
    assert esclusa.catalog(repository=shop.settings.golden)[0].status == "certified"
    assert not request.open


def test_the_receipt_and_every_record_say_what_was_done_and_not_to_whom(shop: Platform) -> None:
    request, _ = erase(shop)
    content = (shop.settings.home / "receipts" / request.receipt).read_bytes()
    statement = read_receipt(content, gate_keys(shop.settings.golden))
    said = statement["predicate"]
    assert (said["reason"], said["requester"]) == ("GDPR Art. 17", "ticket 9")
    assert said["rowsDeleted"]["raw.shop__sales"] == 2
    assert len(said["filesUnlinked"]) == 2
    assert said["proof"]["bytesFoundIn"] == {}
    assert statement["subject"][0]["name"] == KEY
    assert recall_request(shop, request.id)[2] == ""
    entries = list(shop.ledger.entries("erasure"))
    assert [e.body["state"] for e in entries] == ["requested", "erased"]
    assert ANN not in json.dumps([said, *(dict(e.body) for e in entries)])


@pytest.mark.parametrize("step", STEPS)
def test_killed_before_any_step_it_is_finished_by_the_next_call(shop: Platform, step: str) -> None:
    def kill(name: str) -> None:
        if name == step:
            raise Killed

    with pytest.raises(Killed):
        erase(shop, on_step=kill)
    (request,) = recall_requests(shop)
    assert request.open
    assert ANN not in "".join(p.read_text() for p in (shop.settings.workshop / "erasures").iterdir())
    ((finished, account),) = resume(shop, now=NOW, build=build, compression="uncompressed")
    assert finished.id == request.id
    assert not finished.open
    assert account["tables"]["raw.shop__sales"] == 2
    demand_gone(shop)
    assert resume(shop, now=NOW, build=build) == []


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_a_step_but_before_it_was_recorded_it_is_taken_again(
    shop: Platform, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    do = STEPS[step]

    def die(work: Any) -> None:
        do(work)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setitem(STEPS, step, die)  # type: ignore[arg-type]
        with pytest.raises(Killed):
            erase(shop)
    resume(shop, now=NOW, build=build, compression="uncompressed")
    demand_gone(shop)
    assert [r.open for r in recall_requests(shop)] == [False]


def test_asked_again_while_it_is_open_it_is_the_same_request(shop: Platform) -> None:
    first = take(shop, f"{KEY}={ANN}", now=NOW, **ASKED)
    assert take(shop, f"{KEY}={ANN}", now=NOW, **ASKED) == first
    assert take(shop, f"{KEY}={BOB}", now=NOW, **ASKED) != first


def test_asked_again_after_it_is_done_it_finds_nothing_and_says_so(shop: Platform) -> None:
    erase(shop)
    request, account = erase(shop)
    assert (account["tables"], account["files"], account["datasets"]) == ({}, {}, {})
    assert len(recall_requests(shop)) == 2
    assert (shop.settings.home / "receipts" / request.receipt).exists()
    assert len(read_tombstones(shop.settings).stones) == 1


def test_where_the_gate_refuses_the_dataset_is_withdrawn_and_returns_when_it_opens(shop: Platform) -> None:
    _, account = erase(shop, build=lambda *_, **__: ())
    assert account["datasets"] == {"orders": "withdrawn"}
    demand_gone(shop)
    (entry,) = esclusa.catalog(repository=shop.settings.golden)
    assert entry.status == "withdrawn"
    assert not list((shop.settings.golden / "targets" / "orders").glob("*.parquet"))
    build(shop, ["orders"], now=NOW + timedelta(minutes=1), run="later", progress=lambda _: None)
    assert esclusa.catalog(repository=shop.settings.golden)[0].status == "certified"
    demand_gone(shop)


def test_what_still_holds_the_subject_keeps_the_request_open(shop: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    request = take(shop, f"{KEY}={ANN}", now=NOW, **ASKED)
    with monkeypatch.context() as patch:
        patch.setitem(STEPS, "rows", lambda _: None)  # type: ignore[arg-type]
        with pytest.raises(
            ErasureUnproven, match=r"raw\.shop__sales.*still hold the subject.*esclusa erase --resume"
        ) as told:
            carry_out(shop, request.id, now=NOW, build=build)
    assert ANN not in str(told.value)
    assert not (shop.settings.home / "receipts").exists()
    resume(shop, now=NOW, build=build, compression="uncompressed")
    demand_gone(shop)


def test_a_file_that_cannot_be_read_counts_as_one_that_holds_the_subject(
    shop: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure_steps, "rows_in", lambda *_: None)
    request = take(shop, f"{KEY}={ANN}", now=NOW, **ASKED)
    _, account = carry_out(shop, request.id, now=NOW, build=build)
    assert {f["rows"] for f in account["files"].values()} == {None}
    assert account["datasets"] == {"orders": "withdrawn"}


@pytest.mark.parametrize("where", ["source", "contract"])
def test_a_legal_hold_wins_over_an_erasure_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("ESCLUSA_STATE", str(tmp_path / "state"))
    source = shop_source(**HOLD) if where == "source" else None
    contract = shop_contract(**HOLD) if where == "contract" else None
    shop = open_shop(tmp_path / "home", [("1", ANN, CLOCK)], source, contract)
    with pytest.raises(ErasureHeld, match=r"legal hold since 2026-11-01 by legal\.office: claim 7") as refusal:
        take(shop, f"{KEY}={ANN}", now=NOW, **ASKED)
    assert ANN not in str(refusal.value)
    assert left(shop)["raw.shop__sales"] == 1
    assert recall_requests(shop) == ()


def test_a_reference_that_names_the_subject_is_refused(shop: Platform) -> None:
    with pytest.raises(SubjectRefused, match="holds the subject's value") as refusal:
        take(shop, f"{KEY}={ANN}", now=NOW, reason="GDPR", requester=f"customer {ANN}")
    assert ANN not in str(refusal.value)


def test_a_deadline_is_the_strictest_and_is_told_before_and_after_it_passes(shop: Platform) -> None:
    request = take(shop, f"{KEY}={ANN}", now=NOW, **ASKED)
    assert request.deadline == NOW + timedelta(days=10)
    for days, overdue, soon in ((2, 0, 0), (3, 0, 1), (9, 0, 1), (10, 1, 0), (40, 1, 0)):
        told = deadlines(recall_requests(shop), NOW + timedelta(days=days))
        assert (len(told[0]), len(told[1])) == (overdue, soon), days
        assert all("owner: shop.owner; next: esclusa erase --resume" in line for lines in told for line in lines)
        assert ANN not in str(told)
    carry_out(shop, request.id, now=NOW, build=build)
    assert deadlines(recall_requests(shop), NOW + timedelta(days=40)) == ([], [])
