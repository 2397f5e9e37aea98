"""`croissant.json`: `mlcroissant` loads it without a word, proves each file by its digest, and hands out the rows."""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import mlcroissant
import pytest

from expectations.clock import Clock
from expectations.contract import Contract
from expectations.datasheet.questions import QUESTIONS
from lineage.documents.croissant import CONFORMS_TO, RAI, croissant
from lineage.documents.facts import Facts
from lineage.golden.repository import GoldenRepository
from tests.expectations.promised import orders
from tests.lineage.documented import AT, document_of, open_orders, publish, released, rows


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Downloads of each test into a directory of its own: the loader trusts whatever it finds in its cache."""
    monkeypatch.setattr("mlcroissant._src.core.constants.DOWNLOAD_PATH", _etils(tmp_path / "cache"))


def _etils(path: Path) -> Any:
    from etils import epath

    return epath.Path(path)


@pytest.fixture
def golden(tmp_path: Path) -> tuple[GoldenRepository, Facts]:
    return publish(tmp_path, open_orders())


def loaded(document: Any) -> Any:
    """The data set, which must load without an error or a warning."""
    dataset = mlcroissant.Dataset(document)
    issues = dataset.metadata.ctx.issues
    assert (issues.errors, issues.warnings) == (set(), set())
    return dataset


def records(dataset: Any, record_set: str = "orders") -> list[dict[str, Any]]:
    return [
        {name.partition("/")[2]: value for name, value in row.items()} for row in dataset.records(record_set=record_set)
    ]


def test_it_loads_from_the_golden_repository_and_hands_out_every_row(golden: tuple[GoldenRepository, Facts]) -> None:
    dataset = loaded(str(document_of(golden[0], "orders", "croissant.json")))
    read = records(dataset)
    assert [row["order_id"].decode() for row in read] == [row["order_id"] for row in rows()]
    assert [row["country"].decode() for row in read] == [row["country"] for row in rows()]
    assert [row["note"] is None for row in read] == [row["note"] is None for row in rows()]
    assert [float(row["amount"]) for row in read] == [float(row["amount"]) for row in rows()]
    assert [row["ordered_at"].to_pydatetime() for row in read] == [row["ordered_at"] for row in rows()]
    assert [bool(row["is_large"]) for row in read] == [row["is_large"] for row in rows()]
    assert {row["name"] for row in records(dataset, "orders_country_values")} == {"ES", "NO", "12:30"}


def test_a_file_that_was_tampered_with_is_refused(golden: tuple[GoldenRepository, Facts]) -> None:
    document = document_of(golden[0], "orders", "croissant.json")
    part = document_of(golden[0], "orders", "part-00000.parquet")
    content = part.read_bytes()
    part.chmod(0o644)
    part.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    with pytest.raises(mlcroissant.GenerationError) as refusal:
        records(loaded(str(document)))
    assert "Hash of downloaded file" in str(refusal.value.__cause__)


@pytest.fixture
def site(golden: tuple[GoldenRepository, Facts]) -> Iterator[str]:
    """The golden repository on a file server."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Requests are not worth a line."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(golden[0].path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_it_loads_over_http_and_its_files_are_found_beside_it(
    site: str, golden: tuple[GoldenRepository, Facts]
) -> None:
    path = document_of(golden[0], "orders", "croissant.json")
    address = f"{site}/targets/orders/{path.name}"
    assert loaded(address).metadata.name == "orders"
    document = json.loads(path.read_bytes())
    for file in document["distribution"]:  # the loader does not resolve relative addresses itself
        file["contentUrl"] = urllib.parse.urljoin(address, file["contentUrl"])
    assert len(records(loaded(document))) == len(rows())


def test_several_files_are_as_many_record_sets_in_the_order_of_their_rows(tmp_path: Path) -> None:
    golden, facts = publish(tmp_path, open_orders(), content=rows(7), rows_per_part=3)
    assert len(facts.published.parts) == 3
    dataset = loaded(str(document_of(golden, "orders", "croissant.json")))
    sets = [s.uuid for s in dataset.metadata.record_sets if s.uuid != "orders_country_values"]
    assert sets == ["orders_00000", "orders_00001", "orders_00002"]
    read = [row["order_id"].decode() for name in sets for row in records(dataset, name)]
    assert read == [row["order_id"] for row in rows(7)]


def test_sealed_columns_are_described_as_sealed_and_their_rows_are_not_handed_out(tmp_path: Path) -> None:
    golden, _ = publish(tmp_path, orders())
    dataset = loaded(str(document_of(golden, "orders", "croissant.json")))
    fields = {s.uuid: {f.name: f.description for f in s.fields} for s in dataset.metadata.record_sets}
    assert set(fields["orders_sealed"]) == {"buyer_hmac", "note"}
    assert all("Encrypted: confidential." in said for said in fields["orders_sealed"].values())
    assert set(fields["orders"]).isdisjoint({"buyer_hmac", "note"})
    assert "Encrypted in the files: buyer_hmac, note." in dataset.metadata.description
    with pytest.raises(mlcroissant.GenerationError) as refusal:
        records(dataset)
    assert "decrypt" in str(refusal.value.__cause__)  # the digest was right: the loader got as far as the columns


def test_no_value_of_a_row_is_in_it(tmp_path: Path) -> None:
    golden, _ = publish(tmp_path, orders())
    text = document_of(golden, "orders", "croissant.json").read_text()
    assert "examples" not in json.loads(text)["recordSet"][0]
    assert not any(str(row[name]) in text for row in rows() for name in ("order_id", "buyer_hmac"))


def written(home: Path, contract: Contract, **options: Any) -> dict[str, Any]:
    golden, facts = publish(home, contract, **options)
    assert document_of(golden, contract.name, "croissant.json").read_bytes() == croissant(facts)
    document: dict[str, Any] = json.loads(croissant(facts))
    return document


def test_it_says_what_the_contract_and_the_certificate_say(tmp_path: Path) -> None:
    stood = Clock("replay", AT)
    document = written(tmp_path, orders(), clock=stood, synthetic=True)
    assert tuple(document["conformsTo"]) == CONFORMS_TO
    assert document["version"] == "1.2.0"
    assert document["license"] == "https://creativecommons.org/publicdomain/zero/1.0/"
    assert document["isLiveDataset"] is True
    assert "The orders of the shop." in document["citeAs"]
    assert all(word in document["description"] for word in ("synthetic", "sandbox", "historical"))
    assert document["prov:wasDerivedFrom"][0]["@id"] == f"urn:sha256:{'a' * 64}"
    assert document["usageInfo"][0]["description"] == "May read it for planning, until 2027-06-30."
    assert document["rai:dataLimitations"] == ["Not for judging people.", "Judging people."]
    assert document["rai:personalSensitiveInformation"][-1] == "Lawful basis: GDPR Art. 6(1)(f)."


def test_what_nobody_stated_is_left_out(tmp_path: Path) -> None:
    document = written(tmp_path, replace(open_orders(), custom={}, description={}))
    assert not {"license", "rai:dataBiases", "rai:dataAnnotationProtocol", "inLanguage"} & set(document)
    assert document["description"].startswith("The orders that the shop accepted.")


def test_every_property_of_responsible_ai_takes_its_answer_from_questions_that_exist() -> None:
    assert {question for questions, _ in RAI.values() for question in questions} <= {q.id for q in QUESTIONS}


def test_the_same_facts_give_the_same_bytes(tmp_path: Path) -> None:
    golden, _ = publish(tmp_path, open_orders())
    release, facts = released(golden, open_orders())
    assert release.further["croissant.json"] == croissant(facts) == croissant(replace(facts))
