"""One publisher at a time: whoever holds the turn may write to the golden repository.

Belongs here: waiting for the turn and saying who has it. Does not: what is done with it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from lineage.errors import PublisherBusy

_PAUSE_SECONDS = 0.02


@contextmanager
def turn(path: Path, wait: float) -> Iterator[None]:
    """Hold the turn for the length of a `with` block; the kernel gives it back if the process dies.

    Args:
        path: a private file on a local file system, made where absent.
        wait: seconds to wait for another publisher.

    Raises:
        PublisherBusy: another publisher still holds it.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + wait
        while not _taken(handle):
            if time.monotonic() >= deadline:
                holder = os.pread(handle, 200, 0).decode(errors="replace").strip() or "unknown"
                raise PublisherBusy(
                    f"another publisher holds the turn ({holder}); waited {wait:g} s; nothing was published; "
                    "next: run again when it is done"
                )
            time.sleep(_PAUSE_SECONDS)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"pid {os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC".encode(), 0)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
