"""An export: what a role may read and its documents, as a directory that other loaders read; or nothing at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import mlcroissant
import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

import esclusa
from esclusa.exporting import Export
from esclusa.ledger.ledger import Ledger
from expectations.contract import Contract
from tests.esclusa.golden import ORDERS
from tests.esclusa.server.conftest import Served
from tests.esclusa.server.conftest import served as served
from tests.esclusa.server.live import listening
from tests.expectations.promised import orders
from tests.golden_repository import READER
from tests.lineage.documented import open_orders, publish, rows

Exporting = Callable[..., Export]
DOCUMENTS = {
    "README.md",
    "certificate.json",
    "contract.yaml",
    "croissant.json",
    "datasheet.md",
    "policies.cedar",
}


def granted(contract: Contract, **columns: Any) -> Contract:
    """The contract with the role that every test reads in, which gets columns in these ways."""
    return replace(contract, roles=(replace(READER, columns=columns),))


@pytest.fixture
def exporting(tmp_path: Path) -> Exporting:
    """Publish a contract's rows, and export them to `out`."""

    def call(contract: Contract, columns: list[str] | None = None, directory: str = "out") -> Export:
        if not (tmp_path / "golden").exists():
            publish(tmp_path, contract)
        esclusa.trust(str(tmp_path / "golden"), state=tmp_path / "state")
        at = {"repository": tmp_path / "golden", "state": tmp_path / "state"}
        return esclusa.export("orders", tmp_path / directory, columns=columns, **at)

    return call


def records(directory: Path) -> list[dict[str, Any]]:
    """Every record, as the reference loader reads it from a Croissant document that it takes without a warning."""
    dataset = mlcroissant.Dataset(str(directory / "croissant.json"))
    assert (dataset.metadata.ctx.issues.errors, dataset.metadata.ctx.issues.warnings) == (set(), set())
    return [{k.partition("/")[2]: v for k, v in row.items()} for row in dataset.records(record_set="orders")]


def card(directory: Path) -> tuple[dict[str, Any], str]:
    _, head, body = (directory / "README.md").read_text().split("---\n", 2)
    return YAML(typ="safe", pure=True).load(head), body


def test_an_open_dataset_is_exported_byte_for_byte_and_its_certificate_vouches_for_it(
    exporting: Exporting, tmp_path: Path
) -> None:
    done = exporting(granted(open_orders()))
    assert (done.exact, done.rows, done.hidden, done.masked) == (True, 5, (), {})
    certificate = esclusa.open(tmp_path / "golden", state=tmp_path / "state").vouched("orders").certificate
    kept = {path.name: sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "out").iterdir()}
    (part,) = (name for name in kept if name.endswith(".parquet"))
    assert set(kept) == DOCUMENTS | {part} == set(done.files)
    assert kept.pop("certificate.json") == certificate.digest == done.certificate
    assert {f"orders/{name.removeprefix(f'{kept[part]}.')}": digest for name, digest in kept.items()} == dict(
        certificate.subjects
    )
    assert [row["order_id"].decode() for row in records(tmp_path / "out")] == [row["order_id"] for row in rows()]


def test_a_file_of_an_export_that_was_tampered_with_is_refused_by_the_loader(
    exporting: Exporting, tmp_path: Path
) -> None:
    exporting(granted(open_orders()))
    (part,) = (tmp_path / "out").glob("*.parquet")
    part.write_bytes(part.read_bytes() + b"x")
    with pytest.raises(mlcroissant.GenerationError):
        records(tmp_path / "out")


def test_sealed_columns_that_the_role_may_read_are_exported_open(exporting: Exporting, tmp_path: Path) -> None:
    done = exporting(granted(orders(), allow=["buyer_hmac", "note"]))
    assert (done.exact, done.hidden, done.masked) == (False, (), {})
    assert [row["buyer_hmac"].decode() for row in records(tmp_path / "out")] == [row["buyer_hmac"] for row in rows()]
    document = json.loads((tmp_path / "out" / "croissant.json").read_text())
    assert "Encrypted" not in json.dumps(document)
    assert document["recordSet"][0]["key"] == [{"@id": "orders/order_id"}]
    assert document["isBasedOn"] == f"urn:sha256:{done.certificate}"


