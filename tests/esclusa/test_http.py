"""A golden repository over http: the same checks; what was downloaded is kept, and checked again."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import esclusa
from tests.esclusa.golden import ORDERS, Golden


class Mirror(ThreadingHTTPServer):
    """Serves a directory on the loopback interface and remembers what was asked for."""

    def __init__(self, directory: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(directory)))
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def parts(self) -> int:
        return sum(path.endswith(".parquet") for path in self.asked)


class _Handler(SimpleHTTPRequestHandler):
    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]

    def log_error(self, *_: Any) -> None:
        """A missing root is how a client learns that there is no newer one."""


@pytest.fixture
def mirror(golden: Golden) -> Iterator[Mirror]:
    with Mirror(golden.path) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def at(mirror: Mirror, tmp_path: Path) -> dict[str, Any]:
    where = {"repository": mirror.url, "state": tmp_path / "http-state"}
    esclusa.trust(mirror.url, state=where["state"])
    return where


def test_a_dataset_is_read_over_http_and_its_parts_are_downloaded_once(mirror: Mirror, at: dict[str, Any]) -> None:
    assert esclusa.read("orders", **at).to_pylist() == ORDERS
    assert mirror.parts() == 1
    assert esclusa.read("orders", **at).to_pylist() == ORDERS
    assert mirror.parts() == 1
    assert sum(path.endswith("timestamp.json") for path in mirror.asked) == 2, "every read asks for the newest"


def test_every_question_is_answered_over_http(at: dict[str, Any]) -> None:
    assert len(esclusa.catalog(**at)) == 6
    assert esclusa.verify("orders", **at).ok
    assert not esclusa.why("customers", **at).ok
    assert esclusa.sql("SELECT count(*) AS n FROM orders", **at).to_pylist() == [{"n": 40}]


def test_a_kept_download_that_was_edited_is_fetched_again(mirror: Mirror, at: dict[str, Any]) -> None:
    esclusa.read("orders", **at)
    for kept in at["state"].glob("*/downloads/*"):
        kept.write_bytes(b"edited")
    assert esclusa.read("orders", **at).to_pylist() == ORDERS
    assert mirror.parts() == 2


def test_a_download_that_nobody_used_for_a_month_is_dropped(at: dict[str, Any]) -> None:
    esclusa.read("orders", **at)
    old = {kept.name for kept in at["state"].glob("*/downloads/*")}
    for kept in at["state"].glob("*/downloads/*"):
        os.utime(kept, (0, 0))
    esclusa.read("customers", **at)
    assert old
    assert not old & {kept.name for kept in at["state"].glob("*/downloads/*")}


def test_a_mirror_that_serves_other_bytes_is_tampered(golden: Golden, at: dict[str, Any]) -> None:
    part = golden.target("orders", "part-00000.parquet")
    part.write_bytes(part.read_bytes()[:-1] + b"?")
    with pytest.raises(esclusa.Tampered, match="orders/part-00000"):
        esclusa.read("orders", **at)
    part.write_bytes(part.read_bytes() * 2)
    with pytest.raises(esclusa.Tampered, match="orders/part-00000"):
        esclusa.read("orders", **at)
    assert not list(at["state"].glob("*/downloads/tmp*"))


def test_a_mirror_that_lacks_a_file_is_unreachable(golden: Golden, at: dict[str, Any]) -> None:
    golden.target("orders", "part-00000.parquet").unlink()
    with pytest.raises(esclusa.Unreachable, match="part-00000"):
        esclusa.read("orders", **at)


def test_a_mirror_that_does_not_answer_is_unreachable(mirror: Mirror, at: dict[str, Any]) -> None:
    nobody = {**at, "repository": mirror.url}
    mirror.shutdown()
    mirror.server_close()
    with pytest.raises(esclusa.Unreachable, match="did not answer"):
        esclusa.read("orders", **nobody)


def test_a_mirror_that_lags_behind_is_rolled_back(golden: Golden, at: dict[str, Any]) -> None:
    timestamp = golden.path / "metadata" / "timestamp.json"
    lagging = timestamp.read_bytes()
    golden.publish({"orders": ORDERS[:5]}, release="shop")
    assert esclusa.read("orders", **at).num_rows == 5
    timestamp.write_bytes(lagging)
    with pytest.raises(esclusa.RolledBack):
        esclusa.read("orders", **at)
