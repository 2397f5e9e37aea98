"""Retention deletes what is past its time on the dataset's own clock, everywhere, and nothing else; holds are shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.erasure.holdings import search
from orchestration.golden import RECORD
from orchestration.platform import Platform
from orchestration.promises import Promises
from orchestration.retention import enforce, outstanding
from tests.orchestration.shop import CLOCK, DAY, build, open_shop, shop_contract, shop_source

SECOND = timedelta(seconds=1)
AGE = 30 * DAY
OLD, EXACT, YOUNG = CLOCK - AGE - SECOND, CLOCK - AGE, CLOCK - AGE + SECOND
SALES = [("1", "old-buyer-1", OLD), ("2", "exact-buyer", EXACT), ("3", "young-buyer", YOUNG), ("4", "new-buyer", CLOCK)]
HOLD = {"legalHold": {"reason": "claim 7", "by": "legal.office", "since": "2026-11-01"}}
SAID = "legal hold since 2026-11-01 by legal.office: claim 7"


@pytest.fixture(autouse=True)
def _reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCLUSA_STATE", str(tmp_path / "state"))


def moment(platform: Platform) -> datetime:
    """When the release in force was pinned: then the clock showed `CLOCK`."""
    held = platform.workshop.recall(RECORD, "orders")
    assert held is not None
    return datetime.fromisoformat(held["pinnedAt"])


def enforced(platform: Platform, **options: Any) -> dict[str, tuple[str, int]]:
    account = enforce(
        platform,
        **{
            "now": datetime.now(UTC),
            "progress": lambda _: None,
            "build": build,
            "compression": "uncompressed",
            **options,
        },
    )
    assert len(list(platform.ledger.entries("retention"))) >= len(account)
    return {item.place: (item.action, item.rows) for item in account}


def ids(platform: Platform, table: str = "raw.shop__sales") -> list[str]:
    with platform.workshop.warehouse() as connection:
        return [row[0] for row in connection.execute(f"SELECT id FROM {table} ORDER BY id").fetchall()]


def changed(platform: Platform, **promises: Any) -> Platform:
    return replace(platform, promises=replace(platform.promises, **promises))


def test_exactly_what_is_over_age_goes_in_raw_and_quarantine_and_its_bytes_with_it(tmp_path: Path) -> None:
    shop = open_shop(tmp_path / "home", SALES)
    deleted = {"raw.shop__sales": ("deleted", 1), "quarantine.shop__sales": ("deleted", 1)}
    assert enforced(shop, now=moment(shop)) == deleted
    assert ids(shop) == ["2", "3", "4"]
    with shop.workshop.warehouse() as connection:
        assert connection.execute("SELECT count(*) FROM quarantine.shop__sales").fetchone() == (3,)
        counts = connection.execute("SELECT delivered, accepted, quarantined, expired FROM meta.loads").fetchall()
    assert counts == [(8, 3, 3, 2)]
    assert search(shop.settings.home, "old-buyer-1", [])[1] == {}
    assert "workshop/warehouse.duckdb" in search(shop.settings.home, "exact-buyer", [])[1]
    assert enforced(shop, now=moment(shop)) == {}


def test_the_clock_of_a_replay_runs_on_from_the_pin_and_time_alone_makes_rows_go(tmp_path: Path) -> None:
    shop = open_shop(tmp_path / "home", SALES[1:])
    pinned_at = moment(shop)
    shut: dict[str, Any] = {"build": lambda *_, **__: ()}
    assert enforced(shop, now=pinned_at) == {}
    # Two files hold each row: the pin and the part. Of the raw table the clock stands.
    assert enforced(shop, now=pinned_at + timedelta(microseconds=1), **shut) == {"golden.orders": ("outstanding", 2)}
    assert enforced(shop, now=pinned_at + SECOND, **shut) == {"golden.orders": ("outstanding", 2)}
    assert enforced(shop, now=pinned_at + 2 * SECOND, **shut) == {"golden.orders": ("outstanding", 4)}
    assert ids(shop) == ["2", "3", "4"]


def test_superseded_releases_past_their_time_are_unlinked_and_the_one_in_force_is_renewed(tmp_path: Path) -> None:
    shop = open_shop(tmp_path / "home", SALES[1:])
    parts = shop.settings.golden / "targets" / "orders"
    later = changed(shop, clocks={"shop": replace(shop.promises.clocks["shop"], stands_at=CLOCK + 2 * SECOND)})
    (before,) = parts.glob("*.parquet")

    def renewing(platform: Platform, *given: Any, **options: Any) -> Any:
        with platform.workshop.warehouse() as connection:
            connection.execute("DELETE FROM raw.shop__sales WHERE id IN ('2', '3')")
        return build(platform, *given, **options)

    assert enforced(later, build=renewing) == {
        "raw.shop__sales": ("deleted", 2),
        "quarantine.shop__sales": ("deleted", 2),
        "golden.orders": ("renewed", 1),
    }
    assert not before.exists()
    (after,) = parts.glob("*.parquet")
    assert after.name != before.name


def test_what_the_gate_does_not_renew_is_outstanding_and_names_its_owner(tmp_path: Path) -> None:
    shop = open_shop(tmp_path / "home", SALES[1:])
    later = changed(shop, clocks={"shop": replace(shop.promises.clocks["shop"], stands_at=CLOCK + 2 * SECOND)})
    account = enforce(later, now=datetime.now(UTC), progress=lambda _: None, build=lambda *_, **__: ())
    (line,) = outstanding(account)
    assert line.startswith("golden.orders: ")
    assert "owner: " in line
    assert "next: esclusa why orders" in line


@pytest.mark.parametrize("where", ["source", "contract"])
def test_a_hold_on_a_source_or_on_what_it_feeds_keeps_everything_and_says_so(tmp_path: Path, where: str) -> None:
    source = shop_source(**(HOLD if where == "source" else {}))
    contract = shop_contract(**(HOLD if where == "contract" else {}))
    shop = open_shop(tmp_path / "home", SALES, source, contract)
    account = enforce(shop, now=datetime.now(UTC), progress=lambda _: None, build=build)
    held = {item.place: item for item in account if item.action == "held"}
    assert held["raw.shop__sales"].rows == 1
    assert held["quarantine.shop__sales"].rows == 1
    assert all(SAID in item.line for item in held.values())
    assert not [item for item in account if item.action == "deleted"]
    assert ids(shop) == ["1", "2", "3", "4"]


def test_what_is_anonymised_stays_counted_and_loses_its_buyer(tmp_path: Path) -> None:
    shop = open_shop(tmp_path / "home", SALES, shop_source(action="anonymise"))
    assert enforced(shop)["raw.shop__sales"] == ("anonymised", 1)
    with shop.workshop.warehouse() as connection:
        assert connection.execute("SELECT id FROM raw.shop__sales WHERE buyer IS NULL").fetchall() == [("1",)]
        counts = connection.execute("SELECT delivered, accepted, quarantined, expired, anonymised FROM meta.loads")
        assert counts.fetchall() == [(8, 4, 3, 1, 1)]
    assert "raw.shop__sales" not in enforced(shop)


def test_a_row_held_back_whose_time_nobody_can_read_is_as_old_as_its_landing(tmp_path: Path) -> None:
    shop = open_shop(tmp_path / "home", SALES[3:])
    with shop.workshop.warehouse() as connection:
        connection.execute('UPDATE quarantine.shop__sales SET _row = \'{"sold_at": "one day"}\'')
    now = datetime.now(UTC)
    assert "quarantine.shop__sales" not in enforced(shop, now=now)
    later = enforced(shop, now=now + AGE + DAY)
    assert later["quarantine.shop__sales"] == ("deleted", 1)


def test_a_source_that_agreed_no_retention_loses_nothing(tmp_path: Path) -> None:
    shop = open_shop(
        tmp_path / "home",
        SALES,
        replace(shop_source(), slas=()),
        replace(shop_contract(), slas=(shop_contract(9999).slas)),
    )
    assert enforced(shop) == {}
    assert len(ids(shop)) == 4


def test_nothing_of_the_real_sources_is_lost_by_what_they_agreed(real: Platform) -> None:
    from expectations.retention import policies

    promises: Promises = real.promises
    newest = {"servicenow": datetime(2016, 2, 29, tzinfo=UTC), "online_retail": datetime(2010, 12, 1, tzinfo=UTC)}
    newest["olist"] = datetime(2017, 6, 1, tzinfo=UTC)
    for system, source in promises.sources.items():
        stands_at = promises.clocks[system].stands_at
        assert stands_at is not None
        assert set(policies(source)) == {table.name for table in source.tables}
        for policy in policies(source).values():
            assert policy.cutoff(stands_at) < newest[system], policy.table