def test_what_the_role_may_not_read_is_in_no_file_and_what_is_masked_says_so(
    exporting: Exporting, tmp_path: Path
) -> None:
    done = exporting(granted(orders(), deny=["note"], mask={"buyer_hmac": "hash"}))
    assert (done.exact, done.hidden, done.masked) == (False, ("note",), {"buyer_hmac": "hash"})
    (part,) = (tmp_path / "out").glob("*.parquet")
    table = pq.read_table(part)
    assert "note" not in table.column_names
    assert set(table["buyer_hmac"].to_pylist()).isdisjoint(row["buyer_hmac"] for row in rows())
    read = records(tmp_path / "out")
    assert set(read[0]) == set(table.column_names)
    fields = {
        f["name"]: f for f in json.loads((tmp_path / "out" / "croissant.json").read_text())["recordSet"][0]["field"]
    }
    assert fields["buyer_hmac"]["description"].endswith("Masked: hash.")
    assert "references" in fields["country"]
    head, body = card(tmp_path / "out")
    assert "dataset_info" not in head
    assert head["license"] == "cc0-1.0"
    assert head["configs"][0]["data_files"][0]["path"] == "*.parquet"
    assert f"sha256:{done.certificate}" in body
    assert "Left out: note. Masked: buyer_hmac (hash)." in body


def test_only_the_columns_that_were_asked_for_are_exported(exporting: Exporting, tmp_path: Path) -> None:
    done = exporting(granted(open_orders()), ["country", "amount"])
    assert (done.exact, done.columns) == (False, ("country", "amount"))
    assert [set(row) for row in records(tmp_path / "out")] == [{"country", "amount"}] * 5
    document = json.loads((tmp_path / "out" / "croissant.json").read_text())
    assert "key" not in document["recordSet"][0]


def test_rows_of_a_service_are_written_anew_for_it_keeps_the_files(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(served.service) as url:
        at = {"repository": url, "state": tmp_path / "consumer"}
        esclusa.trust(url, state=at["state"])
        monkeypatch.setenv("ESCLUSA_TOKEN", served.token("tester"))
        done = esclusa.export("orders", tmp_path / "out", role="tester", purpose="testing", **at)
    assert (done.exact, done.rows, done.hidden) == (False, len(ORDERS), ())
    assert pq.read_table(tmp_path / "out" / "part-00000.parquet").num_rows == len(ORDERS)


def test_an_export_is_recorded_as_a_read(exporting: Exporting, tmp_path: Path) -> None:
    exporting(granted(orders(), deny=["note"], mask={"buyer_hmac": "null"}))
    release = esclusa.open(tmp_path / "golden", state=tmp_path / "state")
    entry = list(Ledger(release.ledger.place).entries("read", "orders"))[-1]
    assert (entry.body["by"], entry.body["rows"], entry.body["masked"]) == ("export", 5, {"buyer_hmac": "null"})


def test_who_is_not_permitted_gets_no_directory(exporting: Exporting, tmp_path: Path) -> None:
    with pytest.raises(esclusa.NotPermitted):
        exporting(replace(open_orders(), roles=(replace(READER, name="somebody"),)))
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))


def test_without_the_key_of_a_sealed_column_nothing_is_left_behind(exporting: Exporting, tmp_path: Path) -> None:
    exporting(granted(orders(), allow=["buyer_hmac", "note"]), ["country"])
    (tmp_path / "keys" / "classes").rename(tmp_path / "elsewhere")
    with pytest.raises(esclusa.KeyMissing):
        exporting(granted(orders(), allow=["buyer_hmac", "note"]), directory="again")
    assert not list(tmp_path.glob("*again*"))


def test_a_directory_that_holds_something_is_left_as_it_is(exporting: Exporting, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(esclusa.Misused, match="cannot be written"):
        exporting(granted(open_orders()))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_dataset_without_documents_for_machines_is_exported_too(tmp_path: Path, exporting: Exporting) -> None:
    from tests.golden_repository import publish_small

    publish_small(tmp_path / "golden", tmp_path / "keys", {"orders": [{"id": "a", "town": "PT"}]})
    done = exporting(open_orders(), ["town"])
    assert "croissant.json" not in done.files
    assert "part-00000.parquet" in done.files
