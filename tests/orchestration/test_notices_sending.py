"""Letters are signed, tried again with growing gaps, buried in the end; a dead receiver costs nobody but seconds."""

from __future__ import annotations

import json
import socket
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from orchestration.notices.channels import Channel, load_channels
from orchestration.notices.notice import Kind, Notice
from orchestration.notices.outbox import Letter, Outbox
from orchestration.notices.sending import ATTEMPTS, gap_after, post, send_due, send_within
from orchestration.platform import Platform
from orchestration.settings import Settings
from tests.orchestration.receiver import SECRET, Receiver, listen, receiving


def notice(**said: Any) -> Notice:
    """Something to tell."""
    made: dict[str, Any] = {
        "kind": Kind.GATE_SHUT,
        "subject": "orders",
        "datasets": ("orders",),
        "use_cases": ("Forecast (ada)",),
        "what": "The gate of orders is shut.",
        "observed": "7 rows",
        "required": "0 rows",
        "owner": "ada",
        "remedy": "esclusa why orders",
        "environment": "sandbox",
        "link": "",
        "at": datetime.now(UTC),
    }
    return Notice(**{**made, **said})


def put(settings: Settings, mark: str = "one", **said: Any) -> Outbox:
    """An outbox with one letter more."""
    outbox = Outbox(settings.notices)
    outbox.put(notice(**said), mark, ["#test"])
    return outbox


def later(hours: float = 0) -> datetime:
    return datetime.now(UTC) + timedelta(hours=hours)


def test_a_webhook_is_signed_as_the_specification_says_and_tells_everything(small: Platform) -> None:
    with receiving() as receiver:
        settings = listen(small, receiver.url)
        outbox = put(settings)
        (letter,) = outbox.pending()
        assert send_due(settings, now=later()).sent == 1
        (got,) = receiver.got
    assert got.path == "/hooks/1?team=data"
    assert got.headers["webhook-id"] == letter.id
    told = got.verified()
    assert told["type"] == "esclusa.gate_shut"
    assert datetime.fromisoformat(told["timestamp"]) == letter.notice.at
    assert told["data"] == {
        "subject": "orders",
        "datasets": ["orders"],
        "useCases": ["Forecast (ada)"],
        "what": "The gate of orders is shut.",
        "observed": "7 rows",
        "required": "0 rows",
        "owner": "ada",
        "next": "esclusa why orders",
        "environment": "sandbox",
        "link": "",
    }
    assert outbox.pending() == outbox.dead() == ()


def test_what_was_tampered_with_or_is_replayed_later_or_signed_by_another_is_refused_by_the_verifier(
    small: Platform,
) -> None:
    with receiving() as receiver:
        settings = listen(small, receiver.url)
        put(settings)
        send_due(settings, now=later())
        (got,) = receiver.got
    got.verified()
    for change in (
        {"body": got.body.replace(b"7 rows", b"8 rows")},
        {"headers": {**got.headers, "webhook-id": "msg_another"}},
        {"headers": {**got.headers, "webhook-timestamp": str(int(time.time()) - 600)}},
    ):
        with pytest.raises(WebhookVerificationError):
            type(got)(**{**vars(got), **change}).verified()
    with pytest.raises(WebhookVerificationError):
        got.verified(SECRET[:-4] + "abcd")


def test_a_letter_that_failed_is_tried_again_later_under_the_same_id(small: Platform) -> None:
    with receiving() as receiver:
        receiver.answers = [500]
        settings = listen(small, receiver.url)
        outbox = put(settings)
        assert send_due(settings, now=later()).put_off == 1
        (waiting,) = outbox.pending()
        assert (waiting.attempts, waiting.reason) == (1, "answered 500")
        assert timedelta(seconds=14) < waiting.due - datetime.now(UTC) <= timedelta(seconds=30)
        assert send_due(settings, now=later()).sent == 0, "not before its time"
        assert send_due(settings, now=later(hours=1)).sent == 1
        assert [got.headers["webhook-id"] for got in receiver.got] == [waiting.id, waiting.id]
        assert [got.verified()["data"]["subject"] for got in receiver.got] == ["orders", "orders"]


