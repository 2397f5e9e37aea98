"""The sample: the same bytes every time, the real layout, the real dirt, labelled; and broken on request."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from shutil import copytree
from typing import Any

import duckdb
import pytest

from expectations.landing import SYNTHETIC, DeliveryRefused, Landing, land
from expectations.loader import load_sources
from orchestration.sample import FAULTS, break_delivery, generate

SOURCES = load_sources(Path(__file__).resolve().parents[2] / "expectations" / "sources")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
LEADS = "olist_funnel/olist_marketing_qualified_leads_dataset.csv"
INCIDENTS = "servicenow_incidents/incident_event_log.zip"


def _digests(directory: Path) -> dict[str, str]:
    files = (p for p in sorted(directory.rglob("*")) if p.is_file())
    return {p.relative_to(directory).as_posix(): sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default sample."""
    directory = tmp_path_factory.mktemp("sample") / "data"
    generate(directory)
    return directory


@pytest.fixture(scope="module")
def landed(sample: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, Landing]]]:
    """A warehouse that holds the sample, and what landed in it by table."""
    with duckdb.connect() as connection:
        landings = {
            table.name: land(connection, source, table.name, sample, now=NOW)
            for source in SOURCES.values()
            for table in source.tables
        }
        yield connection, landings


def test_the_same_seed_makes_the_same_bytes(sample: Path, tmp_path: Path) -> None:
    generate(tmp_path / "again")
    assert _digests(tmp_path / "again") == _digests(sample)


def test_another_seed_makes_another_sample(tmp_path: Path) -> None:
    generate(tmp_path / "one", seed=1, scale=0.05)
    generate(tmp_path / "two", seed=2, scale=0.05)
    one, two = _digests(tmp_path / "one"), _digests(tmp_path / "two")
    assert one.keys() == two.keys()
    assert not [file for file in one if one[file] == two[file]]


def test_the_layout_is_that_of_the_real_data_and_says_that_it_is_synthetic(sample: Path) -> None:
    assert set(_digests(sample)) == {
        SYNTHETIC,
        INCIDENTS,
        LEADS,
        "olist_funnel/olist_closed_deals_dataset.csv",
        "online_retail/onlineretail.parquet",
    }
    assert "seed 7, scale 1" in (sample / SYNTHETIC).read_text()


def test_it_lands_under_the_real_contracts(landed: tuple[duckdb.DuckDBPyConnection, dict[str, Landing]]) -> None:
    landings = landed[1]
    assert all(landing.synthetic for landing in landings.values())
    assert not any(landing.differences for landing in landings.values())
    assert landings["incident_events"].broken == {"incident_state__enum": 2}
    assert sum(landing.quarantined for landing in landings.values()) == 2
    assert 8_000 <= landings["incident_events"].delivered <= 9_200
    assert 45_000 <= landings["invoice_lines"].delivered <= 63_000
    assert landings["leads"].delivered == 8_000
    assert 700 <= landings["deals"].delivered <= 1_000


