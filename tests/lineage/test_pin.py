"""The pin: the same rows are the same bytes."""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from expectations.contract import Contract
from lineage.errors import PinRefused
from lineage.pin import ROW_GROUP, Pin, pin
from tests.golden_repository import small_contract

ROWS = 300_000
COLUMNS = ("id", "name", "amount", "day", "at", "weight", "flag", "note")
SELECTED = """
    SELECT i AS id, 'name ' || (i % 97) AS name, ((i % 1000) / 10)::DECIMAL(10, 2) AS amount,
           DATE '2020-01-01' + (i % 300)::INTEGER AS day,
           TIMESTAMPTZ '2020-01-01 00:00:00+00' + to_seconds(i) AS at, i / 7.0::DOUBLE AS weight,
           i % 3 = 0 AS flag, CASE WHEN i % 5 > 0 THEN 'n' || (i % 11) END AS note
    FROM range({rows}) t(i)
"""


def pinned(directory: Path, *, rows: int = ROWS, order: str = "id", **options: int) -> Pin:
    threads = options.pop("threads", 2)
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.execute(f"CREATE TABLE candidate AS {SELECTED.format(rows=rows)} ORDER BY {order}")
        return pin(connection, "candidate", small_contract("orders", COLUMNS), directory, **options)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Pin:
    return pinned(tmp_path_factory.mktemp("pins"))


@pytest.mark.parametrize("order", ["id DESC", "hash(id)"])
@pytest.mark.parametrize("threads", [1, 4])
def test_neither_the_order_of_the_rows_nor_the_number_of_threads_changes_a_byte(
    reference: Pin, tmp_path: Path, order: str, threads: int
) -> None:
    again = pinned(tmp_path, order=order, threads=threads)
    assert again.digest == reference.digest
    assert [part.path.read_bytes() for part in again.parts] == [part.path.read_bytes() for part in reference.parts]


def test_the_time_zone_of_the_session_does_not_change_a_byte(tmp_path: Path) -> None:
    digests = set()
    for zone in ("UTC", "Asia/Tokyo", "America/New_York"):
        with duckdb.connect() as connection:
            connection.execute(f"SET TimeZone = '{zone}'")
            relation = f"({SELECTED.format(rows=100)})"
            digests.add(pin(connection, relation, small_contract("orders", COLUMNS), tmp_path / zone[:3]).digest)
    assert len(digests) == 1


def test_rows_that_share_a_key_are_ordered_by_all_columns_and_nulls_come_last(tmp_path: Path) -> None:
    rows = "(VALUES (1, 'b'), (1, NULL), (NULL, 'x'), (1, 'a'), (0, 'z')) t(id, name)"
    with duckdb.connect() as connection:
        connection.execute("SET default_null_order = 'nulls_first'")
        made = pin(connection, rows, small_contract("orders", ["id", "name"]), tmp_path)
    table = pq.read_table(made.parts[0].path)
    read = list(zip(*table.to_pydict().values(), strict=True))
    assert read == [(0, "z"), (1, "a"), (1, "b"), (1, None), (None, "x")]


def test_another_value_is_another_digest(reference: Pin, tmp_path: Path) -> None:
    assert pinned(tmp_path, rows=ROWS - 1).digest != reference.digest


def test_rows_are_split_into_parts_and_row_groups_of_exact_size(tmp_path: Path) -> None:
    made = pinned(tmp_path, rows_per_part=ROW_GROUP)
    assert [part.name for part in made.parts] == [f"part-{n:05d}.parquet" for n in range(3)]
    assert [part.rows for part in made.parts] == [ROW_GROUP, ROW_GROUP, ROWS - 2 * ROW_GROUP]
    assert made.rows == ROWS
    whole = pinned(tmp_path / "whole").parts[0].path
    layout = pq.ParquetFile(whole).metadata
    assert [layout.row_group(n).num_rows for n in range(layout.num_row_groups)] == [part.rows for part in made.parts]
    assert layout.row_group(0).column(0).compression == "ZSTD"


