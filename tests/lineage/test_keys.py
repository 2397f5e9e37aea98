"""The keys: private, whole, and never printed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from lineage.errors import KeysUnusable
from lineage.golden.keys import ROLES, Keys


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys.create(tmp_path / "keys", tmp_path / "golden")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_keys_are_made_for_their_owner_alone(keys: Keys) -> None:
    assert mode(keys.directory) == 0o700
    assert {path.name: mode(path) for path in keys.directory.iterdir()} == {f"{role}.pem": 0o600 for role in ROLES}


def test_the_four_keys_are_apart(keys: Keys) -> None:
    assert len({keys.signer(role).public_key.keyid for role in ROLES}) == 4


def test_keys_that_exist_are_not_made_again(keys: Keys, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in keys.directory.iterdir()}
    Keys.create(tmp_path / "keys", tmp_path / "golden")
    assert {path: path.read_bytes() for path in keys.directory.iterdir()} == before


def test_keys_are_made_in_an_empty_directory_but_not_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert Keys.create(tmp_path / "empty", tmp_path / "golden").signer("gate")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(KeysUnusable, match="holds files but no keys"):
        Keys.create(tmp_path / "full", tmp_path / "golden")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "full"]


@pytest.mark.parametrize("inside", ["keys", "metadata/keys", "."])
def test_keys_may_not_lie_in_what_everyone_reads(tmp_path: Path, inside: str) -> None:
    golden = tmp_path / "golden"
    with pytest.raises(KeysUnusable, match="which everyone reads"):
        Keys.create(golden / inside, golden)
    assert not golden.exists()


def test_keys_reached_through_a_link_into_the_repository_are_refused(keys: Keys, tmp_path: Path) -> None:
    golden = tmp_path / "golden"
    golden.mkdir()
    keys.directory.rename(golden / "hidden")
    (tmp_path / "keys").symlink_to(golden / "hidden")
    with pytest.raises(KeysUnusable, match="which everyone reads"):
        Keys.open(tmp_path / "keys", golden)


def test_absent_keys_are_to_be_restored_and_never_replaced_by_new_ones(tmp_path: Path) -> None:
    with pytest.raises(KeysUnusable, match="restore them from their backup"):
        Keys.open(tmp_path / "keys", tmp_path / "golden")


@pytest.mark.parametrize("role", ROLES)
def test_a_missing_key_is_not_replaced_by_a_new_one(keys: Keys, tmp_path: Path, role: str) -> None:
    (keys.directory / f"{role}.pem").unlink()
    with pytest.raises(KeysUnusable, match=rf"{role}\.pem is absent"):
        Keys.create(tmp_path / "keys", tmp_path / "golden")


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o700])
def test_a_key_that_others_can_read_is_refused_with_the_command_that_mends_it(
    keys: Keys, tmp_path: Path, bits: int
) -> None:
    path = keys.directory / "gate.pem"
    path.chmod(bits)
    with pytest.raises(KeysUnusable, match=f"chmod 600 {path}"):
        Keys.open(tmp_path / "keys", tmp_path / "golden")


def test_a_directory_that_others_can_enter_is_refused(keys: Keys, tmp_path: Path) -> None:
    keys.directory.chmod(0o750)
    with pytest.raises(KeysUnusable, match=f"chmod 700 {keys.directory}"):
        Keys.open(tmp_path / "keys", tmp_path / "golden")


def test_a_file_that_is_no_key_is_refused_without_showing_it(keys: Keys, tmp_path: Path) -> None:
    path = keys.directory / "root.pem"
    path.write_bytes(b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    with pytest.raises(KeysUnusable, match="not an ed25519 key") as refused:
        Keys.open(tmp_path / "keys", tmp_path / "golden")
    assert "c2VjcmV0" not in str(refused.value)


def test_a_successor_is_made_once_and_takes_the_place_of_the_old_key(keys: Keys) -> None:
    assert keys.successor("gate") is None
    made = keys.prepare("gate").public_key.keyid
    assert keys.prepare("gate").public_key.keyid == made
    assert mode(keys.directory / "gate.next.pem") == 0o600
    keys.promote("gate")
    assert keys.signer("gate").public_key.keyid == made
    assert keys.successor("gate") is None


def test_an_unknown_role_is_named_with_the_known_ones(keys: Keys) -> None:
    with pytest.raises(ValueError, match="known: root, targets, gate, timestamp"):
        keys.signer("snapshot")
