"""Connections that send the head of a request too slowly, or too much of it, are closed.

Belongs here: what uvicorn leaves open. Does not: limits of whole requests (`edge.py`).
Source: RFC 9112 §3 (a server may refuse long heads). h11 holds a head to 64 KiB; faster parsers hold it to nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 10.0  # from the connection, or the first byte of the next request, to the end of its head


class Heads(H11Protocol):
    """uvicorn's protocol over h11, with a clock on heads."""

    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """As uvicorn's."""
        super().connection_made(transport)
        self._begin()

    def data_received(self, data: bytes) -> None:
        """As uvicorn's."""
        self._begin()
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """As uvicorn's."""
        self._end()
        super().connection_lost(exc)

    def _begin(self) -> None:
        if self._clock is None:
            self._clock = self.loop.call_later(SECONDS, self.transport.close)

    def _end(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
