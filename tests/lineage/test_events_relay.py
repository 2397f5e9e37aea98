"""The relay and real receivers: what is sent is taken once and in order, and no receiver can fail or slow a run."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lineage.events import receiver
from lineage.events.evidence import Evidence
from lineage.events.relay import QUEUED_DAYS, Background, Delivery, Relay
from lineage.events.runs import Work, told
from tests.lineage.told import BEGAN, ENDED, ROOT
from tests.openlineage import Standard
from tests.receiver import Receiver, receiving, wait_until

NOW = BEGAN + timedelta(hours=1)
EVENTS = [e for i in range(5) for e in told(Work(f"land.table_{i}", "LOAD", ROOT, BEGAN, ENDED, tags={"n": str(i)}))]


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    kept = Evidence(tmp_path / "events")
    kept.append(ROOT, EVENTS)
    return kept


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No receiver of whoever runs the tests; what the library writes into the environment goes again."""
    import os

    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield
    for name in set(os.environ) - set(before):
        del os.environ[name]


def impatient(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """A receiver that is given half a second, and no second try."""
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", url)
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TIMEOUT", "0.5")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__RETRY", '{"total": 0, "connect": 0, "read": 0}')


def names(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["job"]["name"], event["eventType"]) for event in events]


def test_a_receiver_takes_every_event_once_in_order_and_valid(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch, openlineage: Standard
) -> None:
    with receiving() as server:
        monkeypatch.setenv("OPENLINEAGE_URL", server.url)
        assert Relay(evidence).attempt(30, NOW) == Delivery(sent=10)
        assert Relay(evidence).attempt(30, NOW) == Delivery()
    assert names(server.taken) == names(EVENTS)
    assert [p for event in server.taken for p in openlineage.problems(event)] == []
    for sent, kept in zip(server.taken, EVENTS, strict=True):
        # The client adds its version to the tags of a run, and where its code comes from to a job.
        tags = {tag["key"]: tag["value"] for tag in sent["run"]["facets"].pop("tags")["tags"]}
        mine = {tag["key"]: tag["value"] for tag in kept["run"]["facets"]["tags"]["tags"]}
        assert tags.items() >= mine.items()
        sent["job"]["facets"].pop("sourceCodeLocation", None)
        assert sent == {**kept, "run": {**kept["run"], "facets": _without_tags(kept["run"]["facets"])}}


def _without_tags(facets: Mapping[str, Any]) -> dict[str, Any]:
    return {key: facet for key, facet in facets.items() if key != "tags"}


def test_what_came_since_is_sent_and_nothing_before_it_again(evidence: Evidence) -> None:
    taken: list[Mapping[str, Any]] = []
    relay = Relay(evidence, taken.append)
    relay.attempt(30, NOW)
    evidence.append(ROOT, EVENTS[:1])
    assert relay.attempt(30, NOW) == Delivery(sent=1)
    assert len(taken) == 11


