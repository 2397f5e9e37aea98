"""Promise: while releases are published, every reader sees one of them whole: no failure, no torn row, no mixture."""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import esclusa
from tests.esclusa.golden import Golden
from tests.golden_repository import publish_small

RELEASES = 50
READS = 2_000  # of datasets; a pair of one release counts as two
PROCESSES, THREADS = 3, 3
ROWS = 50


def rows_of(release: int) -> list[dict[str, Any]]:
    return [{"id": i, "release": release} for i in range(ROWS)]


def publish(golden: Golden, first: int, last: int) -> None:
    """Publish releases of two datasets that belong together; each row says which release it is of."""
    for release in range(first, last + 1):
        rows = rows_of(release)
        publish_small(golden.path, golden.keys, {"orders": rows, "customers": rows}, release="shop")


def releases_in(table: Any) -> set[int]:
    """The releases that a table's rows are of; a torn table, short of rows, is of none."""
    return set(table["release"].to_pylist()) if table.num_rows == ROWS else set()


def read_pair(golden: Golden, turn: int) -> str:
    """What became of one pair: the release that it is of, or what went wrong."""
    try:
        if turn % 20 == 0:
            query = "SELECT o.id, o.release, c.release AS other FROM orders o JOIN customers c USING (id)"
            joined = esclusa.sql(query, **golden.at)
            seen = releases_in(joined) | set(joined["other"].to_pylist())
        else:
            release = esclusa.open(**golden.at)
            seen = releases_in(release.read("orders")) | releases_in(release.read("customers"))
    except esclusa.EsclusaError as error:
        return f"{type(error).__name__}: {error}"
    return str(seen.pop()) if len(seen) == 1 else f"mixed: {sorted(seen)}"


def read_pairs(golden: Golden, turns: Sequence[int], started: Any, outcomes: Any) -> None:
    """One reading process, of several threads."""
    with ThreadPoolExecutor(THREADS) as threads:
        started.set()
        outcomes.put(Counter(threads.map(lambda turn: read_pair(golden, turn), turns)))


def test_2000_reads_while_50_releases_are_published_see_no_failure_and_no_mixture(tmp_path: Path) -> None:
    golden = Golden(tmp_path / "golden", tmp_path / "keys", tmp_path / "state")
    publish(golden, 0, 0)
    golden.trust()
    spawn = multiprocessing.get_context("spawn")
    outcomes, started = spawn.SimpleQueue(), [spawn.Event() for _ in range(PROCESSES)]
    turns = range(READS // 2)
    readers = [
        spawn.Process(target=read_pairs, args=(golden, turns[i::PROCESSES], started[i], outcomes))
        for i in range(PROCESSES)
    ]
    for reader in readers:
        reader.start()
    for event in started:
        assert event.wait(60)
    publisher = spawn.Process(target=publish, args=(golden, 1, RELEASES))
    publisher.start()
    seen = sum((outcomes.get() for _ in readers), Counter[str]())
    for process in (*readers, publisher):
        process.join()
        assert process.exitcode == 0
    problems = {what: count for what, count in seen.items() if not what.isdigit()}
    assert not problems
    assert seen.total() == READS // 2
    assert len(seen) > RELEASES // 5, "the readers must have met many releases, or little was tried"
    assert read_pair(golden, 1) == str(RELEASES)


def test_threads_that_open_the_same_state_for_the_first_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    golden = Golden(tmp_path / "golden", tmp_path / "keys", tmp_path / "state")
    publish(golden, 0, 0)
    golden.trust()
    gate = threading.Barrier(8)

    def read(turn: int) -> str:
        gate.wait()
        return read_pair(golden, turn)

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(read, range(8))) == {"0"}
