"""What the reader's tests share."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from tests.esclusa.golden import Golden, fresh_golden
from tests.esclusa.kept import Kept
from tests.esclusa.roles import publish_sales
from tests.postgres import Server


@pytest.fixture
def golden(tmp_path: Path) -> Golden:
    """A golden repository of this test alone, its root pinned."""
    return fresh_golden(tmp_path)


@pytest.fixture
def shop(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> Golden:
    """A golden repository with datasets whose roles differ. Nobody says who reads."""
    monkeypatch.delenv("ESCLUSA_ROLE")
    monkeypatch.delenv("ESCLUSA_PURPOSE")
    publish_sales(golden)
    return golden


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """An empty ledger of each kind."""
    if request.param == "sqlite":
        return Kept(str(tmp_path / "made at the first entry" / "ledger.sqlite"))
    server: Server = request.getfixturevalue("postgres")
    return Kept(server.database(f"ledger_{uuid4().hex}"))


@pytest.fixture
def five(kept: Kept) -> Kept:
    """A ledger of five entries."""
    for number in range(1, 6):
        kept.ledger.append("read", "orders" if number % 2 else "leads", {"rows": number, "role": "analyst"})
    return kept
