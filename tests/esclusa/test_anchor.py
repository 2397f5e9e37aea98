"""The first root: pinned once, by fingerprint where one is known."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import pytest

import esclusa
from tests.esclusa.golden import Golden, fresh_golden
from tests.golden_repository import open_small


@pytest.fixture
def unknown(tmp_path: Path) -> Golden:
    return fresh_golden(tmp_path, trusted=False)


def fingerprint(golden: Golden) -> str:
    return sha256((golden.path / "metadata" / "1.root.json").read_bytes()).hexdigest()


def test_nothing_is_read_before_a_root_is_pinned(unknown: Golden) -> None:
    with pytest.raises(esclusa.Untrusted, match="No root is pinned") as refused:
        esclusa.read("orders", **unknown.at)
    assert f"to do: esclusa trust {unknown.path} --fingerprint" in str(refused.value), "to be typed as it stands"
    assert str(unknown.path) not in refused.value.remedy


def test_the_right_fingerprint_pins_however_it_is_written(unknown: Golden) -> None:
    anchor = esclusa.trust(unknown.path, fingerprint=f"SHA256:{fingerprint(unknown).upper()}", state=unknown.state)
    assert (anchor.fingerprint, anchor.version, anchor.new) == (fingerprint(unknown), 1, True)
    assert esclusa.read("orders", **unknown.at).num_rows == 40


def test_a_wrong_fingerprint_pins_nothing(unknown: Golden) -> None:
    with pytest.raises(esclusa.Untrusted, match="not the one you were told") as refused:
        esclusa.trust(unknown.path, fingerprint="0" * 64, state=unknown.state)
    assert fingerprint(unknown) in refused.value.observed
    with pytest.raises(esclusa.Untrusted, match="No root is pinned"):
        esclusa.catalog(**unknown.at)


def test_a_root_can_be_handed_over_as_a_file(unknown: Golden, tmp_path: Path) -> None:
    handed = tmp_path / "root.json"
    handed.write_bytes((unknown.path / "metadata" / "1.root.json").read_bytes())
    esclusa.trust(unknown.path, root=handed, state=unknown.state)
    assert esclusa.read("orders", **unknown.at).num_rows == 40


def test_pinning_the_same_root_again_changes_nothing(golden: Golden) -> None:
    assert not esclusa.trust(golden.path, state=golden.state).new


def test_another_root_replaces_the_pinned_one_only_when_told_to(golden: Golden, tmp_path: Path) -> None:
    open_small(tmp_path / "other", tmp_path / "other-keys")
    other = tmp_path / "other" / "metadata" / "1.root.json"
    with pytest.raises(esclusa.Untrusted, match="Another root is pinned"):
        esclusa.trust(golden.path, root=other, state=golden.state)
    assert esclusa.read("orders", **golden.at).num_rows == 40
    assert esclusa.trust(golden.path, root=other, replace=True, state=golden.state).new
    with pytest.raises(esclusa.Untrusted, match="pinned root does not vouch"):
        esclusa.read("orders", **golden.at)


def test_an_edited_root_is_not_pinned(unknown: Golden, tmp_path: Path) -> None:
    edited = re.sub(rb'"version": ?1\b', b'"version":9', (unknown.path / "metadata" / "1.root.json").read_bytes())
    for root in (edited, b"<html>", b"{}"):
        with pytest.raises(esclusa.Untrusted, match="does not prove itself"):
            esclusa.trust(unknown.path, root=root, state=unknown.state)


def test_a_place_without_a_repository_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(esclusa.Unreachable, match="no golden repository"):
        esclusa.trust(tmp_path / "nowhere", state=tmp_path / "state")


def test_a_root_file_that_is_not_there_is_wrong_use(golden: Golden, tmp_path: Path) -> None:
    with pytest.raises(esclusa.Misused, match="cannot be read"):
        esclusa.trust(golden.path, root=tmp_path / "missing.json", state=golden.state)


def test_what_is_remembered_is_private_to_the_user(golden: Golden) -> None:
    assert all(path.stat().st_mode & 0o077 == 0 for path in golden.state.iterdir())
