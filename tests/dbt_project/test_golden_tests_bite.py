"""Each dbt test of a golden model finds the fault that it is there for: its compiled SQL, on a copy with one fault."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
ONE_ACCOUNT = "account_id = (select min(account_id) from candidate.renewal_risk)"
LATEST = "as_of_date = (select max(as_of_date) from candidate.renewal_risk)"

FAULTS = {
    "qualified_leads_count_every_lead_and_deal": (
        "delete from candidate.qualified_leads where lead_id = (select min(lead_id) from candidate.qualified_leads)"
    ),
    "qualified_leads_show_a_deal_only_where_won": (
        "update candidate.qualified_leads set business_segment = 'pet' "
        "where lead_id = (select min(lead_id) from candidate.qualified_leads where not is_won)"
    ),
    "renewal_risk_bands_follow_the_definition": (
        f"update candidate.renewal_risk set risk_band = if(risk_band = 'low', 'high', 'low') "
        f"where {ONE_ACCOUNT} and {LATEST}"
    ),
    "renewal_risk_never_forgets_an_account": f"delete from candidate.renewal_risk where {ONE_ACCOUNT} and {LATEST}",
    "renewal_risk_reconciles_with_the_invoice_lines": (
        f"update candidate.renewal_risk set net_value = net_value + 50 where {ONE_ACCOUNT} and {LATEST}"
    ),
    "resolution_times_count_every_incident": "delete from candidate.resolution_times where incident_number = '0000045'",
    "resolution_times_hours_span_opening_to_resolution": (
        "update candidate.resolution_times set time_to_resolution_hours = time_to_resolution_hours + 0.02 "
        "where incident_number = '0000045'"
    ),
}


@pytest.fixture(scope="module")
def copy(built: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse once more, open to faults."""
    path = tmp_path_factory.mktemp("copy") / built.warehouse.name
    shutil.copyfile(built.warehouse, path)
    with duckdb.connect(str(path)) as connection:
        yield connection


def test_there_is_a_fault_for_every_test() -> None:
    assert {p.stem for p in (PROJECT / "tests").glob("*.sql")} == FAULTS.keys()


@pytest.mark.parametrize("test", FAULTS)
def test_a_golden_test_finds_its_fault(built: Any, copy: duckdb.DuckDBPyConnection, test: str) -> None:
    sql = next(r["compiled_code"] for r in built.results["results"] if r["unique_id"] == f"test.esclusa.{test}")
    copy.begin()
    try:
        assert copy.execute(sql).fetchall() == []
        copy.execute(FAULTS[test])
        assert copy.execute(sql).fetchall()
    finally:
        copy.rollback()
