"""Masks: what each technique hands out, of which type, and what it never lets through."""

from __future__ import annotations

import hmac
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from esclusa.errors import KeyMissing, NotPermitted
from esclusa.keyring import Keyring
from esclusa.masks import TECHNIQUES, key_for, masked
from expectations.loader.vocabulary import MASKS

KEY = bytes(range(32))
TEXTS = pa.array(["DE89370400440532013000", "1234567", "12345678", "", None, "größe-äöü"])
DAYS = pa.array([date(2026, 11, 22), date(1969, 2, 28), None])
MOMENTS = pa.array([datetime(2026, 11, 22, 23, 59, tzinfo=UTC), None], pa.timestamp("us", tz="UTC"))
NAIVE = pa.array([datetime(2026, 11, 22, 23, 59), None], pa.timestamp("us"))


def mask(values: pa.Array[Any], technique: str, key: bytes = KEY) -> pa.ChunkedArray[Any]:
    table = pa.table({"before": pa.nulls(len(values)), "column": values})
    result = masked(table, {"column": technique}, {"column": key})
    assert result.column_names == ["before", "column"]
    return result.column("column")


def test_a_hash_is_hmac_sha256_of_the_text_of_each_value() -> None:
    seen = mask(TEXTS, "hash")
    assert seen.type == pa.string()
    assert seen.to_pylist() == [
        None if text is None else hmac.new(KEY, text.encode(), "sha256").hexdigest() for text in TEXTS.to_pylist()
    ]


@pytest.mark.parametrize("length", [1, 32, 64])
def test_a_hash_agrees_with_the_standard_library_for_keys_of_any_length_in_use(length: int) -> None:
    key = bytes(range(200, 200 + length)) if length < 50 else bytes(length - 1) + b"\1"
    assert mask(pa.array(["a"]), "hash", key).to_pylist() == [hmac.new(key, b"a", "sha256").hexdigest()]


@pytest.mark.parametrize(
    ("values", "text"),
    [(pa.array([7]), "7"), (pa.array([True]), "true"), (pa.array([date(2026, 1, 2)]), "2026-01-02")],
)
def test_a_hash_takes_values_of_every_type_as_text(values: Any, text: str) -> None:
    assert mask(values, "hash").to_pylist() == [hmac.new(KEY, text.encode(), "sha256").hexdigest()]


def test_last4_shows_the_end_of_long_texts_only() -> None:
    assert mask(TEXTS, "last4").to_pylist() == ["****3000", "****", "****5678", "****", None, "****-äöü"]


def test_redact_tells_no_text_from_another_and_null_not_even_whether_there_is_one() -> None:
    assert mask(TEXTS, "redact").to_pylist() == ["[redacted]"] * 4 + [None, "[redacted]"]
    assert mask(TEXTS, "null").to_pylist() == [None] * 6


@pytest.mark.parametrize(("technique", "month"), [("year", 1), ("month", 11)])
@pytest.mark.parametrize("values", [MOMENTS, NAIVE], ids=["with a zone", "without"])
def test_a_time_is_cut_to_the_beginning_of_its_year_or_month_in_its_own_type(
    technique: str, month: int, values: Any
) -> None:
    seen = mask(values, technique)
    assert seen.type == values.type
    assert seen.to_pylist() == [datetime(2026, month, 1, tzinfo=values[0].as_py().tzinfo), None]


def test_a_date_stays_a_date() -> None:
    assert mask(DAYS, "year").to_pylist() == [date(2026, 1, 1), date(1969, 1, 1), None]
    assert mask(DAYS, "month").to_pylist() == [date(2026, 11, 1), date(1969, 2, 1), None]
    assert mask(DAYS, "month").type == DAYS.type


@pytest.mark.parametrize("technique", sorted(TECHNIQUES.keys() - {"hash"}))
@pytest.mark.parametrize("values", [TEXTS, DAYS, MOMENTS, pa.array([1, None])], ids=lambda v: str(v.type))
def test_a_mask_keeps_the_type_that_it_fits_and_is_refused_on_any_other(values: Any, technique: str) -> None:
    logical = {pa.string(): "string", pa.date32(): "date", MOMENTS.type: "timestamp"}.get(values.type, "integer")
    if not MASKS[technique] or logical in MASKS[technique]:
        assert mask(values, technique).type == values.type
    else:
        with pytest.raises(NotPermitted, match="cannot be applied"):
            mask(values, technique)


def test_where_a_machine_stands_changes_no_mask() -> None:
    """At 23:30 UTC on New Year's Eve it is the next year in Auckland."""
    code = """
import pyarrow as pa, datetime as d
from esclusa.masks import masked
at = pa.array([d.datetime(2026, 12, 31, 23, 30, tzinfo=d.UTC)], pa.timestamp("us", tz="UTC"))
table = masked(pa.table({"y": at, "h": at}), {"y": "year", "h": "hash"}, {"h": bytes(32)})
print(table.column("y")[0].as_py().isoformat(), table.column("h")[0])
"""
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "TZ": zone}, capture_output=True, text=True, check=True
        ).stdout
        for zone in ("UTC", "Pacific/Auckland")
    }
    assert len(seen) == 1
    assert seen.pop().startswith("2026-01-01T00:00:00+00:00 ")


def test_an_unknown_technique_hands_out_nothing() -> None:
    with pytest.raises(NotPermitted, match="cannot be applied"):
        mask(TEXTS, "rot13")


def test_no_rows_and_several_chunks_are_masked_in_order() -> None:
    assert mask(pa.array([], pa.string()), "last4").to_pylist() == []
    many = pa.chunked_array([[f"number {i:05}"] for i in range(300)])
    assert mask(many, "last4").to_pylist() == [f"****{i:04}" for i in range(300)]


def test_the_key_of_a_hash_is_derived_from_the_class_key_and_differs_by_purpose(tmp_path: Path) -> None:
    (tmp_path / "confidential.key").write_text("ab" * 32)
    (tmp_path / "confidential.key").chmod(0o600)
    ring = Keyring.open(tmp_path)
    keys = {
        (cls, purpose): key_for(ring, tmp_path / "state", cls, purpose)
        for cls in ("confidential", "internal")
        for purpose in ("scoring", "review")
    }
    assert len(set(keys.values())) == 4
    assert keys["confidential", "scoring"] == ring.derive("confidential", b"mask hash scoring")
    assert key_for(ring, tmp_path / "elsewhere", "confidential", "scoring") == keys["confidential", "scoring"]
    assert key_for(ring, tmp_path / "elsewhere", "internal", "scoring") != keys["internal", "scoring"]


def test_a_class_key_that_others_can_read_gives_no_hash(tmp_path: Path) -> None:
    (tmp_path / "confidential.key").write_text("ab" * 32)
    (tmp_path / "confidential.key").chmod(0o644)
    with pytest.raises(KeyMissing, match="confidential"):
        key_for(Keyring.open(tmp_path), tmp_path, "confidential", "scoring")


def test_threads_mask_at_once_without_seeing_each_others_values() -> None:
    def hashed(number: int) -> bool:
        key = bytes([number]) * 32
        texts = [f"{number}-{i}" for i in range(2000)]
        seen = mask(pa.array(texts), "hash", key).to_pylist()
        return seen == [hmac.new(key, text.encode(), "sha256").hexdigest() for text in texts]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(hashed, range(40)))
