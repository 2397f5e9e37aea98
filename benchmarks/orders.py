"""The table and the contract that the benchmark runs on: orders of a made-up shop, 20 columns, 40 rules.

Belongs here: deterministic rows, whole or with 39 of the 40 rules broken; the contract. Does not: measuring.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from expectations.contract import Column, Contract, Quality, Sla, Table

DATASET = "orders"
CLOCK_AT = datetime(2026, 1, 1, 6, tzinfo=UTC)
CUSTOMERS = 500_000
STORES = 500
COUNTRIES = ("ES", "PT", "FR", "DE", "IT")
CURRENCIES = ("EUR", "USD", "GBP")
CHANNELS = ("web", "shop", "phone")
STATUSES = ("placed", "paid", "shipped", "delivered", "returned")
TAX_RATES = (0.04, 0.1, 0.21)
PAYMENTS = ("card", "transfer", "cash", "voucher")

# Column → expression over the row number `i`, of `{rows}`; `h(k)` is a hash of it, another for each k.
WHOLE = {
    "order_id": "i",
    "store_id": f"(i % {STORES})::INTEGER",
    "receipt_no": f"(i // {STORES})::INTEGER",
    "customer_id": f"(CASE WHEN h(1) % 20 > 0 THEN h(2) % {CUSTOMERS} END)::INTEGER",
    "order_number": "printf('SO-%08x-%04x', i, h(3) % 65536)",
    "country": f"{list(COUNTRIES)}[1 + h(4) % 5]",
    "currency": f"{list(CURRENCIES)}[1 + h(5) % 3]",
    "channel": f"{list(CHANNELS)}[1 + h(6) % 3]",
    "status": f"{list(STATUSES)}[1 + h(7) % 5]",
    "payment": f"{list(PAYMENTS)}[1 + h(8) % 4]",
    "sku": "printf('SKU-%05d', h(9) % 5000)",
    "quantity": "(1 + h(10) % 20)::INTEGER",
    "unit_price": "((1 + h(11) % 100000) / 100)::DECIMAL(10, 2)",
    "discount": "(h(12) % 40) / 100.0::DOUBLE",
    "amount": "quantity * unit_price::DOUBLE * (1 - discount)",
    "tax_rate": f"{list(TAX_RATES)}[1 + h(13) % 3]::DOUBLE",
    "ordered_at": "TIMESTAMP '2026-01-01' - to_seconds(({rows} - 1 - i) % 31536000)",
    "shipped_at": "CASE WHEN h(14) % 5 > 0 THEN ordered_at + to_seconds(h(15) % 600000) END",
    "delivered_on": "CASE WHEN h(16) % 3 > 0 THEN (shipped_at + INTERVAL 3 DAY)::DATE END",
    "note": "CASE WHEN h(17) % 10 < 3 THEN 'leave parcel with neighbour ' || (h(18) % 1000) END",
}
# Column → what stands in it instead, on the rows where the condition holds. Only the volume stays as agreed.
BROKEN: Mapping[str, Mapping[str, str]] = {
    "order_id": {"i = 1": "NULL", "i = 3": "2"},
    "store_id": {"i = 4": "NULL", "i = 6": "7"},
    "receipt_no": {"i = 5": "NULL"},
    "customer_id": {"i = 7": str(CUSTOMERS + 1), "i % 5 = 0": "NULL"},
    "order_number": {"i = 8": "NULL", "i = 9": "'SO-9'", "i = 37 OR i = 38": "'SO-00000025-0000'"},
    "country": {"i = 10": "NULL", "i = 11": "'XX'"},
    "currency": {"i = 12": "NULL", "i = 13": "'ZZZ'"},
    "channel": {"i = 14": "NULL", "i = 15": "'XX'"},
    "status": {"i = 16": "NULL", "i = 17": "'XX'"},
    "payment": {"i = 18": "'XX'"},
    "sku": {"i = 19": "NULL", "i = 20": "'sku-1'"},
    "quantity": {"i = 21": "NULL", "i = 22": "0", "i = 23": "1001"},
    "unit_price": {"i = 24": "NULL", "i = 25": "0", "i = 26": "10000.01"},
    "discount": {"i = 27": "-0.1", "i = 28": "'NaN'::DOUBLE", "i % 2 = 0": "0.3"},
    "amount": {"i = 29": "NULL", "i = 30": "-1", "i = 31": "1"},
    "tax_rate": {"i = 32": "0.5"},
    "ordered_at": {"i = 33": "NULL", "i = 34": "TIMESTAMP '2001-01-01'", "true": "TIMESTAMP '2025-01-01'"},
    "shipped_at": {"i = 35": "TIMESTAMP '2024-01-01'"},
    "delivered_on": {"shipped_at IS NOT NULL AND i % 1000 = 36": "DATE '2023-01-01'"},
    "note": {"true": "'n/a'"},
}
KEPT = frozenset({"orders__volume"})


def create(connection: duckdb.DuckDBPyConnection, rows: int, *, broken: bool = False) -> None:
    """Create the tables `orders` and `customers`.

    Args:
        connection: where.
        rows: how many orders; at least 2,000.
        broken: whether to break every rule but those of `KEPT`.
    """
    columns = []
    for name, whole in WHOLE.items():
        expression = re.sub(r"\bh\((\d+)\)", r"(hash(i * 64 + \1) >> 8)::BIGINT", whole.format(rows=rows))
        if broken:
            cases = " ".join(f"WHEN {condition} THEN {value}" for condition, value in BROKEN[name].items())
            expression = f"CASE {cases} ELSE {expression} END"
        columns.append(f'{expression} AS "{name}"')
    connection.execute(f"CREATE TABLE {DATASET} AS SELECT {', '.join(columns)} FROM range({rows}) t(i)")
    connection.execute(f"CREATE TABLE customers AS SELECT range::INTEGER AS customer_id FROM range({CUSTOMERS})")


def contract(*, opaque: bool = False) -> Contract:
    """Forty rules on the twenty columns.

    Args:
        opaque: whether to add one: order numbers, strings in no order that a range or a sort proves, are unique.
    """
    drift = {"check": "psi", "baseline": {"edges": [0.095, 0.195, 0.295], "shares": [0.25, 0.25, 0.25, 0.25]}}
    columns = (
        _column("order_id", key_position=1),
        _column("store_id"),
        _column("receipt_no"),
        _column("customer_id", _metric("known", "nullValues", "customer_id", 10), refers="customers.customer_id"),
        _column("order_number", unique=opaque, options={"pattern": "^SO-[0-9a-f]{8,}-[0-9a-f]{4}$"}),
        _column("country", enum=COUNTRIES),
        _column("currency", enum=CURRENCIES),
        _column("channel", enum=CHANNELS),
        _column("status", enum=STATUSES),
        _column("payment", required=False, enum=PAYMENTS),
        _column("sku", options={"pattern": "^SKU-[0-9]{5}$"}),
        _column("quantity", options={"minimum": 1, "maximum": 1000}),
        _column("unit_price", options={"minimum": 0.01, "maximum": 10_000}),
        _column("discount", _rule("drift", "custom", "discount", engine="esclusa", implementation=drift),
                required=False, options={"minimum": 0, "maximum": 0.9}),
        _column("amount", options={"minimum": 0}),
        _column("tax_rate", _metric("agreed", "invalidValues", "tax_rate", 0, validValues=TAX_RATES), required=False),
        _column("ordered_at"),
        _column("shipped_at", required=False),
        _column("delivered_on", required=False),
        _column("note", _metric("given", "missingValues", "note", 80, missingValues=["n/a", ""]), required=False),
    )  # fmt: skip
    off = "abs(amount - quantity * unit_price * (1 - discount)) > 0.01"
    table = (
        _rule("volume", operator="mustBeGreaterOrEqualTo", bound=1000, metric="rowCount"),
        _rule("receipt", metric="duplicateValues", arguments={"properties": ["store_id", "receipt_no"]}),
        _rule("ship_order", "sql", query="select count(*) from {object} where shipped_at < ordered_at"),
        _rule("arrival_order", "sql", query="select count(*) from {object} where delivered_on < shipped_at::date"),
        _rule("sum", "sql", query=f"select count(*) from {{object}} where {off}"),
    )
    slas = (
        Sla("freshness", "orders.ordered_at", timedelta(hours=24), "", "", {}, 0),
        Sla("retention", "orders.ordered_at", timedelta(days=1825), "", "", {}, 0),
    )
    document: dict[str, Any] = {"name": DATASET}
    return Contract(
        DATASET, "urn:bench:orders", "1.0.0", "active", "", {}, "benchmark", (), (),
        Table(DATASET, "", "One row per order.", columns, table, {}, 0), slas, (), (), (), DATASET, (), {}, document,
        "0" * 64, Path("benchmarks/orders.py"),
    )  # fmt: skip


def _column(name: str, *quality: Quality, required: bool = True, refers: str = "", **more: Any) -> Column:
    given: dict[str, Any] = {"key_position": None, "options": {}, "enum": (), "unique": False, **more}
    return Column(
        name=name, physical_name=name, logical_type="", physical_type="", description="", classification="internal",
        required=required, relationships=(refers,) if refers else (), quality=quality, sources=(),
        business_name="", tags=(), privacy={}, line=0, **given,
    )  # fmt: skip


def _metric(id: str, metric: str, column: str, percent: float, **arguments: Any) -> Quality:
    operator = "mustBe" if percent == 0 else "mustBeLessThan"
    return _rule(
        id, column=column, operator=operator, bound=percent, unit="percent", metric=metric, arguments=arguments
    )


def _rule(id: str, kind: str = "library", column: str | None = None, *, operator: str | None = "mustBe",
          bound: float = 0, unit: str = "rows", **body: Any) -> Quality:  # fmt: skip
    if kind == "custom":
        operator = None
    return Quality(id, kind, body, operator, bound, unit, "error", "", "", (), column, 0)
