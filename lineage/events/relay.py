"""The relay: sends what the files hold to whatever receiver `OPENLINEAGE_*` configures, after the fact and in bounds.

Belongs here: what was sent, what waits, one attempt within a time. Does not: when it is attempted (orchestration).
A receiver that is dead, slow or wrong costs nothing but its own events, which wait in the files for the next attempt.
An event that a receiver fails time and again, while it takes another, is refused: it holds up none behind it.
"""

from __future__ import annotations

import fcntl
import json
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from lineage.events import receiver
from lineage.events.evidence import Evidence, began
from lineage.files import write_temporary

QUEUED_DAYS = 14  # what nobody took for so long stays in its file and is not offered again
_SENT = "sent.json"  # file → offset behind the last of its events that is done with
_FAILING = "failing.json"  # the event at the head of what waits, and how often it failed
_FINAL = frozenset({400, 413, 422})  # a receiver that says so will say it again of the same event
TRIES = 5  # failed attempts, after which a receiver is asked whether it takes what comes behind the event
AHEAD = 10  # events that are offered for it: START and COMPLETE of one job may both be wrong, and of its neighbours
_PAUSE = 1.0  # seconds between two looks at the files
_LONGEST_PAUSE = 60.0
_log = logging.getLogger("esclusa.events")


@dataclass(frozen=True)
class Delivery:
    """What an attempt came to.

    Args:
        sent: events that the receiver took.
        refused: events that it will never take.
        waiting: events that are still to be sent.
        problem: class of the error that ended the attempt; empty where none did.
    """

    sent: int = 0
    refused: int = 0
    waiting: int = 0
    problem: str = ""


class Relay:
    """Sends the events of one platform.

    Args:
        evidence: the files.
        send: takes one event, or raises; by default as the environment configures it.
    """

    def __init__(self, evidence: Evidence, send: receiver.Send | None = None) -> None:
        self._evidence, self._send = evidence, send
        self.busy_since: float | None = None  # monotonic; None while no event is on its way

    @property
    def has_receiver(self) -> bool:
        """True where there is anybody to send to, be it by a configuration that turns out to be wrong."""
        return self._send is not None or receiver.is_configured()

    def attempt(self, seconds: float, now: datetime | None = None) -> Delivery:
        """Send what waits, in order, until all is sent, the receiver fails, or the time is over.

        Args:
            seconds: after which no further event is begun.
            now: wall clock, UTC.
        """
        deadline, at = time.monotonic() + seconds, now or datetime.now(UTC)
        with self._alone() as mine:
            if not mine:  # another process is at it
                return Delivery()
            places = self._places()
            sent = refused = 0
            problem = last = ""
            for path, offset, line in self._waiting(places, at):
                if time.monotonic() > deadline:
                    break
                error = self._offer(line)
                is_final = receiver.status(error) in _FINAL
                if error and not is_final and self._is_to_blame(path, offset, places, at, deadline):
                    error, is_final = self._offer(line), True
                if error and not is_final:
                    problem = type(error).__name__
                    break
                if error:
                    self._evidence.set_aside(path, line)
                    refused, last = refused + 1, f"{_named(line)}: {type(error).__name__}"
                else:
                    sent += 1
                places[path.name] = offset
            self._write(_SENT, places)
            if refused:
                _log.warning("the receiver refused %d events, kept in events/refused; the last: %s", refused, last)
            return Delivery(sent, refused, sum(1 for _ in self._waiting(places, at)), problem)

    def _offer(self, line: bytes) -> Exception | None:
        """What became of an event; None where it was taken."""
        try:
            if self._send is None:
                self._send = receiver.connect()
            self.busy_since = time.monotonic()
            self._send(json.loads(line))
        except Exception as error:  # whatever a receiver does, it is not worth a run
            return error
        finally:
            self.busy_since = None
        return None

    def _is_to_blame(self, path: Path, offset: int, places: Mapping[str, int], now: datetime, deadline: float) -> bool:
        """True where the event at the head failed often enough, and the receiver takes one behind it."""
        head, before = [path.name, offset], self._read(_FAILING)
        tries = before["tries"] + 1 if before.get("head") == head else 1
        self._write(_FAILING, {"head": head, "tries": tries})
        behind = islice(self._waiting(places, now), 1, 1 + AHEAD) if tries >= TRIES else ()
        return any(time.monotonic() <= deadline and self._offer(line) is None for _, _, line in behind)

    def _waiting(self, places: Mapping[str, int], now: datetime) -> Iterator[tuple[Path, int, bytes]]:
        """File, the offset behind an event, and its line."""
        for path in self._evidence.files():
            offset = places.get(path.name, 0)
            if began(path) < now - timedelta(days=QUEUED_DAYS) or path.stat().st_size <= offset:
                continue
            with path.open("rb") as stream:
                stream.seek(offset)
                for line in stream:
                    offset += len(line)
                    if line.endswith(b"\n"):
                        yield path, offset, line

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        self._evidence.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._evidence.directory / "relay.flock").open("w") as guard:
            try:
                fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _places(self) -> dict[str, int]:
        names = {path.name for path in self._evidence.files()}
        return {name: offset for name, offset in self._read(_SENT).items() if name in names}

    def _read(self, record: str) -> dict[str, Any]:
        try:
            held: dict[str, Any] = json.loads((self._evidence.directory / record).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):  # none, or cut short: sent twice is better than never
            return {}
        return held

    def _write(self, record: str, held: Mapping[str, Any]) -> None:
        directory = self._evidence.directory
        write_temporary(directory, json.dumps(held).encode(), mode=0o600).replace(directory / record)


def _named(line: bytes) -> str:
    event = json.loads(line)
    return f"{event['job']['name']} {event['eventType']} of run {event['run']['runId']}"


class Background:
    """Sends beside a run, in a thread of its own that never holds the run's end up for long.

    Args:
        relay: what sends.
    """

    def __init__(self, relay: Relay) -> None:
        self._relay, self._over = relay, threading.Event()
        self._thread = threading.Thread(target=self._work, name="openlineage-relay", daemon=True)
        self._thread.start()

    def finish(self, patience: float) -> None:
        """Send what is left, unless the receiver is failing already; what it does not take in time stays queued.

        Args:
            patience: seconds to wait at most.
        """
        self._over.set()
        busy = self._relay.busy_since
        if busy is None or time.monotonic() - busy < _PAUSE:
            self._thread.join(patience)

    def _work(self) -> None:
        if not self._relay.has_receiver:
            return
        pause, failing = _PAUSE, False
        while not self._over.wait(pause):
            failing = bool(self._relay.attempt(_LONGEST_PAUSE).problem)
            pause = min(2 * pause, _LONGEST_PAUSE) if failing else _PAUSE
        if not failing:
            self._relay.attempt(_LONGEST_PAUSE)
