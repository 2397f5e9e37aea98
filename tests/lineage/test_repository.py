"""The golden repository's writer: what a publish changes, what it refuses, and what expires when."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import esclusa
from lineage.errors import CertificateRefused, KeysUnusable, PinChanged, RepositoryForged
from lineage.golden.decision import decision
from lineage.golden.keys import ROLES, Keys
from lineage.golden.repository import DatasetRelease, GoldenRepository
from tests.golden_repository import certified, open_small, publish_small, small_contract
from tests.plain_client import PlainClient

ROWS = {"leads": [{"id": 1, "name": "a"}], "orders": [{"id": 2, "name": "b"}]}
OTHER = [{"id": 9, "name": "z"}]


@pytest.fixture
def golden(tmp_path: Path) -> GoldenRepository:
    return publish_small(tmp_path / "golden", tmp_path / "keys", ROWS)


@pytest.fixture
def client(golden: GoldenRepository, tmp_path: Path) -> PlainClient:
    return PlainClient.told_of(golden.path, tmp_path / "client")


def now() -> datetime:
    return datetime.now(UTC)


def names(golden: GoldenRepository) -> set[str]:
    return {path.name for path in (golden.path / "metadata").iterdir()}


def test_an_empty_repository_is_valid_and_creating_it_again_changes_nothing(tmp_path: Path) -> None:
    golden = open_small(tmp_path / "golden", tmp_path / "keys")
    before = names(golden)
    assert before == {"1.root.json", "1.targets.json", "1.snapshot.json", "1.verdicts.json", "timestamp.json"}
    golden.create()
    assert names(golden) == before
    assert PlainClient.told_of(golden.path, tmp_path / "client").rows(["orders"]) == {"orders": None}


def test_a_creation_that_was_cut_short_is_finished_with_the_same_root(tmp_path: Path) -> None:
    golden = open_small(tmp_path / "golden", tmp_path / "keys")
    root = (golden.path / "metadata" / "1.root.json").read_bytes()
    (golden.path / "metadata" / "timestamp.json").unlink()
    golden.create()
    assert (golden.path / "metadata" / "1.root.json").read_bytes() == root
    assert PlainClient.told_of(golden.path, tmp_path / "client").rows(["orders"]) == {"orders": None}


def test_published_rows_certificate_contract_and_decision_are_read_by_a_plain_client(client: PlainClient) -> None:
    assert client.rows(ROWS) == ROWS
    assert client.predicate("orders")["rows"] == 1
    (contract,) = client.read("orders/contract.yaml")
    assert contract is not None
    assert b"urn:test:orders" in contract
    role = client.role("orders").unrecognized_fields["esclusa"]
    digest = role.pop("certificate")
    assert role == {"dataset": "orders", "release": "orders", "rows": 1, "synthetic": False}
    assert client.decision("orders")["certificate"] == digest
    assert client.decision("orders")["outcome"] == "certified"


def test_a_release_of_several_datasets_is_one_snapshot(golden: GoldenRepository, client: PlainClient) -> None:
    client.rows(ROWS)
    before = client.snapshot.version
    new = {"leads": OTHER, "orders": OTHER, "returns": OTHER}
    publish_small(golden.path, golden.keys.directory, new, release="sales")
    assert client.rows(new) == new
    assert client.snapshot.version == before + 1


def test_one_refused_dataset_holds_back_its_whole_release(golden: GoldenRepository, client: PlainClient) -> None:
    releases = [certified(golden, name, OTHER, now=now()) for name in ROWS]
    before = names(golden)
    path = releases[1].pin.parts[0].path
    path.chmod(0o644)
    path.write_bytes(b"PAR1 edited")
    with pytest.raises(PinChanged, match="edited after its audit"):
        golden.publish(releases)
    assert names(golden) == before
    assert client.rows(ROWS) == ROWS


def test_a_certificate_names_the_one_before(golden: GoldenRepository, client: PlainClient) -> None:
    first = golden.certificate("orders")
    publish_small(golden.path, golden.keys.directory, {"orders": OTHER})
    assert client.predicate("orders")["previous"] == first
    assert golden.certificate("returns") is None


def test_publishing_what_is_in_force_already_leaves_it_as_it_is(golden: GoldenRepository, client: PlainClient) -> None:
    release = certified(golden, "orders", OTHER, now=now())
    golden.publish([release])
    golden.publish([release])
    assert client.rows(["orders"]) == {"orders": OTHER}
    assert golden.certificate("orders") == release.digest


def test_a_refusal_alone_changes_only_verdicts_snapshot_and_timestamp(
    golden: GoldenRepository, client: PlainClient
) -> None:
    before = names(golden)
    refused = decision("orders", "refused", at=now(), owner="ada", certificate=golden.certificate("orders"))
    never = decision("returns", "refused", at=now(), owner="ada")
    golden.publish(verdicts={"orders": refused, "returns": never})
    assert {name.partition(".")[2] for name in names(golden) - before} == {"verdicts.json", "snapshot.json"}
    assert client.rows(ROWS) == ROWS
    assert [client.decision(name)["outcome"] for name in ("leads", "orders", "returns")] == [
        "certified",
        "refused",
        "refused",
    ]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (lambda r: {"contract": replace(r.contract, digest="f" * 64)}, "another candidate or contract"),
        (lambda r: {"pin": replace(r.pin, digest="f" * 64)}, "another candidate or contract"),
        (lambda r: {"contract": replace(r.contract, document={"id": "swapped"})}, "other files"),
        (lambda r: {"contract": replace(r.contract, roles=())}, "other files"),
        (lambda r: {"sealed": replace(r.sealed, parts=())}, "other files"),
        (lambda r: {"contract": small_contract("returns", ["id", "name"])}, "other files of orders"),
        (lambda r: {"certificate": r.certificate[:-9] + b'AAAA"}]}'}, "not signed by the gate key"),
    ],
)
def test_a_certificate_that_vouches_for_something_else_is_refused(
    golden: GoldenRepository, changed: Callable[[DatasetRelease], dict[str, Any]], reason: str
) -> None:
    release = certified(golden, "orders", OTHER, now=now())
    before = names(golden)
    with pytest.raises(CertificateRefused, match=reason):
        golden.publish([replace(release, **changed(release))])
    assert names(golden) == before


def test_a_certificate_that_expired_on_the_way_is_refused(tmp_path: Path) -> None:
    golden = open_small(tmp_path / "golden", tmp_path / "keys")
    release = certified(golden, "orders", OTHER, now=now() - timedelta(days=2), valid_for=timedelta(days=1))
    with pytest.raises(CertificateRefused, match="it expired at"):
        golden.publish([release])


def test_a_decision_that_contradicts_the_release_is_refused(golden: GoldenRepository) -> None:
    release = certified(golden, "orders", OTHER, now=now())
    for document in (
        decision("orders", "refused", at=now(), owner="ada"),
        decision("orders", "certified", at=now(), owner="ada", certificate="0" * 64),
    ):
        with pytest.raises(ValueError, match="its decision says otherwise"):
            golden.publish([release], {"orders": document})


@pytest.mark.parametrize("name", ["verdicts", "targets", "Orders", "../keys", "or.ders"])
def test_a_name_that_would_be_another_role_or_path_is_refused(tmp_path: Path, name: str) -> None:
    golden = open_small(tmp_path / "golden", tmp_path / "keys")
    release = certified(golden, "orders", OTHER, now=now())
    with pytest.raises(ValueError, match="cannot name a dataset"):
        golden.publish([replace(release, contract=replace(release.contract, name=name))])
    with pytest.raises(ValueError, match="cannot name a dataset"):
        golden.publish(verdicts={name: decision(name, "refused", at=now(), owner="ada")})


def test_a_withdrawn_release_does_not_come_back_under_its_old_certificate(
    golden: GoldenRepository, client: PlainClient
) -> None:
    release = certified(golden, "orders", OTHER, now=now())
    golden.publish([release])
    golden.withdraw("orders", owner="ada", message="no")
    with pytest.raises(CertificateRefused, match="another publisher came between"):
        golden.publish([release])
    assert client.rows(["orders"]) == {"orders": None}


def test_a_withdrawn_dataset_lists_nothing_says_why_and_can_come_back(
    golden: GoldenRepository, client: PlainClient
) -> None:
    assert client.rows(ROWS) == ROWS
    last = golden.certificate("orders")
    golden.withdraw("orders", owner="ada", message="the currency was wrong")
    assert client.rows(ROWS) == {**ROWS, "orders": None}
    said = client.decision("orders")
    assert (said["outcome"], said["message"], said["certificate"]) == ("withdrawn", "the currency was wrong", None)
    marker = client.role("orders").unrecognized_fields["esclusa"]
    assert (marker["rows"], marker["certificate"], "withdrawn" in marker) == (0, last, True)
    publish_small(golden.path, golden.keys.directory, {"orders": OTHER})
    assert client.rows(["orders"]) == {"orders": OTHER}
    assert client.predicate("orders")["previous"] == last
    assert "withdrawn" not in client.role("orders").unrecognized_fields["esclusa"]


def test_what_was_never_published_cannot_be_withdrawn(golden: GoldenRepository) -> None:
    with pytest.raises(ValueError, match="published: leads, orders"):
        golden.withdraw("returns", owner="ada", message="no")


def test_the_keys_of_another_repository_are_refused(golden: GoldenRepository, tmp_path: Path) -> None:
    stranger = GoldenRepository(golden.path, Keys.create(tmp_path / "other", golden.path))
    with pytest.raises(RepositoryForged, match=r"root .*keys"):
        stranger.keep_alive()
    with pytest.raises(RepositoryForged):
        stranger.create()


@pytest.mark.parametrize("role", [role for role in ROLES if role != "root"])
def test_one_key_that_is_not_this_repositorys_stops_a_publish(
    golden: GoldenRepository, tmp_path: Path, client: PlainClient, role: str
) -> None:
    other = Keys.create(tmp_path / "other", golden.path)
    release = certified(golden, "returns", OTHER, now=now())
    shutil.copy(other.directory / f"{role}.pem", golden.keys.directory / f"{role}.pem")
    with pytest.raises((KeysUnusable, CertificateRefused)):
        golden.publish([release])
    assert client.rows(ROWS) == ROWS


@pytest.mark.parametrize("name", ["timestamp", "2.snapshot", "2.targets", "1.orders", "2.verdicts"])
def test_a_publisher_builds_on_nothing_that_its_keys_did_not_sign(golden: GoldenRepository, name: str) -> None:
    path = golden.path / "metadata" / f"{name}.json"
    document = json.loads(path.read_bytes())
    document["signed"]["expires"] = "2099-01-01T00:00:00Z"
    path.write_text(json.dumps(document))
    with pytest.raises(RepositoryForged, match=rf"{name}\.json is missing or was not signed"):
        golden.keep_alive()


def test_the_catalogue_is_replaced_whole_and_only_where_it_differs(golden: GoldenRepository) -> None:
    golden.publish(files={"a.json": b"1", "b.json": b"2"})
    assert "1.catalogue.json" in names(golden)
    golden.publish(files={"b.json": b"2", "a.json": b"1"})
    assert "2.catalogue.json" not in names(golden)
    golden.publish(files={"a.json": b"1"})
    catalogue = json.loads((golden.path / "metadata" / "2.catalogue.json").read_bytes())["signed"]
    assert set(catalogue["targets"]) == {"catalogue/a.json"}


def test_the_catalogue_is_no_dataset_and_follows_a_replaced_key(golden: GoldenRepository, tmp_path: Path) -> None:
    golden.publish(files={"a.json": b"1"})
    golden.rotate("gate")
    golden.publish(files={"a.json": b"2"})
    esclusa.trust(golden.path, state=tmp_path / "state")
    assert esclusa.open(golden.path, state=tmp_path / "state").datasets == ("leads", "orders")
    with pytest.raises(ValueError, match="cannot name a dataset"):
        golden.publish(verdicts={"catalogue": b"{}"})


def test_a_further_document_is_vouched_for_and_no_other_passes(golden: GoldenRepository) -> None:
    with_note = certified(golden, "orders", OTHER, now=now(), further={"note.md": b"read me"})
    with pytest.raises(CertificateRefused, match="other files"):
        golden.publish([replace(with_note, further={"note.md": b"read me not"})])
    golden.publish([with_note])
    (note,) = (golden.path / "targets" / "orders").glob("*.note.md")
    assert note.read_bytes() == b"read me"
