"""A small platform made by hand: three datasets of two sources, so that what the room decides is tested without dbt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from expectations.clock import NOW
from expectations.landing.rawtables import META
from expectations.verdict import Finding
from orchestration.builds import current_fingerprint
from orchestration.decisions import Decision, circumstances, remember_decision
from orchestration.manifest import Manifest
from orchestration.platform import Platform
from orchestration.promises import Promises
from orchestration.settings import Settings, read_settings
from orchestration.workshop import Workshop
from tests.golden_repository import small_contract, small_input, small_pin, small_verdict

DATASETS = ("orders", "parcels", "refunds")


def model(name: str, layer: str, **entry: Any) -> dict[str, Any]:
    """An entry of a model in a manifest."""
    schema = "candidate" if layer == "golden" else layer
    fqn = ["small", layer, name]
    made = {"name": name, "alias": name, "resource_type": "model", "schema": schema, "fqn": fqn, "config": {}}
    return {**made, "raw_code": f"select * from {name}", "depends_on": {"nodes": []}, **entry}


def data_test(name: str, *nodes: str, **entry: Any) -> dict[str, Any]:
    """An entry of a data test in a manifest."""
    made = {"name": name, "alias": name, "resource_type": "test", "schema": "tests", "fqn": ["small", name]}
    return {
        **made,
        "config": {"severity": "ERROR"},
        "raw_code": "select 1",
        "depends_on": {"nodes": list(nodes)},
        **entry,
    }


def document() -> dict[str, Any]:
    """A manifest: orders and refunds share `stg_shop`; parcels stand alone."""
    return {
        "metadata": {"project_name": "small", "dbt_version": "1"},
        "nodes": {
            "model.small.stg_shop": model("stg_shop", "staging"),
            "model.small.orders": model("orders", "golden"),
            "model.small.refunds": model("refunds", "golden"),
            "model.small.parcels": model("parcels", "golden"),
            "test.small.orders_add_up": data_test("orders_add_up", "model.small.orders"),
            "test.small.shop_is_dated": data_test("shop_is_dated", "model.small.stg_shop"),
        },
        "unit_tests": {"unit_test.small.orders.sums": {"depends_on": {"nodes": ["model.small.orders"]}, "config": {}}},
        "sources": {
            "source.small.raw.shop__sales": {"identifier": "shop__sales", "schema": "raw"},
            "source.small.raw.post__parcels": {"identifier": "post__parcels", "schema": "raw"},
        },
        "macros": {"macro.small.cents": {"macro_sql": "x / 100", "package_name": "small"}},
        "parent_map": {
            "model.small.stg_shop": ["source.small.raw.shop__sales"],
            "model.small.orders": ["model.small.stg_shop"],
            "model.small.refunds": ["model.small.stg_shop"],
            "model.small.parcels": ["source.small.raw.post__parcels"],
        },
    }


def small_platform(home: Path, release: str = "") -> Platform:
    """A platform whose raw tables hold one load each and whose datasets no gate has seen yet.

    Args:
        home: everything that it makes.
        release: the group of all datasets; each is its own where empty.
    """
    settings: Settings = replace(read_settings({}), home=home, data=home / "data", replay=None)
    contracts = {name: small_contract(name, ["id", "amount"], release) for name in DATASETS}
    platform = Platform(settings, Promises(contracts, {}, {}), Manifest(document()), Workshop(settings))
    with platform.workshop.warehouse() as connection:
        connection.execute(META)
        for table in ("shop__sales", "post__parcels"):
            connection.execute(f"CREATE TABLE raw.{table} (_load_id VARCHAR, _file_digest VARCHAR)")
            deliver(connection, table, "first")
    return platform


def deliver(connection: duckdb.DuckDBPyConnection, table: str, load: str) -> None:
    """Land something in a raw table."""
    connection.execute(f"INSERT INTO raw.{table} VALUES (?, ?)", [load, load * 2])


def decided(
    platform: Platform,
    dataset: str,
    rows: int = 2,
    *,
    at: datetime | None = None,
    valid_for: timedelta = timedelta(days=2),
    shut_by: Sequence[Finding] = (),
) -> Decision:
    """What a gate that just looked at a candidate of so many rows decided; kept in the workshop."""
    content = [{"id": str(i), "amount": str(i * 2)} for i in range(rows)]
    return decided_on(platform, dataset, content, at=at, valid_for=valid_for, shut_by=shut_by)


def decided_on(
    platform: Platform,
    dataset: str,
    content: Sequence[Mapping[str, Any]],
    *,
    at: datetime | None = None,
    valid_for: timedelta = timedelta(days=2),
    shut_by: Sequence[Finding] = (),
) -> Decision:
    """The same on these rows."""
    now, contract = at or datetime.now(UTC), platform.promises.contracts[dataset]
    pinned = small_pin(contract, content, platform.settings.workshop / "pins" / dataset)
    with platform.workshop.warehouse() as connection:
        fingerprint = current_fingerprint(connection, platform.manifest, dataset)
    decision = Decision(
        verdict=small_verdict(contract, pinned, now, *shut_by),
        pin=pinned,
        fingerprint=fingerprint,
        circumstances=circumstances(platform.workshop, platform.promises, dataset),
        inputs=(small_input(now, len(content)),),
        clock=NOW,
        pinned_at=now,
        valid_until=now + valid_for,
        examples={},
    )
    remember_decision(platform.workshop, decision)
    return decision
