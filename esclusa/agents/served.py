"""Tools for agents over HTTP: `/mcp` of the service, for callers that the service has identified.

Belongs here: who may reach the endpoint, and whose call is at hand. Does not: the protocol (`server.py`), who is who
(`esclusa/server/callers.py`).

The endpoint keeps no session: each message stands for itself, any worker answers it, and a restart loses nothing.
Source: Model Context Protocol 2025-11-25, "Streamable HTTP" and its security warning (Origin, Host); RFC 6750.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar

from anyio import to_thread
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from esclusa.agents.desk import Desk
from esclusa.agents.server import agent_server
from esclusa.errors import EsclusaError, NotPermitted
from esclusa.rows import Rows
from esclusa.server.callers import Caller
from esclusa.server.problems import problem
from esclusa.server.service import Extension, Service

PATH = "/mcp"
MOST_BYTES = 256 * 1024  # of a message
_HOST = re.compile(r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_ORIGIN = re.compile(rf"https?://{_HOST.pattern}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
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
    def opened(dataset: str, role: str, purpose: str, columns: Sequence[str] | None) -> AbstractContextManager[Rows]:
        return service.opened(caller, dataset, role, purpose, columns)

    return Desk(caller, service.release, opened)


class Endpoint:
    """What stands before the protocol: method, Host and Origin, token.

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
            demand_own_names(headers, _LOOPBACK | self._service.limits.hosts)
            caller = await to_thread.run_sync(self._service.callers.identify, headers.get("authorization"))
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


def demand_own_names(headers: Headers, names: frozenset[str]) -> None:
    """Refuse requests that a page in somebody's browser was tricked into: by another Origin, or by a rebound name.

    Args:
        headers: of the request.
        names: under which the service may be reached.

    Raises:
        NotPermitted: `Host` or `Origin` names another.
    """
    for label, said, form in (("Host", headers.get("host", ""), _HOST), ("Origin", headers.get("origin"), _ORIGIN)):
        if said is None:
            continue
        found = form.fullmatch(said.lower())
        if found is None or found["name"].strip("[]") not in names:
            raise NotPermitted(
                f"This service is not reached by that {label}.",
                observed=f"{label}: {said[:100]}",
                required=f"one of: {', '.join(sorted(names))}",
                remedy="Whoever runs the service names it in ESCLUSA_SERVE_HOSTS.",
            )
