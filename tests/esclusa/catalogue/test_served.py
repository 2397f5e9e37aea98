"""The pages live: the same as on disk, with headers that let nothing else in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from esclusa.catalogue import served
from esclusa.server.app import create_app
from esclusa.server.service import open_service
from esclusa.settings import load_settings
from expectations.verdict import State
from lineage.golden.decision import decision
from tests.esclusa.golden import SHUT, Golden


@pytest.fixture
def client(own: Golden) -> Iterator[TestClient]:
    """A client of a service over a stocked repository."""
    service = open_service(replace(load_settings(own.path, own.state), role="", purpose=""))
    with TestClient(create_app(service), base_url="http://127.0.0.1:8000") as made:
        yield made


def test_the_front_page_is_where_people_look_for_it(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.url.path == "/index.html"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["datasets/sales.html", "es/datasets/late.html", "shut.html", "es/terms/order.html"])
def test_pages_are_served_in_both_languages_and_let_nothing_else_in(client: TestClient, path: str) -> None:
    answer = client.get(f"/{path}")
    assert answer.status_code == 200
    assert f'<html lang="{"es" if path.startswith("es/") else "en"}">' in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_snippets_read_from_the_service_and_say_that_it_wants_a_token(client: TestClient) -> None:
    page = client.get("/datasets/sales.html").text
    assert "repository=&#39;http://127.0.0.1:8000&#39;" in page
    assert "ESCLUSA_TOKEN" in page
    assert page.index("esclusa trust") < page.index("esclusa.read"), "what comes first is asked for first"


def test_documents_and_assets_are_served_as_what_they_are(client: TestClient) -> None:
    assert client.get("/datasets/sales/certificate.json").json()["payloadType"] == "application/vnd.in-toto+json"
    assert client.get("/datasets/sales/datasheet.md").headers["content-type"].startswith("text/markdown")
    assert client.get("/assets/catalogue.css").headers["content-type"].startswith("text/css")
    assert {entry["dataset"] for entry in client.get("/catalogue.json").json()["datasets"]} >= {"sales", "late"}


OF_NOBODY = ("datasets/nothing.html", "datasets/late/certificate.json", "datasets/sales/part-00000.parquet", "es")
OUTSIDE = ("assets/x.css", "assets/..%2F__init__.py", "..%2f..%2fkeys%2froot.pem", "datasets/sales/..%2f..%2fx")


@pytest.mark.parametrize("path", [*OF_NOBODY, *OUTSIDE])
def test_nothing_else_is_there(client: TestClient, path: str) -> None:
    assert client.get(f"/{path}").status_code == 404


def test_a_page_that_did_not_change_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/terms.html")
    again = client.get("/terms.html", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert not again.content


def test_what_is_published_is_on_the_next_page(client: TestClient, own: Golden) -> None:
    assert "A newer candidate was refused" not in client.get("/datasets/sales.html").text
    finding = replace(SHUT, rule="sales__volume", state=State.FAIL)
    writer = own.writer()
    remedy = "deliver all of them"
    refused = {
        "owner": "ada",
        "message": f"Too few rows; next: {remedy}",
        "remedy": remedy,
        "certificate": writer.certificate("sales"),
    }
    told = decision("sales", "refused", at=datetime.now(UTC), findings=[finding], **refused)
    writer.publish(verdicts={"sales": told})
    page = client.get("/datasets/sales.html").text
    assert "A newer candidate was refused" in page
    assert "sales__volume" in page
    assert page.count(remedy) == 1


def test_states_are_read_anew_while_nothing_is_published() -> None:
    assert timedelta(0) < served.KEPT <= timedelta(minutes=1)
