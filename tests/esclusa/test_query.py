"""SQL: any SELECT over one release, and nothing beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import esclusa
from tests.esclusa.golden import CUSTOMERS, ORDERS, Golden

MINE = "a variable of the calling program"


def answer(golden: Golden, query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = esclusa.sql(query, **golden.at).to_pylist()
    return rows


def test_datasets_of_a_release_can_be_joined(golden: Golden) -> None:
    query = "SELECT country, count(*) AS n FROM orders JOIN customers USING (customer) GROUP BY ALL ORDER BY country"
    assert answer(golden, query) == [{"country": "IT", "n": 23}, {"country": "PT", "n": 17}]


@pytest.mark.parametrize(
    "query",
    [
        "FROM orders SELECT count(*) AS n",
        "WITH o AS (FROM orders) SELECT count(*) AS n FROM o",
        "WITH customers AS (FROM orders) SELECT count(*) AS n FROM customers",
        "SELECT count(*) AS n FROM ORDERS",
        "SELECT count(*) AS n FROM orders o WHERE EXISTS (FROM customers c WHERE c.customer = o.customer)",
        "SELECT n FROM (SELECT count(*) AS n FROM orders)",
    ],
)
def test_a_dataset_is_found_wherever_a_query_names_it(golden: Golden, query: str) -> None:
    assert answer(golden, query) == [{"n": 40}]


def test_a_query_without_a_dataset_is_answered(golden: Golden) -> None:
    assert answer(golden, "SELECT 1 AS one") == [{"one": 1}]


def test_columns_can_be_asked_for(golden: Golden) -> None:
    assert [row["column_name"] for row in answer(golden, "DESCRIBE orders")] == list(ORDERS[0])


@pytest.mark.parametrize("as_", ["pandas", "polars", "duckdb"])
def test_every_form_is_returned(golden: Golden, as_: Any) -> None:
    assert len(esclusa.sql("FROM customers", as_=as_, **golden.at)) == len(CUSTOMERS)


@pytest.mark.parametrize(
    "query",
    [
        "CREATE TABLE t (a INT)",
        "INSERT INTO orders VALUES (1)",
        "DELETE FROM orders",
        "DROP VIEW orders",
        "COPY (FROM orders) TO '{there}/stolen.csv'",
        "ATTACH '{there}/stolen.db'",
        "INSTALL httpfs",
        "SET threads = 1",
        "PRAGMA enable_profiling",
        "SELECT 1; SELECT 2",
        "SELEC 1",
        "",
    ],
)
def test_what_is_not_one_select_is_refused(golden: Golden, tmp_path: Path, query: str) -> None:
    with pytest.raises(esclusa.QueryRefused):
        esclusa.sql(query.format(there=tmp_path), **golden.at)
    assert not list(tmp_path.glob("stolen*"))


@pytest.mark.parametrize(
    "query",
    [
        "FROM read_csv('{there}/private.csv')",
        "FROM read_text('{there}/private.csv')",
        "FROM glob('{there}/*')",
        "SELECT * FROM parquet_scan('{there}/private.parquet')",
        "SELECT country FROM customers UNION ALL SELECT content FROM read_text('{there}/private.csv')",
    ],
)
def test_a_query_reads_no_file(golden: Golden, tmp_path: Path, query: str) -> None:
    (tmp_path / "private.csv").write_text("secret\n1\n")
    with pytest.raises(esclusa.QueryRefused, match="DuckDB refuses"):
        esclusa.sql(query.format(there=tmp_path), **golden.at)


def test_a_file_or_a_variable_named_as_a_table_is_not_a_dataset(golden: Golden, tmp_path: Path) -> None:
    (tmp_path / "private.csv").write_text("secret\n1\n")
    mine = {"a": [1]}
    for name in (f"'{tmp_path}/private.csv'", "mine", "MINE"):
        with pytest.raises(esclusa.NotCertified, match="which is not published"):
            esclusa.sql(f"FROM {name}", **golden.at)
    assert mine


def test_an_error_while_running_does_not_quote_a_row(golden: Golden) -> None:
    with pytest.raises(esclusa.QueryRefused) as refused:
        esclusa.sql("SELECT CAST(order_id AS INT) FROM orders", **golden.at)
    assert "ConversionException" in refused.value.observed
    assert "o-0" not in str(refused.value)


def test_an_unknown_column_is_explained(golden: Golden) -> None:
    with pytest.raises(esclusa.QueryRefused, match='"amuont" not found'):
        esclusa.sql("SELECT amuont FROM orders", **golden.at)


def test_a_query_that_names_a_refused_dataset_returns_nothing(golden: Golden) -> None:
    with pytest.raises(esclusa.Expired):
        esclusa.sql("SELECT count(*) FROM orders JOIN stale USING (order_id)", **golden.at)
    with pytest.raises(esclusa.NotCertified, match="never certified"):
        esclusa.sql("FROM newcomer", **golden.at)
