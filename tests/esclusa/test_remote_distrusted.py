"""Whoever claims to be a service is believed nothing that does not fit; who is only busy is not taken for another."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import esclusa
from esclusa import remote
from esclusa.location import locate
from esclusa.remote import Service, discover
from tests.esclusa.roles import AS_CLERK
from tests.esclusa.server.conftest import Served
from tests.esclusa.server.conftest import served as served


class Lying(ThreadingHTTPServer):
    """A file server of a golden repository that claims to be a service, and answers as a test says."""

    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")
    seen: list[str]
    itself: list[tuple[int, dict[str, str], bytes]]  # how it answers first when it is asked what it is

    def __init__(self, directory: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Liar, directory=str(directory)))
        self.seen, self.itself = [], []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Liar(SimpleHTTPRequestHandler):
    server: Lying

    def do_GET(self) -> None:
        if self.path.endswith("/esclusa"):
            said = json.dumps({"service": "esclusa", "format": 1, "mostRows": 100}).encode()
            self._say(*(self.server.itself.pop(0) if self.server.itself else (200, {}, said)))
        else:
            super().do_GET()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(self.headers["Authorization"])
        self._say(*self.server.answer)

    def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing to say."""


@pytest.fixture
def liar(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lying]:
    monkeypatch.setenv("ESCLUSA_TOKEN", "esclusa_secret")
    monkeypatch.setenv("ESCLUSA_STATE", str(tmp_path / "consumer"))
    with Lying(served.golden.path) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            esclusa.trust(server.url)
            yield server
        finally:
            server.shutdown()
            thread.join()


def stream(columns: dict[str, Any]) -> bytes:
    sink, table = pa.BufferOutputStream(), pa.table(columns)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


GOOD = {"amount": [1.0] * 40}


@pytest.mark.parametrize(
    ("certificate", "body"),
    [
        (False, stream(GOOD)),
        (True, stream({"customer": ["c"] * 40})),
        (True, stream({**GOOD, "customer": ["c"] * 40})),
        (True, stream({"amount": [1.0] * 39})),
        (True, b"rows"),
        (True, b""),
        (True, stream(GOOD)[:200]),
    ],
)
def test_an_answer_that_does_not_fit_the_certificate_is_not_handed_out(
    served: Served, liar: Lying, certificate: bool, body: bytes
) -> None:
    digest = served.service.release.vouched("sales").certificate.digest
    liar.answer = (200, {"Esclusa-Certificate": digest if certificate else "0" * 64}, body)
    with pytest.raises(esclusa.Tampered, match="something else"):
        esclusa.read("sales", columns=["amount"], **AS_CLERK, repository=liar.url)
    liar.answer = (200, {"Esclusa-Certificate": digest}, stream(GOOD))
    assert esclusa.read("sales", columns=["amount"], **AS_CLERK, repository=liar.url).num_rows == 40


@pytest.mark.parametrize(
    ("status", "headers", "body", "error"),
    [
        (302, {"Location": "http://127.0.0.1:1/elsewhere"}, b"", esclusa.Unreachable),
        (500, {}, b"<html>", esclusa.Unreachable),
        (401, {}, b"", esclusa.NotIdentified),
        (503, {"Retry-After": "0"}, b'{"error": "LedgerUnavailable", "detail": "no"}', esclusa.LedgerUnavailable),
        (429, {"Retry-After": "0"}, b'{"error": "Busy", "detail": "wait"}', esclusa.Busy),
        (400, {}, b'{"error": "Exception", "detail": "x"}', esclusa.Unreachable),
        (400, {}, b'{"error": "annotations"}', esclusa.Unreachable),
        (400, {}, b"[]", esclusa.Unreachable),
    ],
)
def test_whatever_a_service_answers_is_one_of_our_refusals(
    liar: Lying, status: int, headers: dict[str, str], body: bytes, error: type[Exception]
) -> None:
    liar.answer = (status, headers, body)
    with pytest.raises(error) as refused:
        esclusa.read("sales", columns=["amount"], **AS_CLERK, repository=liar.url)
    assert "esclusa_secret" not in str(refused.value)
    assert len(liar.seen) == (3 if status in (429, 503) else 1)


def test_a_service_that_is_gone_is_unreachable() -> None:
    with pytest.raises(esclusa.Unreachable, match="did not answer"):
        Service("http://127.0.0.1:1", 10, "t").rows("sales", {})
    with pytest.raises(esclusa.Unreachable, match="did not answer"):
        discover(locate("http://127.0.0.1:1"), "t")


@pytest.mark.parametrize(("status", "asked"), [(429, 3), (503, 3), (500, 1)])
def test_a_busy_service_is_not_taken_for_a_file_server(liar: Lying, status: int, asked: int) -> None:
    refusal = (status, {"Retry-After": "0"}, b'{"error": "Busy", "detail": "wait"}')
    liar.itself = [refusal] * asked
    with pytest.raises(esclusa.Busy):
        discover(locate(liar.url), "t")
    assert not liar.itself
    liar.itself = [refusal] * (asked - 1)
    assert discover(locate(liar.url), "t") == Service(liar.url, 100, "t")


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, b""), (410, b""), (403, b"<Error/>"), (302, b""), (200, b"<html>"), (200, b"[]"), (200, b"{}")],
)
def test_whoever_says_that_it_is_no_service_is_a_file_server(liar: Lying, status: int, body: bytes) -> None:
    liar.itself = [(status, {}, body)]
    assert discover(locate(liar.url), "t") is None


@pytest.mark.parametrize("most", [0, -1, "many", None])
def test_a_service_that_hands_out_no_rows_at_once_is_refused_in_words(liar: Lying, most: Any) -> None:
    liar.itself = [(200, {}, json.dumps({"service": "esclusa", "format": 1, "mostRows": most}).encode())]
    with pytest.raises(esclusa.Tampered, match="something else"):
        discover(locate(liar.url), "t")


def test_an_answer_larger_than_any_should_be_is_read_no_further(liar: Lying, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "LARGEST_ROWS", 1000)
    for headers in ({}, {"Content-Length": "2000"}):
        liar.answer = (200, headers, b"x" * 2000)
        with pytest.raises(esclusa.Tampered) as refused:
            esclusa.read("sales", columns=["amount"], **AS_CLERK, repository=liar.url)
        assert refused.value.required == "at most 1,000 bytes"
