"""`/mcp` of the service: who is let in, and whose name the ledger holds."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from esclusa.agents.served import MOST_BYTES
from esclusa.reader import Release
from esclusa.server.service import AT_ONCE
from esclusa.verification import Vouched
from tests.esclusa.roles import entries
from tests.esclusa.server.conftest import Served, served

__all__ = ["served"]
HERE = {"Host": "localhost:8000", "Accept": "application/json, text/event-stream"}


def post(client: TestClient, headers: dict[str, str], method: str, **params: Any) -> Any:
    """The answer to one message."""
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return client.post("/mcp", json=message, headers={**HERE, **headers})


def call(served: Served, headers: dict[str, str], tool: str, **arguments: Any) -> Any:
    """The result of one call, without a handshake: the endpoint keeps no session."""
    answer = post(served.client, headers, "tools/call", name=tool, arguments=arguments)
    assert answer.status_code == 200
    return answer.json()["result"]


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}])
def test_nobody_without_a_token_is_told_anything(served: Served, header: dict[str, str]) -> None:
    for method in ("initialize", "tools/list", "resources/list"):
        answer = post(served.client, header, method)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.json()["next"]


@pytest.mark.parametrize(
    "names",
    [
        {"Host": "evil.example.org"},
        {"Host": ""},
        {"Host": "localhost.evil.example.org"},
        {"Host": "localhost@evil.example.org"},
        {"Host": "[::1", "Origin": "http://localhost"},
        {"Host": "localhost", "Origin": "https://example.org"},
        {"Host": "localhost", "Origin": "null"},
    ],
)
def test_a_page_of_somebody_elses_cannot_reach_it(served: Served, names: dict[str, str]) -> None:
    answer = post(served.client, {**served.bearer("clerk"), **names}, "tools/list")
    assert answer.status_code == 403
    assert "ESCLUSA_SERVE_HOSTS" in answer.json()["next"]


def test_it_is_posted_to_and_keeps_no_session(served: Served) -> None:
    bearer = served.bearer("clerk")
    for method in ("GET", "DELETE", "PUT"):
        answer = served.client.request(method, "/mcp", headers={**HERE, **bearer})
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    answer = post(
        served.client, bearer, "initialize",
        protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "test", "version": "1"},
    )  # fmt: skip
    assert answer.json()["result"]["serverInfo"]["name"] == "esclusa"
    assert "mcp-session-id" not in answer.headers


def test_a_message_that_is_too_long_is_not_read(served: Served) -> None:
    answer = post(served.client, served.bearer("clerk"), "tools/list", padding="x" * MOST_BYTES)
    assert answer.status_code == 413


def test_each_caller_finds_its_own_and_no_other(served: Served) -> None:
    clerk, model = served.bearer("clerk", name="clerk"), served.bearer("model", name="model")
    found = call(served, clerk, "find_datasets", purpose="billing")["structuredContent"]
    assert [offered["dataset"] for offered in found["datasets"]] == ["official", "sales"]
    assert call(served, model, "find_datasets", purpose="billing")["structuredContent"]["datasets"] == []
    found = call(served, model, "find_datasets", purpose="scoring")["structuredContent"]
    assert [role["role"] for role in found["datasets"][0]["roles"]] == ["model"]


def test_a_caller_takes_no_role_that_its_token_does_not_name(served: Served) -> None:
    refused = call(served, served.bearer("clerk"), "read_sample", dataset="sales", role="model", purpose="scoring")
    assert refused["isError"]
    assert "token:robot may not read in the role model" in refused["content"][0]["text"]
    assert entries(served.golden, "read-refused")[-1].body["user"] == "token:robot"


def test_a_sample_is_in_the_ledger_under_the_callers_name(served: Served) -> None:
    told = call(served, served.bearer("model", name="scorer"), "read_sample", dataset="sales", purpose="scoring")
    assert told["structuredContent"]["returned"] == 10
    last = entries(served.golden, "read")[-1]
    assert (last.body["user"], last.body["role"], last.body["rows"]) == ("token:scorer", "model", 10)


def test_samples_and_reads_at_once_hold_few_datasets_in_memory(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    held, most, turn, parts = [0], [0], threading.Lock(), Release.parts

    def counted(release: Release, vouched: Vouched) -> Sequence[bytes]:
        with turn:
            held[0] += 1
            most[0] = max(most[0], held[0])
        time.sleep(0.05)
        with turn:
            held[0] -= 1
        return parts(release, vouched)

    monkeypatch.setattr(Release, "parts", counted)
    model = served.bearer("model")

    def ask(number: int) -> bool:
        asked = {"role": "model", "purpose": "scoring", "limit": 1 + number}
        if number % 2:
            return served.client.get("/v1/datasets/sales/rows", params=asked, headers=model).status_code == 200
        return not call(served, model, "read_sample", dataset="sales", **asked)["isError"]

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(ask, range(12)))
    assert most[0] == AT_ONCE


def test_calls_at_once_are_each_answered_for_their_own_caller(served: Served) -> None:
    callers = {name: served.bearer(role, name=name) for name, role in (("c", "clerk"), ("m", "model"))}
    purposes = {"c": ("billing", ["official", "sales"]), "m": ("scoring", ["sales"])}

    def ask(name: str) -> tuple[str, list[str]]:
        told = call(served, callers[name], "find_datasets", purpose=purposes[name][0])
        return name, [offered["dataset"] for offered in told["structuredContent"]["datasets"]]

    with ThreadPoolExecutor(8) as pool:
        for name, datasets in pool.map(ask, ["c", "m"] * 20):
            assert datasets == purposes[name][1]