def test_types_come_back_as_they_went_in(reference: Pin) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        relation = connection.execute(f"SELECT * FROM read_parquet('{reference.parts[0].path}') WHERE id = 7")
        kinds = [str(column[1]) for column in relation.description or ()]
        row = relation.fetchone()
    expected = [
        "BIGINT",
        "VARCHAR",
        "DECIMAL(10,2)",
        "DATE",
        "TIMESTAMP WITH TIME ZONE",
        "DOUBLE",
        "BOOLEAN",
        "VARCHAR",
    ]
    assert kinds == expected
    at = datetime(2020, 1, 1, 0, 0, 7, tzinfo=UTC)
    assert row == (7, "name 7", Decimal("0.70"), date(2020, 1, 8), at, 1.0, False, "n7")


def test_a_second_pin_of_the_same_rows_keeps_the_first(tmp_path: Path) -> None:
    first = pinned(tmp_path, rows=10)
    inode = first.parts[0].path.stat().st_ino
    assert pinned(tmp_path, rows=10) == first
    assert first.parts[0].path.stat().st_ino == inode
    assert [path.name for path in tmp_path.iterdir()] == [first.digest[:16]]


def test_a_pin_that_was_edited_is_made_anew(tmp_path: Path) -> None:
    path = pinned(tmp_path, rows=10).parts[0].path
    intact = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(b"PAR1 edited")
    assert pinned(tmp_path, rows=10).parts[0].path.read_bytes() == intact


def test_a_pinned_part_is_read_only(reference: Pin) -> None:
    assert reference.parts[0].path.stat().st_mode & 0o777 == 0o444


def test_no_rows_are_one_empty_part_with_every_column(tmp_path: Path) -> None:
    made = pinned(tmp_path, rows=0)
    assert [(part.name, part.rows) for part in made.parts] == [("part-00000.parquet", 0)]
    assert pq.read_schema(made.parts[0].path).names == list(COLUMNS) == list(made.columns)


def test_an_enumeration_is_written_as_its_words(tmp_path: Path) -> None:
    digests = set()
    for order in ("'low', 'high'", "'high', 'low'"):
        with duckdb.connect() as connection:
            connection.execute(f"CREATE TYPE level AS ENUM ({order})")
            rows = "(SELECT id, name::level AS name FROM (VALUES (1, 'low'), (2, 'high')) t(id, name))"
            digests.add(pin(connection, rows, small_contract("orders", ["id", "name"]), tmp_path).digest)
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["id", "name", "email"], r"missing: email"),
        (["id"], r"not in the contract: name"),
        (["id", "nmae"], r"missing: nmae; not in the contract: name"),
    ],
)
def test_a_candidate_with_other_columns_than_its_contract_is_refused(
    tmp_path: Path, columns: list[str], message: str
) -> None:
    with duckdb.connect() as connection, pytest.raises(PinRefused, match=message) as refused:
        pin(connection, "(SELECT 1 AS id, 'a' AS name)", small_contract("orders", columns), tmp_path / "pins")
    assert "owner: ada" in str(refused.value)
    assert not (tmp_path / "pins").exists()


def test_nan_is_found_where_an_engine_trusts_statistics(tmp_path: Path) -> None:
    """Statistics of floats leave NaN out, and DuckDB would answer `max(x)` and skip rows by them."""
    with duckdb.connect() as connection:
        rows = "(SELECT i AS id, CASE WHEN i = 2 THEN 'NaN'::DOUBLE ELSE i END AS x FROM range(5) t(i))"
        written = pin(connection, rows, small_contract("orders", ("id", "x")), tmp_path)
        found = duckdb.execute(f"SELECT isnan(max(x)) FROM '{written.parts[0].path}'").fetchone()
        larger = duckdb.execute(f"SELECT count(*) FROM '{written.parts[0].path}' WHERE x > 4").fetchone()
    assert (found, larger) == ((True,), (1,))


