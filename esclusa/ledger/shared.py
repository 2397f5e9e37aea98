"""The ledger of a process with many threads: whoever waits is written with the next transaction, over one connection.

Belongs here: taking turns within a process. Does not: turns between processes, the table (`store.py`).
An entry is answered for only after its transaction was committed, as in a ledger of one's own; group commit only lets
those who wait for a commit share the next one. Source: DeWitt et al., Implementation Techniques for Main Memory
Database Systems, SIGMOD 1984, section 5 (group commit).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection
from sqlalchemy.pool import QueuePool

from esclusa.errors import LedgerUnavailable
from esclusa.ledger.ledger import Row
from esclusa.ledger.store import Store


@dataclass
class _Waiting:
    """One entry on its way."""

    following: Callable[[Row | None], Row]
    row: Row | None = None
    failure: LedgerUnavailable | None = None


class SharedStore(Store):
    """A store that threads share; not to be taken through a fork.

    Args:
        address: as for `Store`.
    """

    def __init__(self, address: str | Path) -> None:
        super().__init__(address, QueuePool)
        self._turn, self._look = Lock(), Lock()
        self._waiting: deque[_Waiting] = deque()
        self._opened: tuple[int, int] | None = None

    def append(self, following: Callable[[Row | None], Row]) -> Row:
        """As `Store.append`."""
        mine = _Waiting(following)
        self._waiting.append(mine)
        with self._turn:
            if mine.row is None and mine.failure is None:
                self._write_all_who_wait()
        if mine.failure is not None:
            failed = mine.failure  # of all who waited: each raises one of its own
            raise LedgerUnavailable(
                failed.what,
                observed=failed.observed,
                required=failed.required,
                where=failed.where,
                remedy=failed.remedy,
            )
        assert mine.row is not None
        return mine.row

    def _write_all_who_wait(self) -> None:
        self._follow_the_file()
        self._write([self._waiting.popleft() for _ in range(len(self._waiting))])

    def _write(self, batch: Sequence[_Waiting]) -> None:
        """All of them at once; where one of them cannot be written, each for itself."""
        try:
            rows = self._append_all([waiting.following for waiting in batch])
        except LedgerUnavailable as failure:
            if len(batch) > 1 and self._is_of_an_entry(failure):
                for waiting in batch:
                    self._write([waiting])
                return
            for waiting in batch:
                waiting.failure = failure
            return
        for waiting, row in zip(batch, rows, strict=True):
            waiting.row = row

    @contextmanager
    def _reading(self) -> Iterator[Connection | None]:
        self._follow_the_file()
        with super()._reading() as connection:
            yield connection

    def _follow_the_file(self) -> None:
        """Let go of a file that was moved away or restored: what is written into it would be read by nobody."""
        if self._file is None:
            return
        with self._look:
            try:
                found = self._file.stat()
                there = (found.st_dev, found.st_ino)
            except OSError:
                there = None
            if there is None or there != self._opened:
                self._engine.dispose()
                self._opened = there
