"""Promise: whatever is done to the ledger is found: by its own chain, or by what certificates name of it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

import esclusa
from esclusa.cli import main
from esclusa.ledger.ledger import Ledger
from orchestration.publish import publish_release
from orchestration.recall import revoke
from orchestration.recorded import verdict_body
from tests.orchestration.small import decided, small_platform

Verify = Callable[[], tuple[int, str, str]]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which two datasets were certified, read, superseded, and one certificate was revoked."""
    home = tmp_path_factory.mktemp("lived")
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in (("STATE", str(home / "state")), ("ROLE", "tester"), ("PURPOSE", "testing")):
            patch.setenv(f"ESCLUSA_{variable}", value)
        platform = small_platform(home)
        for dataset, rows in (("orders", 2), ("parcels", 3), ("orders", 5), ("orders", 6)):
            decision = decided(platform, dataset, rows)
            platform.ledger.append("verdict", dataset, verdict_body(decision.verdict))
            publish_release(platform, dataset, now=datetime.now(UTC), run="run-1", progress=lambda _: None)
            esclusa.read(dataset, repository=home / "golden")
        revoke(platform, "orders", reason="wrong currency", requester="ada", rollback=True)
    return home


@pytest.fixture
def home(lived: Path, tmp_path: Path) -> Path:
    """A copy to tamper with, trusted by a reader who has seen nothing yet."""
    home = tmp_path / "home"
    shutil.copytree(lived, home, ignore=shutil.ignore_patterns("state"))
    esclusa.trust(home / "golden", root=home / "golden" / "metadata" / "1.root.json", state=home / "state")
    return home


@pytest.fixture
def verify(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verify:
    """`esclusa ledger verify`: exit code, what it prints, what it complains of."""
    for variable, value in (("REPOSITORY", home / "golden"), ("STATE", home / "state")):
        monkeypatch.setenv(f"ESCLUSA_{variable}", str(value))
    monkeypatch.setenv("COLUMNS", "200")

    def call() -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["ledger", "verify"])
        return (int(left.value.code or 0), *capsys.readouterr())

    return call


def sql(home: Path, *statements: str) -> None:
    """Run statements as whoever owns the file, its guards taken away."""
    with closing(sqlite3.connect(home / "ledger.sqlite")) as connection, connection:
        for guard in ("ledger_no_update", "ledger_no_delete", "ledger_in_turn"):
            connection.execute(f"drop trigger if exists {guard}")
        for statement in statements:
            connection.execute(statement)


def written_anew(home: Path, first: int, last: int | None = None) -> None:
    """Take the ledger up to an entry, and let the rest be written again as if it had happened otherwise."""
    entries = list(Ledger(home / "ledger.sqlite").entries())
    sql(home, f"delete from ledger where sequence >= {first}")
    for entry in entries[first - 1 : last]:
        Ledger(home / "ledger.sqlite").append(entry.kind, entry.dataset, {**entry.body, "user": "nobody"}, entry.at)


def test_a_ledger_that_nobody_touched_holds(verify: Verify, home: Path) -> None:
    code, out, _ = verify()
    entries = list(Ledger(home / "ledger.sqlite").entries())
    assert code == 0
    assert f"{len(entries)} entries, every one follows the one before" in out
    assert "The entries that 4 certificates name are in it" in out, "superseded and revoked ones too"
    assert {entry.kind for entry in entries} >= {"key", "verdict", "release", "read", "revocation"}


def test_every_entry_that_is_removed_is_found(verify: Verify, home: Path) -> None:
    count = len(list(Ledger(home / "ledger.sqlite").entries()))
    original = (home / "ledger.sqlite").read_bytes()
    for number in range(1, count):
        (home / "ledger.sqlite").write_bytes(original)
        sql(home, f"delete from ledger where sequence = {number}")
        code, out, err = verify()
        assert code == 3, number
        assert f"entry {number}:" in err, number
        assert "missing" in out


