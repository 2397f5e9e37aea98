"""A service as repository: the same calls and the same refusals as over its files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import esclusa
from esclusa.cli import main
from esclusa.ledger.ledger import Ledger
from esclusa.location import locate
from esclusa.remote import Service, discover
from esclusa.settings import load_settings, own_token, token_for
from tests.esclusa.golden import ORDERS
from tests.esclusa.roles import AS_CLERK, AS_MODEL, entries
from tests.esclusa.server.conftest import Served
from tests.esclusa.server.conftest import served as served
from tests.esclusa.server.live import listening


@pytest.fixture
def at(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Arguments of a reader that knows the service's URL and a token, and has no file of the repository."""
    with listening(served.service) as url:
        where = {"repository": url, "state": tmp_path / "consumer"}
        esclusa.trust(url, state=where["state"])
        monkeypatch.setenv("ESCLUSA_TOKEN", served.token("clerk", "model", "tester"))
        yield where


def downloads(at: dict[str, Any]) -> list[Path]:
    return [path for path in at["state"].rglob("*") if path.is_file() and path.read_bytes()[:4] == b"PAR1"]


def test_rows_are_read_masked_without_any_file_and_recorded_where_they_were_handed_out(
    served: Served, at: dict[str, Any]
) -> None:
    rows = esclusa.read("sales", **AS_CLERK, **at)
    assert rows.to_pylist() == [{name: row[name] for name in ("order_id", "amount")} for row in ORDERS]
    masked = esclusa.read("sales", columns=["customer"], **AS_MODEL, **at).column("customer").to_pylist()
    assert all(len(value) == 64 for value in masked)
    assert not downloads(at)
    assert [entry.body["user"] for entry in entries(served.golden, "read")] == ["token:robot"] * 2
    mine = Ledger(at["state"] / "ledger.sqlite").entries("read")
    assert [entry.body["rows"] for entry in mine] == [40, 40]


def test_sql_fetches_the_columns_that_it_names_and_no_other(served: Served, at: dict[str, Any]) -> None:
    total = esclusa.sql("SELECT sum(amount) AS total FROM sales", **AS_CLERK, **at).to_pylist()
    assert total == [{"total": sum(row["amount"] for row in ORDERS)}]
    assert entries(served.golden, "read")[-1].body["columns"] == ["amount"]
    assert esclusa.sql("SELECT count(*) AS n FROM sales", **AS_CLERK, **at).to_pylist() == [{"n": 40}]
    with pytest.raises(esclusa.QueryRefused, match="DuckDB refuses"):
        esclusa.sql("SELECT customer FROM sales", **AS_CLERK, **at)


