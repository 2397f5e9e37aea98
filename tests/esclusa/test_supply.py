"""A use case is served, or says what it waits for, since when, why, and whom to ask."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import esclusa
from esclusa.cli.commands import app
from esclusa.supply import Need, Supply, supplies
from expectations.contract import Role
from lineage.golden.promised import promises_file
from lineage.tracing.columns import Model, column_lineage
from tests.esclusa.golden import ORDERS, Golden
from tests.golden_repository import READER, small_contract

DATASETS = ("orders", "customers", "stale", "gone", "newcomer", "nobody")


def entry(name: str, *datasets: str, **said: Any) -> dict[str, Any]:
    """An entry of `useCases`."""
    made = {"useCase": name, "kind": "use_case", "title": name.title(), "owner": "lin", "purpose": "testing"}
    made |= {"role": "tester", "riskTier": "limited", "description": "A use.", "url": ""}
    return {**made, "datasets": list(datasets), **said}


@pytest.fixture
def promised(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> Golden:
    """Every kind of dataset, each with a use; and one use of two of them."""
    monkeypatch.setenv("ESCLUSA_REPOSITORY", str(golden.path))
    monkeypatch.setenv("ESCLUSA_STATE", str(golden.state))
    publish(golden, *(entry(f"of_{name}", name) for name in DATASETS), entry("of_two", "orders", "gone"))
    return golden


def publish(
    golden: Golden, *use_cases: dict[str, Any], until: date = date(2099, 12, 31), roles: tuple[Role, ...] = (READER,)
) -> None:
    granted = tuple(replace(role, expires=until) for role in roles)
    contract = replace(small_contract("orders", list(ORDERS[0])), roles=granted)
    columns = ", ".join(f"1 AS {column.name}" for column in contract.table.columns)
    lineage = column_lineage([Model("candidate.orders", f"SELECT {columns}", (), "orders")], [])
    golden.writer().publish(files={"promises.json": promises_file([contract], [], [], lineage, use_cases)})


def supply(name: str) -> Supply:
    return next(s for s in esclusa.use_cases() if s.use_case.use_case == name)


def need(dataset: str) -> Need:
    (found,) = supply(f"of_{dataset}").needs
    return found


def test_a_use_of_what_is_certified_is_served(promised: Golden) -> None:
    assert (supply("of_orders").state, need("orders").served, need("orders").reason) == ("served", True, "")
    assert supply("of_orders").waits == supply("of_orders").behind == ()


def test_a_use_whose_newer_candidate_was_refused_is_served_and_told_so(promised: Golden) -> None:
    assert supply("of_customers").state == "served"
    (behind,) = supply("of_customers").behind
    assert behind.reason == "amount__minimum: observed 12 rows, required 0 rows"
    assert behind.remedy == "esclusa why customers"


@pytest.mark.parametrize(
    ("dataset", "state", "reason"),
    [
        ("stale", "expired", "its certificate ran out on 20"),
        ("gone", "withdrawn", "merged into orders"),
        ("newcomer", "shut", "1 of 42 rules does not hold."),
        ("nobody", "shut", "no candidate of it was judged yet"),
    ],
)
def test_a_use_waits_for_what_cannot_be_read_and_says_why(
    promised: Golden, dataset: str, state: str, reason: str
) -> None:
    assert supply(f"of_{dataset}").state == f"waits for {dataset} ({state})"
    assert need(dataset).reason.startswith(reason)
    assert need(dataset).owner == ("" if dataset == "nobody" else "ada")
    assert need(dataset).remedy


def test_a_use_of_two_waits_for_the_one_that_is_missing(promised: Golden) -> None:
    assert supply("of_two").state == "waits for gone (withdrawn)"


def test_a_use_whose_evidence_does_not_hold_waits(promised: Golden) -> None:
    promised.target("orders", "certificate.json").write_text("{}")
    assert need("orders").state == "broken"


def test_a_use_waits_for_a_grant_that_ended_or_was_never_given(golden: Golden, promised: Golden) -> None:
    (later,) = (s for s in supplies(esclusa.open(), date(2100, 1, 1)) if s.use_case.use_case == "of_orders")
    assert later.needs[0].state == "ungranted"
    assert later.needs[0].reason == "the grant of tester ended with 2099-12-31"
    publish(golden, entry("of_orders", "orders", purpose="scoring"))
    assert need("orders").reason == "tester is granted nothing for scoring"
    assert need("orders").remedy == "ask ada for the grant"
    publish(golden, entry("of_orders", "orders", role=""))
    assert need("orders").served, "an earlier publisher says no role"


def test_what_is_certified_decides_as_it_does_for_reads_and_not_what_is_promised(promised: Golden) -> None:
    publish(promised, entry("of_orders", "orders"), until=date(2026, 1, 31))
    assert need("orders").served
    assert esclusa.read("orders").num_rows == len(ORDERS)
    newcomer = replace(READER, name="newcomer", purposes=("scoring",))
    publish(promised, entry("of_orders", "orders", role="newcomer", purpose="scoring"), roles=(newcomer,))
    assert need("orders").state == "ungranted"
    assert need("orders").reason == "the contract that grants newcomer scoring is not certified yet"
    assert need("orders").remedy == "esclusa run --only orders"
    with pytest.raises(esclusa.NotPermitted):
        esclusa.read("orders", role="newcomer", purpose="scoring")


def test_a_use_whose_policies_are_gone_waits(promised: Golden) -> None:
    promised.target("orders", "policies.cedar").unlink()
    assert need("orders").state == "broken"


def test_production_waits_for_what_was_certified_in_a_sandbox(
    promised: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCLUSA_ENVIRONMENT", "production")
    assert supply("of_orders").state == "waits for orders (sandbox)"


def called(*arguments: str, columns: str = "80") -> Result:
    return CliRunner().invoke(app, ["use-cases", *arguments], env={"COLUMNS": columns, "NO_COLOR": "1"})


def test_the_command_lists_each_use_and_why_it_waits(promised: Golden) -> None:
    done = called(columns="300")
    assert done.exit_code == 0
    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    assert lines[0] == "use case risk owner datasets state"
    assert "of_stale limited lin stale expired" in lines
    assert "of_orders limited lin orders served" in lines
    assert "of_customers limited lin customers newer refused" in lines
    assert lines.count("testing") == len(DATASETS), "the purpose; of the use of two it stands beside its second dataset"
    gone = [line for line in lines if line.startswith("waits for gone: withdrawn since ")]
    assert len(gone) == 1, "told once, needed twice"
    assert any("owner: ada; next: esclusa why customers" in line for line in lines)
    assert max(map(len, called().output.splitlines())) <= 80


def test_whoever_asks_of_one_use_gets_an_exit_code(promised: Golden) -> None:
    assert called("of_orders").exit_code == 0
    assert called("of_customers").exit_code == 0
    assert called("of_stale").exit_code == 1
    wrong = called("of_order")
    assert isinstance(wrong.exception, esclusa.Misused)
    assert wrong.exception.remedy == "Did you mean of_orders?"


def test_machines_get_json(promised: Golden) -> None:
    (told,) = json.loads(called("of_stale", "--json").output)
    assert (told["use_case"], told["risk_tier"], told["state"]) == ("of_stale", "limited", "waits for stale (expired)")
    assert [(n["dataset"], n["state"], n["owner"]) for n in told["needs"]] == [("stale", "expired", "ada")]


def test_a_repository_without_use_cases_says_so(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCLUSA_REPOSITORY", str(golden.path))
    monkeypatch.setenv("ESCLUSA_STATE", str(golden.state))
    assert called().output.strip() == "No use case is published."
