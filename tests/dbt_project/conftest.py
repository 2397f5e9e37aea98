"""The real deliveries, landed and built once for all tests of this room."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.contract import Contract
from expectations.landing import land
from expectations.loader import load_contracts, load_glossary, load_sources

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "dbt_project"
PROMISES = ROOT / "expectations"


@dataclass(frozen=True)
class Built:
    """The warehouse after a landing and a `dbt build`.

    Args:
        warehouse: the file.
        connection: read-only, on it.
        results: dbt's `run_results.json`.
    """

    warehouse: Path
    connection: duckdb.DuckDBPyConnection
    results: dict[str, Any]

    def value(self, sql: str) -> Any:
        """The one value of a query."""
        row = self.connection.execute(sql).fetchone()
        assert row is not None
        assert len(row) == 1
        return row[0]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.connection.execute(sql).fetchall()


@pytest.fixture(scope="session")
def contracts() -> dict[str, Contract]:
    """The golden contracts, loaded and linted."""
    return load_contracts(PROMISES / "contracts", load_glossary(PROMISES / "definitions"))


@pytest.fixture(scope="session")
def built(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """Every real delivery landed, and `dbt build` run on them; once, also where tests run in parallel."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "built"
    home.mkdir(exist_ok=True)
    results = home / "dbt" / "run_results.json"
    with (home / "flock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not results.exists():
            _land(home / "warehouse.duckdb", shared_data)
            _build(home)
    warehouse = home / "warehouse.duckdb"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        yield Built(warehouse, connection, json.loads(results.read_text()))


def _land(warehouse: Path, data: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for source in load_sources(PROMISES / "sources").values():
            for table in source.tables:
                land(connection, source, table.name, data, now=datetime.now(UTC))


def _build(home: Path) -> None:
    paths = {
        "ESCLUSA_WAREHOUSE": home / "warehouse.duckdb",
        "DBT_TARGET_PATH": home / "dbt",
        "DBT_LOG_PATH": home / "logs",
    }
    dbt = Path(sys.executable).parent / "dbt"
    environment = {**os.environ, **{name: str(path) for name, path in paths.items()}}
    done = subprocess.run([dbt, "build"], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert (home / "dbt" / "run_results.json").exists(), done.stdout[-3000:]