def test_gaps_grow_fourfold_up_to_hours_and_no_two_are_alike() -> None:
    longest = [gap_after(n, lambda: 0.0).total_seconds() for n in range(1, ATTEMPTS)]
    assert longest == [30, 120, 480, 1920, 7680, 28800, 28800]
    assert [gap_after(n, lambda: 1.0).total_seconds() for n in range(1, 4)] == [15, 60, 240]
    assert len({gap_after(3) for _ in range(20)}) > 1


def test_after_its_last_try_a_letter_is_dead_with_its_reason_and_can_be_revived(small: Platform) -> None:
    with receiving() as receiver:
        receiver.answers = [503] * ATTEMPTS
        settings = listen(small, receiver.url)
        outbox = put(settings)
        for tried in range(ATTEMPTS):
            assert outbox.dead() == (), tried
            send_due(settings, now=later(hours=24 * tried))
        (dead,) = outbox.dead()
        assert outbox.pending() == ()
        assert (dead.attempts, dead.reason) == (ATTEMPTS, "answered 503")
        (file,) = (settings.notices / "dead").glob("*.json")
        assert file.stat().st_mode & 0o777 == 0o600
        assert SECRET not in file.read_text()
        assert receiver.url not in file.read_text()
        assert json.loads(file.read_text())["notice"]["what"] == "The gate of orders is shut."
        outbox.revive([dead], later())
        assert send_due(settings, now=later()).sent == 1
        assert outbox.dead() == ()


def test_a_receiver_that_is_gone_for_good_is_not_asked_again(small: Platform) -> None:
    with receiving() as receiver:
        receiver.answers = [410]
        outbox = put(listen(small, receiver.url))
        assert send_due(small.settings, now=later()).buried == 1
        assert [letter.reason for letter in outbox.dead()] == ["answered 410"]


def test_a_redirect_is_not_followed(small: Platform) -> None:
    with receiving() as other, receiving() as receiver:
        receiver.answers, receiver.location = [302], other.url
        outbox = put(listen(small, receiver.url))
        send_due(small.settings, now=later())
        assert other.got == []
        assert [letter.reason for letter in outbox.pending()] == ["answered 302: redirects are not followed"]


def test_nobody_there_costs_one_try_a_pass_and_no_address_is_written_down(small: Platform) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = listen(small, f"http://127.0.0.1:{port}/secret-path")
    put(settings, "one")
    outbox = put(settings, "two", subject="parcels")
    done = send_due(settings, now=later())
    assert (done.sent, done.put_off) == (0, 1), "the other one waits for the next pass"
    assert sorted(letter.reason for letter in outbox.pending()) == ["", "nobody listens there"]
    assert not any("secret-path" in path.read_text() for path in settings.notices.rglob("*.json"))


@pytest.mark.parametrize("drips", [True, False])
def test_a_receiver_that_hangs_is_left_in_time(small: Platform, drips: bool) -> None:
    with receiving() as receiver, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        receiver.drips = drips
        url = receiver.url if drips else f"http://127.0.0.1:{silent.getsockname()[1]}/"
        settings = listen(small, url)
        (letter,) = put(settings).pending()
        began = time.monotonic()
        assert post(load_channels(settings)["#test"], letter, 0.5) == "no answer in time"
        assert time.monotonic() - began < 3
        began = time.monotonic()
        send_within(settings, 1.0)
        assert time.monotonic() - began < 3
        (waiting,) = Outbox(settings.notices).pending()
        assert waiting.attempts == 1, "the next run does not wait for it again"


def test_a_name_server_that_hangs_holds_up_nobody(small: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = listen(small, "https://example.org/hooks")
    put(settings)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(20))
    began = time.monotonic()
    send_within(settings, 0.5)
    assert time.monotonic() - began < 2
    assert len(Outbox(settings.notices).pending()) == 1


