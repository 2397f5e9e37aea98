"""One change of the golden repository: from holding the turn to the rename that puts it in force.

Belongs here: the order of writes and syncs that leaves one whole release whenever it dies. Does not: what changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from securesystemslib.signer import Signer
from tuf.api.metadata import Metadata, TargetFile, Targets

from lineage.files import sync, write_addressed
from lineage.golden.book import LIVES, SHARED, WITHDRAWN_LIFE, Book
from lineage.golden.keys import Keys

CERTIFICATE_FILE = "certificate.json"
OnStep = Callable[[str], None]

IN_FORCE = "timestamp in force"  # the step after which readers see the new release
COMMIT_STEPS = (
    "dataset role",
    "verdicts role",
    "catalogue role",
    "targets role",
    "snapshot",
    "files durable",
    "timestamp written",
    IN_FORCE,
    "timestamp durable",
    "tidy",
)
PUBLISH_STEPS = ("turn", "recover", "part", "certificate", "documents", "decision", "catalogue", *COMMIT_STEPS)


class Change:
    """The release in force, what is to change in it, and who signs.

    Args:
        path: the golden repository.
        book: the release in force.
        now: wall clock of the change, UTC.
        on_step: told the name of each step before it is taken.
    """

    def __init__(self, path: Path, keys: Keys, book: Book, now: datetime, on_step: OnStep) -> None:
        self.path = path
        self.keys = keys
        self.book = book
        self.now = now
        self.on_step = on_step
        self.changed: dict[str, datetime] = {}
        # A rotation lets two hands sign for as long as a client may know either key.
        self.hands: dict[str, list[Signer]] = {
            "targets": [keys.signer("targets")],
            "delegated": [keys.signer("gate")],
            "snapshot": [keys.signer("gate")],
            "timestamp": [keys.signer("timestamp")],
        }

    def address(self, target: TargetFile) -> Path:
        """Where a target lies: `targets/<role>/<sha256>.<name>`."""
        return self.path / "targets" / target.get_prefixed_paths()[0]

    def put(self, path: str, content: bytes) -> TargetFile:
        """Write a small target under its digest; listed by no role yet.

        Args:
            path: `<role>/<name>`.
        """
        target = TargetFile.from_data(path, content, ["sha256"])
        write_addressed(self.address(target), content)
        return target

    def role(self, name: str) -> Targets:
        """A dataset's role, or a shared one, delegated to in memory where it is new."""
        if name not in self.book.roles:
            self.book.roles[name] = Metadata(Targets())
            self.book.delegate(name, self.keys.signer("gate").public_key)
            self.mark("targets")
        return self.book.roles[name].signed

    def mark(self, role: str, expires: datetime | None = None) -> None:
        """Have a role signed again: it was changed in memory, or its key is.

        Args:
            role: `targets`, a shared role or a dataset.
            expires: for a dataset, the end of its certificate; else the role's life from now.
        """
        self.changed[role] = expires or self.now + LIVES[role]

    def commit(self) -> None:
        """Store the marked roles and those whose life is half over, and put the release in force."""
        expiries = {**self._due(), **self.changed}
        for role in sorted(expiries.keys() - {*SHARED, "targets"}):
            self._store("dataset role", role, expiries[role])
        for role in (*SHARED, "targets"):
            if role in expiries:
                self._store(f"{role} role", role, expiries[role])
        snapshot = self.book.snapshot.signed
        if expiries or self._half_over(snapshot.expires, LIVES["snapshot"]):
            self.on_step("snapshot")
            self.book.store_snapshot(self.hands["snapshot"], self.now + LIVES["snapshot"])
        self.on_step("files durable")
        for directory in self._directories():
            sync(directory)
        self.on_step("timestamp written")
        timestamp = self.book.write_timestamp(self.hands["timestamp"], self.now + LIVES["timestamp"])
        self.on_step(IN_FORCE)
        timestamp.replace(self.book.directory / "timestamp.json")
        self.on_step("timestamp durable")
        sync(self.book.directory)
        self.on_step("tidy")
        self.book.tidy()

    def _store(self, step: str, role: str, expires: datetime) -> None:
        self.on_step(step)
        self.book.store_role(role, self.hands["targets" if role == "targets" else "delegated"], expires)

    def _due(self) -> dict[str, datetime]:
        """Roles to sign again, changed or not. A dataset's role is never prolonged: it ends with its certificate."""
        lives = {role: LIVES[role] for role in ("targets", *SHARED) if role in self.book.roles}
        lives |= {name: WITHDRAWN_LIFE for name in self.book.datasets if is_withdrawn(self.book.roles[name].signed)}
        return {
            role: self.now + life
            for role, life in lives.items()
            if self._half_over(self.book.roles[role].signed.expires, life)
        }

    def _half_over(self, expires: datetime, life: timedelta) -> bool:
        return expires - self.now < life / 2

    def _directories(self) -> Iterable[Path]:
        targets = self.path / "targets"
        yield from (path for path in targets.iterdir() if path.is_dir())
        yield from (targets, self.book.directory, self.path)


def is_withdrawn(role: Targets) -> bool:
    """True where the dataset's owner took it back."""
    return "withdrawn" in role.unrecognized_fields.get("esclusa", {})
