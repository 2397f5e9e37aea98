"""A customer who was erased is in no file that is kept, by tools that are not ours, and is delivered again in vain."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

import esclusa
from esclusa.keyring import Keyring
from lineage.receipt import gate_keys, read_receipt
from orchestration.erasure.erasing import carry_out, take
from orchestration.erasure.requests import recall_requests
from tests.journeys.conftest import Journey, leave_out_last_row, settings_in

KEY = "online_retail.invoice_lines.customer_id"
LINES = "online_retail__invoice_lines"


def customer(journey: Journey) -> str:
    """One with many invoices, whose number is no other thing's."""
    query = f"""SELECT customer_id::VARCHAR FROM raw.{LINES} WHERE customer_id IS NOT NULL
        AND customer_id::VARCHAR NOT IN (SELECT stock_code FROM raw.{LINES}) AND stock_code SIMILAR TO '[0-9]{{5}}.*'
        AND unit_price > 0 AND quantity > 0 GROUP BY customer_id
        HAVING count(DISTINCT invoice_no) BETWEEN 3 AND 9 ORDER BY count(*) DESC, 1 LIMIT 1"""
    with journey.platform.workshop.warehouse() as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return str(row[0])


def hold_a_row_back(journey: Journey, value: str) -> None:
    """A row of the customer that broke a row rule, in quarantine as it was delivered."""
    row = json.dumps({"CustomerID": f"{value}.0", "StockCode": "?", "InvoiceNo": "536365"})
    with journey.platform.workshop.warehouse() as connection:
        connection.execute(
            f"INSERT INTO quarantine.{LINES} SELECT _load_id, _file_digest, _loaded_at, ['stock_code__pattern'], ? "
            f"FROM raw.{LINES} LIMIT 1",
            [row],
        )
        connection.execute(
            "UPDATE meta.loads SET delivered = delivered + 1, quarantined = quarantined + 1 WHERE table_name = ?",
            ["invoice_lines"],
        )


def tables_with(warehouse: Path, value: str) -> set[str]:
    """Columns of any table or view with that value, by a DuckDB that knows nothing of us."""
    found = set()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        columns = connection.execute(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns "
            "WHERE table_catalog = current_database() AND table_schema <> 'information_schema'"
        ).fetchall()
        for schema, table, column in columns:
            text = f'CAST("{column}" AS VARCHAR)'
            condition = f"{text} = $1 OR contains({text}, '\"' || $1 || '.0\"')"
            (rows,) = connection.execute(
                f'SELECT count(*) FROM "{schema}"."{table}" WHERE {condition}', [value]
            ).fetchone() or (0,)
            if rows:
                found.add(f"{schema}.{table}.{column}")
    return found


def parquet_below(home: Path, deliveries: Path) -> Iterator[Path]:
    yield from (p for p in sorted(home.rglob("*.parquet")) if not p.is_relative_to(deliveries))


def parquet_with(home: Path, deliveries: Path, value: str) -> set[str]:
    """Parquet files with that value in a row or in the statistics of a row group, by pyarrow."""
    factory, found = Keyring.open(home / "keys" / "classes").factory, set()
    for path in parquet_below(home, deliveries):
        # Some columns are sealed: pyarrow is given the keys, and nothing else of ours.
        keys = factory.file_decryption_properties(pe.KmsConnectionConfig(), pe.DecryptionConfiguration())
        file = pq.ParquetFile(path, decryption_properties=keys)
        same = [pc.equal(pc.cast(c, "string"), value) for c in file.read().itercolumns()]
        if any(pc.any(pc.fill_null(hits, False)).as_py() for hits in same):
            found.add(str(path.relative_to(home)))
        for group in range(file.metadata.num_row_groups):
            for column in range(file.metadata.num_columns):
                told = file.metadata.row_group(group).column(column).statistics
                if told is not None and told.has_min_max and value in {str(told.min), str(told.max)}:
                    found.add(str(path.relative_to(home)))
    return found


