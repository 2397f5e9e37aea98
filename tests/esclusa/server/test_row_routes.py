"""Rows over HTTP: what a role may see, masked where it must be, recorded before it leaves; and each refusal."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from esclusa.reader import Release
from esclusa.server.app import create_app
from esclusa.server.asked import ARROW, PARQUET
from esclusa.verification import Vouched
from tests.esclusa.golden import ORDERS
from tests.esclusa.roles import AS_CLERK, AS_MODEL, entries
from tests.esclusa.server.conftest import Served

ROWS = "/v1/datasets/sales/rows"


def table(content: bytes) -> pa.Table:
    return pa.ipc.open_stream(content).read_all()


def test_a_role_reads_its_columns_as_an_arrow_stream_and_the_read_is_recorded(served: Served) -> None:
    answer = served.client.get(ROWS, params=AS_CLERK, headers=served.bearer("clerk"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apache.arrow.stream"
    kept = [{name: row[name] for name in ("order_id", "amount")} for row in ORDERS]
    assert table(answer.content).to_pylist() == kept
    certificate = served.service.release.vouched("sales").certificate
    assert answer.headers["esclusa-certificate"] == certificate.digest
    assert answer.headers["esclusa-valid-until"] == certificate.valid_until.isoformat()
    assert json.loads(answer.headers["esclusa-caveats"]) == list(certificate.caveats)
    assert answer.headers["cache-control"] == "no-store"
    (entry,) = entries(served.golden, "read")
    assert entry.dataset == "sales"
    assert entry.body == {
        "user": "token:robot",
        **AS_CLERK,
        "certificate": certificate.digest,
        "columns": ["order_id", "amount"],
        "masked": {},
        "rows": 40,
        "by": "http",
    }


def test_a_masked_column_leaves_masked_and_says_so(served: Served) -> None:
    answer = served.client.get(ROWS, params=AS_MODEL, headers=served.bearer("model"))
    seen = table(answer.content).column("customer").to_pylist()
    assert json.loads(answer.headers["esclusa-masked"]) == {"customer": "hash"}
    assert all(len(value) == 64 for value in seen)
    assert len(set(seen)) == 7
    assert b"c-1" not in answer.content


def test_parquet_comes_by_name_or_by_the_accept_header(served: Served) -> None:
    robot = served.bearer("clerk")
    for more, accept in (({"format": "parquet"}, "*/*"), ({}, "application/vnd.apache.parquet, */*;q=0.1")):
        answer = served.client.get(ROWS, params={**AS_CLERK, **more}, headers={**robot, "Accept": accept})
        assert answer.headers["content-type"] == "application/vnd.apache.parquet"
        assert pq.read_table(io.BytesIO(answer.content)).num_rows == 40


def test_where_no_format_is_accepted_both_are_named(served: Served) -> None:
    refused = served.client.get(ROWS, params=AS_CLERK, headers={**served.bearer("clerk"), "Accept": f"{ARROW};q=0"})
    assert refused.status_code == 406
    assert all(kind in refused.json()["title"] for kind in (ARROW, PARQUET))


def test_rows_come_in_pieces_and_columns_in_the_order_asked_for(served: Served) -> None:
    robot, seen = served.bearer("clerk"), []
    for offset in (0, 15, 30, 45):
        asked = {**AS_CLERK, "columns": "amount,order_id", "limit": 15, "offset": offset}
        answer = served.client.get(ROWS, params=asked, headers=robot)
        assert answer.headers["esclusa-total-rows"] == "40"
        piece = table(answer.content)
        assert piece.column_names == ["amount", "order_id"]
        seen += piece.column("order_id").to_pylist()
    assert seen == [row["order_id"] for row in ORDERS]


def test_a_long_list_of_columns_goes_into_a_body(served: Served) -> None:
    asked: dict[str, Any] = {**AS_CLERK, "columns": ["amount"], "limit": 3, "format": "arrow"}
    answer = served.client.post(ROWS, json=asked, headers=served.bearer("clerk"))
    assert table(answer.content).to_pylist() == [{"amount": row["amount"]} for row in ORDERS[:3]]


def test_a_head_tells_the_headers_and_is_recorded_for_a_length_says_something_of_a_row(served: Served) -> None:
    answer = served.client.head(ROWS, params=AS_CLERK, headers=served.bearer("clerk"))
    assert (answer.status_code, answer.content, answer.headers["esclusa-rows"]) == (200, b"", "40")
    assert [entry.body["rows"] for entry in entries(served.golden, "read")] == [40]


@pytest.mark.parametrize(
    ("rights", "asked", "status", "error"),
    [
        (("clerk",), {}, 403, "NotPermitted"),
        (("clerk",), AS_MODEL, 403, "NotPermitted"),
        (("clerk",), {**AS_CLERK, "purpose": "profiling"}, 403, "NotPermitted"),
        (("clerk",), {**AS_CLERK, "columns": "customer"}, 403, "NotPermitted"),
        (("clerk",), {**AS_CLERK, "columns": "amount,custmer"}, 400, "UnknownColumn"),
        (("former",), {"role": "former", "purpose": "billing"}, 403, "NotPermitted"),
        (("nobody",), {"role": "nobody", "purpose": "billing"}, 403, "NotPermitted"),
        ((), AS_CLERK, 403, "NotPermitted"),
        (("clerk",), {**AS_CLERK, "certificate": "0" * 64}, 409, "Superseded"),
    ],
)
def test_what_is_not_granted_is_refused_recorded_and_explained(
    served: Served, rights: tuple[str, ...], asked: dict[str, str], status: int, error: str
) -> None:
    answer = served.client.get(ROWS, params=asked, headers=served.bearer(*rights))
    said = answer.json()
    assert (answer.status_code, said["error"], said["status"]) == (status, error, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["required"]
    (entry,) = entries(served.golden, "read-refused")
    assert (entry.body["user"], entry.body["reason"], entry.dataset) == ("token:robot", error, "sales")
    assert not entries(served.golden, "read")


@pytest.mark.parametrize(
    ("dataset", "status", "error"),
    [
        *(("stale", 410, "Expired"), ("gone", 410, "Withdrawn"), ("newcomer", 404, "NotCertified")),
        *(("nothing", 404, "NotCertified"), ("verdicts", 404, "NotCertified"), ("..%2forders", 404, None)),
        ("x" * 300, 404, None),
    ],
)
def test_what_is_not_certified_now_is_refused(served: Served, dataset: str, status: int, error: str | None) -> None:
    asked = {"role": "tester", "purpose": "testing"}
    answer = served.client.get(f"/v1/datasets/{dataset}/rows", params=asked, headers=served.bearer("tester"))
    assert (answer.status_code, answer.json().get("error")) == (status, error)


@pytest.mark.parametrize(
    "asked",
    [
        *(
            {"rolle": "x"},
            {"limit": "-1"},
            {"limit": "1.5"},
            {"limit": "1" * 30},
            {"limit": f"{5:024}"},
            {"offset": f"{5:024}"},
            {"offset": "x"},
            {"format": "csv"},
        ),
        *({"columns": ""}, {"columns": "a,a"}, {"columns": "a,"}, {"role": "x" * 300}, {"role": "a\nb"}),
    ],
)
def test_what_is_not_understood_is_refused_and_not_guessed(served: Served, asked: dict[str, str]) -> None:
    answer = served.client.get(ROWS, params={**AS_CLERK, **asked}, headers=served.bearer("clerk"))
    assert (answer.status_code, answer.json()["error"]) == (400, "Misused")


def test_a_parameter_given_twice_is_refused(served: Served) -> None:
    answer = served.client.get(f"{ROWS}?role=clerk&role=model&purpose=billing", headers=served.bearer("clerk"))
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        *((b"", 400), (b"{", 400), (b"[]", 400), (b"[" * 100_000, 400), (b'{"limit": true}', 400), (b"\xff", 400)),
        *((b'{"columns": "amount"}', 400), (b'{"columns": [1]}', 400), (b'{"role": 1}', 400), (b"x" * 300_000, 413)),
    ],
)
def test_a_body_that_is_none_of_ours_is_refused(served: Served, body: bytes, status: int) -> None:
    assert served.client.post(ROWS, content=body, headers=served.bearer("clerk")).status_code == status


def test_nobody_reads_without_a_token(served: Served) -> None:
    assert served.client.get(ROWS, params=AS_CLERK).status_code == 401
    assert not entries(served.golden, "read-refused")


@pytest.mark.parametrize("name", ["a%00b", "a%0Ab", "a%C2%85b"])
def test_a_name_that_no_ledger_could_hold_is_refused_before_it_gets_there(served: Served, name: str) -> None:
    answer = served.client.get(f"/v1/datasets/{name}/rows", params=AS_CLERK, headers=served.bearer("clerk"))
    assert (answer.status_code, answer.json()["error"]) == (400, "Misused")
    assert not entries(served.golden, "read-refused")


def test_a_revoked_token_reads_no_more(served: Served) -> None:
    robot = served.bearer("clerk")
    assert served.client.get(ROWS, params=AS_CLERK, headers=robot).status_code == 200
    served.service.callers.tokens.revoke("robot")
    assert served.client.get(ROWS, params=AS_CLERK, headers=robot).status_code == 401


def test_what_cannot_be_recorded_is_not_handed_out(served: Served) -> None:
    robot = served.bearer("clerk")
    assert served.client.get(ROWS, params=AS_CLERK, headers=robot).status_code == 200
    ledger = served.golden.path.parent / "ledger.sqlite"
    for file in ledger.parent.glob("ledger.sqlite*"):
        file.unlink()
    ledger.mkdir()
    answer = served.client.get(ROWS, params=AS_CLERK, headers=robot)
    assert (answer.status_code, answer.json()["error"]) == (503, "LedgerUnavailable")


def test_the_next_request_sees_what_was_published(served: Served) -> None:
    robot, asked = served.bearer("tester"), {"role": "tester", "purpose": "testing"}
    for rows in (40, 3, 9):
        served.golden.publish({"orders": ORDERS[:rows]}, release="shop")
        answer = served.client.get("/v1/datasets/orders/rows", params=asked, headers=robot)
        assert table(answer.content).num_rows == rows
    served.golden.writer().withdraw("orders", owner="ada", message="merged")
    assert served.client.get("/v1/datasets/orders/rows", params=asked, headers=robot).status_code == 410


def test_a_repository_that_was_rolled_back_serves_nothing(served: Served) -> None:
    robot, asked = served.bearer("tester"), {"role": "tester", "purpose": "testing"}
    timestamp = served.golden.path / "metadata" / "timestamp.json"
    old = timestamp.read_bytes()
    served.golden.publish({"orders": ORDERS[:3]}, release="shop")
    assert served.client.get("/v1/datasets/orders/rows", params=asked, headers=robot).status_code == 200
    timestamp.write_bytes(old)
    answer = served.client.get("/v1/datasets/orders/rows", params=asked, headers=robot)
    assert (answer.status_code, answer.json()["error"]) == (502, "RolledBack")
    assert served.client.get("/readyz").status_code == 502


def test_a_part_that_was_tampered_with_is_never_decoded(served: Served) -> None:
    part = served.golden.target("orders", "part-00000.parquet")
    part.write_bytes(part.read_bytes()[:-1] + b"?")
    asked = {"role": "tester", "purpose": "testing"}
    answer = served.client.get("/v1/datasets/orders/rows", params=asked, headers=served.bearer("tester"))
    assert (answer.status_code, answer.json()["error"]) == (502, "Tampered")


def test_everyone_may_know_what_stands_behind_a_dataset(served: Served) -> None:
    listed = served.client.get("/v1/datasets").json()
    assert {entry["dataset"]: entry["status"] for entry in listed["datasets"]}["stale"] == "expired"
    assert "customer" in str(served.client.get("/v1/datasets/sales").json()["certificate"]["columns"])
    why = served.client.get("/v1/datasets/newcomer").json()
    assert (why["status"], why["ok"]) == ("refused", False)
    assert served.client.get("/v1/datasets/nothing").json()["error"] == "NotCertified"


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Parts cannot be read before this is set."""
    free, parts = threading.Event(), Release.parts

    def waiting(release: Release, vouched: Vouched) -> Sequence[bytes]:
        assert free.wait(30)
        return parts(release, vouched)

    monkeypatch.setattr(Release, "parts", waiting)
    return free


