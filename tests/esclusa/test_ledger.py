"""The ledger only grows, whoever writes at once, and shows whatever was done to it; in SQLite and in Postgres."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest

from esclusa import LedgerUnavailable, Misused
from esclusa.ledger import store as ledger_store
from esclusa.ledger.ledger import GENESIS, KINDS, Ledger
from tests.esclusa.kept import FIELDS, Kept
from tests.postgres import PASSWORD, Server


def test_an_entry_is_read_back_as_it_was_written(kept: Kept) -> None:
    at = datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=1)))
    body = {"reason": "ñandú \x00 \ud800 'quoted'", "rows": 3, "share": 0.1, "none": None, "names": ["a", "b"]}
    entry = kept.ledger.append("revocation", "orders", body, at)
    assert (entry.sequence, entry.previous, entry.at, entry.body) == (1, GENESIS, at, body)
    assert entry.at.tzinfo == UTC
    assert list(kept.ledger.entries()) == [entry] == [kept.ledger.head()]


def test_a_hash_is_computed_by_an_outsider_from_what_is_stored(five: Kept) -> None:
    for entry in five.ledger.entries():
        document = {name: getattr(entry, name) for name in FIELDS[:-1]} | {"at": entry.at.isoformat()}
        encoded = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
        assert sha256(encoded).hexdigest() == entry.hash


def test_entries_are_found_by_kind_and_by_dataset(five: Kept) -> None:
    five.ledger.append("release", "orders", {})
    assert [e.sequence for e in five.ledger.entries(dataset="orders")] == [1, 3, 5, 6]
    assert [e.sequence for e in five.ledger.entries(kind="release")] == [6]
    assert [e.sequence for e in five.ledger.entries("read", "leads")] == [2, 4]


def test_reading_a_ledger_that_is_not_there_makes_none(tmp_path: Path) -> None:
    path = tmp_path / "none" / "ledger.sqlite"
    assert (list(Ledger(path).entries()), Ledger(path).head(), Ledger(path).verify()) == ([], None, ())
    assert not path.parent.exists()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_the_table_is_taken(kind: str, tmp_path: Path) -> None:
    assert Ledger(tmp_path / "ledger.sqlite").append(kind, "", {}).kind == kind


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "gossip"},
        {"at": datetime(2026, 3, 1)},
        {"body": {"share": float("nan")}},
    ],
)
def test_what_no_entry_can_be_is_refused_and_nothing_written(wrong: dict[str, Any], kept: Kept) -> None:
    with pytest.raises(ValueError, match=r"kind|time zone|JSON"):
        kept.ledger.append(**{"kind": "read", "dataset": "orders", "body": {}, **wrong})
    assert kept.ledger.head() is None


APPENDING = """
import sys
from esclusa.ledger.ledger import Ledger
for number in range(10):
    Ledger(sys.argv[1]).append("read", "orders", {"process": sys.argv[2], "number": number})
"""


def test_processes_that_append_at_once_make_one_chain(kept: Kept) -> None:
    started = [subprocess.Popen([sys.executable, "-c", APPENDING, kept.address, str(process)]) for process in range(4)]
    assert [process.wait(120) for process in started] == [0] * 4
    entries = list(kept.ledger.entries())
    assert [entry.sequence for entry in entries] == list(range(1, 41))
    for process in range(4):
        numbers = [entry.body["number"] for entry in entries if entry.body["process"] == str(process)]
        assert numbers == list(range(10)), "none lost, each in its own order"
    assert kept.problems() == []


REFUSED = {
    "sqlite": (
        "update ledger set dataset = 'leads' where sequence = 2",
        "delete from ledger where sequence = 5",
        "insert or replace into ledger select * from ledger where sequence = 2",
        "insert into ledger select 7, at, kind, dataset, body, 'x', 'y' from ledger where sequence = 2",
    ),
    "postgresql": (
        "update ledger set dataset = 'leads' where sequence = 2",
        "delete from ledger where sequence = 5",
        "truncate ledger",
    ),
}


def test_the_database_itself_refuses_to_change_what_is_written(five: Kept) -> None:
    before = list(five.ledger.entries())
    for statement in REFUSED["postgresql" if "://" in five.address else "sqlite"]:
        with pytest.raises((sqlite3.Error, psycopg.Error), match="append-only"):
            five.sql(statement)
    assert list(five.ledger.entries()) == before


def below_a_file(home: Path) -> str:
    (home / "file").write_text("x")
    return str(home / "file" / "ledger.sqlite")


def no_database(home: Path) -> str:
    (home / "ledger.sqlite").write_text("not a database" * 100)
    return str(home / "ledger.sqlite")


def held_by_another(home: Path) -> str:
    Ledger(home / "ledger.sqlite").append("read", "orders", {})
    holder = sqlite3.connect(home / "ledger.sqlite", isolation_level=None)
    holder.execute("begin immediate")
    return str(home / "ledger.sqlite")


def nobody_listens(home: Path) -> str:
    return f"postgresql://reader:{PASSWORD}@127.0.0.1:1/ledger"


@pytest.mark.parametrize("place", [below_a_file, no_database, held_by_another, nobody_listens])
def test_what_cannot_be_recorded_is_refused_without_a_secret(
    place: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ledger_store._CONNECT, "sqlite", {"timeout": 0.1})
    with pytest.raises(LedgerUnavailable, match="what cannot be recorded does not happen") as refused:
        Ledger(place(tmp_path)).append("read", "orders", {})
    assert PASSWORD not in str(refused.value)
    assert "ESCLUSA_LEDGER" in refused.value.remedy
    assert refused.value.exit_code == 4
    assert refused.value.__suppress_context__, "no trace of a driver, which may quote the connection"


@pytest.mark.parametrize("url", [f"mysql://ada:{PASSWORD}@host/ledger", f"postgresql://ada:{PASSWORD}@host:port/x"])
def test_a_database_that_cannot_hold_a_ledger_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(Misused, match="The ledger cannot be kept there") as refused:
        Ledger(url).append("read", "orders", {})
    assert PASSWORD not in str(refused.value)


def test_a_wrong_password_shows_nowhere(postgres: Server) -> None:
    with pytest.raises(LedgerUnavailable) as refused:
        Ledger(postgres.url.replace(PASSWORD, "wrong-horse")).append("read", "orders", {})
    assert "wrong-horse" not in str(refused.value)
    assert "reader" not in str(refused.value)
