"""What is offered for a purpose, and what is not."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

import esclusa
from esclusa.discovery import granted_purposes, offers
from esclusa.errors import Misused
from tests.esclusa.golden import Golden
from tests.esclusa.roles import AS_CLERK


def names(golden: Golden, **asked: str) -> list[str]:
    return [offer.dataset for offer in offers(esclusa.open(**golden.at), **asked)]


def test_what_is_certified_and_granted_is_offered_and_nothing_else(golden: Golden) -> None:
    assert {entry.dataset for entry in esclusa.catalog(**golden.at)} >= {"stale", "gone", "newcomer"}
    assert names(golden, purpose="testing") == ["customers", "generated", "orders"]


def test_a_purpose_that_nothing_is_granted_for_finds_nothing(shop: Golden) -> None:
    assert names(shop, purpose="marketing") == []
    assert names(shop, purpose="BILLING") == []


def test_a_role_finds_what_it_is_granted_itself(shop: Golden) -> None:
    assert names(shop, purpose="billing") == ["official", "sales"]
    assert names(shop, purpose="billing", role="model") == []
    assert names(shop, purpose="scoring", role="model") == ["sales"]


def test_a_grant_that_ended_offers_nothing(shop: Golden) -> None:
    assert names(shop, purpose="billing", role="former") == []
    (sales,) = [o for o in offers(esclusa.open(**shop.at), purpose="billing") if o.dataset == "sales"]
    assert [role.role for role in sales.roles] == ["clerk"]


def test_a_prohibited_purpose_offers_nothing_and_is_told_to_who_may_use_the_dataset(shop: Golden) -> None:
    assert names(shop, purpose="profiling") == []
    (sales,) = offers(esclusa.open(**shop.at), purpose="scoring")
    assert sales.prohibited == ("profiling",)


def test_production_is_not_offered_what_was_certified_in_a_sandbox(
    shop: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCLUSA_ENVIRONMENT", "production")
    assert names(shop, purpose="billing") == ["official"]
    assert granted_purposes(esclusa.open(**shop.at)) == ("billing",)


def test_what_is_tampered_with_is_not_offered(golden: Golden) -> None:
    golden.target("orders", "policies.cedar").write_text("permit (principal, action, resource);")
    golden.target("customers", "certificate.json").write_text("{}")
    assert names(golden, purpose="testing") == ["generated"]


def test_an_offer_says_all_that_a_choice_needs(shop: Golden) -> None:
    (sales,) = offers(esclusa.open(**shop.at), purpose="scoring", text="amounts")
    (role,) = sales.roles
    assert (role.role, role.until, role.approvers) == ("model", "2099-12-31", "ada")
    assert {column.name: column.masked for column in role.columns} == {"order_id": "", "customer": "hash", "amount": ""}
    assert sales.reasons == ("granted for scoring to model", "“amount” is in its column amount")
    assert (sales.owner, sales.rows) == ("ada", 40)
    assert sales.valid_until > datetime.now(UTC)
    assert any("SANDBOX" in caveat for caveat in sales.caveats)


def test_a_denied_column_is_not_named_in_an_offer(shop: Golden) -> None:
    found = offers(esclusa.open(**shop.at), purpose="billing", role="clerk")
    assert all(column.name != "customer" for offer in found for role in offer.roles for column in role.columns)


def test_an_offer_holds_the_command_and_the_code_that_read_it(shop: Golden) -> None:
    (sales,) = [o for o in offers(esclusa.open(**shop.at), purpose="billing") if o.dataset == "sales"]
    assert sales.command == "esclusa read sales --role clerk --purpose billing --limit 20"
    assert sales.python == "esclusa.read('sales', role='clerk', purpose='billing')"
    assert esclusa.read("sales", **AS_CLERK, **shop.at).num_rows == sales.rows


def test_a_newer_refused_candidate_is_a_caveat(golden: Golden) -> None:
    found = {offer.dataset: offer for offer in offers(esclusa.open(**golden.at), purpose="testing")}
    assert any("newer candidate was refused" in caveat for caveat in found["customers"].caveats)
    assert not any("newer candidate" in caveat for caveat in found["orders"].caveats)


def test_the_best_match_comes_first_and_the_rest_is_left_out(golden: Golden) -> None:
    assert names(golden, purpose="testing", text="orders") == ["orders", "generated"]  # that one has an order_id
    assert names(golden, purpose="testing", text="country of customers")[0] == "customers"
    assert names(golden, purpose="testing", text="whales") == []


def test_without_a_purpose_the_granted_ones_are_named(shop: Golden) -> None:
    with pytest.raises(Misused) as refused:
        offers(esclusa.open(**shop.at), purpose="")
    assert "billing, scoring" in refused.value.required


def test_the_same_question_has_the_same_answer(golden: Golden) -> None:
    release = esclusa.open(**golden.at)
    assert offers(release, purpose="testing", text="order") == offers(release, purpose="testing", text="order")


def test_who_finds_is_completed_by_the_settings(shop: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCLUSA_PURPOSE", "scoring")
    assert [offer.dataset for offer in esclusa.find(**shop.at)] == ["sales"]
    monkeypatch.setenv("ESCLUSA_ROLE", "clerk")
    assert esclusa.find(**shop.at) == []
    assert [offer.dataset for offer in esclusa.find("sales", purpose="billing", **shop.at)] == ["sales"]


def test_finding_loads_no_server() -> None:
    code = "import sys, esclusa.discovery; assert not {'starlette', 'jinja2', 'mcp'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
