"""A published file that somebody copies shows its open columns and nothing above internal, with tools not ours."""

from __future__ import annotations

import hmac
import shutil
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

import esclusa
from lineage.class_keys import rotate_class
from tests.journeys.conftest import Journey

SEALED = {"renewal_risk": ["account_id"], "qualified_leads": ["seller_id", "declared_monthly_revenue"]}
READERS = {
    "account_id": {"role": "account-manager", "purpose": "account_review"},
    "seller_id": {"role": "sales-planner", "purpose": "sales_planning"},
}


def published(journey: Journey, dataset: str) -> Path:
    """The part that golden serves now."""
    found = (journey.settings.golden / "targets" / dataset).glob("*.parquet")
    return max(found, key=lambda path: path.stat().st_mtime_ns)


def values(journey: Journey, table: str, column: str) -> list[str]:
    with duckdb.connect(str(journey.settings.warehouse), read_only=True) as connection:
        found = connection.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY 1")
        return [str(row[0]) for row in found.fetchall()]


def test_a_copy_shows_open_columns_to_every_tool_and_sealed_ones_to_none(journey: Journey, tmp_path: Path) -> None:
    for dataset, sealed in SEALED.items():
        copy = shutil.copy(published(journey, dataset), tmp_path / f"{dataset}.parquet")
        names = pq.read_schema(copy).names
        opened = [name for name in names if name not in sealed]
        rows = pq.read_table(copy, columns=opened).num_rows
        assert rows == len(pl.read_parquet(copy, columns=opened)) > 1_000
        assert duckdb.sql(f"SELECT {', '.join(opened)} FROM '{copy}'").shape == (rows, len(opened))
        for name in sealed:
            with pytest.raises(OSError, match=r"[Dd]ecrypt"):
                pq.read_table(copy, columns=[name])
            with pytest.raises(pl.exceptions.ComputeError, match="is encrypted"):
                pl.read_parquet(copy, columns=[name])
            with pytest.raises(duckdb.Error):
                duckdb.sql(f"SELECT {name} FROM '{copy}'").fetchall()
            told = duckdb.sql(
                "SELECT stats_min, stats_max, stats_min_value, stats_max_value, stats_null_count, bloom_filter_offset "
                f"FROM parquet_metadata('{copy}') WHERE path_in_schema = '{name}'"
            ).fetchall()
            assert set(told) == {(None,) * 6}


def test_neither_a_sealed_value_nor_what_a_pseudonym_stands_for_is_in_any_published_file(journey: Journey) -> None:
    sellers = values(journey, "candidate.qualified_leads", "seller_id")
    secret = bytes.fromhex((journey.settings.keys / "pseudonyms.key").read_text())
    domain = hmac.digest(secret, b"sellers", "sha256")
    pseudonyms = [hmac.digest(domain, seller.encode(), "sha256").hex() for seller in sellers]
    keys = [path.read_text().strip() for path in journey.settings.keys.rglob("*.key")]
    asked = {"columns": ["seller_id"], "repository": journey.settings.golden, **READERS["seller_id"]}
    read = esclusa.read("qualified_leads", **asked)["seller_id"].drop_null().to_pylist()
    assert sorted(read) == sorted(pseudonyms)  # the reader with a grant and the key sees pseudonyms, all of them
    golden = [path.read_bytes() for path in journey.settings.golden.rglob("*") if path.is_file()]
    pins = [path.read_bytes() for path in (journey.settings.workshop / "pins").rglob("*.parquet")]
    assert any(max(pseudonyms).encode() in content for content in pins)  # as a statistic of the plain pin: it is found
    for needle in (*sellers, *pseudonyms, *keys):
        assert not any(needle.encode() in content for content in golden)
    for seller in (*sellers, *keys):
        assert not any(seller.encode() in content for content in pins)


def test_a_reader_without_the_key_gets_open_columns_and_after_a_rotation_needs_the_new_one(
    journey: Journey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"repository": journey.settings.golden, **READERS["account_id"]}
    rows = esclusa.read("renewal_risk", columns=["account_id"], **asked).num_rows
    monkeypatch.setenv("ESCLUSA_CLASS_KEYS", str(tmp_path))
    assert esclusa.read("renewal_risk", columns=["country", "risk_band"], **asked).num_rows == rows
    with pytest.raises(esclusa.KeyMissing, match="class confidential") as refused:
        esclusa.read("renewal_risk", columns=["account_id"], **asked)
    assert refused.value.owner == "customer.success"
    shutil.copy(journey.settings.class_keys / "confidential.key", tmp_path)
    assert esclusa.read("renewal_risk", columns=["account_id"], **asked).num_rows == rows

    before = published(journey, "renewal_risk")
    mark = rotate_class(journey.settings.class_keys, "confidential")
    journey.run("gate/renewal_risk", "golden/renewal_risk")
    assert published(journey, "renewal_risk") != before, journey.why("renewal_risk")
    with pytest.raises(esclusa.KeyMissing, match=mark):
        esclusa.read("renewal_risk", columns=["account_id"], **asked)
    monkeypatch.delenv("ESCLUSA_CLASS_KEYS")
    assert esclusa.read("renewal_risk", columns=["account_id"], **asked).num_rows == rows


def test_a_second_run_seals_nothing_and_a_lost_key_is_not_made_anew(journey: Journey) -> None:
    sealed = {path: path.stat().st_mtime_ns for path in (journey.settings.workshop / "pins").rglob("*.sealed-*/*")}
    assert {path.parent.parent.name for path in sealed} == set(SEALED)
    served = {dataset: published(journey, dataset) for dataset in SEALED}
    journey.run("gate/renewal_risk", "golden/renewal_risk", "gate/qualified_leads", "golden/qualified_leads")
    assert {path: path.stat().st_mtime_ns for path in sealed} == sealed
    assert {dataset: published(journey, dataset) for dataset in SEALED} == served
    key = journey.settings.class_keys / "confidential.key"
    key.unlink()
    assert not journey.run("golden/renewal_risk").success
    assert not key.exists()
