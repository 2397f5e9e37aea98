"""Whatever is posted to `/mcp`, with a token or without: never a fault, never a trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.esclusa.golden import fresh_golden
from tests.esclusa.roles import publish_sales
from tests.esclusa.server.conftest import Served

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
METHODS = st.sampled_from(
    (
        *("initialize", "ping", "tools/list", "tools/call", "resources/list", "resources/read", "prompts/get"),
        *("resources/templates/list", "prompts/list", "completion/complete", "logging/setLevel", "server/discover"),
        *("subscriptions/listen", "notifications/initialized", "notifications/cancelled", "sampling/createMessage"),
        *("", "../x"),
    )
)
PARAMS = JSON | st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(("read_sample", "get_context", "why_not", "x")) | JSON,
        "arguments": st.dictionaries(st.sampled_from(("dataset", "purpose", "limit")), JSON, max_size=3) | JSON,
        "uri": st.sampled_from(("esclusa://datasets/sales/contract", "file:///", "")) | JSON,
        "ref": JSON,
        "argument": JSON,
        "protocolVersion": st.sampled_from(("2025-11-25", "2026-07-28", "1.0")) | JSON,
        "_meta": JSON,
    },
)
MESSAGES = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0") | JSON, "method": METHODS | JSON, "id": st.integers() | st.text(max_size=5) | JSON},
    optional={"params": PARAMS},
)
BODIES = st.binary(max_size=60) | (MESSAGES | st.lists(MESSAGES, max_size=2) | JSON).map(
    lambda v: json.dumps(v).encode()
)
HEADERS = st.fixed_dictionaries(
    {"Content-Type": st.sampled_from(("application/json", "application/json; charset=utf-8", "text/plain", ""))},
    optional={
        "Accept": st.sampled_from(("application/json, text/event-stream", "application/json", "*/*", "text/html")),
        "MCP-Protocol-Version": st.sampled_from(("2025-06-18", "2025-11-25", "2026-07-28", "1999-01-01", "x" * 99)),
        "Mcp-Session-Id": st.sampled_from(("", "0" * 32, "../../x")),
        "Mcp-Method": st.sampled_from(("tools/call", "tools/list")),
        "Mcp-Name": st.sampled_from(("read_sample", "=?base64?eA==?=")),
        "Last-Event-ID": st.just("1"),
    },
)


@pytest.fixture
def unlimited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[TestClient, dict[str, str]]]:
    """A client of a service that counts no requests, and the headers of a caller."""
    for variable in ("ESCLUSA_SERVE_RATE", "ESCLUSA_SERVE_ADDRESS_RATE"):
        monkeypatch.setenv(variable, "1000000")
    golden = fresh_golden(tmp_path)
    publish_sales(golden)
    served = Served(golden)
    with served.client:
        yield served.client, served.bearer("model")


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=BODIES, headers=HEADERS, known=st.booleans(), method=st.sampled_from(("POST", "POST", "POST", "GET", "PUT"))
)
def test_nothing_that_is_sent_makes_it_fail(
    unlimited: tuple[TestClient, dict[str, str]], body: bytes, headers: dict[str, str], known: bool, method: str
) -> None:
    client, caller = unlimited
    who = caller if known else {}
    answer = client.request(method, "/mcp", content=body, headers={"Host": "localhost", **headers, **who})
    assert answer.status_code < 500, (body, headers, answer.text)
    assert known or answer.status_code in (401, 429)  # whoever fails too often is told to wait
    assert "Traceback" not in answer.text
