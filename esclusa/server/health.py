"""Whether the service lives, and whether it can answer.

Belongs here: `/healthz` and `/readyz`, for whatever restarts it and sends it requests. Does not: figures.
"""

from __future__ import annotations

from functools import partial

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from esclusa.server.service import Service

UNCACHED = {"Cache-Control": "no-store"}


def routes(service: Service) -> list[Route]:
    """Routes of health.

    Args:
        service: whose health it is.
    """
    return [Route("/healthz", _alive), Route("/readyz", partial(_ready, service))]


async def _alive(_: Request) -> Response:
    return JSONResponse({"status": "alive"}, headers=UNCACHED)


async def _ready(service: Service, _: Request) -> Response:
    """Refused with the release's own problem where it cannot be served, or the ledger cannot be read."""
    release = await run_sync(lambda: service.release)
    await run_sync(service.current.ledger.head)
    said = {"status": "ready", "release": release.version, "aliveUntil": release.alive_until.isoformat()}
    return JSONResponse(said, headers=UNCACHED)
