"""What the service's tests share: a service over a golden repository of its own, and its tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from esclusa.server.app import create_app
from esclusa.server.service import Service, open_service
from esclusa.settings import load_settings
from tests.esclusa.golden import Golden, fresh_golden
from tests.esclusa.roles import publish_sales


class Served:
    """A service, its golden repository, and a client of it."""

    def __init__(self, golden: Golden) -> None:
        self.golden = golden
        self.service: Service = open_service(replace(load_settings(golden.path, golden.state), role="", purpose=""))
        self.client = TestClient(create_app(self.service), raise_server_exceptions=False)

    def token(self, *roles: str, purposes: tuple[str, ...] = (), mirror: bool = False, name: str = "robot") -> str:
        """A token in force."""
        file = self.service.callers.tokens
        return file.add(name, roles, purposes, mirror, datetime.now(UTC) + timedelta(days=1))[0]

    def bearer(self, *roles: str, **rights: object) -> dict[str, str]:
        """Headers of a caller."""
        return {"Authorization": f"Bearer {self.token(*roles, **rights)}"}  # type: ignore[arg-type]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A service over orders that the role `tester` reads whole, and sales whose roles differ."""
    golden = fresh_golden(tmp_path)
    publish_sales(golden)
    made = Served(golden)
    with made.client:
        yield made
