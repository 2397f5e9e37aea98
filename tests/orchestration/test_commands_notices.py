"""`esclusa notices`: letters, channels, another try, and a test that says what came back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner, Result

from esclusa.cli.commands import app
from orchestration.jobs.sensors import notice_sensor
from orchestration.notices.outbox import Outbox
from orchestration.notices.sending import ATTEMPTS, send_due
from orchestration.platform import Platform
from orchestration.settings import ROOT
from tests.expectations.promised import FIXTURES
from tests.orchestration.receiver import SECRET, Receiver, listen, receiving
from tests.orchestration.test_notices_sending import later, put

WIDE = {"COLUMNS": "300"}


@pytest.fixture
def receiver(small: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """The receiving end of `#test`; the promises name `#orders` besides."""
    shutil.copytree(FIXTURES, tmp_path / "promises")
    profiles = (ROOT / "expectations" / "profiles.yaml").read_text()
    (tmp_path / "promises" / "profiles.yaml").write_text(profiles.replace("[owner, operations, security]", "[owner]"))
    monkeypatch.setenv("ESCLUSA_PROMISES", str(tmp_path / "promises"))
    monkeypatch.setenv("ESCLUSA_REPLAY", "none")
    monkeypatch.setenv("ESCLUSA_HOME", str(small.settings.home))
    with receiving() as made:
        listen(small, made.url)
        yield made


def called(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["notices", *arguments], env=WIDE)


def dead_letter(small: Platform, receiver: Receiver) -> str:
    """Let a letter die."""
    receiver.answers = [500] * ATTEMPTS
    outbox = put(small.settings, "dead")
    for tried in range(ATTEMPTS):
        send_due(small.settings, now=later(hours=24 * tried))
    (letter,) = outbox.dead()
    return letter.id


def test_an_empty_outbox_says_so_and_lists_channels_that_nobody_receives(receiver: Receiver) -> None:
    done = called()
    assert done.exit_code == 0
    assert "nothing waits, and there are no dead letters" in done.output
    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    assert "#orders no receiving end orders" in lines
    assert "#test webhook no contract" in lines


def test_letters_are_listed_with_why_they_wait_and_without_address_or_secret(
    small: Platform, receiver: Receiver
) -> None:
    dead = dead_letter(small, receiver)
    put(small.settings, "waits", subject="parcels")
    for done in (called(), called("--json")):
        assert dead in done.output
        assert "answered 500" in done.output
        assert receiver.url not in done.output
        assert SECRET not in done.output
    assert "Gate shut: parcels" in called().output
    document = json.loads(called("--json").output)
    assert [letter["state"] for letter in document["letters"]] == ["waiting", "dead"]
    assert document["channels"] == ["#test"]
    assert document["withoutEnd"] == ["#orders"]


def test_dead_letters_are_tried_again_all_or_by_name(small: Platform, receiver: Receiver) -> None:
    dead = dead_letter(small, receiver)
    wrong = called("retry", "msg_unknown")
    assert wrong.exit_code == 2
    receiver.answers = [500]
    failed = called("retry", dead)
    assert failed.exit_code == 4
    assert failed.output.strip() == "1 letters tried again: 0 sent, 1 not"
    assert [letter.attempts for letter in Outbox(small.settings.notices).pending()] == [1]
    done = called("retry", dead)
    assert done.exit_code == 0
    assert done.output.strip() == "1 letters tried again: 1 sent, 0 not"
    assert Outbox(small.settings.notices).dead() == Outbox(small.settings.notices).pending() == ()


def test_a_channel_is_tested_and_what_came_back_is_told(receiver: Receiver) -> None:
    done = called("test", "test")
    assert done.exit_code == 0
    assert done.output.startswith("#test: received, after 0.")
    assert receiver.kinds() == ["test"]
    receiver.answers = [403]
    refused = called("test", "#test")
    assert refused.exit_code == 4
    assert refused.output.startswith("#test: answered 403, after 0.")
    unknown = called("test", "#tests")
    assert unknown.exit_code == 2


def test_a_test_without_any_channel_says_where_to_write_one(small: Platform, receiver: Receiver) -> None:
    small.settings.channels.unlink()
    assert called("test", "#test").exit_code == 2


def test_the_sensor_sends_what_is_due_and_says_what_waits(small: Platform, receiver: Receiver) -> None:
    put(small.settings)
    with dg.DagsterInstance.ephemeral() as instance:
        data = notice_sensor(small).evaluate_tick(dg.build_sensor_context(instance=instance))
    assert data.skip_message == "1 sent; 0 wait; 0 dead letters (esclusa notices)"
    assert receiver.kinds() == ["gate_shut"]
