"""Promise: any key can be replaced; clients that know only the old ones follow, and the old key is worth nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import Metadata, Timestamp

from lineage.certificate import payload_of, read_statement
from lineage.errors import CertificateRefused
from lineage.golden.keys import ROLES, Keys
from lineage.golden.repository import GoldenRepository
from lineage.golden.rotation import ROTATE_STEPS
from tests.golden_repository import certified, open_small, publish_small
from tests.killed_publisher import killed_at
from tests.plain_client import PlainClient

ROWS = {"leads": [{"id": 1, "release": "first"}], "orders": [{"id": 1, "release": "first"}]}
MORE = {"leads": [{"id": 1, "release": "second"}], "orders": [{"id": 1, "release": "second"}]}


@pytest.fixture
def golden(tmp_path: Path) -> GoldenRepository:
    repository = publish_small(tmp_path / "golden", tmp_path / "keys", ROWS)
    repository.publish(files={"promises.json": b"{}"})
    return repository


@pytest.mark.parametrize("role", ROLES)
def test_a_client_that_knows_the_old_key_follows(golden: GoldenRepository, tmp_path: Path, role: str) -> None:
    seen_before = PlainClient.told_of(golden.path, tmp_path / "seen")
    asleep = PlainClient.told_of(golden.path, tmp_path / "asleep")
    assert seen_before.rows(ROWS) == ROWS
    old = golden.keys.signer(role).public_key.keyid
    golden.rotate(role)
    assert golden.keys.signer(role).public_key.keyid != old
    assert seen_before.rows(ROWS) == ROWS
    publish_small(golden.path, golden.keys.directory, MORE)
    assert seen_before.rows(MORE) == MORE
    assert asleep.rows(MORE) == MORE


def test_a_client_of_the_first_day_follows_every_key_replaced_twice(golden: GoldenRepository, tmp_path: Path) -> None:
    client = PlainClient.told_of(golden.path, tmp_path / "client")
    for role in (*ROLES, *ROLES):
        golden.rotate(role)
    assert client.rows(ROWS) == ROWS


def test_a_new_gate_key_signs_the_same_certificates(golden: GoldenRepository, tmp_path: Path) -> None:
    client = PlainClient.told_of(golden.path, tmp_path / "client")
    (before,) = client.read("orders/certificate.json")
    old = golden.keys.signer("gate").public_key
    golden.rotate("gate")
    (after,) = client.read("orders/certificate.json")
    assert before is not None
    assert after is not None
    assert payload_of(after) == payload_of(before)
    assert read_statement(after, golden.keys.signer("gate").public_key)
    with pytest.raises(CertificateRefused):
        read_statement(after, old)
    digest = client.role("orders").unrecognized_fields["esclusa"]["certificate"]
    assert client.decision("orders")["certificate"] == digest == golden.certificate("orders")


def test_a_certificate_of_the_old_gate_key_is_not_published(golden: GoldenRepository) -> None:
    release = certified(golden, "orders", [{"id": 2}], now=datetime.now(UTC))
    golden.rotate("gate")
    with pytest.raises(CertificateRefused, match="certify again"):
        golden.publish([release])


def test_what_the_old_timestamp_key_signs_is_refused(golden: GoldenRepository, tmp_path: Path) -> None:
    stolen = golden.keys.signer("timestamp")
    golden.rotate("timestamp")
    path = golden.path / "metadata" / "timestamp.json"
    forged = Metadata[Timestamp].from_bytes(path.read_bytes())
    forged.signed.version += 1
    forged.sign(stolen)
    path.write_bytes(forged.to_bytes())
    with pytest.raises(UnsignedMetadataError):
        PlainClient.told_of(golden.path, tmp_path / "client").rows(ROWS)


def test_no_old_private_key_is_kept(golden: GoldenRepository) -> None:
    old = {role: (golden.keys.directory / f"{role}.pem").read_bytes() for role in ROLES}
    for role in ROLES:
        golden.rotate(role)
    kept = [path.read_bytes() for path in golden.keys.directory.rglob("*") if path.is_file()]
    assert not set(old.values()) & set(kept)


def test_a_withdrawn_dataset_stays_withdrawn_under_a_new_gate_key(golden: GoldenRepository, tmp_path: Path) -> None:
    golden.withdraw("orders", owner="ada", message="wrong currency")
    golden.rotate("gate")
    client = PlainClient.told_of(golden.path, tmp_path / "client")
    assert client.rows(ROWS) == {**ROWS, "orders": None}
    assert client.decision("orders")["outcome"] == "withdrawn"


def rotate_one(role: str, repository: GoldenRepository, on_step: Callable[[str], None]) -> None:
    repository.rotate(role, on_step=on_step)


@pytest.mark.parametrize("role", ROLES)
def test_a_rotation_killed_at_any_step_is_finished_by_the_next_publisher(
    golden: GoldenRepository, tmp_path: Path, role: str
) -> None:
    for moment in count():
        home = tmp_path / f"killed-{moment}"
        for name in ("golden", "keys"):
            shutil.copytree(tmp_path / name, home / name)
        client = PlainClient.told_of(home / "golden", home / "client")
        assert client.rows(ROWS) == ROWS
        killed = killed_at(moment, home / "golden", home / "keys", partial(rotate_one, role))
        assert client.rows(ROWS) == ROWS, f"moment {moment}"
        assert PlainClient.told_of(home / "golden", home / "new").rows(ROWS) == ROWS
        publish_small(home / "golden", home / "keys", MORE)
        assert client.rows(MORE) == MORE
        assert Keys(home / "keys").successor(role) is None
        if not killed:
            break
    assert moment > 3


def test_every_step_that_is_named_is_taken_by_some_rotation(golden: GoldenRepository) -> None:
    visited: list[str] = []
    for role in ROLES:
        golden.rotate(role, on_step=visited.append)
    assert set(visited) == {"turn", "recover", *ROTATE_STEPS}


def test_an_unknown_key_cannot_be_rotated(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="known: root, targets, gate, timestamp"):
        open_small(tmp_path / "golden", tmp_path / "keys").rotate("master")
