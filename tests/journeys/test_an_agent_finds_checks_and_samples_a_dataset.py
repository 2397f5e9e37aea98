"""The script of docs/agents.md, run as it stands: find, understand, check, look, and ask why another is refused."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from mcp import Client

import esclusa
from esclusa.agents.desk import local_desk
from esclusa.agents.documents import KINDS
from esclusa.agents.server import agent_server
from esclusa.ledger.ledger import Ledger
from esclusa.server.app import create_app
from esclusa.server.service import open_service
from esclusa.settings import load_settings
from tests.conftest import ROOT
from tests.journeys.conftest import Journey
from tests.journeys.served_agents import listening

ROLE, PURPOSE = "renewal-risk-model", "renewal_scoring"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The script, as the page shows it."""
    page = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```python\n(.*?)```", page, re.S)
    path = tmp_path / "agent.py"
    path.write_text(text, encoding="utf-8")
    return path


def run(journey: Journey, script: Path, *arguments: str) -> str:
    """What the script prints."""
    environment = {**os.environ, "ESCLUSA_REPOSITORY": str(journey.settings.golden)}
    environment |= {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for variable in ("ESCLUSA_ROLE", "ESCLUSA_PURPOSE"):
        environment.pop(variable, None)
    command = [sys.executable, str(script), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def demand_the_whole_way(said: str) -> None:
    assert "found: renewal_risk because" in said
    assert "one row is: One row per account and as-of date." in said
    assert "masked: {'account_id': 'hash'}" in said
    assert "SYNTHETIC data" in said
    assert re.search(r"sample: \[\{'risk_band': '\w+'\}, .*\] of \d+", said)
    assert '"error": "NotPermitted"' in said
    assert "why: renewal-risk-model is not granted qualified_leads for renewal_scoring." in said


def reads(journey: Journey, kind: str) -> list[tuple[str, str, object]]:
    ledger = Ledger(journey.settings.golden.parent / "ledger.sqlite")
    return [(entry.body["user"], entry.dataset, entry.body["rows"]) for entry in ledger.entries(kind)]


def test_over_standard_input_and_output(journey: Journey, script: Path) -> None:
    demand_the_whole_way(run(journey, script))
    assert reads(journey, "read")[-1][1:] == ("renewal_risk", 3)
    assert reads(journey, "read-refused")[-1][1:] == ("qualified_leads", 0)


def test_over_http_under_the_name_of_its_token(journey: Journey, script: Path) -> None:
    service = open_service(load_settings(journey.settings.golden))
    end = datetime.now(UTC) + timedelta(hours=1)
    token, _ = service.callers.tokens.add("scorer", [ROLE], [PURPOSE], False, end)
    with listening(create_app(service)) as address:
        demand_the_whole_way(run(journey, script, f"{address}/mcp", token))
    assert reads(journey, "read")[-1] == ("token:scorer", "renewal_risk", 3)
    assert reads(journey, "read-refused")[-1] == ("token:scorer", "qualified_leads", 0)


def test_every_document_of_a_granted_dataset_is_listed_and_read(journey: Journey) -> None:
    async def documents() -> dict[str, str]:
        server = agent_server(lambda: local_desk(lambda: esclusa.open(journey.settings.golden), ROLE, PURPOSE))
        async with Client(server) as agent:
            listed = (await agent.list_resources()).resources
            return {str(r.uri): (await agent.read_resource(r.uri)).contents[0].text for r in listed}

    found = anyio.run(documents)
    assert set(found) == {f"esclusa://datasets/renewal_risk/{kind.name}" for kind in KINDS}
    assert all(len(text) > 500 for text in found.values())
    assert "# Datasheet" in found["esclusa://datasets/renewal_risk/datasheet"]
