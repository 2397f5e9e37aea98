"""Things that happen in a small shop, told as events; without a platform.

Belongs here: making them. Does not: assertions.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from esclusa.certificate import Certificate, read_certificate
from expectations.contract import Contract, SourceContract, Table
from expectations.landing import DeliveryRefused, Landing
from expectations.verdict import Finding, GateItem, State, Verdict
from lineage.events import audits, builds, loads, releases, removals
from lineage.events.places import Atlas
from lineage.events.runs import Event, Root
from lineage.pin import Pin
from lineage.tracing.edges import ROWS, Flow
from tests.golden_repository import certified, open_small, small_contract, small_pin, small_verdict

BEGAN = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
ENDED = BEGAN + timedelta(seconds=3)
ROOT = Root("3f0b8c1e-5d0a-4c7e-9a52-0f6c2d1b7a10", "land_and_certify", "esclusa", BEGAN)
NOW = datetime.now(UTC)


def atlas(home: Path) -> Atlas:
    """Where the small shop keeps its data."""
    return Atlas(home / "warehouse.duckdb", home / "golden", "ab" * 32, home / "data", {})


def contract() -> Contract:
    """Orders with a buyer, whose address is masked."""
    made = small_contract("orders", ["id", "buyer"], classified={"buyer": "confidential"})
    number, buyer = made.table.columns
    masked = replace(buyer, privacy={"technique": "mask", "keepFirst": 1}, tags=("pii",))
    return replace(made, table=replace(made.table, columns=(number, masked)))


def table(mode: str = "snapshot") -> Table:
    """Sales as the shop's system delivers them."""
    columns = tuple(
        replace(c, physical_name=c.name.upper()) for c in small_contract("sales", ["id", "buyer"]).table.columns
    )
    return Table("sales", "Sales.", "One row per sale.", columns, (), {"delivery": {"format": "csv", "mode": mode}}, 1)


def source(mode: str = "snapshot") -> SourceContract:
    """The shop's system."""
    return SourceContract(
        "shop", "urn:shop", "1.0.0", "", "shop.owner", ("shop.owner",), None, (table(mode),), (), {}, {}, "ab" * 32,
        Path("shop.yaml"),
    )  # fmt: skip


def landing(**given: Any) -> Landing:
    """Ten sales, one of which was held back."""
    said: dict[str, Any] = {"load_id": "l1", "system": "shop", "table": "sales", "file": "shop/sales.csv"}
    said |= {"file_digest": "d" * 64, "contract_digest": "c" * 64, "delivered": 10, "accepted": 9, "quarantined": 1}
    said |= {"broken": {"buyer__required": 1}, "differences": (), "unchanged": False, "synthetic": True}
    return Landing(**{**said, **given})


def landed(home: Path, mode: str = "snapshot", **given: Any) -> list[Event]:
    """A load."""
    subject = loads.Landed(source(mode), table(mode))
    return loads.landed(subject, landing(**given), subject.work(ROOT, BEGAN, ENDED), atlas(home))


def refused(home: Path) -> list[Event]:
    """A refused delivery."""
    subject = loads.Landed(source(), table())
    refusal = DeliveryRefused("shop", "sales", "shop/sales.csv", "column `id` is missing", "2 columns", "ada", "ask")
    return loads.refused(subject, refusal, subject.work(ROOT, BEGAN, ENDED), atlas(home))


def pinned(home: Path) -> Pin:
    """Two orders."""
    return small_pin(
        small_contract("orders", ["id", "buyer"]), [{"id": "1", "buyer": "x"}, {"id": "2", "buyer": "y"}], home
    )


def finding(rule: str, state: State = State.PASS, observed: Any = 0, **given: Any) -> Finding:
    """What became of one rule."""
    said: dict[str, Any] = {"required": "0 rows", "description": "A rule.", "owner": "ada", "unit": "rows"}
    return Finding(rule, GateItem.QUALITY, state, observed, **{**said, **given})


