"""The ledger only grows, whoever writes at once, and shows whatever was done to it; in SQLite and in Postgres."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esclusa import LedgerUnavailable, Misused, Tampered, ledger_store
from esclusa.ledger import GENESIS, KINDS, Ledger, canonical
from tests.postgres import PASSWORD, Server

GUARDS = ("ledger_no_update", "ledger_no_delete", "ledger_in_turn")
FIELDS = ("sequence", "at", "kind", "dataset", "body", "previous", "hash")


@dataclass(frozen=True)
class Kept:
    """A ledger, and the hands of whoever owns its database."""

    address: str

    @property
    def ledger(self) -> Ledger:
        """Opened anew, as by another process."""
        return Ledger(self.address)

    def sql(self, *statements: str) -> None:
        """Run statements as the owner of the database."""
        if "://" in self.address:
            with psycopg.connect(self.address) as connection:
                for statement in statements:
                    connection.execute(statement)
        else:
            with closing(sqlite3.connect(self.address)) as connection, connection:
                for statement in statements:
                    connection.execute(statement)

    def unguarded(self, *statements: str) -> None:
        """Run statements after taking the guards away."""
        if "://" in self.address:
            self.sql("alter table ledger disable trigger all", *statements)
        else:
            self.sql(*(f"drop trigger if exists {guard}" for guard in GUARDS), *statements)

    def problems(self, *heads: tuple[int, str]) -> list[tuple[int, str]]:
        """(entry, first word) of each problem."""
        return [(p.sequence, p.what.split()[0].strip(":")) for p in self.ledger.verify(heads)]


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """An empty ledger of each kind."""
    if request.param == "sqlite":
        return Kept(str(tmp_path / "made at the first entry" / "ledger.sqlite"))
    server: Server = request.getfixturevalue("postgres")
    return Kept(server.database(f"ledger_{uuid4().hex}"))


@pytest.fixture
def five(kept: Kept) -> Kept:
    """A ledger of five entries."""
    for number in range(1, 6):
        kept.ledger.append("read", "orders" if number % 2 else "leads", {"rows": number, "role": "analyst"})
    return kept


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
from esclusa.ledger import Ledger
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


def edited(five: Kept) -> None:
    five.unguarded("""update ledger set body = '{"role":"analyst","rows":999}' where sequence = 3""")


def removed(five: Kept) -> None:
    five.unguarded("delete from ledger where sequence = 3")


def removed_and_numbered_anew(five: Kept) -> None:
    five.unguarded(
        "delete from ledger where sequence = 3",
        "update ledger set sequence = 3 where sequence = 4",
        "update ledger set sequence = 4 where sequence = 5",
    )


def swapped(five: Kept) -> None:
    five.unguarded(
        "update ledger set sequence = 99 where sequence = 2",
        "update ledger set sequence = 2 where sequence = 3",
        "update ledger set sequence = 3 where sequence = 99",
    )


def inserted(five: Kept) -> None:
    five.unguarded(
        "update ledger set sequence = 6 where sequence = 5",
        "update ledger set sequence = 5 where sequence = 4",
        "insert into ledger select 4, at, kind, dataset, body, 'x', 'y' from ledger where sequence = 1",
    )


def a_key_given_twice(five: Kept) -> None:
    five.unguarded("""update ledger set body = '{"role":"x","role":"analyst","rows":3}' where sequence = 3""")


TAMPERING: dict[Callable[[Kept], None], tuple[int, str]] = {
    edited: (3, "edited"),
    removed: (3, "missing"),
    removed_and_numbered_anew: (3, "does"),
    swapped: (2, "does"),
    inserted: (4, "does"),
    a_key_given_twice: (3, "edited"),
}


@pytest.mark.parametrize(("tamper", "found"), TAMPERING.items(), ids=lambda t: getattr(t, "__name__", ""))
def test_it_is_found_and_the_entry_is_named_when_one_was(
    tamper: Callable[[Kept], None], found: tuple[int, str], five: Kept
) -> None:
    assert five.problems() == []
    tamper(five)
    assert five.problems()[0] == found


def rewrite(five: Kept, first: int) -> None:
    """Change an entry, and compute every hash from it on anew, as whoever owns the database can."""
    entries = list(five.ledger.entries())
    previous = entries[first - 1].previous
    for entry in entries[first - 1 :]:
        body = {**entry.body, "rows": 0}
        document = {name: getattr(entry, name) for name in ("sequence", "kind", "dataset")}
        document |= {"at": entry.at.isoformat(), "body": body, "previous": previous}
        digest = sha256(canonical(document).encode()).hexdigest()
        five.unguarded(
            f"update ledger set body = '{canonical(body)}', previous = '{previous}', hash = '{digest}' "
            f"where sequence = {entry.sequence}"
        )
        previous = digest


def test_an_end_that_was_written_anew_is_found_by_what_a_certificate_names(five: Kept) -> None:
    head = five.ledger.head()
    assert head is not None
    rewrite(five, 4)
    assert five.problems() == [], "the chain alone cannot tell: it is whole"
    assert five.problems((5, head.hash)) == [(5, "rewritten")]


def test_an_end_that_was_cut_off_is_found_by_what_a_certificate_names(five: Kept) -> None:
    head = five.ledger.head()
    assert head is not None
    five.unguarded("delete from ledger where sequence > 3")
    assert five.problems() == []
    assert five.problems((5, head.hash)) == [(5, "missing")]
    five.ledger.append("read", "orders", {})
    five.ledger.append("read", "orders", {})
    assert five.problems((5, head.hash)) == [(5, "rewritten")], "also where it has grown again"


def test_a_ledger_that_was_deleted_whole_is_found(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    head = ledger.append("read", "orders", {})
    (tmp_path / "ledger.sqlite").unlink()
    assert [p.sequence for p in ledger.verify([(1, head.hash)])] == [1]


def test_an_entry_that_cannot_be_read_is_named_and_not_guessed(five: Kept) -> None:
    five.unguarded("update ledger set body = 'no JSON' where sequence = 2")
    with pytest.raises(Tampered, match="Entry 2 of the ledger cannot be read"):
        list(five.ledger.entries())
    assert (2, "edited") in five.problems()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_change_of_any_one_field_is_found(data: st.DataObject, whole: Path) -> None:
    with TemporaryDirectory() as copy:
        path = Path(shutil.copy(whole, Path(copy) / "ledger.sqlite"))
        number = data.draw(st.integers(1, 5), label="entry")
        field = data.draw(st.sampled_from(FIELDS), label="field")
        with closing(sqlite3.connect(path)) as connection:
            (before,) = connection.execute(f"select {field} from ledger where sequence = {number}").fetchone()
            texts = st.text(st.characters(codec="utf-8"), max_size=80) | st.sampled_from(
                [f"{before}0", str(before)[1:]]
            )
            strategy = st.integers(-(2**62), 2**62) if field == "sequence" else texts
            after = data.draw(strategy.filter(lambda value: value != before), label="value")
            for guard in GUARDS:
                connection.execute(f"drop trigger {guard}")
            try:
                with connection:
                    connection.execute(f"update ledger set {field} = ? where sequence = {number}", [after])
            except sqlite3.IntegrityError:
                return  # the database refused it
        assert Ledger(path).verify(), f"{field} of entry {number}"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of five entries in one file."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite"
    for number in range(5):
        Ledger(path).append("read", "orders", {"rows": number, "columns": ["a", "ñ"]})
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    return path


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
