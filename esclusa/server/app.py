"""The service as an ASGI application: what answers which path.

Belongs here: assembly alone. Does not: answering.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from importlib.util import find_spec

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from esclusa.errors import EsclusaError
from esclusa.server import dataset_routes, golden_files, health, openapi, problems, row_routes
from esclusa.server.answers import Answers
from esclusa.server.edge import Edge
from esclusa.server.figures import Figures
from esclusa.server.service import Extension, Service

# Each offers `extension(service) -> Extension`. Pages come last: they own every path that is nobody's.
EXTENSIONS = ("esclusa.agents.served", "esclusa.catalogue.served")


def create_app(service: Service) -> ASGIApp:
    """The whole service.

    Args:
        service: what it stands on; see `open_service`.
    """
    answers = Answers(service.limits.cache, service.limits.bytes, service.memory)
    figures = Figures(service, answers)
    extensions = [_extension(name, service) for name in EXTENSIONS if _is_there(name)]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await run_sync(service.warm)
        async with AsyncExitStack() as stack:
            for extension in extensions:
                if extension.lifespan is not None:
                    await stack.enter_async_context(extension.lifespan())
            yield

    app = Starlette(
        routes=[
            *health.routes(service),
            *golden_files.routes(service),
            *dataset_routes.routes(service),
            *row_routes.routes(service, answers),
            figures.route(),
            openapi.route(),
            *(route for extension in extensions for route in extension.routes),
        ],
        exception_handlers={
            EsclusaError: problems.on_refusal,
            HTTPException: problems.on_http_error,
            Exception: problems.on_fault,
        },
        lifespan=lifespan,
    )
    return Edge(app, service.limits, figures)


def _is_there(name: str) -> bool:
    package, _, _ = name.rpartition(".")
    return find_spec(package) is not None and find_spec(name) is not None


def _extension(name: str, service: Service) -> Extension:
    made: Extension = import_module(name).extension(service)
    return made