def judged(home: Path, *findings: Finding, unanswered: str = "") -> tuple[Verdict, Pin]:
    """A verdict on two orders; of a rule that nothing answered, too."""
    pin = pinned(home / "pins")
    verdict = small_verdict(contract(), pin, NOW, *findings)
    demanded = verdict.expected_rules | ({unanswered} if unanswered else set())
    return replace(verdict, expected_rules=demanded), pin


def audited(home: Path, *findings: Finding, unanswered: str = "") -> list[Event]:
    """An audit of two orders."""
    verdict, pin = judged(home, *findings, unanswered=unanswered)
    return audits.audited(contract(), verdict, pin, audits.work(contract(), ROOT, BEGAN, ENDED), atlas(home))


def certificates(home: Path) -> list[Certificate]:
    """Two certificates, the second after the first."""
    golden = open_small(home / "golden", home / "keys")
    made = []
    for day, rows in enumerate(([{"id": "1", "buyer": "x"}], [{"id": "1", "buyer": "x"}, {"id": "2", "buyer": "y"}])):
        release = certified(golden, "orders", rows, now=NOW + timedelta(seconds=day), valid_for=timedelta(days=2))
        golden.publish([release])
        made.append(read_certificate(release.certificate))
    return made


def published(home: Path, certificate: Certificate) -> list[Event]:
    """A publication."""
    return releases.published(
        contract(), certificate, releases.publication(contract(), ROOT, BEGAN, ENDED), atlas(home)
    )


def revoked(home: Path, certificate: Certificate, again: Certificate | None = None) -> Event:
    """A revocation; rolled back to an earlier certificate where one is given."""
    served = {"orders": (contract(), again)} if again else {}
    root = replace(ROOT, job="revoke.orders")
    work = releases.revocation(contract(), root, ENDED)
    return releases.revoked(contract(), certificate, served, work, atlas(home), is_gone=again is None)


def removed(home: Path, job: str = "erasure", problem: str = "") -> Event:
    """The end of an erasure."""
    work = removals.removal(replace(ROOT, job=job), ENDED, "20260301-ab12cd34")
    return removals.removed(work, ["raw.shop__sales", "quarantine.shop__sales"], [contract()], atlas(home), problem)


