"""Promise: a reader never accepts less than it has seen, however genuine the signatures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import esclusa
from tests.esclusa.golden import ORDERS, Golden, fresh_golden


@pytest.fixture
def golden(tmp_path: Path) -> Golden:
    return fresh_golden(tmp_path)


def test_yesterdays_timestamp_is_refused_by_a_reader_that_saw_todays(golden: Golden) -> None:
    timestamp = golden.path / "metadata" / "timestamp.json"
    yesterday = timestamp.read_bytes()
    golden.publish({"orders": ORDERS[:5]})
    assert esclusa.read("orders", **golden.at).num_rows == 5
    timestamp.write_bytes(yesterday)
    with pytest.raises(esclusa.RolledBack, match="older than what this machine has seen") as refused:
        esclusa.read("orders", **golden.at)
    assert "timestamp version" in refused.value.observed
    assert refused.value.exit_code == 3


def test_a_repository_restored_whole_from_a_backup_is_refused(golden: Golden, tmp_path: Path) -> None:
    shutil.copytree(golden.path, tmp_path / "backup")
    golden.publish({"orders": ORDERS[:5]})
    esclusa.catalog(**golden.at)
    shutil.rmtree(golden.path)
    shutil.copytree(tmp_path / "backup", golden.path)
    with pytest.raises(esclusa.RolledBack):
        esclusa.read("orders", **golden.at)


def test_every_process_of_a_machine_remembers_together(golden: Golden) -> None:
    """What one reader saw, the next one knows: the memory is in the state directory, not in the process."""
    timestamp = golden.path / "metadata" / "timestamp.json"
    yesterday = timestamp.read_bytes()
    golden.publish({"orders": ORDERS[:5]})
    pinned = esclusa.open(**golden.at)
    timestamp.write_bytes(yesterday)
    with pytest.raises(esclusa.RolledBack):
        esclusa.open(**golden.at)
    assert pinned.read("orders").num_rows == 5


def test_a_keep_alive_is_no_rollback_and_a_reader_goes_on_once_the_newest_is_back(golden: Golden) -> None:
    timestamp = golden.path / "metadata" / "timestamp.json"
    yesterday = timestamp.read_bytes()
    golden.writer().keep_alive()
    assert esclusa.read("orders", **golden.at).num_rows == 40
    today = timestamp.read_bytes()
    timestamp.write_bytes(yesterday)
    with pytest.raises(esclusa.RolledBack):
        esclusa.read("orders", **golden.at)
    timestamp.write_bytes(today)
    assert esclusa.read("orders", **golden.at).num_rows == 40
