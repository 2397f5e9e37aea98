"""Rows: whole, in every form, from one release."""

from __future__ import annotations

import sys
import threading
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import esclusa
from tests.esclusa.golden import CUSTOMERS, ORDERS, Golden


def test_a_certified_dataset_is_returned_whole_as_an_arrow_table(golden: Golden) -> None:
    table = esclusa.read("orders", **golden.at)
    assert isinstance(table, pa.Table)
    assert table.to_pylist() == ORDERS


@pytest.mark.parametrize(("as_", "kind"), [("arrow", pa.Table), ("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
def test_every_form_holds_the_same_columns_in_the_order_asked_for(golden: Golden, as_: Any, kind: type) -> None:
    rows = esclusa.read("orders", columns=["amount", "order_id"], as_=as_, **golden.at)
    assert isinstance(rows, kind)
    assert (len(rows), list(pa.table(rows).column_names)) == (40, ["amount", "order_id"])


def test_a_duckdb_relation_can_be_worked_on_with_the_callers_own_tables(golden: Golden) -> None:
    relation = esclusa.read("orders", columns=["customer", "amount"], as_="duckdb", **golden.at)
    assert relation.aggregate("sum(amount)").fetchone() == (sum(row["amount"] for row in ORDERS),)
    mine = duckdb.sql("SELECT 'c-1' AS customer")
    assert relation.set_alias("o").join(mine.set_alias("m"), "o.customer = m.customer").shape[0] == 6


def test_an_unknown_column_is_refused_with_the_nearest_one(golden: Golden) -> None:
    with pytest.raises(esclusa.UnknownColumn, match="no column amuont") as refused:
        esclusa.read("orders", columns=["order_id", "amuont"], **golden.at)
    assert refused.value.remedy == "Did you mean amount?"
    assert refused.value.owner == "ada"


def test_an_unknown_form_is_refused_before_anything_is_read(golden: Golden) -> None:
    with pytest.raises(esclusa.Misused, match="returned as panda"):
        esclusa.read("orders", as_="panda", **golden.at)  # type: ignore[arg-type]


def test_a_form_whose_package_is_absent_says_how_to_get_it(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    for read in (
        lambda: esclusa.read("orders", as_="polars", **golden.at),
        lambda: esclusa.sql("SELECT 1", as_="polars", **golden.at),
    ):
        with pytest.raises(esclusa.Misused, match="polars is not installed") as refused:
            read()
        assert refused.value.remedy == "pip install 'esclusa[polars]'"


def test_an_unknown_dataset_is_refused_with_the_nearest_one(golden: Golden) -> None:
    with pytest.raises(esclusa.NotCertified, match="No dataset named ordres") as refused:
        esclusa.read("ordres", **golden.at)
    assert "Did you mean orders?" in refused.value.remedy


@pytest.mark.parametrize("name", ["verdicts", "../orders", "targets", "", "orders/certificate.json"])
def test_what_is_no_dataset_is_not_certified_whatever_lies_there(golden: Golden, name: str) -> None:
    with pytest.raises(esclusa.NotCertified):
        esclusa.read(name, **golden.at)


def test_a_dataset_that_was_only_ever_refused_says_where_and_by_whom(golden: Golden) -> None:
    with pytest.raises(esclusa.NotCertified, match=r"never certified.*landing") as refused:
        esclusa.read("newcomer", **golden.at)
    assert (refused.value.owner, refused.value.observed) == ("ada", "1 of 42 rules does not hold.")


def test_a_withdrawn_dataset_says_why(golden: Golden) -> None:
    with pytest.raises(esclusa.Withdrawn, match="gone was withdrawn") as refused:
        esclusa.read("gone", **golden.at)
    assert (refused.value.owner, refused.value.observed) == ("ada", "merged into orders")


def test_a_refused_candidate_leaves_the_certified_rows_readable(golden: Golden) -> None:
    assert esclusa.read("customers", **golden.at).to_pylist() == CUSTOMERS


def test_a_release_stays_the_one_that_was_opened_while_a_newer_one_is_published(golden: Golden) -> None:
    release = esclusa.open(**golden.at)
    before = release.read("orders").num_rows
    golden.publish({"orders": ORDERS[:5], "customers": CUSTOMERS[:2]}, release="shop")
    assert esclusa.open(**golden.at).version > release.version
    assert (before, release.read("orders").num_rows, release.read("customers").num_rows) == (40, 40, 7)
    assert esclusa.read("orders", **golden.at).num_rows == 5


def test_every_read_finds_the_newest_release(golden: Golden) -> None:
    for rows in (3, 9, 1):
        golden.publish({"orders": ORDERS[:rows]}, release="shop")
        assert esclusa.read("orders", **golden.at).num_rows == rows


def test_threads_may_share_a_release(golden: Golden) -> None:
    release, counts = esclusa.open(**golden.at), []

    def read() -> None:
        counts.append((release.read("orders").num_rows, release.read("customers").num_rows))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [(40, 7)] * 8


def test_a_reader_that_knows_only_the_first_root_follows_rotated_keys(golden: Golden) -> None:
    for role in ("gate", "root", "timestamp", "targets"):
        golden.writer().rotate(role)
        assert esclusa.read("orders", **golden.at).num_rows == 40
