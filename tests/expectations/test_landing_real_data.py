"""The real deliveries keep the agreed contracts, and their published counts are what lands."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from expectations.landing import land
from expectations.loader import load_sources

SOURCES = Path(__file__).resolve().parents[2] / "expectations" / "sources"
COUNTS = {
    ("servicenow", "incident_events"): (141_712, {"incident_state__enum": 5}),
    ("online_retail", "invoice_lines"): (541_909, {}),
    ("olist", "leads"): (8_000, {}),
    ("olist", "deals"): (842, {}),
}
FACTS = {
    "select count(distinct number) from raw.servicenow__incident_events": 24_918,
    "select count(distinct invoice_no) from raw.online_retail__invoice_lines": 25_900,
    "select count(distinct customer_id) from raw.online_retail__invoice_lines": 4_372,
    "select count(*) from raw.online_retail__invoice_lines where customer_id is null": 135_080,
    "select count(*) from raw.online_retail__invoice_lines where starts_with(invoice_no, 'C')": 9_288,
    "select count(*) from raw.online_retail__invoice_lines where unit_price <= 0": 2_517,
    "select count(*) from raw.olist__deals where declared_monthly_revenue = 0": 797,
    "select count(*) from raw.servicenow__incident_events where resolved_at is null": 3_141,
}


@pytest.fixture(scope="module")
def landed(shared_data: Path) -> duckdb.DuckDBPyConnection:
    """A warehouse in memory that holds the real deliveries."""
    connection = duckdb.connect()
    for source in load_sources(SOURCES).values():
        for table in source.tables:
            land(connection, source, table.name, shared_data, now=datetime(2026, 11, 22, tzinfo=UTC))
    return connection


@pytest.mark.parametrize(("system", "table"), COUNTS)
def test_every_published_row_is_accepted_or_held_back(
    landed: duckdb.DuckDBPyConnection, system: str, table: str
) -> None:
    rows, broken = COUNTS[system, table]
    name = f"{system}__{table}"
    line = "select delivered, accepted, quarantined from meta.loads where system = $1 and table_name = $2"
    assert landed.execute(line, [system, table]).fetchone() == (rows, rows - sum(broken.values()), sum(broken.values()))
    counted = f"select (select count(*) from raw.{name}) + (select count(*) from quarantine.{name})"
    assert landed.execute(counted).fetchone() == (rows,)
    rules = f"select rule, count(*) from (select unnest(_rules) as rule from quarantine.{name}) group by rule"
    assert dict(landed.execute(rules).fetchall()) == broken


@pytest.mark.parametrize("query", FACTS)
def test_the_published_facts_hold_on_what_landed(landed: duckdb.DuckDBPyConnection, query: str) -> None:
    assert landed.execute(query).fetchone() == (FACTS[query],)


def test_every_source_table_has_its_counts() -> None:
    tables = {(s.system, t.name) for s in load_sources(SOURCES).values() for t in s.tables}
    assert tables == set(COUNTS)
