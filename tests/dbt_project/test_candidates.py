"""The candidates built from the real data: their shape is the contract's, their content follows the definitions."""

from __future__ import annotations

from typing import Any

import pytest

from expectations.contract import Contract

DATASETS = ("qualified_leads", "renewal_risk", "resolution_times")


def test_every_model_builds_and_every_test_passes(built: Any) -> None:
    results = {r["unique_id"]: r["status"] for r in built.results["results"]}
    states = {uid: status for uid, status in results.items() if not uid.startswith("exposure.")}  # nothing to build
    assert len(states) > 70
    assert set(states.values()) == {"success", "pass"}


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_candidate_has_the_columns_of_its_contract_in_order_and_type(
    built: Any, contracts: dict[str, Contract], dataset: str
) -> None:
    table = built.rows(f"select column_name, lower(column_type) from (describe candidate.{dataset})")
    promised = [(c.name, c.physical_type) for c in contracts[dataset].table.columns]
    assert table == promised


def test_there_is_a_candidate_for_each_contract_and_no_other(built: Any, contracts: dict[str, Contract]) -> None:
    tables = built.rows("select table_name from information_schema.tables where table_schema = 'candidate'")
    assert {t for (t,) in tables} == set(contracts) == set(DATASETS)


@pytest.mark.parametrize("dataset", DATASETS)
def test_no_constraint_stands_between_a_bad_candidate_and_its_audit(built: Any, dataset: str) -> None:
    assert not built.rows(
        f"select * from duckdb_constraints() where schema_name = 'candidate' and table_name = '{dataset}'"
    )


def test_recorded_and_logged_resolutions_are_equal_wherever_both_exist(built: Any) -> None:
    """What lets the log stand in for a missing record, as the glossary says."""
    query = """
        select count(*), count(*) filter (resolved_at = in_log)
        from (
            select any_value(resolved_at) as resolved_at, max(updated_at) filter (incident_state = 'Resolved') as in_log
            from staging.stg_servicenow__incident_events group by incident_number
        )
        where resolved_at is not null and in_log is not null
    """
    assert built.rows(query) == [(23_362, 23_362)]


def test_an_incident_that_missed_its_service_level_never_regains_it(built: Any) -> None:
    query = """
        select count(*) from staging.stg_servicenow__incident_events as events
        join candidate.resolution_times as golden using (incident_number)
        where not events.sla_met and golden.sla_met
    """
    assert built.value(query) == 0


def test_risk_bands_are_ordered_by_what_accounts_did_next(built: Any) -> None:
    """The shares that the glossary and the contract state: who ordered again within 90 days of the state."""
    query = """
        select risk_band, count(*), round(100 * avg(exists(
            select 1 from intermediate.int_order_days as later
            where later.account_id = states.account_id
                and later.order_date > states.as_of_date and later.order_date <= states.as_of_date + 90
        )::int))::int
        from candidate.renewal_risk as states where as_of_date <= date '2011-09-10' group by risk_band
    """
    assert {band: (n, share) for band, n, share in built.rows(query)} == {
        "low": (4_239, 83),
        "medium": (3_241, 60),
        "high": (9_217, 36),
    }


def test_states_of_the_past_do_not_change_when_the_future_becomes_known(built: Any) -> None:
    """The rhythm published for 2011-06-30, computed again from orders up to that day alone."""
    query = """
        with history as (
            select account_id, days_since_previous as days from intermediate.int_order_days
            where order_date <= date '2011-06-30'
        )
        select count(*) from candidate.renewal_risk
        join (select account_id, count(*) as n, median(days) as own from history group by 1) using (account_id)
        where as_of_date = date '2011-06-30' and (
            order_day_count <> n
            or typical_interval_days <> if(n >= 3, own, (select median(days) from history))
        )
    """
    assert built.value(query) == 0


def test_nobody_is_named_in_the_service_desks_dataset(contracts: dict[str, Contract]) -> None:
    people = {"caller_id", "opened_by", "sys_created_by", "sys_updated_by", "assigned_to", "resolved_by"}
    used = {s.rpartition(".")[2] for c in contracts["resolution_times"].table.columns for s in c.sources}
    assert not used & people
