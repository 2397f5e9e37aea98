"""Names of the service: whoever asks under another, in a browser on the same machine, was led there by a page."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from esclusa.errors import NotPermitted
from esclusa.server.names import demand_host, demand_origin
from tests.esclusa.server.conftest import Served
from tests.esclusa.server.live import listening


@pytest.fixture
def address(served: Served) -> Iterator[str]:
    limits = replace(served.service.limits, hosts=frozenset({"data.example.org"}))
    with listening(replace(served.service, limits=limits)) as url:
        yield urlsplit(url).netloc


def status(address: str, path: str, host: str) -> int:
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("GET", path, headers={"Host": host})
    with connection.getresponse() as answer:
        assert b"ESCLUSA_SERVE_HOSTS" in answer.read() or answer.status != 403
        return answer.status


def test_what_arrives_on_this_machine_under_a_rebound_name_is_told_nothing(address: str) -> None:
    for path in ("/v1/datasets", "/metadata/timestamp.json", "/openapi.json", "/readyz", "/metrics", "/nowhere"):
        assert status(address, path, "evil.example.org") == 403, path
        assert status(address, path, address) == (404 if path == "/nowhere" else 200), path
    assert status(address, "/v1/datasets", "") == 403
    assert status(address, "/healthz", "evil.example.org") == 200, "tells nothing, and probes name what they like"


def test_a_proxy_on_the_same_machine_names_it_as_the_settings_do(address: str) -> None:
    assert status(address, "/v1/datasets", "data.example.org") == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "127.0.1.1", "[::1]:8000", "a.org"])
def test_its_own_names_are_known_with_any_port(host: str) -> None:
    names = frozenset({"a.org"})
    demand_host(host, names)
    demand_origin(f"https://{host}", names)
    demand_origin(None, names)
    for other in (f"x{host}", f"{host}.b.org"):
        with pytest.raises(NotPermitted):
            demand_host(other, names)
        with pytest.raises(NotPermitted):
            demand_origin(f"https://{other}", names)
