"""Whatever is done to a ledger is found, and the entry is named; in SQLite and in Postgres."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esclusa import Tampered
from esclusa.ledger.ledger import Ledger, canonical
from tests.esclusa.kept import FIELDS, GUARDS, Kept


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
