"""Reading in a role and for a purpose: what is handed out, what is refused in which words."""

from __future__ import annotations

import hmac
import re
import stat
from hashlib import sha256
from typing import Any

import pytest

import esclusa
from tests.esclusa.golden import ORDERS, Golden
from tests.esclusa.roles import AS_CLERK, AS_MODEL


def test_who_says_no_role_is_told_every_role_its_purposes_and_who_approves_them(shop: Golden) -> None:
    with pytest.raises(esclusa.NotPermitted, match="read in a role and for a purpose") as refused:
        esclusa.read("sales", **shop.at)
    assert refused.value.required == (
        "one of: clerk: billing (until 2099-12-31, approved by ada, eva); "
        "model: scoring (until 2099-12-31, approved by ada); former: billing (until 2020-12-31, approved by eva)"
    )
    assert "--role" in refused.value.remedy
    assert refused.value.owner == "ada"


@pytest.mark.parametrize("half", [{"role": "clerk"}, {"purpose": "billing"}])
def test_half_of_a_request_is_none(shop: Golden, half: dict[str, str]) -> None:
    with pytest.raises(esclusa.NotPermitted, match="read in a role and for a purpose"):
        esclusa.read("sales", **half, **shop.at)


def test_role_and_purpose_may_come_from_the_environment_and_an_argument_wins(
    shop: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCLUSA_ROLE", "model")
    monkeypatch.setenv("ESCLUSA_PURPOSE", "scoring")
    assert "customer" in esclusa.read("sales", **shop.at).column_names
    assert "customer" not in esclusa.read("sales", **AS_CLERK, **shop.at).column_names


@pytest.mark.parametrize(
    ("role", "purpose", "said", "remedy"),
    [
        ("clerk", "scoring", "clerk is not granted sales for scoring", "Ask ada"),
        ("clrk", "billing", "clrk is not granted", "Did you mean clerk?"),
        ("clerk", "biling", "clerk is not granted", "Did you mean billing?"),
        ("former", "billing", "grant of former for billing on sales ended on 2020-12-31", "Ask eva to renew it"),
        ("clerk", "profiling", "must not be used for profiling", "No grant changes that"),
    ],
)
def test_each_reason_for_a_refusal_has_its_own_words(
    shop: Golden, role: str, purpose: str, said: str, remedy: str
) -> None:
    with pytest.raises(esclusa.NotPermitted, match=said) as refused:
        esclusa.read("sales", role=role, purpose=purpose, **shop.at)
    assert remedy in refused.value.remedy
    assert refused.value.exit_code == 5


def test_a_read_without_columns_gives_those_permitted_and_naming_a_denied_one_is_refused(shop: Golden) -> None:
    assert esclusa.read("sales", **AS_CLERK, **shop.at).column_names == ["order_id", "amount"]
    with pytest.raises(esclusa.NotPermitted, match="clerk may not read customer of sales for billing") as refused:
        esclusa.read("sales", columns=["order_id", "customer"], **AS_CLERK, **shop.at)
    assert refused.value.required == "of: order_id, amount"
    assert "ada, eva" in refused.value.remedy


def test_denied_columns_do_not_exist_for_a_query(shop: Golden) -> None:
    described = esclusa.sql("DESCRIBE sales", **AS_CLERK, **shop.at).to_pylist()
    assert [row["column_name"] for row in described] == ["order_id", "amount"]
    with pytest.raises(esclusa.QueryRefused) as refused:
        esclusa.sql("SELECT customer FROM sales", **AS_CLERK, **shop.at)
    assert "clerk may not read sales.customer" in refused.value.remedy


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM query('SELECT customer FROM sales')",
        "SELECT * FROM query_table('sales')",
        "SELECT (SELECT min(customer) FROM sales)",
        "SELECT s.customer FROM sales s",
        "SELECT COLUMNS('customer') FROM sales",
        "SELECT sql FROM duckdb_views()",
        "SELECT * FROM duckdb_tables()",
    ],
)
def test_no_way_of_asking_reaches_a_denied_column(shop: Golden, query: str) -> None:
    try:
        rows = esclusa.sql(query, **AS_CLERK, **shop.at).to_pylist()
    except esclusa.QueryRefused:
        return
    assert not re.search(r"\bc-[0-6]\b", str(rows))


