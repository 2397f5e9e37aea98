"""A ledger that threads share: every entry that was answered for is there, in one chain; a failure is everybody's."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from esclusa.errors import LedgerUnavailable
from esclusa.ledger.ledger import Ledger
from tests.postgres import Server


def appended_by_threads(address: str | Path) -> None:
    ledger, other = Ledger(address, shared=True), Ledger(address)
    with ThreadPoolExecutor(12) as pool:
        made = list(pool.map(lambda number: ledger.append("read", "orders", {"rows": number}), range(200)))
        list(pool.map(lambda number: other.append("verdict", "orders", {"rows": number}), range(5)))
    kept = {entry.sequence: entry for entry in other.entries()}
    assert all(kept[entry.sequence] == entry for entry in made)
    assert sorted(entry.body["rows"] for entry in other.entries("read")) == list(range(200))
    assert not other.verify()


def test_threads_and_processes_write_one_chain(tmp_path: Path) -> None:
    appended_by_threads(tmp_path / "new" / "ledger.sqlite")


def test_threads_write_one_chain_in_postgres(postgres: Server) -> None:
    appended_by_threads(postgres.database(f"shared_{uuid4().hex}"))


def test_a_ledger_that_was_moved_away_is_not_written_on_unseen(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path, shared=True)
    for rows in range(3):
        ledger.append("read", "orders", {"rows": rows})
    path.rename(tmp_path / "kept.sqlite")
    for tail in ("-wal", "-shm"):
        (tmp_path / f"ledger.sqlite{tail}").unlink(missing_ok=True)
    ledger.append("read", "orders", {"rows": 7})
    assert [entry.body["rows"] for entry in Ledger(path).entries()] == [7]


def test_who_waited_together_is_refused_together(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, shared=True)  # a directory is no ledger
    refused: list[LedgerUnavailable] = []

    def append() -> None:
        with pytest.raises(LedgerUnavailable) as failure:
            ledger.append("read", "orders", {})
        refused.append(failure.value)

    threads = [threading.Thread(target=append) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == len({id(error) for error in refused}) == 8
