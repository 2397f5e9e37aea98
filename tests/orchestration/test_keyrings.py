"""The platform's secrets: made when first needed, after the keys that sign, and never a second time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from esclusa.keyring import fingerprint
from esclusa.ledger.ledger import Ledger
from expectations.contract import Contract
from lineage.errors import KeysUnusable
from orchestration.commands.platform import keys as keys_command
from orchestration.keyrings import class_keys, open_keys, pseudonym_secrets
from orchestration.settings import Settings, read_settings
from tests.golden_repository import small_contract

HMAC = {"technique": "hmac", "domain": "people"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(read_settings({}), home=tmp_path / "home")


def contract(privacy: dict[str, Any] | None = None, classification: str = "internal") -> Contract:
    made = small_contract("people", ["id", "person"])
    first, second = made.table.columns
    changed = replace(second, privacy=privacy or {}, classification=classification)
    return replace(made, table=replace(made.table, columns=(first, changed)))


def made(settings: Settings) -> list[str]:
    return [name for entry in Ledger(settings.ledger).entries("key") for name in entry.body.get("made", ())]


def test_what_no_contract_needs_is_not_made(settings: Settings) -> None:
    assert pseudonym_secrets(settings, contract()) == {}
    assert class_keys(settings, contract()).classes == frozenset()
    assert not settings.keys.exists()


def test_on_a_new_home_the_keys_that_sign_are_made_before_any_secret(settings: Settings) -> None:
    secrets = pseudonym_secrets(settings, contract(HMAC))
    ring = class_keys(settings, contract(classification="restricted"))
    assert [len(key) for key in secrets.values()] == [32]
    assert ring.classes == {"restricted"}
    assert open_keys(settings).signer("gate")
    assert made(settings) == ["pseudonyms", "restricted"]
    assert pseudonym_secrets(settings, contract(HMAC)) == secrets
    assert made(settings) == ["pseudonyms", "restricted"]


def test_the_ledger_names_a_key_and_never_holds_it(settings: Settings) -> None:
    secrets = pseudonym_secrets(settings, contract(HMAC))
    raw = b"".join(path.read_bytes() for path in settings.home.glob("ledger*"))
    assert b"pseudonyms" in raw
    assert secrets["pseudonyms"].hex().encode() not in raw


@pytest.mark.parametrize("lost", ["pseudonyms.key", "classes/confidential.key"])
def test_a_lost_secret_is_asked_back_and_not_made_anew(settings: Settings, lost: str) -> None:
    protected = contract(HMAC, "confidential")

    def use() -> None:
        pseudonym_secrets(settings, protected)
        class_keys(settings, protected)

    use()
    (settings.keys / lost).unlink()
    with pytest.raises(KeysUnusable, match=r"it was made once.*restore it from its backup"):
        use()
    assert not (settings.keys / lost).exists()


def test_a_class_key_is_rotated_by_the_command_and_signing_keys_stay(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ESCLUSA_HOME", str(settings.home))
    monkeypatch.setenv("ESCLUSA_STATE", str(tmp_path / "state"))
    before = class_keys(settings, contract(classification="confidential")).key("confidential")
    signing = (settings.keys / "gate.pem").read_bytes()
    done = CliRunner().invoke(keys_command, ["confidential"])
    assert done.exit_code == 0, done.output
    after = class_keys(settings, contract(classification="confidential"))
    assert fingerprint(after.key("confidential")) in done.output
    assert after.key("confidential") != before == after.key("confidential", fingerprint(before))
    assert before.hex() not in done.output
    assert after.key("confidential").hex() not in done.output
    assert (settings.keys / "gate.pem").read_bytes() == signing
    entries = [entry.body for entry in Ledger(settings.ledger).entries("key")]
    assert {"replaced": "confidential"} in entries
    unknown = CliRunner().invoke(keys_command, ["confidental"])
    assert unknown.exit_code == 2
