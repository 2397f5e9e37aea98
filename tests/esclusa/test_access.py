"""The whole matrix of access: what Cedar decides is what the contract says, cell by cell, by an oracle of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from esclusa.access import DENIED, Access, decide, read_policies
from esclusa.errors import Tampered
from esclusa.masks import TECHNIQUES
from expectations.contract import Contract
from expectations.loader import load_contract, load_contracts, load_glossary, load_sources
from expectations.loader.vocabulary import MASKS
from expectations.policy import policies_of
from tests.expectations.promised import CONTRACT, glossary, sources
from tests.golden_repository import small_contract

ROOM = Path(__file__).resolve().parents[2] / "expectations"
CONTRACTS = {path.stem: path for path in sorted((ROOM / "contracts").glob("*.yaml"))} | {"orders": CONTRACT}
TODAY = date(2026, 11, 22)
Document = Mapping[str, Any]


def loaded(name: str) -> Contract:
    if name == "orders":
        return load_contract(CONTRACT, glossary(), sources())
    terms, systems = load_glossary(ROOM / "definitions"), load_sources(ROOM / "sources")
    return load_contracts(ROOM / "contracts", terms, systems)[name]


def document(name: str) -> Document:
    """The contract as it was written, read by nothing of ours."""
    read: Document = YAML(typ="safe", pure=True).load(CONTRACTS[name])
    return read


def ours(holder: Document, name: str, default: Any) -> Any:
    said = [p["value"] for p in holder.get("customProperties", ()) if p["property"] == name]
    return said[0] if said else default


def oracle(written: Document, role: str, purpose: str, column: str, today: date) -> Access:
    """What the contract's document says, in plain words."""
    if purpose in ours(written, "aiUse", {}).get("prohibited", ()):
        return DENIED
    grant = next((r for r in written["roles"] if r["role"] == role), None)
    if grant is None or purpose not in ours(grant, "purposes", ()):
        return DENIED
    if today > date.fromisoformat(str(ours(grant, "expires", ""))):
        return DENIED
    named = ours(grant, "columns", {})
    if column in named.get("deny", ()):
        return DENIED
    if column in named.get("mask", {}):
        return Access("masked", named["mask"][column])
    (property_,) = (p for p in written["schema"][0]["properties"] if p["name"] == column)
    if property_["classification"] in ("confidential", "restricted") and column not in named.get("allow", ()):
        return DENIED
    return Access("read")


