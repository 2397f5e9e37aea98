"""The description of the API: what it says holds, for what it names and for nonsense alike; never a fault."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from esclusa.server import openapi
from esclusa.server.buckets import Buckets
from tests.esclusa.server.conftest import Served

load_all_checks()
CHECKED = CHECKS.get_by_names(
    [
        *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
        *("response_headers_conformance", "response_schema_conformance"),
    ]
)
EXAMPLES = 12  # of each operation, sent with a token, with a bad one and without


def begun(app: ASGIApp) -> ASGIApp:
    """An application whose life began elsewhere: each request of the fuzzer would begin and end it."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        for event in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{event}.complete"})

    return answer


def test_every_route_of_the_api_is_described(served: Served) -> None:
    described = set(openapi.document()["paths"])
    extensions = {"/mcp", "/", "/catalogue.json", "/{path}"}
    routes = {
        route.path.replace(":path}", "}")
        for route in served.client.app._app.routes  # type: ignore[attr-defined]
        if isinstance(route, Route)
    }
    assert described <= routes
    assert {path for path in routes - described - extensions if path.startswith(("/v1", "/meta", "/targ"))} == set()


PATHS = sorted(openapi.document()["paths"])
WITH_ROWS = {"dataset": "sales"}
# What is sent as it is described; and what is not, where there is anything that could be otherwise.
CASES = [(path, GenerationMode.POSITIVE, {}) for path in PATHS if path != "/targets/{path}"]
CASES += [(path, GenerationMode.NEGATIVE, {}) for path in PATHS if path.endswith(("rows", "{name}", "{path}"))]
CASES += [("/v1/datasets/{dataset}/rows", mode, WITH_ROWS) for mode in GenerationMode]
CASES += [("/v1/datasets/{dataset}", GenerationMode.POSITIVE, WITH_ROWS)]


@pytest.mark.parametrize(("path", "mode", "known"), CASES)
def test_no_request_however_odd_makes_a_fault_or_an_answer_that_is_not_described(
    served: Served, path: str, mode: GenerationMode, known: dict[str, str]
) -> None:
    served.service.callers._requests = served.service.callers._failures = Buckets(1e9, 1e9)
    served.client.app._addresses = Buckets(1e9, 1e9)  # type: ignore[attr-defined]
    schema = schemathesis.openapi.from_asgi("/openapi.json", begun(served.client.app))
    robot = served.bearer("clerk")
    for found in schema.include(path=path).get_all_operations():

        @given(found.ok().as_strategy(generation_mode=mode, path_parameters=known or None))
        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
        def holds(case: schemathesis.Case) -> None:
            for sent in (robot, {"Authorization": "Bearer nonsense"}, {}):
                answer = case.call(headers=sent)
                case.validate_response(answer, checks=CHECKED)

        holds()
