"""What every room's tests share: where the repository and the real data are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.openlineage import Standard
from tests.postgres import Server, server_binaries

ROOT = Path(__file__).resolve().parents[1]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests measured (`record_property("measured", …)`), also of those that ran in processes of their own."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "measured":
                terminalreporter.write_line(str(value))


@pytest.fixture(autouse=True)
def asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads in a test that is not about access does so in the role that every small dataset grants."""
    monkeypatch.setenv("ESCLUSA_ROLE", "tester")
    monkeypatch.setenv("ESCLUSA_PURPOSE", "testing")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The directory of real data, beside the repository; never part of it."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip(f"needs the real data sets in {path}, which are not part of the repository (see docs/data.md)")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A running, empty Postgres."""
    binaries = server_binaries()
    if binaries is None:
        pytest.skip("needs PostgreSQL's server programs under /usr/lib/postgresql (package postgresql)")
    server = Server(binaries)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def openlineage() -> Standard:
    """OpenLineage's JSON schemas, beside the repository; never part of it."""
    path = ROOT.parent / "shared" / "specs" / "openlineage"
    if not path.is_dir():
        pytest.skip(f"needs the JSON schemas of OpenLineage 2-0-2 and its facets in {path}")
    return Standard(path)
