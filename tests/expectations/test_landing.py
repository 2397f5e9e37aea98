"""Good deliveries land whole, once, typed; bad rows are held back with the rule that they broke."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.contract import SourceContract
from expectations.landing import SYNTHETIC, DeliveryRefused, Landing, reader

Agree = Callable[..., SourceContract]
Deliver = Callable[..., Landing]
Holdings = Callable[[], list[list[Any]]]


def test_rows_land_typed_under_their_agreed_names(
    agree: Agree, deliver: Deliver, good: str, warehouse: duckdb.DuckDBPyConnection
) -> None:
    landing = deliver(agree(), good)
    assert (landing.delivered, landing.accepted, landing.quarantined) == (10, 10, 0)
    assert not landing.unchanged
    assert not landing.synthetic
    row = warehouse.execute("select * from raw.shop__orders where order_id = '101'").fetchone()
    assert row is not None
    assert row[:6] == ("101", datetime(2016, 2, 14, 8, 30), 1.5, 1, "open", None)
    assert row[6:8] == (landing.load_id, landing.file_digest)
    stamps = warehouse.execute("select column_name, column_type from (describe raw.shop__orders)").fetchall()[6:]
    assert stamps == [
        ("_load_id", "VARCHAR"),
        ("_file_digest", "VARCHAR"),
        ("_loaded_at", "TIMESTAMP WITH TIME ZONE"),
    ]


def test_a_bad_row_is_quarantined_as_delivered_with_every_rule_it_broke(
    agree: Agree, deliver: Deliver, good: str, warehouse: duckdb.DuckDBPyConnection
) -> None:
    landing = deliver(agree(), good + "1x,30/2/2016 08:30,-1,1.5,gone,?\n?,1/3/2016 08:30,1,1,shut,b\n")
    assert (landing.delivered, landing.accepted, landing.quarantined) == (12, 10, 2)
    held = warehouse.execute("select _rules, _row from quarantine.shop__orders order by len(_rules) desc").fetchall()
    assert held[0][0] == ["amount__minimum", "order_id__pattern", "placed_at__type", "state__enum", "units__type"]
    assert json.loads(held[0][1])["placed_at"] == "30/2/2016 08:30"
    assert json.loads(held[1][1]) == {
        **{
            "order_id": None,
            "placed_at": "1/3/2016 08:30",
            "amount": "1",
            "units": "1",
            "state": "shut",
            "state#2": "b",
        }
    }
    assert held[1][0] == ["order_id__required"]
    assert landing.broken["order_id__required"] == 1
    line = warehouse.execute("select delivered, accepted, quarantined, file from meta.loads").fetchall()
    assert line == [(12, 10, 2, "orders.csv")]


def test_the_same_file_under_the_same_contract_is_not_written_twice(
    agree: Agree, deliver: Deliver, good: str, holdings: Holdings
) -> None:
    source = agree()
    first = deliver(source, good + "1x,1/3/2016 08:30,1,1,shut,?\n")
    before = holdings()
    second = deliver(source)
    assert second.unchanged
    assert holdings() == before
    assert (second.load_id, second.delivered, second.broken) == (first.load_id, 11, {"order_id__pattern": 1})


def test_a_changed_contract_lands_the_same_file_again(agree: Agree, deliver: Deliver, good: str) -> None:
    deliver(agree(), good)
    assert not deliver(agree(additive="block")).unchanged


def test_a_snapshot_replaces_the_table_and_its_quarantine(
    agree: Agree, deliver: Deliver, good: str, warehouse: duckdb.DuckDBPyConnection
) -> None:
    source = agree()
    deliver(source, good + "1x,1/3/2016 08:30,1,1,shut,?\n")
    deliver(source, good)
    assert warehouse.execute("select count(*) from raw.shop__orders").fetchone() == (10,)
    assert warehouse.execute("select count(*) from quarantine.shop__orders").fetchone() == (0,)
    assert warehouse.execute("select count(*) from meta.loads").fetchone() == (2,)
    # A, then B, then A again is a change: what counts is what the table holds.
    assert not deliver(source, good + "1x,1/3/2016 08:30,1,1,shut,?\n").unchanged


def test_append_adds_each_new_file_once(
    agree: Agree, deliver: Deliver, good: str, data: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    source = agree(mode="append", file="orders-*.csv")
    (data / "orders-1.csv").write_text(good)
    assert deliver(source).delivered == 10
    (data / "orders-2.csv").write_text(good.replace(",open,", ",shut,"))
    assert deliver(source).delivered == 10
    assert warehouse.execute("select count(*), count(distinct _file_digest) from raw.shop__orders").fetchone() == (
        20,
        2,
    )
    again = deliver(source)
    assert again.unchanged
    assert again.delivered == 20


def test_append_under_new_terms_lands_every_file_again_or_none(
    agree: Agree, deliver: Deliver, good: str, data: Path, holdings: Holdings
) -> None:
    (data / "orders-1.csv").write_text(good)
    (data / "orders-2.csv").write_text(good.replace(",open,", ",shut,"))
    deliver(agree(mode="append", file="orders-*.csv"))
    stricter = agree(mode="append", file="orders-*.csv", additive="block")
    assert deliver(stricter).delivered == 20
    before = holdings()
    (data / "orders-1.csv").unlink()
    with pytest.raises(DeliveryRefused, match="1 of the 2 files landed before are no longer there"):
        deliver(agree(mode="append", file="orders-*.csv"))
    assert holdings() == before


def test_the_marker_of_a_sample_makes_its_loads_synthetic(
    agree: Agree, deliver: Deliver, good: str, data: Path, warehouse: duckdb.DuckDBPyConnection
) -> None:
    (data / SYNTHETIC).touch()
    assert deliver(agree(), good).synthetic
    assert warehouse.execute("select synthetic from meta.loads").fetchall() == [(True,)]


def test_columns_may_come_in_any_order(agree: Agree, deliver: Deliver, warehouse: duckdb.DuckDBPyConnection) -> None:
    deliver(agree(), "state,units,state,amount,placed_at,order_id\nopen,7,b,1,1/3/2016 08:30,100\n")
    row = warehouse.execute("select order_id, units, state, second_state from raw.shop__orders").fetchone()
    assert row == ("100", 7, "open", "b")


def test_an_additional_column_is_told_and_not_landed(agree: Agree, deliver: Deliver) -> None:
    source = agree()
    landing = deliver(source, "order_id,placed_at,amount,units,state,state,fax\n100,1/3/2016 08:30,1,1,open,?,1\n")
    assert landing.differences == ("column `fax` was not agreed and is not landed",)
    assert deliver(source).differences == landing.differences


def test_csv_in_a_zip_lands_by_member_or_as_the_only_one(agree: Agree, deliver: Deliver, good: str, data: Path) -> None:
    with zipfile.ZipFile(data / "orders.zip", "w") as archive:
        archive.writestr("export/orders.csv", good)
    assert deliver(agree(file="orders.zip", member="export/orders.csv")).accepted == 10
    assert deliver(agree(file="orders.zip")).accepted == 10


def test_json_lines_land(agree: Agree, deliver: Deliver, warehouse: duckdb.DuckDBPyConnection) -> None:
    line = {
        "order_id": "100",
        "placed_at": "1/3/2016 08:30",
        "amount": 1.25,
        "units": 3,
        "state": "open",
        "state#2": "?",
    }
    source = agree(format="jsonl", file="orders.jsonl")
    deliver(source, json.dumps(line) + "\n" + json.dumps({**line, "amount": None}) + "\n")
    found = warehouse.execute("select amount, units, second_state from raw.shop__orders order by amount").fetchall()
    assert found == [(1.25, 3, None), (None, 3, None)]


def test_parquet_lands(agree: Agree, deliver: Deliver, data: Path, warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute(
        f"""copy (select '100' as order_id, '1/3/2016 08:30' as placed_at, 1.25::double as amount, 3.0::double as units,
        'open' as state, 'b' as "state#2") to '{data}/orders.parquet'"""
    )
    deliver(agree(format="parquet", file="orders.parquet"))
    assert warehouse.execute("select amount, units from raw.shop__orders").fetchall() == [(1.25, 3)]


def test_another_encoding_lands_where_it_was_agreed(
    agree: Agree, deliver: Deliver, good: str, warehouse: duckdb.DuckDBPyConnection
) -> None:
    accented = good + "200,1/3/2016 08:30,1,1,open,orgânico\n"
    for encoding in ("latin-1", "utf-16"):
        deliver(agree(encoding=encoding), accented.encode(encoding))
        found = warehouse.execute("select second_state from raw.shop__orders where order_id = '200'").fetchone()
        assert found == ("orgânico",)


def test_a_file_without_a_header_lands_by_position(agree: Agree, deliver: Deliver, good: str) -> None:
    assert deliver(agree(header=False), good.partition("\n")[2]).accepted == 10


def test_rows_are_counted_over_chunks(
    agree: Agree, deliver: Deliver, monkeypatch: pytest.MonkeyPatch, warehouse: duckdb.DuckDBPyConnection
) -> None:
    monkeypatch.setattr(reader, "ROWS", 5000)
    lines = [f"{i % 1000:03},1/3/2016 08:30,1,1,{'open' if i % 10 else 'gone'},?" for i in range(20_000)]
    told: list[str] = []
    landing = deliver(
        agree(), "order_id,placed_at,amount,units,state,state\n" + "\n".join(lines) + "\n", progress=told.append
    )
    assert (landing.delivered, landing.accepted, landing.quarantined) == (20_000, 18_000, 2000)
    assert sum("rows read" in message for message in told) > 1
    bad = warehouse.execute("select count(*) from raw.shop__orders where state is distinct from 'open'").fetchone()
    assert bad == (0,)
