"""Whoever was erased is known again by a keyed digest, dropped before a row rule is asked, and counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from expectations.contract import SourceContract
from expectations.erasure.tombstones import Tombstone, Tombstones, erased_in
from expectations.landing import Landing
from tests.expectations.promised import orders

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KEY = bytes(range(32))
Agree = Callable[..., SourceContract]
Deliver = Callable[..., Landing]


def erased(column: str, *values: str, key: bytes = KEY) -> Tombstones:
    """Tombstones of some values."""
    keyed = Tombstones((), key)
    return Tombstones([Tombstone(column, keyed.digest(column, v), "request", NOW) for v in values], key)


def counted(landing: Landing) -> tuple[int, int, int, int]:
    return landing.delivered, landing.accepted, landing.quarantined, landing.erased


def test_a_digest_depends_on_the_key_and_on_the_column() -> None:
    stones = erased("shop.orders.order_id", "103")
    assert stones.erased("shop.orders.order_id", ["103", "104"]) == {"103"}
    assert stones.erased("shop.orders.units", ["103"]) == set()
    assert Tombstones(stones.stones, bytes(32)).erased("shop.orders.order_id", ["103"]) == set()
    assert all("103" not in json.dumps([s.column, s.request, s.digest[:0]]) for s in stones.stones)


def test_rows_of_the_erased_are_dropped_and_counted_good_or_bad(
    agree: Agree, deliver: Deliver, good: str, warehouse: duckdb.DuckDBPyConnection
) -> None:
    bad = "103,30/2/2016 08:30,1,1,open,?\n"
    landing = deliver(agree(), good + bad, tombstones=erased("shop.orders.order_id", "103", "999"))
    assert counted(landing) == (11, 9, 0, 2)
    assert warehouse.execute("select count(*) from raw.shop__orders where order_id = '103'").fetchone() == (0,)
    line = warehouse.execute("select delivered, accepted, quarantined, erased from meta.loads").fetchall()
    assert line == [(11, 9, 0, 2)]


def test_a_number_is_known_however_it_was_written(
    agree: Agree, deliver: Deliver, good: str, warehouse: duckdb.DuckDBPyConnection
) -> None:
    landing = deliver(agree(), good.replace(",4,open", ",4.0,open"), tombstones=erased("shop.orders.units", "4"))
    assert counted(landing) == (10, 9, 0, 1)
    assert warehouse.execute("select count(*) from raw.shop__orders where units = 4").fetchone() == (0,)


def test_a_text_that_is_not_of_the_type_is_compared_as_delivered(agree: Agree, deliver: Deliver, good: str) -> None:
    bad = "110,14/2/2016 08:30,1,seven,open,?\n"
    landing = deliver(agree(), good + bad, tombstones=erased("shop.orders.units", "seven"))
    assert counted(landing) == (11, 10, 0, 1)


def test_nobody_erased_drops_nothing(agree: Agree, deliver: Deliver, good: str) -> None:
    assert counted(deliver(agree(), good, tombstones=Tombstones())) == (10, 10, 0, 0)


def test_a_warehouse_from_before_erasure_gets_the_counts_it_lacks(
    agree: Agree, deliver: Deliver, good: str, warehouse: duckdb.DuckDBPyConnection
) -> None:
    source = agree()
    deliver(source, good)
    for column in ("erased", "expired", "anonymised"):
        warehouse.execute(f"alter table meta.loads drop column {column}")
    again = deliver(source)
    assert again.unchanged
    assert (again.erased, again.expired) == (0, 0)


@pytest.mark.parametrize("value", ["101", "102"])
def test_the_digest_says_nothing_without_the_key(value: str) -> None:
    guesses: dict[str, Any] = {str(n): Tombstones((), b"").digest("c", str(n)) for n in range(1000)}
    assert Tombstones((), KEY).digest("c", value) not in guesses.values()


def test_a_candidate_is_asked_for_the_erased_in_every_column_that_may_hold_their_key() -> None:
    contract = orders()
    columns = ", ".join(f"NULL::VARCHAR AS {c.name}" for c in contract.table.columns if c.name != "buyer_hmac")
    buyer = contract.table.column("buyer_hmac").sources[0]
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE held AS SELECT {columns}, b AS buyer_hmac FROM (VALUES ('ann'), ('bob'), ('ann')) t(b)"
        )
        for column in (buyer, "shop.returns.customer"):  # its own source, and another key of a system that feeds it
            assert erased_in(connection, "held", contract, erased(column, "ann", "eve")) == {"buyer_hmac": 1}, column
        assert erased_in(connection, "held", contract, erased(buyer, "eve")) == {}
        assert erased_in(connection, "held", contract, erased("elsewhere.people.id", "ann")) == {}
        assert erased_in(connection, "held", contract, Tombstones()) == {}
