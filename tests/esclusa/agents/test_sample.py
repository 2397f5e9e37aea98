"""Rows as JSON, within bounds."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa

from esclusa.agents.sample import MOST_BYTES, MOST_LETTERS, bounded


def test_every_kind_of_value_is_json_that_no_parser_rounds() -> None:
    table = pa.table(
        {
            "whole": [1, 2**60],
            "real": [1.5, float("nan")],
            "price": [Decimal("0.10"), None],
            "day": [date(2026, 1, 31), None],
            "at": [datetime(2026, 1, 31, 12, tzinfo=UTC), None],
            "raw": [b"\x00\xff", b""],
            "list": [[1, None], []],
            "object": [{"a": "b"}, None],
            "yes": [True, False],
        }
    )
    first, second = json.loads(json.dumps(bounded(table).rows, allow_nan=False))
    assert (first["whole"], second["whole"]) == (1, str(2**60))
    assert (first["real"], second["real"]) == (1.5, "nan")
    assert (first["price"], first["day"], first["at"]) == ("0.10", "2026-01-31", "2026-01-31T12:00:00+00:00")
    assert (first["raw"], first["list"], first["object"], first["yes"]) == ("00ff", [1, None], {"a": "b"}, True)


def test_a_long_text_is_shortened_and_said_to_be() -> None:
    fits = bounded(pa.table({"note": ["x" * 5000, "short"]}))
    assert fits.rows[0]["note"] == "x" * MOST_LETTERS + "…"
    assert fits.cut == ["texts of note are shortened to 1000 letters"]


def test_rows_that_do_not_fit_are_left_out_and_counted() -> None:
    fits = bounded(pa.table({f"c{i}": ["é" * 1000] * 100 for i in range(4)}))
    size = len(json.dumps(fits.rows, ensure_ascii=False).encode())
    assert 0 < len(fits.rows) < 100
    assert size <= MOST_BYTES + 1000
    assert fits.cut == [f"{100 - len(fits.rows)} rows: an answer is at most 65,536 bytes; ask for fewer columns"]


def test_no_rows_are_no_rows() -> None:
    fits = bounded(pa.table({"a": pa.array([], pa.string())}))
    assert (fits.rows, fits.cut) == ([], [])
