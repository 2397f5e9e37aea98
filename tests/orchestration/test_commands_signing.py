"""What signers type: the checklist shows the evidence, a signature is checked before anything is written."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from esclusa.cli.commands import app
from expectations.environment import Environment
from expectations.signing import waiver as waivers
from expectations.signing.standing import standings
from expectations.verdict import Finding, GateItem, State
from orchestration.decisions import remember_decision
from orchestration.platform import Platform
from orchestration.promises import load_promises
from orchestration.signing import committed_at
from tests.expectations.signed import PEOPLE, Key, Shop, new_key, new_shop, ssh_keygen
from tests.orchestration.small import decided

NULLS = Finding(
    "status__nullValues", GateItem.QUALITY, State.FAIL, 7, "0 rows", "every order has a status", "sales.owner"
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Key]:
    """A key for everyone in the shop's team."""
    directory = tmp_path_factory.mktemp("keys")
    return {who: new_key(directory, who) for who in PEOPLE.values()}


@pytest.fixture
def shop(tmp_path: Path, keys: Mapping[str, Key]) -> Shop:
    """The shop's promises."""
    return new_shop(tmp_path / "promises", keys)


@pytest.fixture
def audited(small: Platform, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Audit the orders as their contract reads now."""
    settings = replace(small.settings, expectations=shop.directory)
    monkeypatch.setenv("ESCLUSA_HOME", str(settings.home))
    monkeypatch.setenv("ESCLUSA_PROMISES", str(shop.directory))
    monkeypatch.setenv("ESCLUSA_REPLAY", "none")

    def audit(*shut_by: Finding) -> None:
        found, contract = decided(small, "orders", shut_by=shut_by), load_promises(settings).contracts["orders"]
        verdict = replace(found.verdict, contract_digest=contract.digest)
        remember_decision(small.workshop, replace(found, verdict=verdict))

    return audit


def typed(*arguments: object, exit_code: int = 0) -> str:
    """What a command prints, without a terminal."""
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    assert done.exit_code == exit_code, done.output
    assert "Traceback" not in done.output
    return done.output


def files(directory: Path) -> dict[Path, bytes]:
    """Everything that is written."""
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_the_checklist_shows_six_items_who_must_sign_and_what_did_not_pass(
    audited: Callable[..., None], shop: Shop
) -> None:
    audited(NULLS)
    said = typed("checklist", "orders")
    for number, item in enumerate(list(GateItem)[:6], 1):
        assert f"{number} {item}" in said
    assert "4 quality      fail" in said
    assert "status__nullValues" in said
    assert "security: nobody has signed; next: esclusa sign orders --role security --key <ssh key>" in said
    assert "7 signoff" not in said


def test_nobody_signs_what_nobody_has_audited(audited: Callable[..., None], shop: Shop, keys: dict[str, Key]) -> None:
    key = keys["sales.owner"].path
    for prepare in (lambda: None, lambda: (audited(), shop.change("definitions/order.yaml", "buyer", "customer"))):
        prepare()
        before = files(shop.directory)
        said = typed("sign", "orders", "--role", "owner", "--key", key, exit_code=2)
        assert "there is no evidence to sign for" in said
        assert "esclusa run --only orders" in said
        assert files(shop.directory) == before


def test_signing_writes_what_was_seen_and_a_signature_that_openssh_verifies(
    audited: Callable[..., None], shop: Shop, keys: dict[str, Key], small: Platform
) -> None:
    audited()
    for role, who in PEOPLE.items():
        said = typed("sign", "orders", "--role", role, "--key", keys[who].path)
        assert f"signed as {role} by {who}" in said
        assert "next: commit it, then: esclusa run --only orders" in said
    register = shop.register(datetime.now(UTC))
    found = standings(shop.contract, Environment.PRODUCTION, register)
    assert [s.word for s in found] == ["signed", "signed"]
    assert found[0].signoff is not None
    assert found[0].signoff.said["seen"]["items"]["quality"] == "pass"
    assert found[0].until == found[0].signoff.signed_at + timedelta(days=180)
    options = ("-Y", "verify", "-f", shop.directory / "allowed_signers", "-I", "sales.owner", "-n", "esclusa-signoff")
    done = ssh_keygen(*options, "-s", found[0].signoff.signature, stdin=found[0].signoff.raw)
    assert done.returncode == 0, done.stderr
    entries = list(small.ledger.entries(kind="signoff", dataset="orders"))
    assert [(e.body["action"], e.body["principal"]) for e in entries] == [("signed", w) for w in PEOPLE.values()]
    assert "next: esclusa sign" not in typed("checklist", "orders")


def test_a_signature_is_taken_back_for_a_reason(
    audited: Callable[..., None], shop: Shop, keys: dict[str, Key], small: Platform
) -> None:
    audited()
    owner, security = ("--key", keys["sales.owner"].path), ("--key", keys["security.lead"].path)
    typed("sign", "orders", "--role", "owner", *owner)
    taken = ("sign", "orders", "--role", "owner", "--revoke", "--as", "security.lead", *security)
    assert "--reason" in typed(*taken, exit_code=2)
    assert "revoked by security.lead" in typed(*taken, "--reason", "signed before the review")
    assert "revoked by security.lead on" in typed("checklist", "orders")
    assert "signed before the review" in typed("checklist", "orders")
    assert "nobody has signed as security" in typed(
        "sign", "orders", "--role", "security", "--revoke", *owner, exit_code=2
    )
    assert [e.body["action"] for e in small.ledger.entries(kind="signoff")] == ["signed", "revoked"]


def test_a_finding_is_waived_by_its_owner_and_then_by_security(
    audited: Callable[..., None], shop: Shop, keys: dict[str, Key], small: Platform
) -> None:
    audited()
    rule = "orders__access_classified"
    until = (datetime.now(UTC) + timedelta(days=9)).date()
    waive = ("waive", "orders", rule, "--key")
    asked = typed(*waive, keys["sales.owner"].path, "--role", "owner", exit_code=2)
    assert "a waiver needs a reason and an end" in asked
    said = typed(*waive, keys["sales.owner"].path, "--role", "owner", "--reason", "a column is new", "--until", until)
    assert f"next: esclusa waive orders {rule} --role security" in said
    assert "does not count: security has not signed it" in typed("checklist", "orders")
    assert "commit it" in typed(*waive, keys["security.lead"].path, "--role", "security")
    shown = typed("checklist", "orders")
    assert f"waiver of {rule}: until {until}, signed by sales.owner (owner) and security.lead (security)" in shown
    assert len(list(small.ledger.entries(kind="waiver"))) == 2
    typed(*waive, keys["sales.owner"].path, "--role", "owner", "--reason", "another reason", "--until", until)
    assert not waivers.signature_file(waivers.waiver_file(shop.directory, "orders", rule), "security").exists()


REFUSED: list[tuple[list[str], str]] = [
    (["checklist", "oders"], "did you mean orders?"),
    (["sign", "orders", "--role", "securty", "--key", "{owner}"], "did you mean security?"),
    (["sign", "orders", "--role", "owner", "--key", "{owner}.missing"], "there is no key"),
    (["sign", "orders", "--role", "owner", "--as", "sales.onwer", "--key", "{owner}"], "did you mean sales.owner?"),
    (["sign", "orders", "--role", "owner", "--key", "{security}"], "which allowed_signers gives to security.lead"),
    (
        ["sign", "orders", "--role", "owner", "--key", "{stranger}"],
        "add this line to it, in a reviewed commit: sales.owner",
    ),
    (["sign", "orders", "--role", "owner", "--key", "{locked}"], "ssh-keygen did not sign"),
    (["waive", "orders", "orders__volme", "--role", "owner", "--key", "{owner}"], "did you mean orders__volume?"),
    (
        ["waive", "orders", "{rule}", "--role", "steward", "--key", "{owner}"],
        "there is no signer of a waiver 'steward'",
    ),
    (
        [
            "waive",
            "orders",
            "{rule}",
            "--role",
            "owner",
            "--key",
            "{owner}",
            "--reason",
            "a good reason",
            "--until",
            "2099-01-01",
        ],
        "and a day until",
    ),
    (
        [
            "waive",
            "orders",
            "{rule}",
            "--role",
            "owner",
            "--key",
            "{owner}",
            "--reason",
            "a good reason",
            "--until",
            "soon",
        ],
        "and a day until",
    ),
]


@pytest.mark.parametrize(("command", "says"), REFUSED, ids=lambda value: str(value)[:60])
def test_what_cannot_be_signed_is_refused_in_words_and_nothing_is_written(
    audited: Callable[..., None], shop: Shop, keys: dict[str, Key], tmp_path: Path, command: list[str], says: str
) -> None:
    audited()
    stranger = new_key(tmp_path, "stranger")
    ssh_keygen("-q", "-t", "ed25519", "-N", "a passphrase", "-f", tmp_path / "locked")
    places = {
        "owner": keys["sales.owner"].path,
        "security": keys["security.lead"].path,
        "stranger": stranger.path,
        "locked": tmp_path / "locked",
        "rule": "orders__access_classified",
    }
    before = files(shop.directory)
    said = typed(*(word.format(**places) for word in command), exit_code=2)
    assert says in " ".join(said.split())
    assert files(shop.directory) == before


def test_a_key_that_is_not_there_is_told_before_a_checklist_to_scroll_back_over(tmp_path: Path) -> None:
    said = typed("sign", "orders", "--role", "owner", "--key", tmp_path / "nowhere", exit_code=2)
    assert "there is no key" in said
    assert len(said.splitlines()) < 8


def test_one_person_or_one_key_does_not_sign_twice(
    audited: Callable[..., None], shop: Shop, keys: dict[str, Key]
) -> None:
    key = keys["sales.owner"]
    shop.allow(f"sales.owner {key.public}", f"security.lead {key.public}")
    audited()
    typed("sign", "orders", "--role", "owner", "--key", key.path)
    before = files(shop.directory)
    said = typed("sign", "orders", "--role", "security", "--key", key.path, exit_code=2)
    assert "the same key has signed as owner" in said
    assert files(shop.directory) == before


def test_a_date_is_borne_out_by_the_commit_of_exactly_these_bytes(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
        env = {"GIT_COMMITTER_DATE": "2026-10-01T12:00:00Z", "PATH": "/usr/bin:/bin"}
        subprocess.run(["git", "-C", str(tmp_path), *who, *arguments], check=True, capture_output=True, env=env)

    path = tmp_path / "owner.json.sig"
    path.write_text("signature")
    assert committed_at(path) is None
    git("init")
    assert committed_at(path) is None
    git("add", ".")
    assert committed_at(path) is None
    git("commit", "-m", "sign")
    assert committed_at(path) == datetime(2026, 10, 1, 12, tzinfo=UTC)
    path.write_text("another")
    assert committed_at(path) is None


def test_a_refusal_of_the_promises_is_told_by_the_commands(audited: Callable[..., None], shop: Shop) -> None:
    (shop.directory / "allowed_signers").write_text("nonsense\n")
    said = typed("checklist", "orders", exit_code=2)
    assert "allowed_signers:1: (line): names no signer" in said
    assert json.dumps("nonsense") not in said
