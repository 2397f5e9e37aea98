"""Heads of requests: not longer, and not slower, than a client that means well sends them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from esclusa.server import heads
from tests.esclusa.server.conftest import Served
from tests.esclusa.server.live import listening

HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def connection(served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    monkeypatch.setattr(heads, "SECONDS", 0.5)
    with listening(served.service) as url:
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as made:
            yield made


def closes_within(connection: socket.socket, seconds: float) -> bool:
    begun = time.monotonic()
    try:
        while connection.recv(4096):
            pass
    except ConnectionError:
        pass
    return time.monotonic() - begun < seconds


def test_a_connection_that_says_nothing_is_closed(connection: socket.socket) -> None:
    assert closes_within(connection, 3)


def is_cut_off(connection: socket.socket, piece: bytes, times: int, pause: float) -> bool:
    try:
        for _ in range(times):
            connection.sendall(piece)
            time.sleep(pause)
    except OSError:
        return True
    return False


def test_a_head_that_trickles_in_is_cut_off(connection: socket.socket) -> None:
    connection.sendall(HEAD)
    assert is_cut_off(connection, b"X-a: b\r\n", 80, 0.1)


def test_a_head_of_megabytes_is_refused(connection: socket.socket) -> None:
    connection.sendall(HEAD)
    assert is_cut_off(connection, b"X-a: " + b"a" * 8000 + b"\r\n", 2000, 0)


def test_a_connection_that_is_used_again_stays(connection: socket.socket) -> None:
    for _ in range(3):
        connection.sendall(HEAD + b"\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        time.sleep(0.3)