def files_with(home: Path, deliveries: Path, value: str) -> set[str]:
    """Files with that value in their bytes, by grep."""
    files = [str(p) for p in home.rglob("*") if p.is_file() and not p.is_relative_to(deliveries)]
    done = subprocess.run(["grep", "-lawF", "--", value, *files], capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return {str(Path(name).relative_to(home)) for name in done.stdout.splitlines()}


def prove_that_an_erased_customer_is_gone(journey: Journey) -> None:
    settings, platform = journey.settings, journey.platform
    value, home, deliveries = customer(journey), settings.home, settings.source_files
    hold_a_row_back(journey, value)
    platform.workshop.rewrite("uncompressed")

    # The searches find the customer before: they would find what was left.
    before = tables_with(settings.warehouse, value)
    assert {f"raw.{LINES}.customer_id", f"quarantine.{LINES}._row", "candidate.renewal_risk.account_id"} <= before
    held = parquet_with(home, deliveries, value)
    assert {name.split("/")[0] for name in held} == {"workshop", "golden"}  # the pin, and what was published
    assert "workshop/warehouse.duckdb" in files_with(home, deliveries, value)
    served = esclusa.open(settings.golden).version

    now = datetime.now(UTC)
    request = take(platform, f"{KEY}={value}", reason="GDPR Art. 17", requester="ticket 4711", now=now)
    finished, account = carry_out(platform, request.id, now=now, compression="uncompressed")

    assert tables_with(settings.warehouse, value) == set()
    assert parquet_with(home, deliveries, value) == set()
    assert files_with(home, deliveries, value) == set()
    assert list(parquet_below(home, deliveries)), "there must be files to look at"

    # What carried the key was found, what was built of it is served again.
    assert {f"raw.{LINES}", f"quarantine.{LINES}", "candidate.renewal_risk"} <= account["tables"].keys()
    assert account["datasets"] == {"renewal_risk": "republished"}
    assert esclusa.open(settings.golden).version > served
    (entry,) = [e for e in esclusa.catalog(repository=settings.golden) if e.dataset == "renewal_risk"]
    assert entry.status == "certified"

    # The receipt is signed, says what was done, and not whom it was done to.
    content = (home / "receipts" / finished.receipt).read_bytes()
    said = read_receipt(content, gate_keys(settings.golden))["predicate"]
    assert said["requester"] == "ticket 4711"
    assert said["rowsDeleted"][f"quarantine.{LINES}"] == 1
    assert len(said["filesUnlinked"]) >= 2
    assert [r.open for r in recall_requests(platform)] == [False]
    assert [e.body["state"] for e in platform.ledger.entries("erasure")] == ["requested", "erased"]

    # Delivered again, the rows are counted and dropped.
    leave_out_last_row(deliveries / "online_retail" / "onlineretail.parquet")
    assert journey.run(f"raw/{LINES}").success
    with platform.workshop.warehouse() as connection:
        counted = connection.execute(
            "SELECT delivered, accepted, quarantined, erased, expired FROM meta.loads "
            f"WHERE load_id IN (SELECT _load_id FROM raw.{LINES})"
        ).fetchone()
    assert counted is not None
    assert counted[0] == sum(counted[1:])
    assert counted[3] == said["rowsDeleted"][f"raw.{LINES}"]
    assert tables_with(settings.warehouse, value) == set()


def test_an_erased_customer_of_the_sample_is_in_no_file(journey: Journey) -> None:
    prove_that_an_erased_customer_is_gone(journey)


def test_an_erased_customer_of_the_real_data_is_in_no_file(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCLUSA_STATE", str(tmp_path / "state"))
    folder = tmp_path / "data" / "online_retail"
    folder.mkdir(parents=True)
    (folder / "onlineretail.parquet").write_bytes((shared_data / "online_retail/onlineretail.parquet").read_bytes())
    journey = Journey(settings_in(tmp_path / "home", tmp_path / "data"))
    platform = journey.platform
    models = [f"{m['schema']}/{m['alias']}" for m in platform.manifest.build_order(["renewal_risk"])]
    assert journey.run(f"raw/{LINES}", *models, "gate/renewal_risk", "golden/renewal_risk").success
    prove_that_an_erased_customer_is_gone(journey)
