"""The outbox: letters that wait, those that could not be delivered, and which facts were told; plain files.

Belongs here: what is durable, and that a fact is told once while it stands. Does not: sending (`sending.py`).

    pending/<id>.json       waits for its next try
    dead/<id>.json          dead letter: the same, with the reason of its last failure
    told/<subject>/<kind>.<mark>.json   channel → when; gone once the fact is settled
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from lineage.errors import PublisherBusy
from lineage.files import sync, write_temporary
from lineage.golden.turn import turn
from orchestration.notices.notice import Kind, Notice, read_notice

_PRIVATE = 0o600
_TURN_SECONDS = 5.0  # for a few small files of another process


@dataclass(frozen=True)
class Letter:
    """A notice on its way to one channel.

    Args:
        id: the same at every try, so that a receiver can tell a repetition (Standard Webhooks, `webhook-id`).
        attempts: how many tries failed.
        due: when it may be tried next, UTC.
        reason: of the last failure, or "".
    """

    id: str
    channel: str
    notice: Notice
    attempts: int
    due: datetime
    reason: str


class Outbox:
    """The letters of one platform; any number of processes may put letters in, one at a time sends.

    Args:
        directory: private to the platform; made at the first letter.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def put(self, notice: Notice, mark: str, channels: Iterable[str]) -> tuple[str, ...]:
        """Add a letter for each channel that was not told of this fact while it stands; returns those channels.

        Args:
            notice: what to tell.
            mark: what makes the fact this one and no other of its kind and subject.
            channels: names.
        """
        told = self._told(notice.subject, notice.kind, mark)
        with self._turn("writing"):
            known = _known(told)
            fresh = tuple(channel for channel in channels if channel not in known)
            for channel in fresh:
                self._write("pending", Letter(new_id(), channel, notice, 0, notice.at, ""))
            if fresh:  # last: a process that dies here tells again rather than never
                self._replace(told, {**known, **dict.fromkeys(fresh, notice.at.isoformat())})
        return fresh

    def settle(self, subject: str, *kinds: Kind) -> None:
        """Forget that these facts were told: when one comes again, it is told again.

        Args:
            subject: as in the notice.
            kinds: what is settled about it.
        """
        for kind in kinds:
            for path in (self.directory / "told" / subject).glob(f"{kind}.*.json"):
                path.unlink(missing_ok=True)

    def pending(self) -> tuple[Letter, ...]:
        """Letters that wait, the one that is due first at the head."""
        return self._letters("pending")

    def dead(self) -> tuple[Letter, ...]:
        """Letters that nobody tries any more."""
        return self._letters("dead")

    def sent(self, letter: Letter) -> None:
        """It was received."""
        self._path("pending", letter).unlink(missing_ok=True)

    def put_off(self, letter: Letter, reason: str, due: datetime) -> None:
        """A try failed; another one follows.

        Args:
            reason: without address and secret.
            due: when, UTC.
        """
        self._write("pending", replace(letter, attempts=letter.attempts + 1, reason=reason, due=due))

    def hold(self, letters: Iterable[Letter], until: datetime) -> None:
        """Try none of them before that moment: another letter of their channel has just failed.

        Args:
            until: UTC.
        """
        for letter in letters:
            if letter.due < until:
                self._write("pending", replace(letter, due=until))

    def bury(self, letter: Letter, reason: str) -> None:
        """The last try failed: keep it as a dead letter."""
        self._write("dead", replace(letter, attempts=letter.attempts + 1, reason=reason))
        self._path("pending", letter).unlink(missing_ok=True)

    def revive(self, letters: Iterable[Letter], now: datetime) -> int:
        """Try letters again from the start, dead ones or waiting ones; returns their number.

        Args:
            now: wall clock, UTC.
        """
        count = 0
        for letter in letters:
            self._write("pending", replace(letter, attempts=0, due=now))
            self._path("dead", letter).unlink(missing_ok=True)
            count += 1
        return count

    @contextmanager
    def sending(self) -> Iterator[bool]:
        """Be the one who sends; False where another process is."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with ExitStack() as held:
            try:
                held.enter_context(turn(self.directory / "sending.flock", 0))
            except PublisherBusy:
                yield False
            else:
                yield True

    @contextmanager
    def _turn(self, name: str) -> Iterator[None]:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with turn(self.directory / f"{name}.flock", _TURN_SECONDS):
            yield

    def _told(self, subject: str, kind: Kind, mark: str) -> Path:
        return self.directory / "told" / subject / f"{kind}.{sha256(mark.encode()).hexdigest()[:16]}.json"

    def _path(self, state: str, letter: Letter) -> Path:
        return self.directory / state / f"{letter.id}.json"

    def _letters(self, state: str) -> tuple[Letter, ...]:
        found = [_letter(path) for path in (self.directory / state).glob("msg_*.json")]
        return tuple(sorted((x for x in found if x is not None), key=lambda letter: (letter.due, letter.id)))

    def _write(self, state: str, letter: Letter) -> None:
        document = {
            "id": letter.id,
            "channel": letter.channel,
            "attempts": letter.attempts,
            "due": letter.due.isoformat(),
            "reason": letter.reason,
            "notice": letter.notice.to_json(),
        }
        self._replace(self._path(state, letter), document)

    def _replace(self, path: Path, document: Mapping[str, Any]) -> None:
        content = json.dumps(document, ensure_ascii=False, indent=1).encode()
        write_temporary(path.parent, content, _PRIVATE).replace(path)
        sync(path.parent)


def new_id() -> str:
    """An id that no other letter has: 80 random bits, short enough to be typed."""
    return f"msg_{secrets.token_hex(10)}"


def _known(told: Path) -> dict[str, str]:
    """Channels that were told; none where the record is damaged: told twice is better than never."""
    try:
        return dict(json.loads(told.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return {}


def _letter(path: Path) -> Letter | None:
    """The letter in a file; None where another process has just taken it away, or where it is none."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        due = datetime.fromisoformat(said["due"]).astimezone(UTC)
        return Letter(said["id"], said["channel"], read_notice(said["notice"]), said["attempts"], due, said["reason"])
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None
