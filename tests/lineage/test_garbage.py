"""Garbage: what a reader may still use stays; certificates and roots stay for ever."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lineage.golden.repository import GoldenRepository
from tests.golden_repository import certified, publish_small
from tests.plain_client import PlainClient

GRACE = timedelta(hours=1)


@pytest.fixture
def golden(tmp_path: Path) -> GoldenRepository:
    """Three releases of one dataset, and a replaced root."""
    for number in range(3):
        golden = publish_small(tmp_path / "golden", tmp_path / "keys", {"orders": [{"id": number}]})
    golden.rotate("root")
    return golden


def kinds(golden: GoldenRepository) -> dict[str, int]:
    files = [path.name for path in golden.path.rglob("*") if path.is_file()]
    suffixes = ("parquet", "certificate.json", "root.json", "snapshot.json", "orders.json")
    return {suffix: sum(name.endswith(suffix) for name in files) for suffix in suffixes}


def age(golden: GoldenRepository, by: timedelta) -> None:
    """Make every file that there is now look older."""
    for path in golden.path.rglob("*"):
        if path.is_file():
            at = path.stat().st_mtime - by.total_seconds()
            os.utime(path, (at, at))


def test_within_the_grace_nothing_is_deleted(golden: GoldenRepository) -> None:
    before = kinds(golden)
    assert golden.collect_garbage(GRACE).files == 0
    assert kinds(golden) == before


def test_after_the_grace_only_the_release_in_force_and_the_evidence_are_left(
    golden: GoldenRepository, tmp_path: Path
) -> None:
    client = PlainClient.told_of(golden.path, tmp_path / "client")
    age(golden, 2 * GRACE)
    collected = golden.collect_garbage(GRACE)
    assert collected.files > 0
    assert collected.size > 0
    assert kinds(golden) == {
        "parquet": 1,
        "certificate.json": 3,
        "root.json": 2,
        "snapshot.json": 1,
        "orders.json": 2,  # the role, and the decision
    }
    assert client.rows(["orders"]) == {"orders": [{"id": 2}]}
    assert golden.collect_garbage(GRACE).files == 0


def test_a_release_that_was_in_force_within_the_grace_stays_whole_however_old_it_is(
    golden: GoldenRepository, tmp_path: Path
) -> None:
    age(golden, 100 * GRACE)
    client = PlainClient.told_of(golden.path, tmp_path / "client")
    client.rows(["orders"])
    role = client.role("orders")
    publish_small(golden.path, golden.keys.directory, {"orders": [{"id": 3}]})
    golden.collect_garbage(GRACE)
    held = [golden.path / "targets" / target.get_prefixed_paths()[0] for target in role.targets.values()]
    assert [path.exists() for path in held] == [True] * 4
    assert kinds(golden)["parquet"] == 2


def test_parts_of_a_publish_that_never_came_into_force_are_deleted(golden: GoldenRepository) -> None:
    release = certified(golden, "orders", [{"id": 9}], now=datetime.now(UTC))

    def die(step: str) -> None:
        if step == "dataset role":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        golden.publish([release], on_step=die)
    assert kinds(golden)["parquet"] == 4
    time.sleep(0.01)
    golden.collect_garbage(timedelta(0))
    assert kinds(golden)["parquet"] == 1


def test_superseded_parts_that_are_doomed_go_at_once_and_nothing_of_the_release_in_force(
    golden: GoldenRepository,
) -> None:
    before, asked = kinds(golden), []
    assert golden.collect_superseded("orders", lambda part: bool(asked.append(part))) == ()
    assert len(asked) == 2
    assert kinds(golden) == before
    gone = golden.collect_superseded("orders", lambda _: True)
    assert set(gone) == set(asked)
    assert kinds(golden) == {**before, "parquet": 1}


def test_of_a_withdrawn_dataset_no_part_is_needed(golden: GoldenRepository) -> None:
    golden.withdraw("orders", owner="owner", message="withdrawn")
    assert len(golden.collect_superseded("orders", lambda _: True)) == 3


def test_every_file_of_a_dataset_under_a_legal_hold_stays(golden: GoldenRepository) -> None:
    publish_small(golden.path, golden.keys.directory, {"orders": [{"id": 7}]})
    before = set((golden.path / "targets" / "orders").iterdir())
    time.sleep(0.01)
    golden.collect_garbage(timedelta(0), held=["orders"])
    assert set((golden.path / "targets" / "orders").iterdir()) == before
    golden.collect_garbage(timedelta(0))
    assert set((golden.path / "targets" / "orders").iterdir()) < before
