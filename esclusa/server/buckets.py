"""Token buckets: how often one caller, or one address, may come.

Belongs here: counting. Does not: who is counted (`callers.py`, `edge.py`).
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from esclusa.errors import Busy

MOST = 10_000  # names that are remembered; the longest unseen is forgotten, and begins with a full bucket again


class Buckets:
    """A bucket for every name: it fills by itself, a request takes one out.

    Args:
        rate: that are added in a second.
        burst: that it holds at most.
        clock: seconds, monotonic.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()  # name → level, when
        self._turn = Lock()

    def take(self, name: str) -> None:
        """Take one out.

        Args:
            name: of a caller or an address.

        Raises:
            Busy: the bucket is empty; `after` says when it will not be.
        """
        with self._turn:
            now = self._clock()
            level, at = self._levels.pop(name, (self._burst, now))
            level = min(self._burst, level + (now - at) * self._rate)
            enough = level >= 1
            self._levels[name] = (level - enough, now)
            if len(self._levels) > MOST:
                self._levels.popitem(last=False)
        if not enough:
            raise Busy(
                "Too many requests for the moment.",
                observed=f"more than {self._rate:g} a second, after {self._burst:g} at once",
                required=f"at most {self._rate:g} a second on average",
                remedy="Wait, then go on more slowly; who runs the service can raise the limit.",
                after=(1 - level) / self._rate,
            )
