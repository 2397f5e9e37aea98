"""A service that listens on the loopback interface, in a thread of the test."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from esclusa.server.app import create_app
from esclusa.server.heads import Heads
from esclusa.server.service import Service


@contextmanager
def listening(service: Service) -> Iterator[str]:
    """Its URL, while it listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        app = create_app(service)
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5, http=Heads)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([held],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{held.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
