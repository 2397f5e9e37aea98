"""What is known of the real data, counted in the warehouse: nothing lost on the way, nothing invented."""

from __future__ import annotations

from typing import Any

import pytest

COUNTS = {
    "events delivered": (141_712, "select sum(delivered) from meta.loads where table_name = 'incident_events'"),
    "events with the lost state -100, held back": (5, "select count(*) from quarantine.servicenow__incident_events"),
    "events": (141_707, "select count(*) from staging.stg_servicenow__incident_events"),
    "events that share their number with another": (
        5,
        "select count(*) - count(distinct (incident_number, update_number)) "
        "from staging.stg_servicenow__incident_events",
    ),
    "incidents": (24_918, "select count(*) from candidate.resolution_times"),
    "incidents without an opening event": (
        8_521,
        "select count(*) from candidate.resolution_times where not has_opening_event",
    ),
    "incidents with a recorded resolution": (
        23_362,
        "select count(*) from candidate.resolution_times where resolution_basis = 'recorded'",
    ),
    "incidents resolved by the log alone": (
        1_543,
        "select count(*) from candidate.resolution_times where resolution_basis = 'event'",
    ),
    "incidents closed without a resolution": (
        13,
        "select count(*) from candidate.resolution_times where resolved_at is null",
    ),
    "incidents that met the service level": (15_803, "select count(*) from candidate.resolution_times where sla_met"),
    "invoice lines": (541_909, "select count(*) from staging.stg_online_retail__invoice_lines"),
    "full duplicates": (5_268, "select count(*) from staging.stg_online_retail__invoice_lines where copy_number > 1"),
    "cancellation lines": (
        9_288,
        "select count(*) from staging.stg_online_retail__invoice_lines where is_cancellation",
    ),
    "lines without a customer": (
        135_080,
        "select count(*) from staging.stg_online_retail__invoice_lines where account_id is null",
    ),
    "lines at a price of 0 or less": (
        2_517,
        "select count(*) from staging.stg_online_retail__invoice_lines where unit_price <= 0",
    ),
    "invoices": (25_900, "select count(distinct invoice_no) from staging.stg_online_retail__invoice_lines"),
    "customers": (4_372, "select count(distinct account_id) from staging.stg_online_retail__invoice_lines"),
    "orders of products": (18_402, "select count(*) from intermediate.int_account_invoices where not is_cancellation"),
    "customer accounts": (4_334, "select count(distinct account_id) from candidate.renewal_risk"),
    "as-of dates": (10, "select count(distinct as_of_date) from candidate.renewal_risk"),
    "leads": (8_000, "select count(*) from candidate.qualified_leads"),
    "leads of unknown or no origin": (1_159, "select count(*) from candidate.qualified_leads where origin is null"),
    "deals": (842, "select count(*) from candidate.qualified_leads where is_won"),
    "deals without a declared revenue": (
        797,
        "select count(*) from candidate.qualified_leads where is_won and declared_monthly_revenue is null",
    ),
    "deals won before first contact": (
        1,
        "select count(*) from candidate.qualified_leads where is_won_before_contact and days_to_close = -2",
    ),
}


@pytest.mark.parametrize("what", COUNTS)
def test_the_real_data_counts_as_published(built: Any, what: str) -> None:
    expected, query = COUNTS[what]
    assert built.value(query) == expected


@pytest.mark.parametrize("code", ["POST", "DOT", "M", "D", "AMAZONFEE", "BANK CHARGES", "C2", "S"])
def test_a_code_that_is_no_product_is_delivered_and_sells_nothing(built: Any, code: str) -> None:
    lines = f"staging.stg_online_retail__invoice_lines where stock_code = '{code}'"
    assert built.value(f"select count(*) from {lines}") > 0
    assert built.value(f"select count(*) from {lines} and is_product") == 0