def test_a_masked_column_is_masked_before_a_query_sees_it(shop: Golden) -> None:
    seen = esclusa.sql("SELECT DISTINCT customer FROM sales ORDER BY 1", **AS_MODEL, **shop.at).column(0).to_pylist()
    assert len(seen) == 7
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in seen)
    assert esclusa.sql("SELECT count(*) AS n FROM sales WHERE customer = 'c-1'", **AS_MODEL, **shop.at).to_pylist() == [
        {"n": 0}
    ]


@pytest.mark.parametrize("as_", ["arrow", "pandas", "polars", "duckdb"])
def test_a_mask_holds_in_every_form(shop: Golden, as_: Any) -> None:
    assert not re.search(r"\bc-[0-6]\b", str(esclusa.read("sales", as_=as_, **AS_MODEL, **shop.at)))


def test_a_hash_is_keyed_by_a_key_of_this_reader_and_of_the_purpose(shop: Golden) -> None:
    customers = [row["customer"] for row in ORDERS]
    seen = esclusa.read("sales", **AS_MODEL, **shop.at).column("customer").to_pylist()
    key = shop.state / "mask.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    derived = hmac.digest(bytes.fromhex(key.read_text()), b"mask hash scoring", "sha256")
    assert seen == [hmac.new(derived, c.encode(), "sha256").hexdigest() for c in customers]
    assert seen[0] != sha256(customers[0].encode()).hexdigest()
    assert seen == esclusa.read("sales", **AS_MODEL, **shop.at).column("customer").to_pylist()


def test_a_certificate_of_the_sandbox_is_refused_in_production_unless_it_is_asked_for(
    shop: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert esclusa.read("sales", **AS_CLERK, **shop.at).num_rows == 40
    monkeypatch.setenv("ESCLUSA_ENVIRONMENT", "production")
    for refuse in (
        lambda: esclusa.read("sales", **AS_CLERK, **shop.at),
        lambda: esclusa.sql("FROM sales", **AS_CLERK, **shop.at),
    ):
        with pytest.raises(esclusa.Sandbox, match="certified in the sandbox only"):
            refuse()
    assert esclusa.read("sales", allow_sandbox=True, **AS_CLERK, **shop.at).num_rows == 40
    assert esclusa.read("official", **AS_CLERK, **shop.at).num_rows == 40


def test_the_environment_is_said_wherever_a_certificate_is_shown(shop: Golden) -> None:
    listed = {entry.dataset: entry.environment for entry in esclusa.catalog(**shop.at)}
    assert (listed["sales"], listed["official"], listed["newcomer"]) == ("sandbox", "production", "")
    for name, caveats in (("sales", ("SANDBOX certificate: no sign-off was demanded",)), ("official", ())):
        certificate = esclusa.why(name, **shop.at).certificate
        assert certificate is not None
        assert (certificate.environment, certificate.caveats) == (listed[name], caveats)


def test_an_unknown_environment_is_refused_with_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCLUSA_ENVIRONMENT", "prodction")
    with pytest.raises(esclusa.Misused, match="no environment prodction") as refused:
        esclusa.read("sales")
    assert refused.value.remedy == "Did you mean production?"


def test_policies_that_were_edited_are_refused_before_anything_is_decided(shop: Golden) -> None:
    policies = shop.target("sales", "policies.cedar")
    policies.write_text(policies.read_text().replace('"former"', '"anyone"').replace("2020-12-31", "2099-12-31"))
    with pytest.raises(esclusa.Tampered, match=r"policies\.cedar"):
        esclusa.read("sales", role="anyone", purpose="billing", **shop.at)