def test_a_revocation_that_is_cut_off_is_found_by_the_role_that_states_it(verify: Verify, home: Path) -> None:
    (revocation,) = Ledger(home / "ledger.sqlite").entries(kind="revocation")
    sql(home, f"delete from ledger where sequence >= {revocation.sequence}")
    code, out, _ = verify()
    assert code == 3
    assert "missing: the revocation of certificate" in out


def test_an_entry_that_is_edited_is_found_by_its_number(verify: Verify, home: Path) -> None:
    reads = [entry.sequence for entry in Ledger(home / "ledger.sqlite").entries(kind="read")]
    sql(home, f"update ledger set body = replace(body, 'testing', 'nothing') where sequence = {reads[1]}")
    code, out, err = verify()
    assert code == 3
    assert "edited: its content does not have its hash" in out
    assert f"the first at entry {reads[1]}:" in err


def test_an_end_that_is_cut_off_is_found_by_the_certificates_that_came_before_it(verify: Verify, home: Path) -> None:
    releases = [e for e in Ledger(home / "ledger.sqlite").entries(kind="release") if e.body["run"] == "run-1"]
    sql(home, f"delete from ledger where sequence >= {releases[-1].sequence}")
    code, out, _ = verify()
    assert code == 3
    assert "missing: the release of certificate" in out
    sql(home, "delete from ledger where sequence > 3")
    code, out, err = verify()
    assert code == 3
    assert "its end was cut off" in out
    assert "the first at entry" in err


def test_a_history_that_is_written_anew_is_found_although_its_chain_is_whole(verify: Verify, home: Path) -> None:
    first_read = next(entry.sequence for entry in Ledger(home / "ledger.sqlite").entries(kind="read"))
    written_anew(home, first_read)
    assert Ledger(home / "ledger.sqlite").verify() == ()
    code, out, _ = verify()
    assert code == 3
    assert "rewritten: a certificate names" in out


def test_a_ledger_that_is_gone_is_missed(verify: Verify, home: Path) -> None:
    for file in home.glob("ledger.sqlite*"):
        file.unlink()
    code, _, err = verify()
    assert code == 3
    assert "4 problems" in err


def test_a_certificate_that_was_swapped_for_another_is_not_believed(verify: Verify, home: Path) -> None:
    for file in (home / "golden" / "targets" / "orders").glob("*.certificate.json"):
        document = json.loads(file.read_bytes())
        file.write_text(json.dumps({**document, "payload": document["payload"][::-1]}))
    code, _, err = verify()
    assert code == 3
    assert "is not the file that was published" in err


def test_a_readers_own_ledger_is_checked_without_asking_any_certificate(
    verify: Verify, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = home / "state" / "ledger.sqlite"
    Ledger(own).append("read", "orders", {"role": "tester"})
    monkeypatch.setenv("ESCLUSA_LEDGER", str(own))
    code, out, _ = verify()
    assert code == 0
    assert "A reader's own ledger" in out


@pytest.mark.parametrize(
    ("arguments", "shown", "hidden"),
    [
        (("--kind", "revocation"), "reason wrong currency", "candidate"),
        (("--dataset", "parcels"), "parcels", "orders"),
        (("--last", "1"), "release", "verdict"),
    ],
)
def test_entries_are_listed(
    arguments: tuple[str, ...], shown: str, hidden: str, verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["ledger", "show", *arguments])
    assert not left.value.code
    out = capsys.readouterr().out
    assert shown in out
    assert hidden not in out
    with pytest.raises(SystemExit) as left:
        main(["ledger", "show", *arguments, "--json"])
    assert json.loads(capsys.readouterr().out)


def test_an_unknown_kind_is_refused_with_the_nearest(verify: Verify, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["ledger", "show", "--kind", "relaese"])
    assert left.value.code == 2
    assert "Did you mean release?" in capsys.readouterr().err