def artifacts(home: Path, *, fails: bool = False, secret: str = "") -> Path:
    """What dbt leaves of a build of `orders` from `shop.sales`, with a data test, a singular test and a skipped one.

    Args:
        fails: the tests find rows, and the model that comes last is in error.
        secret: stands wherever dbt can quote a value of a row.
    """
    target = home / "target"
    target.mkdir(parents=True)
    (home / "dbt_project.yml").write_text("name: small\nversion: '1'\nprofile: small\n", encoding="utf-8")
    model = {"resource_type": "model", "database": "warehouse", "columns": {}, "config": {"materialized": "table"}}
    test = {"resource_type": "test", "database": "warehouse", "schema": "tests", "config": {"severity": "ERROR"}}
    where = f"select '{secret}'"
    nodes: dict[str, Any] = {
        "model.small.stg_sales": {**model, "schema": "staging", "alias": "stg_sales", "compiled_code": where},
        "model.small.orders": {**model, "schema": "candidate", "alias": "orders", "compiled_code": where},
        "model.small.late": {**model, "schema": "candidate", "alias": "late", "compiled_code": where},
        "test.small.not_null": {
            **test,
            "alias": "not_null",
            "test_metadata": {"name": "not_null", "kwargs": {"column_name": "id"}},
        },
        "test.small.adds_up": {**test, "alias": "adds_up", "compiled_code": where},
        "test.small.unasked": {**test, "alias": "unasked", "compiled_code": where},
        "test.small.free": {**test, "alias": "free", "compiled_code": where},
    }
    for uid, node in nodes.items():
        node |= {"unique_id": uid, "name": node["alias"], "original_file_path": f"{node['alias']}.sql"}
    source_entry = {
        "database": "warehouse",
        "schema": "raw",
        "name": "sales",
        "identifier": "shop__sales",
        "columns": {},
    }
    parents = {
        "model.small.stg_sales": ["source.small.raw.sales"],
        "model.small.orders": ["model.small.stg_sales"],
        "model.small.late": ["model.small.orders"],
        "test.small.not_null": ["model.small.orders"],
        "test.small.adds_up": ["model.small.orders"],
        "test.small.unasked": ["model.small.late"],
        "test.small.free": [],
    }
    manifest = {
        "metadata": {"dbt_schema_version": "https://example.org/dbt/manifest/v12.json"},
        "nodes": nodes,
        "sources": {"source.small.raw.sales": {**source_entry, "unique_id": "source.small.raw.sales"}},
        "parent_map": parents,
        "exposures": {},
    }
    found = {"status": "fail", "failures": 3} if fails else {"status": "pass", "failures": 0}
    outcomes: dict[str, dict[str, Any]] = {
        "model.small.stg_sales": {"status": "success"},
        "model.small.orders": {"status": "success"},
        "model.small.late": {"status": "error"} if fails else {"status": "success"},
        "test.small.not_null": found,
        "test.small.adds_up": found,
        "test.small.unasked": {"status": "skipped", "failures": None},
        "test.small.free": found,
    }
    timing = [{"name": "execute", "started_at": "2026-03-01T06:00:01Z", "completed_at": "2026-03-01T06:00:02Z"}]
    results = {
        "metadata": {
            "dbt_schema_version": "https://example.org/dbt/run-results/v6.json",
            "dbt_version": "1.11.16",
            "invocation_id": "0d2c6d1a-3c5c-4a43-8d3d-4b2a1d3f5e6f",
        },
        "args": {"which": "build"},
        "results": [
            {
                "unique_id": uid,
                "timing": timing,
                "adapter_response": {},
                "message": secret,
                "compiled_code": where,
                **said,
            }
            for uid, said in outcomes.items()
        ],
    }
    (target / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (target / "run_results.json").write_text(json.dumps(results), encoding="utf-8")
    return target


def built(home: Path, **given: Any) -> list[Event]:
    """A build of `orders`."""
    target = artifacts(home / "dbt", **given)
    links = {
        ("candidate.orders", "id"): {("staging.stg_sales", "id"): Flow.KEPT},
        ("candidate.orders", "buyer"): {
            ("staging.stg_sales", "buyer"): Flow.COMPUTED,
            ("staging.stg_sales", "id"): Flow.DECIDING,
        },
        ("candidate.orders", ROWS): {
            ("staging.stg_sales", ROWS): Flow.DECIDING,
            ("staging.stg_sales", "id"): Flow.DECIDING,
        },
    }
    columns = {
        "raw.shop__sales": {"id": "varchar", "buyer": "varchar"},
        "staging.stg_sales": {"id": "varchar", "buyer": "varchar"},
        "candidate.orders": {"id": "varchar", "buyer": "varchar"},
    }
    project = builds.Project(
        home / "dbt", {"model.small.orders": "select id"}, {"candidate.orders": contract()}, links, columns,
        {"candidate.orders": 2},
    )  # fmt: skip
    return builds.built(target, project, "f" * 64, ROOT, atlas(home))


def everything(home: Path) -> dict[str, list[Event]]:
    """One of each thing that is told, by what it is."""
    first, second = certificates(home)
    late = finding("orders__late", State.FAIL, 7)
    return {
        "load": landed(home / "a"),
        "appended load": landed(home / "b", "append", quarantined=0, broken={}),
        "refused delivery": refused(home / "c"),
        "build": built(home / "d"),
        "failed build": built(home / "e", fails=True),
        "audit": audited(home / "f", finding("id__required", observed=0, column="id")),
        "shut gate": audited(home / "g", late),
        "publication": published(home / "h", first),
        "next publication": published(home / "i", second),
        "held back": releases.held_back(releases.publication(contract(), ROOT, BEGAN, ENDED), "orders: gate shut"),
        "revocation": [revoked(home / "j", second)],
        "rollback": [revoked(home / "k", second, first)],
        "erasure": [removed(home / "l")],
        "unfinished retention": [removed(home / "m", "retention", "golden.orders: 3 outstanding")],
    }