PEOPLE = "(SELECT i AS id, 'ada{0}' || i AS person, DATE '2026-05-14' + i::INTEGER AS born FROM range(50) t(i))"
PRIVACY = {
    "person": ({"technique": "hmac", "domain": "people"}, "varchar"),
    "born": ({"technique": "generalise", "period": "month"}, "date"),
}
SECRETS = {"pseudonyms": bytes(range(32))}


def protecting(**privacy: tuple[dict[str, Any], str]) -> Contract:
    made = small_contract("people", ["id", "person", "born"])
    given = {**PRIVACY, **privacy}
    columns = tuple(
        replace(c, privacy=given[c.name][0], physical_type=given[c.name][1]) if c.name in given else c
        for c in made.table.columns
    )
    return replace(made, table=replace(made.table, columns=columns))


def test_what_a_contract_protects_is_nowhere_in_the_pin(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        made = pin(connection, PEOPLE.format("xq7"), protecting(), tmp_path, secrets=SECRETS)
    raw = b"".join(path.read_bytes() for path in tmp_path.rglob("*.parquet"))
    rows = pq.read_table(made.parts[0].path).to_pylist()
    derived = hmac.digest(SECRETS["pseudonyms"], b"people", "sha256")
    assert rows[3] == {
        "id": 3,
        "person": hmac.digest(derived, b"adaxq73", "sha256").hex(),
        "born": date(2026, 5, 1),
    }
    assert b"adaxq7" not in raw
    # The search is not blind: statistics show the smallest value in plain text, had it been `adaxq70` too.
    assert min(row["person"] for row in rows).encode() in raw


def test_the_same_rows_in_another_order_give_the_same_protected_pin(tmp_path: Path) -> None:
    digests = set()
    with duckdb.connect() as connection:
        for order in ("id", "id DESC", "hash(id)"):
            relation = f"(FROM {PEOPLE.format('')} ORDER BY {order})"
            digests.add(pin(connection, relation, protecting(), tmp_path / order[:6], secrets=SECRETS).digest)
    assert len(digests) == 1


def test_rows_are_ordered_by_what_is_published_not_by_what_it_stands_for(tmp_path: Path) -> None:
    contract = protecting()
    keyed = tuple(replace(c, key_position=1 if c.name == "person" else None) for c in contract.table.columns)
    contract = replace(contract, table=replace(contract.table, columns=keyed))
    with duckdb.connect() as connection:
        made = pin(connection, PEOPLE.format(""), contract, tmp_path, secrets=SECRETS)
    people = pq.read_table(made.parts[0].path)["person"].to_pylist()
    assert people == sorted(people)


@pytest.mark.parametrize(
    ("privacy", "secrets", "message"),
    [
        ({}, {}, "the secret pseudonyms is not at hand"),
        ({"born": ({"technique": "generalise", "bucket": 10}, "integer")}, SECRETS, "born is DATE in the candidate"),
        ({"id": ({"technique": "generalise", "bucket": 1000}, "utinyint")}, SECRETS, "a value cannot be written"),
    ],
)
def test_what_cannot_be_protected_is_not_pinned_and_no_value_is_told(
    tmp_path: Path, privacy: dict[str, Any], secrets: dict[str, bytes], message: str
) -> None:
    rows = PEOPLE.format("xq7").replace("i AS id", "i + 77001000 AS id")
    with duckdb.connect() as connection, pytest.raises(PinRefused, match=message) as refused:
        pin(connection, rows, protecting(**privacy), tmp_path, secrets=secrets)
    assert "owner: ada" in str(refused.value)
    assert refused.value.__cause__ is None
    assert not any(text in str(refused.value) for text in ("xq7", "7700"))
    assert not list(tmp_path.iterdir())
