"""The keyring: whose key it is, who may read it, what is derived from it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from esclusa.errors import KeyMissing
from esclusa.keyring import Keyring, fingerprint

KEY, OLDER = bytes(range(32)), bytes(range(32, 64))


def put(directory: Path, name: str, key: bytes, mode: int = 0o600) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(key.hex() + "\n")
    path.chmod(mode)
    return path


def test_a_directory_without_keys_and_no_directory_are_empty_keyrings(tmp_path: Path) -> None:
    for directory in (None, tmp_path / "none", tmp_path):
        assert Keyring.open(directory).classes == frozenset()
        with pytest.raises(KeyMissing, match="class confidential"):
            Keyring.open(directory).key("confidential")


def test_the_newest_key_and_an_older_one_are_found_by_what_they_are(tmp_path: Path) -> None:
    put(tmp_path, "confidential.key", KEY)
    put(tmp_path, f"confidential.{fingerprint(OLDER)}.key", OLDER)
    keyring = Keyring.open(tmp_path)
    assert keyring.classes == {"confidential"}
    assert keyring.key("confidential") == keyring.key("confidential", fingerprint(KEY)) == KEY
    assert keyring.key("confidential", fingerprint(OLDER)) == OLDER


def test_another_key_than_the_one_wanted_is_refused_and_neither_is_shown(tmp_path: Path) -> None:
    put(tmp_path, "confidential.key", KEY)
    with pytest.raises(KeyMissing) as refused:
        Keyring.open(tmp_path).key("confidential", fingerprint(OLDER))
    told = str(refused.value)
    assert all(fingerprint(key) in told for key in (KEY, OLDER))
    assert not any(key.hex() in told for key in (KEY, OLDER))


def test_a_key_of_another_class_under_its_name_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "restricted.key", OLDER)
    put(tmp_path, "confidential.key", OLDER)  # copied by mistake
    with pytest.raises(KeyMissing, match="class confidential"):
        Keyring.open(tmp_path).key("confidential", fingerprint(KEY))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = put(tmp_path, "confidential.key", KEY, mode)
    with pytest.raises(KeyMissing, match=f"mode {mode:04o}") as refused:
        Keyring.open(tmp_path).key("confidential")
    assert (refused.value.where, refused.value.remedy) == (str(path), "chmod 600 confidential.key")


@pytest.mark.parametrize("text", ["", "not hexadecimal", KEY.hex()[:-2], KEY.hex() + "00", "\u00e9" * 64])
def test_a_file_that_holds_no_key_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    put(tmp_path, "restricted.key", KEY).write_text(text, "utf-8")
    with pytest.raises(KeyMissing) as refused:
        Keyring.open(tmp_path).key("restricted")
    assert len(text) < 8 or text not in str(refused.value)


def test_derived_keys_differ_by_class_key_and_purpose_and_are_the_same_every_time(tmp_path: Path) -> None:
    put(tmp_path, "confidential.key", KEY)
    put(tmp_path, "restricted.key", OLDER)
    keyring = Keyring.open(tmp_path)
    purposes = [("confidential", b"mask"), ("confidential", b"other"), ("restricted", b"mask")]
    derived = {keyring.derive(*purpose) for purpose in purposes}
    assert [len(key) for key in derived] == [32, 32, 32]
    assert not derived & {KEY, OLDER}
    assert derived == {Keyring.open(tmp_path).derive(*purpose) for purpose in purposes}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every directory")
def test_a_directory_that_may_not_be_read_is_an_empty_keyring(tmp_path: Path) -> None:
    put(tmp_path / "closed", "confidential.key", KEY)
    (tmp_path / "closed").chmod(0)
    try:
        assert Keyring.open(tmp_path / "closed").classes == frozenset()
    finally:
        (tmp_path / "closed").chmod(0o700)
