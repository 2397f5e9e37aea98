"""Class keys and secrets: made once, guarded, rotated without losing the old ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from esclusa.keyring import Keyring, fingerprint
from lineage.class_keys import class_keyring, rotate_class, secret
from lineage.errors import KeysUnusable


def test_a_class_gets_a_key_of_its_own_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    home = tmp_path / "classes"
    ring = class_keyring(home, ["confidential", "restricted"])
    keys = {cls: ring.key(cls) for cls in ("confidential", "restricted")}
    assert len(set(keys.values())) == 2
    assert home.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in home.iterdir()} == {
        "confidential.key": 0o600,
        "restricted.key": 0o600,
    }
    again = class_keyring(home, ["confidential", "restricted"])
    assert {cls: again.key(cls) for cls in keys} == keys


def test_a_rotation_keeps_the_old_key_under_its_fingerprint(tmp_path: Path) -> None:
    first = class_keyring(tmp_path, ["confidential"]).key("confidential")
    mark = rotate_class(tmp_path, "confidential")
    ring = Keyring.open(tmp_path)
    assert fingerprint(ring.key("confidential")) == mark != fingerprint(first)
    assert ring.key("confidential", fingerprint(first)) == first
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    assert {path.name for path in tmp_path.iterdir()} == {
        "confidential.key",
        f"confidential.{fingerprint(first)}.key",
    }


def test_a_rotation_that_was_interrupted_is_taken_up_again(tmp_path: Path) -> None:
    first = class_keyring(tmp_path, ["confidential"]).key("confidential")
    (tmp_path / f"confidential.{fingerprint(first)}.key").hardlink_to(tmp_path / "confidential.key")
    mark = rotate_class(tmp_path, "confidential")
    assert Keyring.open(tmp_path).key("confidential", fingerprint(first)) == first
    assert mark != fingerprint(first)


def test_a_lost_newest_key_is_restored_not_made_anew(tmp_path: Path) -> None:
    class_keyring(tmp_path, ["confidential"])
    rotate_class(tmp_path, "confidential")
    (tmp_path / "confidential.key").unlink()
    with pytest.raises(KeysUnusable, match="restore the directory from its backup"):
        class_keyring(tmp_path, ["confidential"])
    assert not (tmp_path / "confidential.key").exists()


@pytest.mark.parametrize("mode", [0o644, 0o640])
def test_a_key_that_others_can_read_seals_nothing(tmp_path: Path, mode: int) -> None:
    class_keyring(tmp_path, ["confidential"])
    (tmp_path / "confidential.key").chmod(mode)
    with pytest.raises(KeysUnusable, match=f"mode {mode:04o}"):
        class_keyring(tmp_path, ["confidential"])


def test_a_secret_is_made_once_and_guarded(tmp_path: Path) -> None:
    made = secret(tmp_path, "pseudonyms")
    assert len(made) == 32
    assert secret(tmp_path, "pseudonyms") == made != secret(tmp_path, "tombstones")
    path = tmp_path / "pseudonyms.key"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(KeysUnusable, match="mode 0644"):
        secret(tmp_path, "pseudonyms")
    path.chmod(0o600)
    path.write_text("edited")
    with pytest.raises(KeysUnusable, match="64 hex digits") as refused:
        secret(tmp_path, "pseudonyms")
    assert "edited" not in str(refused.value)
    assert path.read_text() == "edited"
