"""Whatever an agent sends: an answer, or a refusal in words; never a trace, and no dataset that is not listed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp.shared.exceptions import MCPError

from esclusa.agents.answers import Refusal
from esclusa.agents.server import agent_server
from esclusa.agents.tools import TOOLS
from tests.esclusa.agents.conftest import DeskFor

HIDDEN = ("orders", "customers", "generated", "official")  # certified, and not for a model that scores
NASTY = (
    *("../sales", "sales/../orders", "sales\x00", "s\u0430les", "SALES", " sales", "'; drop table sales; --", "%2e%2e"),
    *("a" * 300, "\u202eselas", "🂡", "", "{}", "$(id)", "\\sales", "esclusa://datasets/orders/contract"),
)
NAMES = st.one_of(st.sampled_from(("sales", "scoring", "model", *NASTY)), st.text(max_size=50))
WRONG = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.lists(st.integers(), max_size=3)
)
ARGUMENTS = st.fixed_dictionaries(
    {"dataset": st.one_of(NAMES, WRONG)},
    optional={
        "purpose": st.one_of(NAMES, WRONG),
        "role": st.one_of(NAMES, WRONG),
        "text": st.one_of(NAMES, WRONG),
        "limit": st.one_of(st.integers(), st.just(10**400), WRONG),
        "columns": st.one_of(st.lists(st.one_of(st.sampled_from(("order_id", "amount")), NAMES), max_size=4), WRONG),
        "unknown": WRONG,
    },
)
PATIENT = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class Agent:
    """A client that may read `sales` for scoring, called from a test without an event loop."""

    def __init__(self, portal: BlockingPortal, client: Client) -> None:
        self._portal, self._client = portal, client

    def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        return self._portal.call(self._client.call_tool, tool, arguments)

    def read(self, uri: str) -> Any:
        try:
            return self._portal.call(self._client.read_resource, uri)
        except MCPError as refused:
            return refused


@pytest.fixture
def agent(desk: DeskFor) -> Iterator[Agent]:
    server = agent_server(lambda: desk("model", "scoring"))
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Client(server)) as client:
        yield Agent(portal, client)


def demand_harmless(said: str, given_: str) -> None:
    """No trace, no path of ours, and of the hidden names none that was not asked for."""
    assert "Traceback" not in said
    assert "site-packages" not in said
    for name in HIDDEN:
        assert f'"{name}"' not in said or name in given_, said


@pytest.mark.parametrize("tool", [tool.name for tool in TOOLS])
@PATIENT
@given(arguments=ARGUMENTS)
def test_whatever_a_tool_is_given_it_answers_or_refuses_in_words(
    agent: Agent, tool: str, arguments: dict[str, Any]
) -> None:
    answer = agent.call(tool, arguments)
    text = answer.content[0].text
    demand_harmless(text, repr(arguments))
    if answer.is_error:
        refusal = Refusal.model_validate_json(text)
        assert refusal.error != "Fault", (arguments, refusal)
        assert refusal.what
        assert len(text) < 10_000
    else:
        assert json.loads(text) == answer.structured_content
        assert tool == "find_datasets" or answer.structured_content["dataset"] == arguments["dataset"]


@PATIENT
@given(dataset=NAMES, kind=st.one_of(st.sampled_from(("contract", "certificate", "lineage")), NAMES))
def test_whatever_address_is_read_it_is_a_document_of_the_callers_or_a_refusal(
    agent: Agent, dataset: str, kind: str
) -> None:
    document = agent.read(f"esclusa://datasets/{dataset}/{kind}")
    if isinstance(document, MCPError):
        assert document.error.code != -32603, document.error
        demand_harmless(json.dumps(document.error.data), repr((dataset, kind)))
    else:
        assert dataset == "sales"
        assert document.contents[0].text