def limited(served: Served, timeout: float) -> TestClient:
    limits = replace(served.service.limits, timeout=timeout, rate=1000.0)
    return TestClient(create_app(replace(served.service, limits=limits)), raise_server_exceptions=False)


def test_a_read_that_takes_too_long_is_given_up_and_is_no_read(served: Served, slow: threading.Event) -> None:
    robot = served.bearer("clerk")
    with limited(served, timeout=0.3) as client:
        begun = time.monotonic()
        refused = client.get(ROWS, params=AS_CLERK, headers=robot)
        assert time.monotonic() - begun < 2
        assert (refused.status_code, refused.json()["error"], refused.headers["retry-after"]) == (503, "Busy", "1")
        slow.set()
        while (answer := client.get(ROWS, params=AS_CLERK, headers=robot)).status_code != 200:
            assert answer.status_code == 503
        assert table(answer.content).num_rows == 40
    assert len(entries(served.golden, "read")) == 1


def test_reads_that_wait_keep_neither_health_nor_metadata_waiting(served: Served, slow: threading.Event) -> None:
    robot = served.bearer("clerk")
    with limited(served, timeout=3) as client, ThreadPoolExecutor(60) as pool:

        def ask(limit: int) -> int:
            return client.get(ROWS, params={**AS_CLERK, "limit": limit}, headers=robot).status_code

        waiting = [pool.submit(ask, limit) for limit in range(60)]
        time.sleep(0.5)
        begun = time.monotonic()
        for path in ("/readyz", "/metadata/timestamp.json", "/v1/datasets"):
            assert client.get(path).status_code == 200
        assert client.get(ROWS, params=AS_CLERK).status_code == 401
        assert not any(read.done() for read in waiting)
        assert time.monotonic() - begun < 2
        assert {read.result() for read in waiting} == {503}
        slow.set()
