"""The golden repository's writer: publish, withdraw, keep alive, rotate keys, collect garbage.

Belongs here: what each of these moves changes, and what it refuses. Does not: when they happen (orchestration).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tuf.api.metadata import Metadata, Root

from esclusa.revocation import Revocation
from lineage.files import sweep
from lineage.golden import recall
from lineage.golden.admission import (
    DatasetRelease,
    admit,
    catalogue,
    decided,
    newest_certificate,
    published_contract,
    served_certificate,
)
from lineage.golden.book import LIVES, Book, first_root
from lineage.golden.garbage import Collected, collect, collect_superseded
from lineage.golden.keys import ROLES, Keys
from lineage.golden.release import IN_FORCE, Change, OnStep
from lineage.golden.rotation import rotate
from lineage.golden.turn import turn

__all__ = ["DatasetRelease", "GoldenRepository", "Published"]


@dataclass(frozen=True)
class Published:
    """What one publish put in force.

    Args:
        version: of the snapshot.
        certificates: dataset → SHA-256 (hex) of its certificate file.
    """

    version: int
    certificates: Mapping[str, str]


def _ignore(step: str) -> None:
    """Nobody listens to the steps."""


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class GoldenRepository:
    """The one writer of a golden repository; several processes may hold one each, they take turns.

    Args:
        path: the repository: `metadata/` and `targets/`.
        keys: its signing keys; the turn is a file beside them.
        wait: seconds to wait for another publisher's turn.
        now: the wall clock, UTC.
    """

    def __init__(
        self, path: Path, keys: Keys, *, wait: float = 30.0, now: Callable[[], datetime] = _wall_clock
    ) -> None:
        self.path = path
        self.keys = keys
        self._wait = wait
        self._now = now

    def create(self) -> None:
        """Make an empty repository; an existing one is verified and left as it is.

        Raises:
            RepositoryForged: there is one, of other keys.
        """
        metadata = self.path / "metadata"
        with turn(self._turn, self._wait):
            sweep(self.path)
            (self.path / "targets").mkdir(parents=True, exist_ok=True)
            if (metadata / "timestamp.json").exists():
                self._open()
                return
            book = Book.blank(metadata, self._first_root(), self.keys.signer("gate").public_key)
            Change(self.path, self.keys, book, self._now(), _ignore).commit()

    def certificate(self, dataset: str) -> str | None:
        """SHA-256 (hex) of a dataset's newest certificate, served or not; the next one names it as `previous`."""
        with self._change() as change:
            return newest_certificate(change, dataset)

    def served(self, dataset: str) -> str | None:
        """SHA-256 (hex) of the certificate under which a dataset is served now, or None."""
        with self._change() as change:
            return served_certificate(change, dataset)

    def decision(self, dataset: str) -> bytes | None:
        """The decision document in force on a dataset, or None."""
        with self._change() as change:
            return decided(change, dataset)

    def contract(self, dataset: str) -> bytes | None:
        """The contract of a dataset's last release as it was signed, or None."""
        with self._change() as change:
            return published_contract(change, dataset)

    def revocations(self, dataset: str) -> tuple[Revocation, ...]:
        """Every certificate of a dataset that was taken back, oldest first."""
        with self._change() as change:
            return recall.revocations(change, dataset)

    def statements(self, dataset: str, certificate: str) -> frozenset[str]:
        """SHA-256 of every certificate file that says what this one says; each replaced key made another.

        Args:
            certificate: SHA-256 (hex) of one of them.

        Raises:
            RecallRefused: it was never published.
        """
        with self._change() as change:
            return recall.statements(change, dataset, certificate)

    def publish(
        self,
        releases: Sequence[DatasetRelease] = (),
        verdicts: Mapping[str, bytes] | None = None,
        *,
        files: Mapping[str, bytes] | None = None,
        on_step: OnStep = _ignore,
    ) -> Published:
        """Put datasets and decisions in force together, by one timestamp, or change nothing that a client sees.

        Args:
            releases: datasets that flip together; one already in force under the same certificate is left as it is.
            verdicts: dataset → decision document (`decision.py`), also of datasets that were refused. A released
                dataset for which none is given gets a plain one.
            files: of the catalogue, replacing those in force; None leaves them.
            on_step: called with the name of each step of `PUBLISH_STEPS` before it is taken.

        Raises:
            CertificateRefused: a certificate does not vouch for exactly this, or another one came between.
            PinChanged: a part was edited after its audit.
            PublisherBusy: another publisher holds the turn.
            RepositoryForged: the repository is not as this publisher's keys signed it.
            ValueError: a decision document contradicts itself or a release.
        """
        with self._change(on_step) as change:
            admit(change, releases, verdicts or {})
            if files is not None:
                catalogue(change, files)
            change.commit()
            certificates = {release.dataset: release.digest for release in releases}
            return Published(change.book.snapshot.signed.version, certificates)

    def withdraw(self, dataset: str, *, owner: str, message: str, on_step: OnStep = _ignore) -> Published:
        """Take a dataset back: its role stays, lists nothing and says so; its certificates stay readable by digest.

        Args:
            owner: who withdraws it.
            message: why, for consumers.

        Raises:
            ValueError: no such dataset was ever published.
        """
        with self._change(on_step) as change:
            recall.withdraw(change, dataset, owner=owner, message=message)
            change.commit()
            return Published(change.book.snapshot.signed.version, {})

    def revoke(
        self,
        dataset: str,
        certificate: str,
        *,
        by: str,
        reason: str,
        earlier: Sequence[Mapping[str, str]] = (),
        record: Callable[[Mapping[str, str]], None] = lambda again: None,
    ) -> Published:
        """Take a certificate back for ever, and its dataset with it where it is the one in force.

        Args:
            certificate: SHA-256 (hex) of its file.
            by: who asks for it.
            reason: why, for consumers.
            earlier: releases to go back to instead of withdrawing the dataset, the best first, each as dataset →
                certificate; the first one that can be served whole is.
            record: told what is served again, in the moment before; where it fails, nothing is changed.

        Returns:
            What is served again: empty where the dataset was withdrawn, or served another certificate anyway.

        Raises:
            RecallRefused: it was never published, or is revoked already.
        """
        with self._change() as change:
            again = recall.revoke(change, dataset, certificate, by=by, reason=reason, earlier=earlier)
            change.on_step = lambda step: record(again) if step == IN_FORCE else None
            change.commit()
            return Published(change.book.snapshot.signed.version, again)

    def restore(self, dataset: str, certificate: str, *, message: str, on_step: OnStep = _ignore) -> Published:
        """Serve an earlier certificate again, with its files, until it expires; the chain goes on from the newest one.

        Args:
            certificate: SHA-256 (hex) of its file.
            message: why, for consumers.

        Raises:
            RecallRefused: it was never published, has expired or was revoked; or a file of it is gone or differs.
        """
        with self._change(on_step) as change:
            recall.restore(change, dataset, certificate, message=message)
            change.commit()
            return Published(change.book.snapshot.signed.version, {dataset: certificate})

    def keep_alive(self, *, on_step: OnStep = _ignore) -> None:
        """Sign the timestamp again, and whatever else has less than half its life left; datasets expire as promised."""
        with self._change(on_step) as change:
            if change.book.root.signed.expires - change.now < LIVES["root"] / 2:
                change.book.store_root([self.keys.signer("root")], change.now + LIVES["root"])
            change.commit()

    def rotate(self, role: str, *, on_step: OnStep = _ignore) -> None:
        """Replace a key; clients that know only the old one follow. The old private key is destroyed.

        Args:
            role: `root`, `targets`, `gate` or `timestamp`.

        Raises:
            ValueError: no such key.
        """
        with self._change(on_step) as change:
            rotate(change, role)

    def collect_garbage(self, grace: timedelta, held: Collection[str] = ()) -> Collected:
        """Delete what no release refers to that was in force within `grace`; certificates and roots stay for ever.

        Args:
            grace: longer than any reader needs to finish with a release.
            held: datasets under a legal hold, of which every file stays.
        """
        with self._change() as change:
            return collect(self.path, change.now - grace, held)

    def collect_superseded(self, dataset: str, doomed: Callable[[Path], bool]) -> tuple[Path, ...]:
        """Delete parts of superseded releases without grace: what was erased, or is past its time.

        Args:
            dataset: of the parts.
            doomed: asked of each Parquet file that the release in force does not refer to.
        """
        with self._change() as change:
            return collect_superseded(self.path, change.book.snapshot.signed.version, dataset, doomed)

    @property
    def _turn(self) -> Path:
        return self.keys.directory / "publisher"

    @contextmanager
    def _change(self, on_step: OnStep = _ignore) -> Iterator[Change]:
        """Hold the turn, finish what a killed publisher began, and open the release in force."""
        on_step("turn")
        with turn(self._turn, self._wait):
            on_step("recover")
            for directory in (self.path, self.keys.directory):
                sweep(directory)
            for role in ROLES:
                if self.keys.successor(role) is not None:
                    rotate(Change(self.path, self.keys, self._open(), self._now(), on_step), role)
            yield Change(self.path, self.keys, self._open(), self._now(), on_step)

    def _open(self) -> Book:
        return Book.open(self.path / "metadata", self._anchors())

    def _anchors(self) -> set[str]:
        hands = (self.keys.signer("root"), self.keys.successor("root"))
        return {hand.public_key.keyid for hand in hands if hand is not None}

    def _first_root(self) -> Metadata[Root]:
        hands = {role: self.keys.signer(role) for role in ROLES}
        return first_root(self.path / "metadata", hands, self._anchors(), self._now() + LIVES["root"])