def test_looking_a_name_up_is_bounded_as_the_rest_of_a_try_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(20))
    began = time.monotonic()
    channel = Channel("#test", "webhook", "https://example.org/hooks", SECRET)
    assert post(channel, Letter("msg_1", "#test", notice(), 0, later(), ""), 0.3) == "no answer in time"
    assert time.monotonic() - began < 2


def test_after_a_failure_the_other_letters_of_its_channel_wait_and_have_not_failed(small: Platform) -> None:
    settings = listen(small, "https://example.org/hooks")
    put(settings, "one")
    outbox, now = put(settings, "two", subject="parcels"), later()
    send_due(settings, now=now, post=lambda *_: "answered 500")
    assert sorted(letter.attempts for letter in outbox.pending()) == [0, 1]
    assert all(letter.due > now + timedelta(seconds=14) for letter in outbox.pending())


def test_two_senders_never_send_a_letter_twice(small: Platform) -> None:
    with receiving() as receiver:
        settings = listen(small, receiver.url)
        outbox = put(settings)
        with outbox.sending() as mine:
            assert mine
            assert send_due(settings, now=later()).sent == 0
        assert send_due(settings, now=later()).sent == 1
        assert len(receiver.got) == 1


def test_a_channel_that_lost_its_receiving_end_is_told_so(small: Platform) -> None:
    settings = listen(small, "https://example.org/hooks", channel="#another")
    outbox = put(settings)
    send_due(settings, now=later())
    assert [letter.reason for letter in outbox.pending()] == ["has no receiving end any more"]


def slack(receiver: Receiver, small: Platform, **said: Any) -> Any:
    settings = listen(small, receiver.url, kind="slack")
    put(settings, str(said), **said)
    assert send_due(settings, now=later()).sent == 1
    return receiver.got[-1].document


def test_slack_is_told_in_blocks_with_a_text_for_those_who_see_none(small: Platform) -> None:
    with receiving() as receiver:
        told = slack(receiver, small, link="https://example.org/datasets/orders.html", what="a <!channel> & b")
        assert set(told) == {"text", "blocks"}
        assert told["text"] == "⛔ Gate shut: orders. a &lt;!channel&gt; &amp; b"
        assert [block["type"] for block in told["blocks"]] == ["header", "section", "section", "section", "context"]
        shown = json.dumps(told, ensure_ascii=False)
        for word in ("7 rows", "0 rows", "ada", "Forecast (ada)", "esclusa why orders", "sandbox"):
            assert word in shown
        assert "<https://example.org/datasets/orders.html|catalogue page>" in shown
        assert "webhook-signature" not in receiver.got[-1].headers


def test_slack_takes_a_long_notice_cut_to_its_limits(small: Platform) -> None:
    with receiving() as receiver:
        told = slack(receiver, small, what="w" * 9000, observed="o" * 9000, remedy="r" * 9000, subject="s" * 200)
    header, *others = told["blocks"]
    assert len(header["text"]["text"]) <= 150
    for block in others:
        assert len(block.get("text", {}).get("text", "")) <= 3000
        assert all(len(part["text"]) <= 2000 for part in block.get("fields", ()))


def test_an_address_that_is_not_http_at_all_is_an_answer_too(small: Platform) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        channel = Channel("#test", "webhook", f"https://127.0.0.1:{server.getsockname()[1]}/", SECRET)
        letter = Letter("msg_1", "#test", notice(), 0, later(), "")
        assert post(channel, letter, 0.5) in {"no answer in time", "no encrypted connection"}


def test_a_name_that_no_server_can_have_holds_up_no_other_letter() -> None:
    letter = Letter("msg_1", "#test", notice(), 0, later(), "")
    for host in ("a" * 64 + ".example", "hooks..example"):
        assert post(Channel("#test", "webhook", f"https://{host}/x", SECRET), letter) == "its name is not known"
