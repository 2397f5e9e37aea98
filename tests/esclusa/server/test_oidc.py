"""An identity provider that the settings name: its JWTs open the service, as whom they name; nothing else does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from esclusa.errors import Busy
from esclusa.server import provider_keys
from esclusa.server.app import create_app
from esclusa.server.provider_keys import ProviderKeys
from esclusa.server.service import open_service
from esclusa.server.settings import Provider
from tests.esclusa.roles import AS_CLERK, entries
from tests.esclusa.server.conftest import Served
from tests.esclusa.server.test_jwts import AUDIENCE, ISSUER, OTHER, RSA, claims, published, signed, unsigned

ROWS = "/v1/datasets/sales/rows"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(published(RSA))
    return path


@pytest.fixture
def client(served: Served, keys: Path) -> Iterator[TestClient]:
    """A client of a service with a provider."""
    limits = replace(served.service.limits, provider=Provider(ISSUER, AUDIENCE, str(keys)))
    with TestClient(create_app(open_service(served.service.settings, limits))) as made:
        yield made


def test_who_is_named_in_a_jwt_reads_and_the_ledger_says_who(served: Served, client: TestClient) -> None:
    answer = client.get(ROWS, params=AS_CLERK, headers={"Authorization": f"Bearer {signed()}"})
    assert answer.status_code == 200
    assert [entry.body["user"] for entry in entries(served.golden, "read")] == ["oidc:ada"]
    other = client.get(ROWS, params={"role": "model", "purpose": "scoring"}, headers=answer.request.headers)
    assert other.status_code == 403


@pytest.mark.parametrize(
    "credential",
    [
        unsigned({"alg": "none", "kid": "one"}, claims()),
        signed(aud="another"),
        signed(iss=f"{ISSUER}other"),
        signed(exp=int(time.time()) - 3600),
        signed(OTHER),
    ],
    ids=["unsigned", "for another audience", "of another issuer", "expired", "forged"],
)
def test_a_jwt_that_does_not_hold_is_refused(served: Served, client: TestClient, credential: str) -> None:
    answer = client.get(ROWS, params=AS_CLERK, headers={"Authorization": f"Bearer {credential}"})
    assert (answer.status_code, answer.json()["error"]) == (401, "NotIdentified")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="esclusa", error="invalid_token"'
    assert not entries(served.golden, "read")


def test_nobody_waits_for_a_slow_provider_whose_key_is_at_hand(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, asked, answered = 0.0, threading.Event(), threading.Event()
    known = ProviderKeys(Provider(ISSUER, AUDIENCE, str(keys)), lambda: now)
    assert known.find("one") is not None
    document = known._document

    def slow() -> object:
        asked.set()
        assert answered.wait(30)
        return document()

    monkeypatch.setattr(known, "_document", slow)
    monkeypatch.setattr(provider_keys, "WAIT", 0.01)
    now = provider_keys.KEPT + 1.0
    fetching = threading.Thread(target=known.find, args=("one",))
    fetching.start()
    try:
        assert asked.wait(30)
        assert known.find("one") is not None
        with pytest.raises(Busy):
            known.find("two")
    finally:
        answered.set()
        fetching.join()
    assert known.find("two") is None
