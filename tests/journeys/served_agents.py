"""A service on a port of this machine, for clients that are programs of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send


@contextmanager
def listening(app: ASGIApp) -> Iterator[str]:
    """Serve an application on a free port of the loopback address, from a thread, and give its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="on"))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            thread.join(0.05)
            assert thread.is_alive(), "the service did not start"
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(15)


def with_token(app: ASGIApp, token: str) -> ASGIApp:
    """The application behind a gateway that adds a token, for a client that cannot send one."""

    async def gateway(scope: Scope, receive: Receive, send: Send) -> None:
        headers: list[Any] = [*scope.get("headers", ()), (b"authorization", f"Bearer {token}".encode())]
        await app({**scope, "headers": headers} if scope["type"] == "http" else scope, receive, send)

    return gateway