EVENTS, LINES = "raw.servicenow__incident_events", "raw.online_retail__invoice_lines"
# What is measured, and between which values: around what the real data show.
DIRT: dict[str, tuple[str, float, float]] = {
    "no creation time": (f"select 100 * avg((sys_created_at is null)::int) from {EVENTS}", 30, 50),
    "no assignment group": (f"select 100 * avg((assignment_group is null)::int) from {EVENTS}", 6, 14),
    "no resolution": (f"select 100 * avg((resolved_at is null)::int) from {EVENTS}", 1.2, 3.5),
    "no configuration item": (f"select 100 * avg((cmdb_ci is null)::int) from {EVENTS}", 99, 100),
    "level met": (f"select 100 * avg(m) from (select bool_and(made_sla)::int m from {EVENTS} group by number)", 58, 68),
    "repeated update numbers": (f"select count(*) - count(distinct (number, sys_mod_count)) from {EVENTS}", 1, 5),
    "resolved before opened": (f"select count(*) from {EVENTS} where resolved_at < opened_at", 0, 0),
    "updated after closed": (f"select count(*) from {EVENTS} where sys_updated_at > closed_at", 0, 0),
    "no customer": (f"select 100 * avg((customer_id is null)::int) from {LINES}", 18, 32),
    "full duplicates": (f"select 100 * (1 - count(distinct t) / count(*)) from {LINES} t", 0.5, 2),
    "cancellations": (f"select 100 * avg((invoice_no like 'C%')::int) from {LINES}", 1, 2.5),
    "no price": (f"select 100 * avg((unit_price <= 0)::int) from {LINES}", 0.2, 0.8),
    "negative prices": (f"select count(*) from {LINES} where unit_price < 0", 2, 2),
    "codes of no products": (f"select count(distinct stock_code) from {LINES} where stock_code ~ '^[A-Z ]+$'", 5, 20),
    "unknown origins": ("select 100 * avg((origin = 'unknown')::int) from raw.olist__leads", 12, 16),
    "no origin": ("select 100 * avg((origin is null)::int) from raw.olist__leads", 0.4, 1.3),
    "no revenue": ("select 100 * avg((declared_monthly_revenue = 0)::int) from raw.olist__deals", 92, 97),
    "no company": ("select 100 * avg((has_company is null)::int) from raw.olist__deals", 90, 95),
    "won before first contact": (
        "select count(*) from raw.olist__deals join raw.olist__leads using (mql_id) where won_date < first_contact_date",  # noqa: E501
        *(1, 1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", DIRT)
def test_it_has_the_dirt_of_the_real_data(
    landed: tuple[duckdb.DuckDBPyConnection, dict[str, Landing]], kind: str
) -> None:
    query, low, high = DIRT[kind]
    found = landed[0].execute(query).fetchone()
    assert found is not None
    assert low <= found[0] <= high


PERIODS: dict[str, tuple[Any, Any]] = {
    f"select min(opened_at)::date, max(closed_at) from {EVENTS}": (date(2016, 2, 29), datetime(2017, 2, 18, 15, 0)),
    f"select min(invoice_date), max(invoice_date) from {LINES}": (
        datetime(2010, 12, 1, 8, 26),
        datetime(2011, 12, 9, 12, 50),
    ),
    "select min(first_contact_date), max(first_contact_date) from raw.olist__leads": (
        date(2017, 6, 14),
        date(2018, 5, 31),
    ),
}


@pytest.mark.parametrize("query", PERIODS)
def test_it_spans_the_period_of_the_real_data(
    landed: tuple[duckdb.DuckDBPyConnection, dict[str, Landing]], query: str
) -> None:
    assert landed[0].execute(query).fetchone() == PERIODS[query]


def test_real_files_are_never_replaced_or_broken(tmp_path: Path) -> None:
    (tmp_path / "invoices.csv").write_text("real")
    with pytest.raises(FileExistsError, match="left alone"):
        generate(tmp_path, scale=0.05)
    with pytest.raises(FileNotFoundError, match="only a sample may be broken"):
        break_delivery(tmp_path, "html", "invoices.csv")
    assert (tmp_path / "invoices.csv").read_text() == "real"


def test_a_scale_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="required: above 0"):
        generate(tmp_path / "sample", scale=0)


def test_a_misspelt_kind_is_answered_with_the_nearest(sample: Path) -> None:
    with pytest.raises(ValueError, match=r"did you mean renamed\?"):
        break_delivery(sample, "rename")


@pytest.mark.parametrize("kind", sorted(set(FAULTS) - {"extra", "latin-1", "packed"}))
@pytest.mark.parametrize(
    ("system", "table", "file"), [("olist", "leads", LEADS), ("servicenow", "incident_events", INCIDENTS)]
)
def test_every_kind_of_broken_delivery_is_refused(
    sample: Path, tmp_path: Path, kind: str, system: str, table: str, file: str
) -> None:
    broken = copytree(sample, tmp_path / "broken")
    break_delivery(broken, kind, file)
    with duckdb.connect() as connection, pytest.raises(DeliveryRefused):
        land(connection, SOURCES[system], table, broken, now=NOW)


def test_the_kinds_for_one_file_only_are_as_described(sample: Path, tmp_path: Path) -> None:
    broken = copytree(sample, tmp_path / "broken")
    with duckdb.connect() as connection:
        break_delivery(broken, "extra")
        assert land(connection, SOURCES["olist"], "leads", broken, now=NOW).differences
        break_delivery(broken, "latin-1")
        with pytest.raises(DeliveryRefused, match="bytes that are not utf-8"):
            land(connection, SOURCES["olist"], "leads", broken, now=NOW)
        break_delivery(broken, "packed", INCIDENTS)
        with pytest.raises(DeliveryRefused, match="its directory is missing or damaged"):
            land(connection, SOURCES["servicenow"], "incident_events", broken, now=NOW)