def days(written: Document) -> Iterator[date]:
    """Before, on and after the last day of each grant."""
    for grant in written["roles"]:
        end = date.fromisoformat(str(ours(grant, "expires", "")))
        yield from (end - timedelta(days=1), end, end + timedelta(days=1))


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_cell_of_the_matrix_is_decided_as_the_contract_says(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    written, policies = document(name), policies_of(loaded(name))
    columns = [p["name"] for p in written["schema"][0]["properties"]]
    roles = [*(r["role"] for r in written["roles"]), "nobody", "", "ROLE"]
    granted = [purpose for r in written["roles"] for purpose in ours(r, "purposes", ())]
    prohibited = list(ours(written, "aiUse", {}).get("prohibited", ()))
    cells: dict[str, int] = {}
    for today in sorted({TODAY, *days(written)}):
        for role in roles:
            for purpose in (*granted, *prohibited, "curiosity", ""):
                decided = decide(policies, name, role, purpose, columns, today)
                assert decided == {c: oracle(written, role, purpose, c, today) for c in columns}, (role, purpose, today)
                for access in decided.values():
                    cells[access.state] = cells.get(access.state, 0) + 1
    assert cells["read"] > len(columns)
    assert cells["denied"] > cells["read"]
    with capsys.disabled():
        print(f"\n{name}: {sum(cells.values()):,} cells of access, {cells}")


def test_a_prohibition_beats_a_grant_of_the_very_same_purpose() -> None:
    contract = small_contract("orders", ["id", "name"])
    assert decide(policies_of(contract), "orders", "tester", "testing", ["id"], TODAY) == {"id": Access("read")}
    prohibited = replace(contract, custom={"aiUse": {"prohibited": ["testing"]}})
    assert decide(policies_of(prohibited), "orders", "tester", "testing", ["id"], TODAY) == {"id": DENIED}


def changed_role(**changes: Any) -> str:
    contract = small_contract("orders", ["id", "name"])
    return policies_of(replace(contract, roles=(replace(contract.roles[0], **changes),)))


@pytest.mark.parametrize(
    "changes",
    [{"expires": None}, {"purposes": ()}, {"access": "write"}, {"columns": {"deny": ["id", "name"]}}],
    ids=["without a last day", "without a purpose", "that does not read", "denied everything"],
)
def test_a_role_is_granted_nothing(changes: dict[str, Any]) -> None:
    decided = decide(changed_role(**changes), "orders", "tester", "testing", ["id", "name"], TODAY)
    assert set(decided.values()) == {DENIED}


def test_a_denied_column_stays_denied_where_it_is_allowed_or_masked_too() -> None:
    policies = changed_role(columns={"deny": ["id"], "allow": ["id"], "mask": {"id": "hash"}})
    assert decide(policies, "orders", "tester", "testing", ["id", "name"], TODAY) == {
        "id": DENIED,
        "name": Access("read"),
    }


def test_a_masked_column_is_not_read_plain_where_it_is_allowed_too() -> None:
    policies = changed_role(columns={"allow": ["id"], "mask": {"id": "hash"}})
    assert decide(policies, "orders", "tester", "testing", ["id"], TODAY) == {"id": Access("masked", "hash")}


def test_a_column_that_no_policy_names_and_another_datasets_column_are_denied() -> None:
    policies = changed_role()
    assert decide(policies, "orders", "tester", "testing", ["later"], TODAY) == {"later": DENIED}
    assert decide(policies, "returns", "tester", "testing", ["id"], TODAY) == {"id": DENIED}


@pytest.mark.parametrize("name", ['a"b', "a\\b", 'x") permit (principal, action, resource);//', "é\n–", "\U0001f6a4"])
def test_whatever_a_role_is_called_it_stays_one_text(name: str) -> None:
    policies = changed_role(name=name, purposes=(name,))
    assert decide(policies, "orders", name, name, ["id"], TODAY) == {"id": Access("read")}
    assert decide(policies, "orders", "tester", "testing", ["id"], TODAY) == {"id": DENIED}


@pytest.mark.parametrize(
    "broken",
    [
        "forbid (principal, action, resource) when { context.nothing };",
        "forbid (principal, action, resource) when { 9223372036854775807 + 1 == 0 };",
        "permit (principal, action, resource) when { principal.age > 3 };",
    ],
)
def test_a_policy_that_cannot_be_evaluated_denies_everything(broken: str) -> None:
    notes = '@role("x") @purpose("y") @until("2027-01-01") @approvers("ada")\n'
    decided = decide(f"{changed_role()}\n{notes}{broken}", "orders", "tester", "testing", ["id", "name"], TODAY)
    assert decided == {"id": DENIED, "name": DENIED}


@pytest.mark.parametrize("others", ["rot13", "redact"], ids=["unknown here", "beside another"])
def test_a_mask_that_is_unknown_or_contradicted_denies_the_column(others: str) -> None:
    policies = changed_role(columns={"mask": {"id": "hash"}})
    permit = policies[policies.index('@id("orders: tester for testing, hash")') :]
    second = permit.replace('@technique("hash")', f'@technique("{others}")')
    if others == "rot13":
        policies = policies.replace('@technique("hash")', '@technique("rot13")')
    else:
        policies += second
    assert decide(policies, "orders", "tester", "testing", ["id"], TODAY) == {"id": DENIED}


@pytest.mark.parametrize("text", ["permit (", "@id permit (principal, action, resource);", "grant all;"])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(Tampered, match="policies cannot be read"):
        decide(text, "orders", "tester", "testing", ["id"], TODAY)


def test_the_same_contract_gives_the_same_text_which_says_whose_it_is() -> None:
    contract = loaded("renewal_risk")
    assert policies_of(contract) == policies_of(loaded("renewal_risk"))
    text = policies_of(contract)
    for words in (
        '@id("renewal_risk: renewal-risk-model for renewal_scoring, hash")',
        f'@contract("{contract.id} {contract.version}")',
        '@until("2027-03-31")',
        '@approvers("customer.success, security.office")',
        '@id("renewal_risk: credit_scoring is prohibited")',
    ):
        assert words in text
    assert max(map(len, text.splitlines())) <= 120


def test_reader_and_contract_know_the_same_masks() -> None:
    assert TECHNIQUES.keys() == MASKS.keys()


def test_a_decision_on_the_widest_contract_costs_a_few_milliseconds() -> None:
    policies = policies_of(loaded("qualified_leads"))
    columns = [column.name for column in loaded("qualified_leads").table.columns]
    read_policies(policies)
    took = []
    for _ in range(20):
        begun = time.perf_counter()
        decide(policies, "qualified_leads", "sales-planner", "sales_planning", columns, TODAY)
        took.append(time.perf_counter() - begun)
    assert min(took) < 0.005
