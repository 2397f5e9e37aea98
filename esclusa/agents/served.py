"""Tools for agents over HTTP: `/mcp` of the service, for callers that the service has identified.

Belongs here: who may reach the endpoint, and whose call is at hand. Does not: the protocol (`server.py`), who is who
(`esclusa/server/callers.py`).

The endpoint keeps no session: each message stands for itself, any worker answers it, and a restart loses nothing.
Source: Model Context Protocol 2025-11-25, "Streamable HTTP" and its security warning (Origin, Host); RFC 6750.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from anyio import to_thread
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from esclusa.agents.desk import Desk
from esclusa.agents.server import agent_server
from esclusa.errors import EsclusaError
from esclusa.rows import Rows
from esclusa.server.callers import Caller
from esclusa.server.calling import turn
from esclusa.server.names import demand_host, demand_origin
from esclusa.server.problems import problem
from esclusa.server.service import Extension, Service

PATH = "/mcp"
MOST_BYTES = 256 * 1024  # of a message
_at_hand: ContextVar[Caller] = ContextVar("caller")  # set before a message enters the server, which carries it along


def extension(service: Service) -> Extension:
    """The endpoint, as a part of the service.

    Args:
        service: what it stands on.
    """
    manager = StreamableHTTPSessionManager(
        agent_server(lambda: _desk(service, _at_hand.get())),
        stateless=True,
        json_response=True,
        max_request_body_size=MOST_BYTES,
    )
    endpoint = Endpoint(service, manager.handle_request)
    return Extension([Route(PATH, endpoint=endpoint)], manager.run)


def _desk(service: Service, caller: Caller) -> Desk:
    @contextmanager
    def opened(dataset: str, role: str, purpose: str, columns: Sequence[str] | None) -> Iterator[Rows]:
        with service.opened(caller, dataset, role, purpose, columns) as rows, turn(service.memory):
            yield rows

    return Desk(caller, service.release, opened)


class Endpoint:
    """What stands before the protocol: token, Host and Origin, method.

    Args:
        service: whose callers are let in.
        protocol: takes what passes.
    """

    def __init__(self, service: Service, protocol: ASGIApp) -> None:
        self._service, self._protocol = service, protocol

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = Headers(scope=scope)
        try:
            caller = await to_thread.run_sync(self._service.callers.identify, headers.get("authorization"))
            demand_host(headers.get("host", ""), self._service.limits.hosts)
            demand_origin(headers.get("origin"), self._service.limits.hosts)
        except EsclusaError as error:
            await problem(error)(scope, receive, send)
            return
        if scope["method"] != "POST":  # there is no stream to open and no session to end
            await Response(status_code=405, headers={"Allow": "POST"})(scope, receive, send)
            return
        token = _at_hand.set(caller)
        try:
            await self._protocol(scope, receive, send)
        finally:
            _at_hand.reset(token)