def test_what_needs_no_row_needs_no_token(at: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ESCLUSA_TOKEN")
    assert {entry.dataset for entry in esclusa.catalog(**at)} >= {"orders", "sales"}
    assert esclusa.why("sales", **at).status == "certified"
    report = esclusa.verify("sales", **at)
    assert report.ok
    assert (report.checks[-1].state, report.checks[-1].observed[:19]) == ("not reached", "kept by the service")
    with pytest.raises(esclusa.NotIdentified, match="with a token") as refused:
        esclusa.read("sales", **AS_CLERK, **at)
    assert "ESCLUSA_TOKEN" in refused.value.remedy


def test_the_command_line_reads_from_a_service(
    at: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ESCLUSA_STATE", str(at["state"]))
    arguments = ["--role", "clerk", "--purpose", "billing", "--repository", at["repository"]]
    main_exit = partial(_code, ["read", "sales", "--limit", "2", "--json", *arguments])
    assert main_exit() == 0
    assert [row["order_id"] for row in json.loads(capsys.readouterr().out)] == ["o-000", "o-001"]


def _code(arguments: list[str]) -> int:
    try:
        main(arguments)
    except SystemExit as left:
        return int(left.code or 0)
    return 0


@pytest.mark.parametrize(
    ("dataset", "asked", "error"),
    [
        ("sales", {"role": "clerk", "purpose": "scoring"}, esclusa.NotPermitted),
        ("sales", {**AS_CLERK, "columns": ["customer"]}, esclusa.NotPermitted),
        ("sales", {**AS_CLERK, "columns": ["amuont"]}, esclusa.UnknownColumn),
        ("sales", {"role": "former", "purpose": "billing"}, esclusa.NotPermitted),
        ("stale", {"role": "tester", "purpose": "testing"}, esclusa.Expired),
        ("gone", {"role": "tester", "purpose": "testing"}, esclusa.Withdrawn),
        ("nothing", {"role": "tester", "purpose": "testing"}, esclusa.NotCertified),
    ],
)
def test_a_refusal_is_the_same_exception_as_of_files(
    at: dict[str, Any], dataset: str, asked: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        esclusa.read(dataset, **asked, **at)


def test_what_only_the_service_knows_is_refused_with_its_own_words(
    served: Served, at: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCLUSA_TOKEN", served.token("model", name="other"))
    with pytest.raises(esclusa.NotPermitted, match="token:other may not read in the role clerk") as refused:
        esclusa.read("sales", **AS_CLERK, **at)
    assert refused.value.required == "one of: model"
    served.service.callers.tokens.revoke("other")
    with pytest.raises(esclusa.NotIdentified, match="revoked"):
        esclusa.read("sales", **AS_MODEL, **at)


def test_large_datasets_come_in_as_many_pieces_as_the_service_demands(served: Served, at: dict[str, Any]) -> None:
    small = replace(served.service, limits=replace(served.service.limits, rows=7))
    with listening(small) as url:
        esclusa.trust(url, state=at["state"])
        here = {**at, "repository": url}
        rows = esclusa.read("sales", columns=["order_id"], **AS_CLERK, **here)
        assert rows.column("order_id").to_pylist() == [row["order_id"] for row in ORDERS]
        release = esclusa.open(url, state=at["state"])
        with release.opened("sales", release.request("clerk", "billing", False)) as found:
            assert found.table(9).num_rows == 9
            assert found.table(0).num_rows == 0


def test_a_release_that_was_superseded_says_so_and_read_takes_the_newest(served: Served, at: dict[str, Any]) -> None:
    me = {"role": "tester", "purpose": "testing"}
    release = esclusa.open(at["repository"], state=at["state"])
    release.vouched("orders")
    served.golden.publish({"orders": ORDERS[:5]}, release="shop")
    with pytest.raises(esclusa.Superseded):
        release.read("orders", **me)
    assert esclusa.read("orders", **me, **at).num_rows == 5


def test_a_token_is_taken_from_a_variable_a_file_or_what_a_service_of_this_user_left(tmp_path: Path) -> None:
    location = locate("http://127.0.0.1:8000")
    file = tmp_path / "token"
    file.write_text("from-file\n")
    said = {"ESCLUSA_STATE": str(tmp_path), "ESCLUSA_TOKEN_FILE": str(file), "ESCLUSA_TOKEN": "from-variable"}
    settings = load_settings(environment=said)
    assert token_for(settings, location) == "from-variable"
    assert "from-variable" not in repr(settings)
    settings = replace(settings, token="")
    assert token_for(settings, location) == "from-file"
    own = own_token(settings, location)
    own.parent.mkdir(parents=True)
    own.write_text("left")
    assert token_for(replace(settings, token_file=""), location) == "left"
    with pytest.raises(esclusa.Misused, match="cannot be read"):
        token_for(replace(settings, token_file=str(tmp_path / "none")), location)


@pytest.mark.parametrize(
    "base", ["http://data.example.org", "http://example.org:8000", "http://localhost" + ".example.org"]
)
def test_a_token_never_travels_in_the_clear(base: str) -> None:
    with pytest.raises(esclusa.Misused, match="in the clear"):
        Service(base, 10, "secret").demand_safe()
    Service("https://data.example.org", 10, "secret").demand_safe()
    Service("http://[::1]:8000", 10, "secret").demand_safe()


def test_no_proxy_reads_a_token_for_this_machine(at: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nobody is there
    monkeypatch.setenv("no_proxy", "")
    assert discover(locate(at["repository"]), "") is not None
