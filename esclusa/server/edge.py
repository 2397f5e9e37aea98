"""The edge: what every request passes on its way in, and every answer on its way out.

Belongs here: limits of all requests together, time limits, headers of protection, one log line and the figures.
Does not: who calls (`callers.py`), what is answered.
Source: RFC 9110 §15 (status codes), Content Security Policy 3, the Fetch standard (nosniff), RFC 6797 (HSTS).
"""

from __future__ import annotations

import logging
import math
import re
import secrets
import time
from typing import Any

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from esclusa.errors import Busy, NotPermitted
from esclusa.server.buckets import Buckets
from esclusa.server.calling import Call, begin
from esclusa.server.figures import Figures
from esclusa.server.golden_files import is_shut
from esclusa.server.logs import LOGGER, fault
from esclusa.server.names import demand_host, is_local
from esclusa.server.problems import problem
from esclusa.server.settings import ServerSettings

QUIET = ("/healthz", "/readyz", "/metrics")  # asked every few seconds by machines: counted, not logged, not limited
ALIVE = "/healthz"  # tells nothing, and is asked under any name
ROWS = re.compile(r"/v1/datasets/[^/]+/rows")
MCP = "/mcp"
HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'; sandbox",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
}
HSTS = (b"strict-transport-security", b"max-age=31536000")


class Edge:
    """Wraps the application.

    Args:
        app: what answers.
        limits: of the service.
        figures: that are kept.
    """

    def __init__(self, app: ASGIApp, limits: ServerSettings, figures: Figures) -> None:
        self._app, self._limits, self._figures = app, limits, figures
        self._addresses = Buckets(limits.address_rate, limits.address_rate * 5)
        self._working = 0
        self._log = logging.getLogger(LOGGER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; pass on anything that is none."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, until = time.perf_counter(), time.monotonic() + self._limits.timeout
        call = Call(secrets.token_hex(8), (scope.get("client") or ("",))[0], until)
        begin(call)
        answer = _Answer(send, call, scope["scheme"] == "https", self._limits.timeout)
        self._working += 1
        self._figures.working.set(self._working)
        try:
            with answer.time:
                await self._inside(scope, receive, answer)
            if answer.time.cancelled_caught:
                await self._too_slow(scope, receive, answer)
        except Exception as error:
            self._log.error("fault", extra={"said": {"request": call.id, **fault(error)}})
        finally:
            self._working -= 1
            self._figures.working.set(self._working)
            self._tell(scope, answer, call, time.perf_counter() - began)

    async def _inside(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            self._demand_room(scope, answer.call)
            self._demand_own_name(scope)
        except (Busy, NotPermitted) as refused:
            await problem(refused)(scope, receive, answer)
            return
        await self._app(scope, receive, answer)

    def _demand_room(self, scope: Scope, call: Call) -> None:
        if scope["path"] in QUIET:
            return
        if self._working > self._limits.concurrent:
            raise Busy(
                "The service works on as many requests as it takes at once.",
                required=f"at most {self._limits.concurrent} at once",
                remedy="Try again in a second.",
            )
        shows_token = any(name == b"authorization" for name, _ in scope["headers"])
        if not (shows_token and _asks_who_calls(scope)):
            self._addresses.take(call.address)

    def _demand_own_name(self, scope: Scope) -> None:
        """Of what arrives at a loopback address: a page whose name was rebound to it is no other site to a browser."""
        if is_local(scope) and scope["path"] != ALIVE:
            demand_host(Headers(scope=scope).get("host", ""), self._limits.hosts)

    async def _too_slow(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        if answer.status == 0:
            answer.time = anyio.CancelScope()
            busy = Busy("The answer took too long.", required=f"within {self._limits.timeout:g} seconds")
            await problem(busy)(scope, receive, answer)

    def _tell(self, scope: Scope, answer: _Answer, call: Call, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "") or "none"
        self._figures.requests.labels(route, _method(scope), str(answer.status)).inc()
        self._figures.seconds.labels(route).observe(seconds)
        self._figures.bytes.labels(route).inc(answer.sent)
        if scope["path"] in QUIET:
            return
        said: dict[str, Any] = {"request": call.id, "method": _method(scope), "route": route, "status": answer.status}
        said |= {"ms": round(seconds * 1000, 1), "bytes": answer.sent, "address": call.address, "caller": call.caller}
        if not answer.whole:
            said["cut"] = True
        self._log.info("request", extra={"said": said})


class _Answer:
    """An answer on its way out: it may stand still no longer than the time limit."""

    def __init__(self, send: Send, call: Call, is_tls: bool, timeout: float) -> None:
        self._send, self._is_tls, self._timeout = send, is_tls, timeout
        self.call = call
        self.status = self.sent = 0
        self.whole = False
        self.time = anyio.CancelScope(deadline=anyio.current_time() + timeout)

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": self._guarded(message["headers"])}
        elif message["type"] == "http.response.body":
            self.sent += len(message.get("body", b""))
            self.whole = not message.get("more_body", False)
        if self.time.deadline != math.inf:
            self.time.deadline = anyio.current_time() + self._timeout
        await self._send(message)

    def _guarded(self, headers: Any) -> list[tuple[bytes, bytes]]:
        given = dict(headers)
        if given.get(b"content-type", b"").startswith(b"text/event-stream"):
            self.time.deadline = math.inf  # a stream of events stands still as long as nothing happens
        added = [pair for pair in HEADERS.items() if pair[0] not in given]
        added += [HSTS] if self._is_tls else []
        return [*headers, *added, (b"esclusa-request", self.call.id.encode())]


def _asks_who_calls(scope: Scope) -> bool:
    """Where whoever calls is asked for first, and counted by name. Elsewhere any token would lift the limit."""
    method, path = scope["method"], scope["path"]
    if method in ("GET", "HEAD", "POST") and ROWS.fullmatch(path):
        return True
    return path == MCP or (method in ("GET", "HEAD") and is_shut(path))


def _method(scope: Scope) -> str:
    """One of the methods that exist, so that nobody makes up labels."""
    method: str = scope["method"]
    return method if method in ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH") else "other"
