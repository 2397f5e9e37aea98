"""Durable writes: whole, exclusive, hashed on the way in."""

from __future__ import annotations

import errno
import os
from hashlib import sha256
from pathlib import Path

import pytest

from lineage.errors import PinChanged
from lineage.files import sweep, take_in, write_addressed, write_new, write_temporary

CONTENT = b"rows"
DIGEST = sha256(CONTENT).hexdigest()


@pytest.fixture
def part(tmp_path: Path) -> Path:
    path = tmp_path / "pin" / "part-00000.parquet"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


def test_a_new_file_is_not_written_over_an_old_one(tmp_path: Path) -> None:
    write_new(tmp_path / "1.root.json", b"first")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "1.root.json", b"second")
    assert (tmp_path / "1.root.json").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["1.root.json"]


def test_a_damaged_file_is_replaced_by_what_its_name_says(tmp_path: Path) -> None:
    path = tmp_path / f"{DIGEST}.contract.yaml"
    path.write_bytes(b"ro")
    write_addressed(path, CONTENT)
    assert path.read_bytes() == CONTENT


def test_a_part_comes_in_without_a_copy(part: Path, tmp_path: Path) -> None:
    take_in(part, tmp_path / "golden" / "part", DIGEST, len(CONTENT))
    assert (tmp_path / "golden" / "part").stat().st_ino == part.stat().st_ino


def test_a_part_is_copied_where_it_cannot_be_linked(
    part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def across_file_systems(*_: object) -> None:
        raise OSError(errno.EXDEV, "another device")

    monkeypatch.setattr(os, "link", across_file_systems)
    take_in(part, tmp_path / "golden" / "part", DIGEST, len(CONTENT))
    assert (tmp_path / "golden" / "part").read_bytes() == CONTENT
    assert (tmp_path / "golden" / "part").stat().st_ino != part.stat().st_ino


def test_a_part_that_was_edited_or_removed_after_its_audit_does_not_come_in(part: Path, tmp_path: Path) -> None:
    target = tmp_path / "golden" / "part"
    part.write_bytes(b"ROWS")
    with pytest.raises(PinChanged, match="edited after its audit"):
        take_in(part, target, DIGEST, len(CONTENT))
    part.unlink()
    with pytest.raises(PinChanged, match="is gone"):
        take_in(part, target, DIGEST, len(CONTENT))
    assert list(target.parent.iterdir()) == []


def test_taking_the_same_part_in_twice_changes_nothing(part: Path, tmp_path: Path) -> None:
    target = tmp_path / "golden" / "part"
    for _ in range(2):
        take_in(part, target, DIGEST, len(CONTENT))
    assert [path.name for path in target.parent.iterdir()] == ["part"]


def test_what_was_half_written_is_swept_and_nothing_else(tmp_path: Path) -> None:
    write_temporary(tmp_path / "targets" / "orders", b"half")
    (tmp_path / "targets" / "orders" / ".writing-dir").mkdir()
    (tmp_path / "targets" / "orders" / ".writing-dir" / "part").write_bytes(b"half")
    (tmp_path / "targets" / "orders" / "whole").write_bytes(b"whole")
    sweep(tmp_path)
    assert [path.name for path in (tmp_path / "targets" / "orders").iterdir()] == ["whole"]


def test_public_files_are_readable_by_all_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_new(tmp_path / "1.root.json", b"root")
    finally:
        os.umask(before)
    assert (tmp_path / "1.root.json").stat().st_mode & 0o777 == 0o644
