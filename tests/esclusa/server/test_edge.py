"""The edge: limits, time, headers, log lines and figures of every request."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import anyio
import pytest
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from esclusa.errors import Busy
from esclusa.server import app as application
from esclusa.server.buckets import Buckets
from esclusa.server.logs import LOGGER, JsonLines
from esclusa.server.service import Extension
from tests.esclusa.roles import AS_CLERK
from tests.esclusa.server.conftest import Served

ROWS = "/v1/datasets/sales/rows"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[dict[str, Any]]]:
    """What is logged, as it is written."""
    found: list[dict[str, Any]] = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append(json.loads(JsonLines().format(record)))  # type: ignore[method-assign]
    logger = logging.getLogger(LOGGER)
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield found
    logger.removeHandler(handler)


def limited(served: Served, routes: list[Route] | None = None, **limits: Any) -> TestClient:
    """The same service under other limits, and with routes that behave badly."""
    service = replace(served.service, limits=replace(served.service.limits, **limits))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application, "_is_there", lambda name: name == "esclusa.agents.served" and routes is not None)
        patch.setattr(application, "_extension", lambda *_: Extension(routes or []))
        return TestClient(application.create_app(service), raise_server_exceptions=False)


def test_every_answer_is_protected_and_bears_the_number_of_its_log_line(served: Served, lines: list[Any]) -> None:
    for path in ("/v1/datasets", "/metadata/timestamp.json", "/nowhere"):
        answer = served.client.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["esclusa-request"] == lines[-1]["request"]
    assert "strict-transport-security" not in answer.headers


def test_a_log_line_says_who_and_which_route_and_never_a_value_or_a_token(served: Served, lines: list[Any]) -> None:
    robot = served.bearer("clerk")
    served.client.get(ROWS, params={**AS_CLERK, "columns": "amount"}, headers=robot)
    served.client.get("/targets/secret-name/x", headers=robot)
    line = lines[0]
    assert (line["caller"], line["route"], line["status"]) == ("token:robot", "/v1/datasets/{dataset}/rows", 200)
    assert line["bytes"] > 0
    said = json.dumps(lines)
    for secret in (robot["Authorization"], "billing", "amount", "secret-name", "c-1"):
        assert secret not in said


def test_a_fault_is_told_to_the_log_without_its_text_and_to_the_caller_not_at_all(
    served: Served, lines: list[Any]
) -> None:
    async def fails(_: Any) -> Any:
        raise RuntimeError("row of customer c-1")

    answer = limited(served, [Route("/fails", fails)]).get("/fails")
    assert (answer.status_code, answer.json()["title"]) == (500, "The service has failed.")
    (fault,) = [line for line in lines if line["event"] == "fault"]
    assert (fault["fault"], fault["request"]) == ("RuntimeError", answer.headers["esclusa-request"])
    assert "fails:" in fault["where"][-1]
    assert "c-1" not in json.dumps(lines)


def test_a_caller_that_comes_too_often_waits_and_others_do_not(served: Served) -> None:
    served.service.callers._requests = Buckets(1, 3, lambda: 0)
    robot, other = served.bearer("clerk"), served.bearer("clerk", name="other")
    codes = [served.client.get(ROWS, params=AS_CLERK, headers=robot).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    refused = served.client.get(ROWS, params=AS_CLERK, headers=robot)
    assert (refused.headers["retry-after"], refused.json()["error"]) == ("1", "Busy")
    assert served.client.get(ROWS, params=AS_CLERK, headers=other).status_code == 200


def test_guessing_is_slowed_down_and_does_not_shut_out_who_shares_the_address(served: Served) -> None:
    served.service.callers._failures = Buckets(1, 3, lambda: 0)
    guess = {"Authorization": "Bearer esclusa_guess"}
    codes = [served.client.get(ROWS, params=AS_CLERK, headers=guess).status_code for _ in range(5)]
    assert codes == [401, 401, 401, 429, 429]
    assert served.client.get(ROWS, params=AS_CLERK, headers=served.bearer("clerk")).status_code == 200


def test_an_address_without_a_token_comes_only_so_often(served: Served) -> None:
    client = limited(served, address_rate=0.2)  # five times as many at once: one
    assert [client.get("/v1/datasets").status_code for _ in range(3)] == [200, 429, 429]
    assert client.get("/healthz").status_code == 200


def test_a_made_up_token_does_not_lift_the_limit_where_nobody_looks_at_it(served: Served) -> None:
    client = limited(served, address_rate=0.2)
    made_up = {"Authorization": "Bearer nonsense"}
    assert [client.get("/v1/datasets", headers=made_up).status_code for _ in range(3)] == [200, 429, 429]
    shut = f"/targets/sales/{'0' * 64}.part-00000.parquet"
    for method, path in (("GET", "/targets/x.parquet"), ("PUT", ROWS), ("POST", shut), ("GET", f"{shut[:-8]}.json")):
        assert client.request(method, path, headers=made_up).status_code == 429, (method, path)
    for method, path in (("GET", ROWS), ("HEAD", ROWS), ("POST", ROWS), ("GET", shut), ("HEAD", shut)):
        assert client.request(method, path, headers=made_up).status_code == 401, "whoever calls is asked for"
    robot = served.bearer("clerk")
    assert client.get(ROWS, params=AS_CLERK, headers=robot).status_code == 200, "counted by name"


def test_a_bucket_fills_as_time_goes_by_and_forgets_the_longest_unseen() -> None:
    now = [0.0]
    buckets = Buckets(2, 2, lambda: now[0])
    for _ in range(2):
        buckets.take("a")
    with pytest.raises(Busy) as busy:
        buckets.take("a")
    assert busy.value.after == pytest.approx(0.5)
    now[0] = 0.5
    buckets.take("a")
    for number in range(10_001):
        buckets.take(str(number))
    assert len(buckets._levels) == 10_000


def test_an_answer_that_does_not_begin_in_time_is_given_up(served: Served) -> None:
    async def slow(_: Any) -> Any:
        await anyio.sleep(5)
        return JSONResponse({})

    answer = limited(served, [Route("/slow", slow)], timeout=0.05).get("/slow")
    assert (answer.status_code, answer.json()["detail"]) == (503, "The answer took too long.")


def test_an_answer_that_stands_still_is_cut_and_the_log_says_so(served: Served, lines: list[Any]) -> None:
    async def pieces() -> Any:
        yield b"a"
        await anyio.sleep(5)
        yield b"b"

    async def stuck(_: Any) -> Any:
        return StreamingResponse(pieces())

    limited(served, [Route("/stuck", stuck)], timeout=0.05).get("/stuck")
    assert (lines[-1]["cut"], lines[-1]["bytes"]) == (True, 1)


def test_more_requests_at_once_than_are_taken_are_sent_away(served: Served) -> None:
    answer = limited(served, concurrent=0).get("/v1/datasets")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_figures_tell_requests_and_until_when_everything_holds(served: Served) -> None:
    served.client.get(ROWS, params=AS_CLERK, headers=served.bearer("clerk"))
    served.client.get("/" + "x" * 50)
    figures = served.client.get("/metrics").text
    assert 'esclusa_requests_total{method="GET",route="/v1/datasets/{dataset}/rows",status="200"} 1.0' in figures
    assert ("x" * 50 in figures, 'status="404"' in figures) == (False, True)
    assert f"esclusa_release_version {served.service.release.version}.0" in figures
    assert 'esclusa_dataset_valid_until_seconds{dataset="sales"}' in figures
    assert "robot" not in figures


def test_figures_are_answered_also_where_nothing_can_be_served(served: Served) -> None:
    (served.golden.path / "metadata" / "timestamp.json").unlink()
    assert "esclusa_release_version 0.0" in served.client.get("/metrics").text
    assert served.client.get("/healthz").status_code == 200
    assert served.client.get("/readyz").status_code == 503
