"""What stands behind each dataset, as JSON for everyone: no row is in it.

Belongs here: `/v1/datasets` and below, what the service says of itself. Does not: rows, pages for people.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from esclusa.cli.plain import plain
from esclusa.remote import FORMAT, WELL_KNOWN
from esclusa.server.problems import told
from esclusa.server.service import Service

CACHING = {"Cache-Control": "no-cache"}


def routes(service: Service) -> list[Route]:
    """The routes of what is known of datasets.

    Args:
        service: whose datasets they are.
    """
    return [
        Route(f"/{WELL_KNOWN}", partial(_itself, service), name="itself"),
        Route("/v1/datasets", partial(_list, service), name="datasets"),
        Route("/v1/datasets/{dataset}", partial(_one, service), name="dataset"),
    ]


async def _itself(service: Service, _: Request) -> Response:
    """What tells a client that rows are asked for here, and how many at once."""
    said = {"service": "esclusa", "format": FORMAT, "mostRows": service.limits.rows}
    return JSONResponse({**said, "openapi": "openapi.json"}, headers=CACHING)


async def _list(service: Service, _: Request) -> Response:
    return await run_sync(_listed, service)


async def _one(service: Service, request: Request) -> Response:
    return await run_sync(_explained, service, request.path_params["dataset"])


def _listed(service: Service) -> Response:
    release = service.release
    document = {"release": release.version, "aliveUntil": release.alive_until.isoformat()}
    return JSONResponse({**document, "datasets": plain(release.catalog())}, headers=CACHING)


def _explained(service: Service, dataset: str) -> Response:
    release = service.release
    why = release.why(dataset)
    heard = replace(why, problem=why.problem and told(why.problem))
    document: dict[str, Any] = {"release": release.version, **plain(heard), "ok": why.ok}
    return JSONResponse(document, headers=CACHING)
