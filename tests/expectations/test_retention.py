"""What is over age goes and nothing else; what is held stays and says why; what is anonymised is nobody's any more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.audit.auditing import audit
from expectations.contract import Contract
from expectations.loader import ContractError, load_contract
from expectations.retention import Hold, Policy, erasure_days, policies, remove
from expectations.verdict import State
from tests.expectations.promised import CONTRACT, SOURCE, changed, glossary, orders, sources
from tests.expectations.variations import sla

CLOCK = datetime(2011, 12, 10, tzinfo=UTC)
DAYS = Policy("states", "stood_at", timedelta(days=30), "delete", ("name",), "owner")
HOLD = Hold("claim 7 before the court", "legal.office", date(2026, 11, 1))
HELD = "legalHold: {reason: a claim before the court, by: legal.office, since: '2026-11-01'}"


@pytest.fixture
def states() -> Iterator[duckdb.DuckDBPyConnection]:
    """Three rows: one second over age, of exactly the age, one second younger."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'; CREATE TABLE states (id INTEGER, name VARCHAR, stood_at TIMESTAMP)")
        for i, seconds in enumerate((-1, 0, 1)):
            moment = CLOCK - timedelta(days=30) + timedelta(seconds=seconds)
            connection.execute("INSERT INTO states VALUES (?, 'ann', ?)", [i, moment.replace(tzinfo=None)])
        yield connection


def left(connection: duckdb.DuckDBPyConnection) -> list[Any]:
    return connection.execute("SELECT id, name FROM states ORDER BY id").fetchall()


def test_exactly_the_rows_over_age_go(states: duckdb.DuckDBPyConnection) -> None:
    removed = remove(states, "states", DAYS, CLOCK)
    assert (removed.rows, removed.oldest) == (1, CLOCK - timedelta(days=30, seconds=1))
    assert left(states) == [(1, "ann"), (2, "ann")]
    assert remove(states, "states", DAYS, CLOCK).rows == 0
    assert remove(states, "states", DAYS, CLOCK + timedelta(seconds=1)).rows == 1


def test_what_is_anonymised_keeps_its_row_and_loses_its_person(states: duckdb.DuckDBPyConnection) -> None:
    policy = replace(DAYS, action="anonymise")
    assert remove(states, "states", policy, CLOCK).rows == 1
    assert left(states) == [(0, None), (1, "ann"), (2, "ann")]
    assert remove(states, "states", policy, CLOCK).rows == 0


def test_a_hold_keeps_everything_and_counts_what_it_keeps(states: duckdb.DuckDBPyConnection) -> None:
    assert remove(states, "states", replace(DAYS, hold=HOLD), CLOCK).rows == 1
    assert len(left(states)) == 3
    assert str(HOLD) == "legal hold since 2026-11-01 by legal.office: claim 7 before the court"


def test_dates_and_zoned_times_are_compared_in_utc() -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for kind, over, kept in (
            ("DATE", "2011-11-09", "2011-11-10"),
            ("TIMESTAMPTZ", "2011-11-10 00:59:59+01", "2011-11-10 01:00:00+01"),
        ):
            connection.execute(f"CREATE OR REPLACE TABLE states (stood_at {kind}); INSERT INTO states VALUES (NULL)")
            connection.execute("INSERT INTO states VALUES (?), (?)", [over, kept])
            assert remove(connection, "states", DAYS, CLOCK).rows == 1, kind
            assert connection.execute("SELECT count(*) FROM states").fetchone() == (2,), kind


def test_a_contract_without_an_action_deletes_nothing() -> None:
    assert policies(sla("retention", custom={})) == {}
    assert policies(sources()["shop"]) == {}


def held() -> Contract:
    """The contract, its rows held."""
    deletion = {"action": "delete", "legalHold": {"reason": HOLD.reason, "by": HOLD.by, "since": "2026-11-01"}}
    return sla("retention", custom={"deletion": deletion})


def answer(contract: Contract, at: str) -> tuple[State, str]:
    """State and words of the rule on retention, for one row of that time."""
    columns = ", ".join(
        f"{'TIMESTAMP ' + repr(at) if c.name == policies(contract)['orders'].column else 'NULL'} AS {c.name}"
        for c in contract.table.columns
    )
    with duckdb.connect() as connection:
        found = audit(connection, f"(SELECT {columns})", contract, clock_at=datetime(2026, 11, 22, tzinfo=UTC))
    (finding,) = [f for f in found if f.rule == "orders__retention"]
    return finding.state, f"{finding.message} {finding.description}"


def test_an_over_age_row_shuts_the_gate_unless_it_is_held_or_nobodys() -> None:
    old = "2020-01-01"
    assert answer(orders(), old)[0] is State.FAIL
    state, said = answer(held(), old)
    assert state is State.PASS
    assert str(HOLD) in said
    assert HOLD.reason in said.partition("required")[2]


def test_a_hold_and_what_anonymising_needs_are_checked_when_the_contract_is_read(tmp_path: Path) -> None:
    contract = load_contract(changed(tmp_path, CONTRACT, "legalHold: false", HELD), glossary(), sources())
    assert policies(contract)["orders"].hold == Hold("a claim before the court", "legal.office", date(2026, 11, 1))
    for written, said in (
        ("legalHold: true", "legalHold"),
        ("legalHold: {reason: a claim, since: '2026-11-01'}", "`by` is missing"),
        ("legalHold: {reason: a claim, by: legal.office, since: soon}", "soon"),
    ):
        with pytest.raises(ContractError, match=said):
            load_contract(changed(tmp_path, CONTRACT, "legalHold: false", written), glossary(), sources())


def test_a_source_states_the_retention_of_each_of_its_tables(tmp_path: Path) -> None:
    from expectations.loader import load_source

    promise = "slaProperties:\n  - {id: r, property: retention, value: 10, unit: d, element: orders.ordered_at, "
    deletion = "customProperties: [{property: deletion, vendor: esclusa, value: {action: %s}}]}\n"
    tail = "customProperties:\n  - {property: agreement"
    read = load_source(changed(tmp_path, SOURCE, tail, promise + deletion % "delete" + tail))
    assert policies(read)["orders"] == Policy("orders", "ordered_at", timedelta(days=10), "delete", (), "shop.owner")
    with pytest.raises(ContractError, match="no column of personal data"):
        load_source(changed(tmp_path, SOURCE, tail, promise + deletion % "anonymise" + tail))
    with pytest.raises(ContractError, match="names buyer, a string; required: a date or timestamp"):
        load_source(
            changed(tmp_path, SOURCE, tail, promise.replace("ordered_at", "buyer") + deletion % "delete" + tail)
        )
    wrong = promise.replace("ordered_at", "ordered_on")
    with pytest.raises(ContractError, match="ordered_on, which does not exist"):
        load_source(changed(tmp_path, SOURCE, tail, wrong + deletion % "delete" + tail))


def test_the_strictest_promise_on_erasure_counts() -> None:
    assert erasure_days([]) == 30
    assert erasure_days([orders()]) == 30
