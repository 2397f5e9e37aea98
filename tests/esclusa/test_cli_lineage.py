"""`esclusa lineage`, `impact`, and the chain of custody below `why`: for people, for machines, with an exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

import esclusa
from esclusa.cli import main
from tests.esclusa.golden import ORDERS, Golden
from tests.esclusa.traced import QUERIES, certified_lineage, document
from tests.golden_repository import certified

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shop(golden: Golden) -> Golden:
    """The golden repository with promises; `orders` is certified with its lineage, `forecasts` never was."""
    writer = golden.writer()
    release = certified(writer, "orders", ORDERS, now=datetime.now(UTC), further=certified_lineage("orders"))
    writer.publish([release], files={"promises.json": document()})
    return golden


@pytest.fixture
def run(shop: Golden, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    for name, value in {
        "ESCLUSA_REPOSITORY": str(shop.path), "ESCLUSA_STATE": str(shop.state), "NO_COLOR": "1", "COLUMNS": "80",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            main(arguments)
        except SystemExit as left:
            code = int(left.code or 0)
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return call


def test_both_ways_are_shown_where_neither_is_asked_for(run: Run) -> None:
    code, out, _ = run("lineage", "orders")
    assert code == 0
    assert out.index("orders comes from") < out.index("orders goes to")
    assert "└── reads shop.sales  tony" in out
    assert "used by reorder_model  grace" in out
    assert "referred to by forecasts  ada" in out
    assert "stated   in its certificate" in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_one_way_is_shown_where_one_is_asked_for(run: Run) -> None:
    assert "goes to" not in run("lineage", "orders.amount", "--up")[1]
    assert "comes from" not in run("lineage", "shop.sales.price", "--down")[1]


def test_a_column_says_its_sources_and_their_owner(run: Run) -> None:
    out = run("lineage", "orders.amount", "--up")[1]
    assert "computed of shop.sales.price" in out
    assert "shop.sales (owner tony): pieces, price" in " ".join(out.split())


def test_rows_are_followed_on_demand(run: Run) -> None:
    assert "followed with --all" in run("lineage", "forecasts.orders", "--up")[1]
    out = run("lineage", "forecasts.orders", "--up", "--all")[1]
    assert "decided by shop.sales, which rows it has" in out
    assert "as promised now; no certificate states it" in out


def test_a_certificate_s_lineage_counts_more_than_what_is_promised_since(run: Run, shop: Golden) -> None:
    changed = {**QUERIES, "candidate.orders": "select id as amount from raw.shop__people"}
    shop.writer().publish(files={"promises.json": document(changed)})
    assert "shop.sales.price" in run("lineage", "orders.amount", "--up")[1]
    impacted = {r["dataset"] for r in json.loads(run("impact", "shop.sales.price", "--json")[1])["reached"]}
    assert "orders" not in impacted, "what is built next no longer takes it"


def test_a_certificate_older_than_lineage_leaves_what_is_promised(run: Run) -> None:
    code, out, _ = run("lineage", "customers.country", "--up")
    assert code == 0
    assert "copied from shop.people.land" in out
    assert "as promised now; no certificate states it" in out


def test_lineage_of_a_tampered_certificate_is_refused(run: Run, shop: Golden) -> None:
    path = shop.target("orders", "lineage.json")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"price", b"prize"))
    assert run("lineage", "orders")[0] == 3


def test_a_picture_is_written_where_one_is_asked_for(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("lineage", "orders.amount", "--svg", str(tmp_path / "way.svg"))
    assert (code, out.strip()) == (0, str(tmp_path / "way.svg"))
    assert ElementTree.parse(tmp_path / "way.svg").getroot().tag.endswith("svg")
    assert run("lineage", "orders", "--svg", str(tmp_path / "no" / "way.svg"))[0] == 2


def test_impact_names_datasets_by_how_they_are_reached_and_whom_to_tell(run: Run) -> None:
    code, out, _ = run("impact", "shop.sales.price")
    said = " ".join(out.split())
    assert code == 0
    assert "shop.sales.price (source, owner tony)" in said
    assert "orders certified, ada #test values of amount" in said
    assert "use case Reorder model (grace, testing)" in said
    assert "forecasts never decided, ada #test by reference" in said
    assert "owners to tell ada, edsger, grace" in said


def test_impact_on_nobody_says_so(run: Run) -> None:
    code, out, _ = run("impact", "shop.people.mail")
    assert code == 0
    assert "No dataset would be reached" in out


@pytest.mark.parametrize("command", ["lineage", "impact"])
@pytest.mark.parametrize(
    ("name", "title", "meant"), [("ordres", "Misused", "orders"), ("orders.amont", "Unknown column", "amount")]
)
def test_unknown_names_are_refused_with_the_nearest(run: Run, command: str, name: str, title: str, meant: str) -> None:
    code, _, err = run(command, name)
    assert code == 2
    assert title in err
    assert f"Did you mean {meant}?" in err


def test_machines_get_the_same_answers(run: Run) -> None:
    found = json.loads(run("lineage", "orders.amount", "--json")[1])
    assert found["certified"]
    assert found["origin"]["sources"] == ["shop.sales.pieces", "shop.sales.price"]
    assert found["up"]["branches"][0]["name"] == "intermediate.int_good.value"
    assert json.loads(run("lineage", "orders", "--up", "--json")[1])["down"] is None
    reached = json.loads(run("impact", "shop.sales", "--json")[1])["reached"]
    assert {r["dataset"] for r in reached} == {"orders", "customers", "forecasts"}


@pytest.mark.parametrize("command", [("lineage", "orders"), ("impact", "shop.sales"), ("why", "orders")])
def test_an_answer_loads_nothing_that_only_rows_pages_or_ledgers_need(shop: Golden, command: tuple[str, str]) -> None:
    """What keeps each under a second; measured in docs/benchmarks.md."""
    heavy = {"pyarrow", "duckdb", "pandas", "polars", "sqlalchemy", "cedarpy", "starlette", "jinja2", "mcp", "sqlglot"}
    script = (
        "import sys\nfrom esclusa.cli import main\n"
        f"try:\n    main({[*command, '--repository', str(shop.path)]!r})\nexcept SystemExit: pass\n"
        f"print(sorted({heavy!r} & sys.modules.keys()), file=sys.stderr)"
    )
    environment = {**os.environ, "ESCLUSA_STATE": str(shop.state)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout
    assert done.stderr.strip() == "[]"


def test_a_program_gets_the_same_answers_as_a_person(shop: Golden) -> None:
    found = esclusa.lineage("forecasts.orders", rows=True, **shop.at)
    assert found.origin is not None
    assert found.up is not None
    assert found.up.branches[0].branches[0].name == "shop.sales"
    assert esclusa.impact("shop.sales.price", **shop.at).owners == ("ada", "edsger", "grace")


def test_why_tells_first_what_it_told_before_and_then_the_chain_of_custody(run: Run) -> None:
    code, out, _ = run("why", "customers")
    assert code == 1
    assert out.index("refused at the gate") < out.index("chain of custody")
    assert "owner" in out.partition("chain of custody")[0]


def test_custody_leads_from_files_to_signatures_and_earlier_certificates(run: Run, shop: Golden) -> None:
    first = esclusa.open(**shop.at).why("orders").certificate
    assert first is not None
    out = " ".join(run("why", "orders")[1].partition("chain of custody")[2].split())
    for said in (
        "source billing.orders file orders.csv, 40 rows, landed",
        f"sha256 {'a' * 64}",
        f"built by code {'0' * 12}, run run-1",
        "measured by 7 rules: 7 pass",
        "signed by nobody: no sign-off was demanded",
        "waived nothing",
        "documents contract.yaml, lineage.json, policies.cedar",
        f"sha256 {first.previous[:16] if first.previous else ''}…",
    ):
        assert said in out, said
    whole = run("why", "orders", "--all")[1]
    assert str(first.previous) in "".join(whole.split())


def test_owners_of_sources_are_named_where_they_are_promised(run: Run, shop: Golden) -> None:
    shop.writer().publish(files={"promises.json": document().replace(b'"system": "shop"', b'"system": "billing"')})
    assert "billing.orders, owner tony" in run("why", "orders")[1]


def test_custody_says_where_its_chain_breaks(run: Run, shop: Golden) -> None:
    certificate = esclusa.open(**shop.at).why("orders").certificate
    assert certificate is not None
    (shop.path / "targets" / "orders" / f"{certificate.previous}.certificate.json").unlink()
    code, out, _ = run("why", "orders")
    assert code == 0
    assert "the chain breaks here" in out
    assert json.loads(run("why", "orders", "--json")[1])["custody"]["broken"]


def test_a_dataset_without_a_certificate_has_no_custody(run: Run) -> None:
    assert "chain of custody" not in run("why", "newcomer")[1]
    assert json.loads(run("why", "newcomer", "--json")[1])["custody"] is None