def refused_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize("status", [500, 503, 401, 429])
def test_a_receiver_that_fails_leaves_everything_queued_for_the_next_attempt(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with receiving(status) as server:
        impatient(monkeypatch, server.url)
        failed = Relay(evidence).attempt(30, NOW)
        assert (failed.sent, failed.waiting, server.asked) == (0, 10, 1)
        assert failed.problem in {"HTTPError", "RetryError"}
        server.status = 201
        assert Relay(evidence).attempt(30, NOW) == Delivery(sent=10)


def test_a_receiver_that_is_not_there_leaves_everything_queued(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch, refused_port())
    assert Relay(evidence).attempt(30, NOW) == Delivery(waiting=10, problem="ConnectionError")


@pytest.mark.parametrize("status", [400, 413, 422])
def test_an_event_that_a_receiver_will_never_take_does_not_hold_up_the_others(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    with receiving(status) as server:
        impatient(monkeypatch, server.url)
        assert Relay(evidence).attempt(30, NOW) == Delivery(refused=10)


def test_a_queue_is_bounded_in_time(evidence: Evidence) -> None:
    taken: list[Mapping[str, Any]] = []
    late = BEGAN + timedelta(days=QUEUED_DAYS, seconds=1)
    assert Relay(evidence, taken.append).attempt(30, late) == Delivery()
    assert taken == []


def test_an_attempt_ends_when_its_time_is_over(evidence: Evidence) -> None:
    slow = Relay(evidence, lambda _: time.sleep(0.2))
    done = slow.attempt(0.5, NOW)
    assert 0 < done.sent < 10
    assert done.sent + done.waiting == 10


def test_two_processes_never_send_the_same_event(evidence: Evidence) -> None:
    inner: list[Delivery] = []
    other = Relay(evidence, lambda _: None)
    Relay(evidence, lambda _: inner.append(other.attempt(30, NOW))).attempt(30, NOW)
    assert inner == [Delivery()] * 10


def test_a_lost_record_of_what_was_sent_sends_again_rather_than_never(evidence: Evidence) -> None:
    Relay(evidence, lambda _: None).attempt(30, NOW)
    (evidence.directory / "sent.json").write_text("{", encoding="utf-8")
    assert Relay(evidence, lambda _: None).attempt(30, NOW) == Delivery(sent=10)


# --- beside a run


def seconds_of_a_run(evidence: Evidence, before_the_end: float = 0.0) -> float:
    """How long it takes to begin and finish a run beside which events are sent."""
    began = time.monotonic()
    background = Background(Relay(evidence))
    time.sleep(before_the_end)
    background.finish(3.0)
    return time.monotonic() - began - before_the_end


def test_what_is_told_in_a_run_has_been_sent_when_it_ends(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = Evidence(evidence.directory.with_name("fresh"))
    with receiving() as server:
        monkeypatch.setenv("OPENLINEAGE_URL", server.url)
        background = Background(Relay(fresh))
        fresh.append(_today(), EVENTS)
        background.finish(10.0)
        assert names(server.taken) == names(EVENTS)


def _today() -> Any:
    from dataclasses import replace
    from datetime import UTC, datetime

    return replace(ROOT, began=datetime.now(UTC))


@pytest.mark.parametrize("kind", ["refuses", "hangs", "fails"])
def test_a_bad_receiver_holds_the_end_of_a_run_up_for_no_more_than_the_patience(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    current = Evidence(evidence.directory.with_name("current"))
    current.append(_today(), EVENTS)
    with receiving(0 if kind == "hangs" else 500) as server:
        # As an operator sets it, with the client's own timeout and its own five retries.
        monkeypatch.setenv("OPENLINEAGE_URL", refused_port() if kind == "refuses" else server.url)
        assert seconds_of_a_run(current) < 3.5
        if kind != "refuses":
            assert wait_until(lambda: server.asked > 0)
        assert server.taken == []


def test_a_receiver_that_is_known_to_be_bad_is_not_waited_for(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = Evidence(evidence.directory.with_name("current"))
    current.append(_today(), EVENTS)
    impatient(monkeypatch, refused_port())
    assert seconds_of_a_run(current, before_the_end=2.5) < 0.3


# --- who is configured


def test_nobody_is_a_receiver_unless_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not receiver.is_configured()
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:1")
    assert receiver.is_configured()
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    assert not receiver.is_configured()


def test_a_file_configures_a_receiver_as_well(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    log = tmp_path / "told.ndjson"
    config = tmp_path / "receiver.yml"
    config.write_text(f"transport: {{type: file, log_file_path: {log}, append: true}}", encoding="utf-8")
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(config))
    assert receiver.is_configured()
    assert Relay(evidence).attempt(30, NOW) == Delivery(sent=10)
    assert len(log.read_text(encoding="utf-8").splitlines()) == 10


@pytest.mark.parametrize("written", ["transport: {type: nonesuch}", "transport: {type: http}", "facets: {nonesuch: 1}"])
def test_a_wrong_configuration_is_a_problem_of_the_attempt_and_of_nothing_else(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: str
) -> None:
    config = tmp_path / "receiver.yml"
    config.write_text(written, encoding="utf-8")
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(config))
    relay = Relay(evidence)
    assert relay.has_receiver
    done = relay.attempt(30, NOW)
    assert (done.sent, done.waiting) == (0, 10)
    assert done.problem


def test_the_receiver_counts_what_it_takes() -> None:
    assert Receiver().taken == []
