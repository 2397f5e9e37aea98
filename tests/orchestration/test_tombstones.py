"""Tombstones are kept beside the data, their key beside the other keys; without the key nothing lands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from expectations.contract import SourceUse
from lineage.errors import KeysUnusable
from orchestration.erasure.tombstones import read_key, read_tombstones, set_tombstones, standing
from orchestration.golden import open_golden
from orchestration.platform import Platform

NOW = datetime(2026, 11, 22, tzinfo=UTC)
COLUMNS = ("shop.sales.buyer", "shop.returns.buyer")
VALUE = "buyer-4711"


@pytest.fixture
def keyed(small: Platform) -> Platform:
    """A platform with keys."""
    open_golden(small)
    return small


def test_nobody_erased_needs_no_key(small: Platform) -> None:
    assert read_tombstones(small.settings).stones == ()


def test_a_tombstone_is_set_once_and_says_nothing(keyed: Platform) -> None:
    settings = keyed.settings
    first = set_tombstones(settings, COLUMNS, VALUE, "request-1", NOW)
    assert set_tombstones(settings, COLUMNS, VALUE, "request-2", NOW) == first
    set_tombstones(settings, COLUMNS[:1], "buyer-9", "request-3", NOW)
    held = read_tombstones(settings)
    assert [s.request for s in held.stones].count("request-1") == 2
    assert len(held.stones) == 3
    assert held.erased(COLUMNS[0], [VALUE, "buyer-9", "buyer-1"]) == {VALUE, "buyer-9"}
    path = settings.home / "tombstones.json"
    assert VALUE not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert (settings.keys / "tombstones.key").stat().st_mode & 0o077 == 0


def test_tombstones_whose_key_is_lost_let_nothing_land_and_get_no_new_key(keyed: Platform) -> None:
    settings = keyed.settings
    set_tombstones(settings, COLUMNS, VALUE, "request", NOW)
    key = settings.keys / "tombstones.key"
    kept = key.read_bytes()
    key.unlink()
    for ask in (read_tombstones, read_key):
        with pytest.raises(KeysUnusable, match=r"nothing lands; next: restore it from its backup"):
            ask(settings)
    with pytest.raises(KeysUnusable):
        set_tombstones(settings, COLUMNS, "buyer-2", "request", NOW)
    key.write_bytes(kept)
    key.chmod(0o644)
    with pytest.raises(KeysUnusable, match="others can"):
        read_tombstones(settings)


def test_a_dataset_stands_on_the_tombstones_of_the_systems_that_feed_it(keyed: Platform) -> None:
    contract = keyed.promises.contracts["orders"]
    fed = replace(contract, sources=(SourceUse("shop", "owner", (), "", "", None, 1),))
    stones = set_tombstones(keyed.settings, COLUMNS, VALUE, "request", NOW)
    assert standing(keyed.settings, fed) == sorted(s.digest for s in stones)
    assert standing(keyed.settings, contract) == []
