"""`esclusa tokens` and `esclusa serve`: what they take, print, record and refuse."""

from __future__ import annotations

import json
import sys

import pytest

from esclusa.cli import main
from esclusa.server.tokens import TokenFile, is_well_formed
from tests.esclusa.golden import Golden
from tests.esclusa.roles import entries
from tests.esclusa.traced import document


def command(*arguments: str) -> int:
    try:
        main(arguments)
    except SystemExit as left:
        return int(left.code or 0)
    return 0


@pytest.fixture
def here(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> Golden:
    monkeypatch.setenv("ESCLUSA_REPOSITORY", str(golden.path))
    monkeypatch.setenv("COLUMNS", "160")
    return golden


def test_a_token_is_made_shown_once_listed_revoked_and_recorded(
    here: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("tokens", "add", "robot", "--role", "clerk", "--purpose", "billing", "--expires", "30d") == 0
    said = capsys.readouterr()
    token = said.out.strip()
    assert is_well_formed(token)
    assert token not in said.err
    assert command("tokens", "list") == 0
    listed = capsys.readouterr().out
    assert "robot" in listed
    assert "in force" in listed
    assert token not in listed
    assert command("tokens", "revoke", "robot") == 0
    assert command("tokens", "list", "--json") == 0
    said_by_json = capsys.readouterr().out
    (plain,) = json.loads(said_by_json[said_by_json.index("[") :])
    assert (plain["event"], plain["roles"]) == ("revoked", ["clerk"])
    made, revoked = (entry.body for entry in entries(here, "token"))
    assert (made["event"], made["name"], made["roles"]) == ("made", "robot", ["clerk"])
    assert (revoked["event"], revoked["id"]) == ("revoked", made["id"])
    assert token not in str(made)


def test_a_role_or_purpose_that_no_contract_grants_is_told_when_its_token_is_made(
    here: Golden, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ESCLUSA_STATE", str(here.state))
    here.writer().publish([], files={"promises.json": document()})
    asked = ("tokens", "add", "robot", "--expires", "30d", "--role")
    assert command(*asked, "tster", "--purpose", "tsting") == 0
    told = capsys.readouterr().err
    assert "No contract grants the role tster: nothing is read with it until one does. Did you mean tester?" in told
    assert "No contract grants the purpose tsting" in told
    assert command(*asked, "tester") == 0
    assert "No contract" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("end", "said"), [("30", "--expires 30d"), ("2020-01-01", "2020-01-01 is past"), ("soon", "no day within a year")]
)
def test_an_end_that_is_none_is_refused_with_what_was_meant(
    here: Golden, capsys: pytest.CaptureFixture[str], end: str, said: str
) -> None:
    assert command("tokens", "add", "robot", "--role", "tester", "--expires", end) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("end", ["yesterday", "2020-01-01", "0d", "999d", "2999-01-01", "30 d", ""])
def test_a_token_without_an_end_within_a_year_is_not_made(here: Golden, end: str) -> None:
    assert command("tokens", "add", "robot", "--role", "clerk", "--expires", end) == 2
    assert not TokenFile(here.path.parent / "tokens.json").all()


@pytest.mark.parametrize("name", ["", "a b", "../x", "é", "x" * 65, "a\nb"])
def test_a_name_that_would_read_badly_in_the_ledger_is_refused(here: Golden, name: str) -> None:
    assert command("tokens", "add", name, "--role", "clerk", "--expires", "1d") == 2


def test_a_token_that_cannot_be_recorded_does_not_count(here: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCLUSA_LEDGER", str(here.path))
    assert command("tokens", "add", "robot", "--role", "clerk", "--expires", "1d") == 4
    (kept,) = TokenFile(here.path.parent / "tokens.json").all()
    assert kept.revoked is not None


def test_tokens_are_made_in_a_directory_and_never_over_a_url(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("tokens", "list", "--repository", "https://data.example.org/golden") == 2
    assert "never over its URL" in capsys.readouterr().err


def test_serve_says_which_packages_it_lacks(
    here: Golden, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in [name for name in sys.modules if name.startswith("esclusa.server.serve")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert command("serve") == 2
    assert "pip install 'esclusa" in capsys.readouterr().err


def test_serve_refuses_half_a_tls_and_a_repository_elsewhere(here: Golden) -> None:
    assert command("serve", "--certfile", str(here.path / "metadata" / "1.root.json")) == 2
    assert command("serve", "--repository", "https://data.example.org/golden") == 2
