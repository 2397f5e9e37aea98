"""The release that is served: pinned, checked once, and pinned anew as soon as another is published.

Belongs here: noticing a new release, and keeping what was proven of one. Does not: proving (`verification.py`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from esclusa.ledger.ledger import Ledger
from esclusa.location import Location
from esclusa.reader import Release
from esclusa.repository import Repository
from esclusa.settings import Settings
from esclusa.verification import Vouched, demand_valid

Seen = tuple[int, int, int]  # inode, time of change (ns), size


class Pinned(Release):
    """A release whose signatures and digests were checked once; whether a promise has run out is asked every time.

    Args:
        repository: the pinned metadata.
        settings: of this service.
        ledger: of all its reads.
    """

    def __init__(self, repository: Repository, settings: Settings, ledger: Ledger) -> None:
        super().__init__(repository, settings)
        self.ledger = ledger
        self._proven: dict[str, Vouched] = {}
        self._turn = Lock()

    def vouched(self, dataset: str) -> Vouched:
        """As `Release.vouched`; what was proven before is held to its date again."""
        known = self._proven.get(dataset)
        if known is None:
            with self._turn:  # a new release finds many callers at once: one proves it, for all
                known = self._proven.get(dataset)
                if known is None:
                    known = self._proven[dataset] = super().vouched(dataset)
        demand_valid(known.certificate, known.role)
        return known

    def holder(self, path: str) -> Vouched | None:
        """The dataset in force that lists a part, or None: superseded and withdrawn parts are in none.

        Args:
            path: below `targets`, its digest in its name.

        Raises:
            EsclusaError: the dataset is refused.
        """
        dataset, _, file = path.partition("/")
        digest, _, name = file.partition(".")
        if dataset not in self._repository.datasets:
            return None
        vouched = self.vouched(dataset)
        return vouched if vouched.certificate.subjects.get(f"{dataset}/{name}") == digest else None


class Current:
    """The newest release, for every request.

    Args:
        location: of a golden repository on this machine.
        settings: of this service.
        ledger: of all its reads.
    """

    def __init__(self, location: Location, settings: Settings, ledger: Ledger) -> None:
        self.location, self.ledger = location, ledger
        self._settings = settings
        self._timestamp = Path(location.metadata) / "timestamp.json"
        self._turn = Lock()
        self._pinned: tuple[Seen, Pinned] | None = None

    def release(self) -> Pinned:
        """The newest release: one `stat` where nothing was published, a refresh by TUF where something was.

        Raises:
            EsclusaError: the release itself is refused: expired, rolled back, tampered with, not trusted, gone.
        """
        pinned = self._in_force()
        if pinned is not None:
            return pinned
        with self._turn:
            pinned = self._in_force()  # another request may have pinned it meanwhile
            if pinned is None:
                seen = self._seen()  # before it is read: what is published during it is seen by the next request
                pinned = Pinned(Repository(self.location, self._settings.state), self._settings, self.ledger)
                self._pinned = (seen, pinned)
            return pinned

    def _in_force(self) -> Pinned | None:
        if self._pinned is None:
            return None
        seen, pinned = self._pinned
        return pinned if seen == self._seen() and datetime.now(UTC) < pinned.alive_until else None

    def _seen(self) -> Seen:
        try:
            found = self._timestamp.stat()
        except OSError:
            return (0, 0, 0)  # opening it says what is wrong
        return (found.st_ino, found.st_mtime_ns, found.st_size)
