"""The golden repository over HTTP: open metadata, shut Parquet, ranges, conditions, and nothing beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from esclusa.server.app import create_app
from tests.esclusa.roles import entries
from tests.esclusa.server.conftest import Served


def at(path: Path, served: Served) -> str:
    return f"/{path.relative_to(served.golden.path)}"


def test_timestamp_is_asked_for_anew_each_time(served: Served) -> None:
    path = served.golden.path / "metadata" / "timestamp.json"
    answer = served.client.get(at(path, served))
    assert (answer.content, answer.headers["cache-control"]) == (path.read_bytes(), "no-cache")
    again = served.client.get(at(path, served), headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    served.golden.publish({"orders": [{"order_id": "o", "customer": "c", "amount": 1.0}]}, release="shop")
    assert served.client.get(at(path, served), headers={"If-None-Match": answer.headers["etag"]}).status_code == 200


def test_what_bears_its_version_or_digest_is_kept_for_ever(served: Served) -> None:
    certificate = served.golden.target("orders", "certificate.json")
    for path in (served.golden.path / "metadata" / "1.root.json", certificate):
        answer = served.client.get(at(path, served))
        assert answer.content == path.read_bytes()
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] == "application/json"
        held = {"If-None-Match": f'"other", W/{answer.headers["etag"]}'}
        assert served.client.get(at(path, served), headers=held).status_code == 304
        head = served.client.head(at(path, served))
        assert (head.content, int(head.headers["content-length"])) == (b"", path.stat().st_size)


def test_a_range_is_answered_as_a_range(served: Served) -> None:
    path = served.golden.target("orders", "certificate.json")
    data = path.read_bytes()
    answer = served.client.get(at(path, served), headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.content) == (206, data[10:20])
    assert answer.headers["content-range"] == f"bytes 10-19/{len(data)}"
    for said, seen in (("bytes=-5", data[-5:]), ("Bytes=5-", data[5:]), (f"bytes=0-{len(data) * 2}", data)):
        answer = served.client.get(at(path, served), headers={"Range": said, "If-Range": answer.headers["etag"]})
        assert (answer.status_code, answer.content) == (206, seen), said
    several = served.client.get(at(path, served), headers={"Range": "bytes=0-1, 10-19"})
    assert (several.status_code, data[10:20] in several.content) == (206, True)
    for beyond in (f"bytes={len(data)}-", "bytes=-0"):
        refused = served.client.get(at(path, served), headers={"Range": beyond})
        assert (refused.status_code, refused.headers["content-range"]) == (416, f"bytes */{len(data)}")
        assert (refused.headers["content-type"], refused.json()["status"]) == ("application/problem+json", 416)


@pytest.mark.parametrize(
    "said",
    ["lines=1-2", "bytes=5-2", "bytes=-", "bytes=a-b", "bytes=", "bytes", "bytes=0-1, 999999-", "", "bytes=1-2-3"],
)
def test_a_range_that_is_none_is_passed_over(served: Served, said: str) -> None:
    path = served.golden.target("orders", "certificate.json")
    answer = served.client.get(at(path, served), headers={"Range": said})
    assert (answer.status_code, answer.content) == (200, path.read_bytes())


def test_a_range_is_of_a_get_alone_and_of_the_very_file_that_the_caller_holds(served: Served) -> None:
    path = served.golden.target("orders", "certificate.json")
    head = served.client.head(at(path, served), headers={"Range": "bytes=0-9"})
    assert (head.status_code, int(head.headers["content-length"])) == (200, path.stat().st_size)
    other = served.client.get(at(path, served), headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, path.read_bytes())


@pytest.mark.parametrize(
    "path",
    [
        *("/metadata/", "/metadata/..%2f..%2fkeys%2fgate.pem", "/metadata/root.json.bak", "/metadata/99.root.json"),
        *("/metadata/%2e%2e/tokens.json", "/targets/", "/targets/orders", "/targets/../../keys/gate.pem"),
        *("/targets/orders/%2e%2e/%2e%2e/%2e%2e/keys/gate.pem", "/targets//etc/passwd", "/targets/orders/x.json"),
        *(f"/targets/orders/{'0' * 64}.certificate.json", f"/targets/orders/{'0' * 64}.a%00.json"),
        *(f"/targets/orders/{'0' * 64}.a/../../../x.json", "/tokens.json", "/keys/gate.pem", "/ledger.sqlite"),
    ],
)
def test_no_other_path_leads_anywhere(served: Served, path: str) -> None:
    assert served.client.get(path).status_code == 404


def test_a_link_out_of_the_repository_is_not_followed(served: Served, tmp_path: Path) -> None:
    link = served.golden.path / "targets" / "orders" / f"{'1' * 64}.secret.json"
    link.symlink_to(served.golden.keys / "gate.pem")
    assert served.client.get(at(link, served)).status_code == 404


def test_a_part_is_for_who_may_mirror_alone_and_is_recorded(served: Served) -> None:
    part = served.golden.target("orders", "part-00000.parquet")
    unknown = served.client.get(at(part, served))
    assert unknown.status_code == 401
    assert unknown.headers["www-authenticate"] == 'Bearer realm="esclusa"'
    assert unknown.headers["content-type"] == "application/problem+json"
    forged = served.client.get(at(part, served), headers={"Authorization": "Bearer nonsense"})
    assert (forged.status_code, 'error="invalid_token"' in forged.headers["www-authenticate"]) == (401, True)
    consumer = served.client.get(at(part, served), headers=served.bearer("tester"))
    assert consumer.status_code == 403
    assert 'error="insufficient_scope"' in consumer.headers["www-authenticate"]
    assert consumer.json()["error"] == "NotPermitted"
    assert not entries(served.golden, "read")

    mirror = served.client.get(at(part, served), headers=served.bearer(mirror=True, name="copy"))
    assert (mirror.content, mirror.headers["cache-control"][:7]) == (part.read_bytes(), "private")
    (entry,) = entries(served.golden, "read")
    assert (entry.body["user"], entry.body["by"], entry.body["file"]) == ("token:copy", "mirror", part.name)
    assert entry.body["certificate"] == served.service.release.vouched("orders").certificate.digest


def test_a_range_of_a_part_is_a_read_too(served: Served) -> None:
    part = served.golden.target("orders", "part-00000.parquet")
    asked = {**served.bearer(mirror=True, name="copy"), "Range": "bytes=4-11"}
    answer = served.client.get(at(part, served), headers=asked)
    assert (answer.status_code, answer.content) == (206, part.read_bytes()[4:12])
    (entry,) = entries(served.golden, "read")
    assert (entry.body["user"], entry.body["by"], entry.body["file"]) == ("token:copy", "mirror", part.name)


def test_a_part_that_no_certificate_in_force_lists_is_not_handed_out(served: Served) -> None:
    mirror = served.bearer(mirror=True)
    old = served.golden.target("orders", "part-00000.parquet")
    served.golden.publish({"orders": [{"order_id": "o", "customer": "c", "amount": 1.0}]}, release="shop")
    assert old.exists()
    assert served.client.get(at(old, served), headers=mirror).status_code == 404
    expired = served.golden.target("stale", "part-00000.parquet")
    answer = served.client.get(at(expired, served), headers=mirror)
    assert (answer.status_code, answer.json()["error"], answer.json()["owner"]) == (410, "Expired", "ada")


def test_a_service_of_production_hands_out_no_part_of_a_sandbox(served: Served) -> None:
    service = replace(served.service, settings=replace(served.service.settings, environment="production"))
    part = served.golden.target("orders", "part-00000.parquet")
    answer = TestClient(create_app(service)).get(at(part, served), headers=served.bearer(mirror=True))
    assert (answer.status_code, answer.json()["error"]) == (409, "Sandbox")
    assert [entry.body["reason"] for entry in entries(served.golden, "read-refused")] == ["Sandbox"]
    assert not entries(served.golden, "read")


def test_a_kind_of_file_that_nobody_has_spoken_of_is_shut(served: Served) -> None:
    strange = served.golden.path / "targets" / "orders" / f"{'2' * 64}.rows.csv"
    strange.write_text("a,b\n")
    assert served.client.get(at(strange, served)).status_code == 401
