"""A small shop with a lineage: a source with buyers, a model, a candidate; without dbt, so that steps are quick.

Belongs here: making it, and what stands for dbt. Does not: assertions.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from expectations.clock import Clock
from expectations.contract import Column, Contract, Sla, SourceContract, SourceUse, Table
from expectations.landing.rawtables import META
from orchestration.manifest import Manifest
from orchestration.platform import Platform
from orchestration.promises import Promises
from orchestration.publish import Outcome, publish_release
from orchestration.settings import read_settings
from orchestration.workshop import Workshop
from tests.golden_repository import small_contract
from tests.orchestration.small import decided_on, model

KEY = "shop.sales.buyer"
CLOCK = datetime(2011, 12, 10, tzinfo=UTC)
DAY = timedelta(days=1)


def _column(name: str, kind: str = "varchar", **given: Any) -> Column:
    logical = {"integer": "integer", "timestamp": "timestamp"}.get(kind, "string")
    blank: dict[str, Any] = dict.fromkeys(("enum", "relationships", "quality", "sources", "tags"), ())
    made = {"physical_name": name, "description": "A column.", "classification": "internal", "required": False}
    made |= {"unique": False, "key_position": None, "options": {}, "business_name": "", "privacy": {}, "line": 1}
    return Column(name=name, logical_type=logical, physical_type=kind, **{**blank, **made, **given})


def _promise(element: str, days: int, **deletion: Any) -> Sla:
    return Sla("retention", element, days * DAY, "", "", {"deletion": {"action": "delete", **deletion}}, 1)


def shop_source(**deletion: Any) -> SourceContract:
    """Sales with a buyer, kept for 30 days."""
    columns = (
        _column("id"),
        _column("buyer", privacy={"category": "identifier", "erasureKey": True}),
        _column("sold_at", "timestamp", options={"format": "%Y-%m-%d %H:%M:%S"}),
    )
    table = Table("sales", "Sales.", "One row per sale.", columns, (), {}, 1)
    promise = _promise("sales.sold_at", 30, **deletion)
    return SourceContract(
        "shop", "urn:shop", "1.0.0", "", "shop.owner", ("shop.owner",), None, (table,), (), {}, {}, "ab" * 32,
        Path("shop.yaml"), (promise,),
    )  # fmt: skip


def shop_contract(days: int = 30, **deletion: Any) -> Contract:
    """Orders with a buyer, kept for 30 days."""
    made = small_contract("orders", ["id", "buyer", "sold_at"])
    number, buyer, sold_at = made.table.columns
    columns = (number, replace(buyer, sources=(KEY,)), replace(sold_at, physical_type="timestamp"))
    erasure = {"erasure": {"key": "buyer", "maxDays": 10}}
    return replace(
        made,
        table=replace(made.table, columns=columns),
        slas=(_promise("orders.sold_at", days, **erasure, **deletion),),
        sources=(SourceUse("shop", "shop.owner", (), "", "", None, 1),),
    )


def document() -> dict[str, Any]:
    """A manifest: raw sales → staging view → candidate orders."""
    staging = 'select id, upper(id) as code, buyer, sold_at from "raw"."shop__sales"'
    staged = model("stg_sales", "staging", compiled_code=staging)
    orders = model("orders", "golden", compiled_code='select id, buyer, sold_at from "staging"."stg_sales"')
    return {
        "metadata": {"project_name": "small", "dbt_version": "1"},
        "nodes": {"model.small.stg_sales": staged, "model.small.orders": orders},
        "unit_tests": {},
        "sources": {"source.small.raw.shop__sales": {"identifier": "shop__sales", "schema": "raw"}},
        "macros": {},
        "parent_map": {
            "model.small.stg_sales": ["source.small.raw.shop__sales"],
            "model.small.orders": ["model.small.stg_sales"],
        },
    }


def open_shop(
    home: Path,
    rows: Iterable[tuple[str, str, datetime]],
    source: SourceContract | None = None,
    contract: Contract | None = None,
) -> Platform:
    """A platform that landed these sales, held one of each buyer back, and published its orders.

    Args:
        rows: id, buyer, time of the sale.
    """
    settings = replace(read_settings({}), home=home, data=home / "data", replay=None)
    promises = Promises(
        {"orders": contract or shop_contract()}, {"shop": source or shop_source()}, {"shop": Clock("replay", CLOCK)}
    )
    platform = Platform(settings, promises, Manifest(document()), Workshop(settings))
    listed = list(rows)
    with platform.workshop.warehouse() as connection:
        connection.execute(META)
        connection.execute(
            "CREATE TABLE raw.shop__sales (id VARCHAR, buyer VARCHAR, sold_at TIMESTAMP, _load_id VARCHAR, "
            "_file_digest VARCHAR, _loaded_at TIMESTAMPTZ); CREATE TABLE quarantine.shop__sales (_load_id VARCHAR, "
            "_file_digest VARCHAR, _loaded_at TIMESTAMPTZ, _rules VARCHAR[], _row JSON); CREATE SCHEMA staging; "
            "CREATE SCHEMA candidate"
        )
        landed = datetime.now(UTC)
        for name, buyer, sold_at in listed:
            plain = sold_at.replace(tzinfo=None)
            sale = [name, buyer, plain, landed]
            connection.execute("INSERT INTO raw.shop__sales VALUES (?, ?, ?, 'l1', 'd1', ?)", sale)
            row = json.dumps({"id": None, "buyer": buyer, "sold_at": f"{plain:%Y-%m-%d %H:%M:%S}"})
            connection.execute("INSERT INTO quarantine.shop__sales VALUES ('l1', 'd1', ?, [], ?)", [landed, row])
        connection.execute(
            "INSERT INTO meta.loads VALUES ('l1', 'shop', 'sales', 'f.csv', 'd1', ?, ?, ?, ?, false, [], ?, 0, 0, 0)",
            [promises.sources["shop"].digest, 2 * len(listed), len(listed), len(listed), landed],
        )
        connection.execute(
            "CREATE VIEW staging.stg_sales AS SELECT id, upper(id) AS code, buyer, sold_at FROM raw.shop__sales"
        )
    build(platform, ["orders"], now=datetime.now(UTC), run="first", progress=lambda _: None)
    return platform


def build(
    platform: Platform, datasets: Iterable[str], *, now: datetime, run: str, progress: Any
) -> tuple[Outcome, ...]:
    """Stands for dbt, an open gate and the publishing step."""
    contract = platform.promises.contracts["orders"]
    shutil.rmtree(platform.settings.workshop / "pins" / "orders", ignore_errors=True)
    with platform.workshop.warehouse() as connection:
        connection.execute(
            "CREATE OR REPLACE TABLE candidate.orders AS SELECT id, buyer, sold_at FROM staging.stg_sales "
            f"WHERE sold_at >= TIMESTAMP '{(CLOCK - contract.slas[0].duration).replace(tzinfo=None)}'"
        )
        rows = connection.execute("SELECT id, buyer, sold_at FROM candidate.orders ORDER BY id").fetchall()
    content = [{"id": i, "buyer": b, "sold_at": t} for i, b, t in rows]
    decided_on(platform, "orders", content, at=now)
    return publish_release(platform, "orders", now=now, run=run, progress=progress)
