"""The private side: one process at a time on the warehouse, a killed one frees it, records are whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestration.platform import Platform
from orchestration.workshop import Workshop, WorkshopBusy

HOLDS_THE_WORKSHOP = """
from dataclasses import replace
from pathlib import Path
from sys import argv
from time import sleep
from orchestration.settings import read_settings
from orchestration.workshop import Workshop
with Workshop(replace(read_settings({}), home=Path(argv[1]))).exclusive():
    print("holding", flush=True)
    sleep(600)
"""
HOLDS_THE_FILE = """
import duckdb
from sys import argv
from time import sleep
with duckdb.connect(argv[1] + "/workshop/warehouse.duckdb"):
    print("holding", flush=True)
    sleep(600)
"""


@contextmanager
def another_process(code: str, home: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds something until it is killed."""
    process = subprocess.Popen([sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("code", [HOLDS_THE_WORKSHOP, HOLDS_THE_FILE], ids=["a step", "a dbt that outlived its step"])
def test_a_busy_warehouse_names_its_holder_and_is_free_once_that_is_killed(code: str, small: Platform) -> None:
    with another_process(code, small.settings.home) as holder:
        words = f"held by process {holder.pid} .*required: one step at a time; look"
        with pytest.raises(WorkshopBusy, match=words), small.workshop.warehouse(patience=0.2):
            pytest.fail("two processes must not be in the warehouse")
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        with small.workshop.warehouse(patience=5) as connection:
            assert connection.execute("SELECT count(*) FROM meta.loads").fetchone() == (0,)


def test_a_step_that_fails_frees_the_warehouse(small: Platform) -> None:
    def fail() -> None:
        with small.workshop.exclusive():
            raise OSError("of a step")

    with pytest.raises(OSError, match="of a step"):
        fail()
    with small.workshop.exclusive(patience=0):
        assert (small.settings.workshop / "warehouse.flock").read_text() == str(os.getpid())


def test_times_are_utc_and_no_extension_comes_from_the_network(small: Platform) -> None:
    with small.workshop.warehouse() as connection:
        assert connection.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)
        assert connection.execute("SELECT current_setting('autoinstall_known_extensions')").fetchone() == (False,)


def test_a_record_is_replaced_whole_and_leaves_nothing_beside_it(small: Platform) -> None:
    assert small.workshop.recall("landings", "shop__sales") is None
    small.workshop.remember("landings", "shop__sales", {"rows": 1, "differences": ["a"]})
    small.workshop.remember("landings", "shop__sales", {"rows": 2})
    assert small.workshop.recall("landings", "shop__sales") == {"rows": 2}
    assert [path.name for path in (small.settings.workshop / "landings").iterdir()] == ["shop__sales.json"]


def test_a_record_stays_as_it_was_where_its_successor_could_not_be_written(
    small: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.workshop.remember("builds", "orders", {"fingerprint": "old"})

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        small.workshop.remember("builds", "orders", {"fingerprint": "new"})
    assert small.workshop.recall("builds", "orders") == {"fingerprint": "old"}


def test_the_workshop_is_closed_to_others(small: Platform) -> None:
    Workshop(small.settings)
    assert small.settings.workshop.stat().st_mode & 0o077 == 0


def test_a_rewritten_warehouse_holds_what_it_held_and_no_deleted_byte(small: Platform) -> None:
    workshop, path = small.workshop, small.settings.warehouse
    with workshop.warehouse() as connection:
        connection.execute("CREATE TABLE raw.people AS SELECT i AS id, 'person-' || i AS name FROM range(5000) t(i)")
        connection.execute('CREATE VIEW raw.named AS SELECT name FROM "warehouse"."raw"."people"')
    workshop.rewrite("uncompressed")
    assert b"person-4321" in path.read_bytes()
    with workshop.warehouse() as connection:
        connection.execute("DELETE FROM raw.people WHERE id = 4321")
    (workshop.settings.workshop / "rewriting").mkdir()  # one that was killed
    (workshop.settings.workshop / "scratch").mkdir(exist_ok=True)
    workshop.rewrite("uncompressed")
    assert b"person-4321" not in path.read_bytes()
    assert b"person-4320" in path.read_bytes()
    assert {p.name for p in workshop.settings.workshop.iterdir()} == {"warehouse.duckdb", "warehouse.flock"}
    with workshop.warehouse() as connection:
        assert connection.execute("SELECT count(*) FROM raw.named").fetchone() == (4999,)
