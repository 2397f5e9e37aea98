"""What the tests of landing share: a small source contract, an empty warehouse, and what it holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.contract import SourceContract
from expectations.landing import Landing, land
from expectations.loader import load_source
from tests.expectations.signed import PEOPLE, Key, Shop, new_key, new_shop

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
COLUMNS: list[dict[str, Any]] = [
    {"name": "order_id", "physicalType": "varchar", "required": True, "logicalTypeOptions": {"pattern": "^[0-9]{3}$"}},
    {
        "name": "placed_at",
        "physicalType": "timestamp",
        "required": True,
        "logicalTypeOptions": {"format": "%d/%m/%Y %H:%M", "minimum": "2010-01-01 00:00:00"},
    },
    {"name": "amount", "physicalType": "double", "logicalTypeOptions": {"minimum": 0, "maximum": 500}},
    {"name": "units", "physicalType": "integer"},
    {"name": "state", "physicalType": "varchar", "enum": [{"value": "open"}, {"value": "shut"}]},
    {"name": "second_state", "physicalName": "state#2", "physicalType": "varchar"},
]
LOGICAL = {
    "varchar": "string",
    "timestamp": "timestamp",
    "date": "date",
    "boolean": "boolean",
    "integer": "integer",
    **dict.fromkeys(("smallint", "bigint"), "integer"),
}
HEADER = "order_id,placed_at,amount,units,state,state"

Agree = Callable[..., SourceContract]


@pytest.fixture
def agree(tmp_path: Path) -> Agree:
    """Makes the source contract `shop` with its table `orders`; keywords are its terms of delivery."""

    def made(columns: list[dict[str, Any]] = COLUMNS, **terms: Any) -> SourceContract:
        properties = [
            {
                "classification": "internal",
                "description": "A column.",
                "logicalType": LOGICAL.get(column["physicalType"], "number"),
                **column,
            }
            for column in columns
        ]
        delivery = {"format": "csv", "file": "orders.csv", "nulls": ["?"], "finalNewline": True, **terms}
        delivery.setdefault("quarantineTolerance", {"value": 20, "unit": "percent"})
        document = {
            "apiVersion": "v3.2.0",
            "kind": "DataContract",
            "id": "urn:esclusa:source:shop",
            "name": "shop",
            "version": "1.0.0",
            "status": "active",
            "description": {"purpose": "Orders of a shop."},
            "team": {"name": "Shop", "members": [{"username": "shop.owner", "role": "owner"}]},
            "support": [{"channel": "#shop-data"}],
            "schema": [
                {
                    "name": "orders",
                    "physicalType": "file",
                    "logicalType": "object",
                    "description": "Orders.",
                    "dataGranularityDescription": "One row per order.",
                    "properties": properties,
                    "customProperties": [{"property": "delivery", "vendor": "esclusa", "value": delivery}],
                }
            ],
            "customProperties": [
                {
                    "property": "agreement",
                    "vendor": "esclusa",
                    "value": {"agreedBy": ["shop.owner"], "agreedOn": "2026-11-02"},
                }
            ],
        }
        path = tmp_path / "shop.yaml"
        path.write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML
        return load_source(path)

    return made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An empty data directory."""
    path = tmp_path / "data"
    path.mkdir()
    return path


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty warehouse."""
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


@pytest.fixture
def deliver(warehouse: duckdb.DuckDBPyConnection, data: Path) -> Callable[..., Landing]:
    """Writes a file into the data directory, where content is given, and lands it."""

    def delivered(source: SourceContract, content: str | bytes | None = None, **options: Any) -> Landing:
        if content is not None:
            path = data / source.tables[0].custom["delivery"]["file"]
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return land(warehouse, source, "orders", data, now=NOW, **options)

    return delivered


@pytest.fixture
def holdings(warehouse: duckdb.DuckDBPyConnection) -> Callable[[], list[list[Any]]]:
    """Every row of raw, quarantine and meta.loads: what a refused delivery must leave alone."""

    def held() -> list[list[Any]]:
        tables = ("raw.shop__orders", "quarantine.shop__orders", "meta.loads")
        return [warehouse.execute(f"select * from {table} order by all").fetchall() for table in tables]

    return held


def rows(*lines: str) -> str:
    """A CSV file of the shop's orders."""
    return "\n".join([HEADER, *lines]) + "\n"


@pytest.fixture
def good() -> str:
    """Ten good orders, as CSV."""
    return rows(*(f"{100 + i},{13 + i}/2/2016 08:30,{i}.50,{i},open,?" for i in range(10)))


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Key]:
    """A key for everyone in the shop's team."""
    directory = tmp_path_factory.mktemp("keys")
    return {who: new_key(directory, who) for who in PEOPLE.values()}


@pytest.fixture
def shop(tmp_path: Path, people: dict[str, Key]) -> Shop:
    """The shop's promises, which nobody has signed yet."""
    return new_shop(tmp_path / "promises", people)
