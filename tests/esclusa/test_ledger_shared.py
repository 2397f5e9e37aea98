"""A ledger that threads share: every entry that was answered for is there, in one chain.

A failure of the database is everybody's, that of an entry its own.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from esclusa.errors import LedgerUnavailable
from esclusa.ledger.ledger import Ledger
from esclusa.ledger.shared import SharedStore
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


def test_what_is_read_follows_the_file_too(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path, shared=True)
    ledger.append("read", "orders", {})
    for file in tmp_path.glob("ledger.sqlite*"):
        file.rename(tmp_path / f"kept {file.name}")
    assert ledger.head() is None
    path.mkdir()
    with pytest.raises(LedgerUnavailable):
        ledger.head()


def recorded_beside_one_that_cannot_be(address: str | Path, unwritable: str) -> None:
    ledger = Ledger(address, shared=True)
    ledger.append("read", "orders", {})
    store = ledger._store
    assert isinstance(store, SharedStore)
    with ThreadPoolExecutor(9) as pool, store._turn:  # all of them wait for the same transaction
        bad = pool.submit(ledger.append, "read", unwritable, {})
        good = [pool.submit(ledger.append, "read", "orders", {"rows": number}) for number in range(8)]
        while len(store._waiting) < 9:
            time.sleep(0.01)
    with pytest.raises(LedgerUnavailable):
        bad.result()
    assert len({entry.result().sequence for entry in good}) == 8
    assert not ledger.verify()


def test_an_entry_that_cannot_be_written_takes_none_of_the_others_with_it(tmp_path: Path) -> None:
    recorded_beside_one_that_cannot_be(tmp_path / "ledger.sqlite", "half a surrogate: \ud800")


def test_nor_does_it_in_postgres(postgres: Server) -> None:
    recorded_beside_one_that_cannot_be(postgres.database(f"shared_{uuid4().hex}"), "a\0b")


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
