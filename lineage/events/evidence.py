"""The file of every run: its events, kept whatever becomes of their delivery.

Belongs here: appending durably, reading back, which runs have not ended yet, letting go of old files.
Does not: what is in an event, sending (`relay.py`).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lineage.events.runs import Event, Root
from lineage.files import sync, write_temporary

KEPT_DAYS = 400  # thirteen months: an audit of a year finds them all
_MOMENT = "%Y%m%dT%H%M%S"


class Evidence:
    """The events of one platform, a file of JSON lines per root run.

    Args:
        directory: of these files; made when the first is written.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the only one who tells: what is looked up and what is then told belong together."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.directory / "telling.flock").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield

    def append(self, root: Root, events: Iterable[Event]) -> None:
        """Add events to the file of a run; they are on the disk when this returns.

        Args:
            root: the run; its file is named for when it began and its UUID.
            events: in the order in which they are read.
        """
        content = lines(events)
        path = self.file_of(root.run)
        if path is None:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self.directory / f"{root.began.astimezone(UTC):{_MOMENT}}-{root.run}.ndjson"
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            _drop_half_a_line(handle)
            rest = memoryview(content)
            while rest:  # a disk that is nearly full takes a part, and refuses the rest
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        sync(self.directory)

    def file_of(self, run: str) -> Path | None:
        """The file of a run, or None where it told nothing yet."""
        return next(iter(self.directory.glob(f"*-{run}.ndjson")), None)

    def files(self) -> list[Path]:
        """Every file, in the order in which the runs began."""
        return sorted(self.directory.glob("*.ndjson"))

    def set_aside(self, path: Path, line: bytes) -> None:
        """Keep an event that the receiver refused apart as well, in a file of the same name for whoever sends it again.

        Args:
            path: the file that it stands in.
            line: the event, as it stands there.
        """
        self._refused.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(
            os.open(self._refused / path.name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb"
        ) as apart:
            apart.write(line)

    def begin(self, root: Root) -> None:
        """Remember that a run has begun and not ended."""
        content = json.dumps({**asdict(root), "began": root.began.isoformat()}).encode()
        write_temporary(self._open, content, mode=0o600).replace(self._open / f"{root.run}.json")

    def is_unended(self, root: Root) -> bool:
        """Whether a run has begun and not ended."""
        return (self._open / f"{root.run}.json").exists()

    def end(self, root: Root) -> None:
        """It has ended."""
        (self._open / f"{root.run}.json").unlink(missing_ok=True)

    def unended(self) -> Iterator[Root]:
        """Runs that have begun and not ended, those of killed processes among them."""
        for path in sorted(self._open.glob("*.json")):
            said = json.loads(path.read_text(encoding="utf-8"))
            yield Root(**{**said, "began": datetime.fromisoformat(said["began"])})

    def let_go(self, now: datetime) -> int:
        """Delete files of runs that began too long ago; returns how many.

        Args:
            now: wall clock, UTC.
        """
        oldest = now - timedelta(days=KEPT_DAYS)
        old = [path for path in self.files() if began(path) < oldest]
        for path in old:
            path.unlink()
            (self._refused / path.name).unlink(missing_ok=True)
        for root in list(self.unended()):
            if root.began < oldest:
                self.end(root)
        return len(old)

    @property
    def _refused(self) -> Path:
        return self.directory / "refused"

    @property
    def _open(self) -> Path:
        return self.directory / "unended"


def lines(events: Iterable[Event]) -> bytes:
    """Events as JSON lines: sorted keys, compact, UTF-8; the same events give the same bytes."""
    made = (json.dumps(e, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for e in events)
    return "".join(f"{line}\n" for line in made).encode()


def began(path: Path) -> datetime:
    """When the run of a file began, as its name says."""
    return datetime.strptime(path.name.partition("-")[0], _MOMENT).replace(tzinfo=UTC)


def _drop_half_a_line(handle: int) -> None:
    """What a power cut left of a line would spoil the next one."""
    size = os.fstat(handle).st_size
    held = os.pread(handle, size, 0) if size and os.pread(handle, 1, size - 1) != b"\n" else b""
    if held:
        os.ftruncate(handle, held.rfind(b"\n") + 1)
