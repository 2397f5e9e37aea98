"""What each tool tells, and to whom."""

from __future__ import annotations

import pytest

import esclusa
from esclusa.agents import tools
from esclusa.agents.answers import DATA_NOT_INSTRUCTIONS
from esclusa.agents.tools import Named, Sampling, Search
from esclusa.errors import EsclusaError, Misused, NotCertified, NotPermitted
from tests.esclusa.agents.conftest import SAID, DeskFor
from tests.esclusa.golden import Golden
from tests.esclusa.roles import entries


def test_a_search_lists_what_is_granted_to_the_caller_and_nothing_else(desk: DeskFor) -> None:
    found = tools.find_datasets(desk(), Search(purpose="billing"))
    assert [offered.dataset for offered in found.datasets] == ["official", "sales"]
    assert found.other_purposes == ["scoring", "testing"]
    mine = tools.find_datasets(desk("model", "scoring"), Search())
    assert [offered.dataset for offered in mine.datasets] == ["sales"]
    assert (mine.purpose, mine.other_purposes) == ("scoring", [])
    (role,) = mine.datasets[0].roles
    assert (role.role, role.columns, role.masked) == ("model", ["order_id", "amount"], {"customer": "hash"})


def test_a_search_without_a_purpose_names_those_that_may_be_said(desk: DeskFor) -> None:
    with pytest.raises(Misused) as refused:
        tools.find_datasets(desk("clerk"), Search())
    assert refused.value.required == "one of: billing"


def test_whoever_started_the_process_for_one_purpose_reads_for_no_other(desk: DeskFor) -> None:
    with pytest.raises(NotPermitted, match="may not read for the purpose scoring") as refused:
        tools.find_datasets(desk("clerk", "billing"), Search(purpose="scoring"))
    assert "esclusa mcp was started for this alone" in refused.value.remedy
    with pytest.raises(NotPermitted, match="may not read in the role model"):
        tools.read_sample(desk("clerk", "billing"), Sampling(dataset="sales", role="model"))


def test_a_context_holds_the_owners_words_and_the_columns_that_may_be_read(desk: DeskFor) -> None:
    told = tools.get_context(desk("clerk", "billing"), Named(dataset="sales"))
    assert [column.name for column in told.columns] == ["order_id", "amount"]
    assert told.denied_columns == 1
    assert (told.instructions, told.constraints) == (SAID, ["Never join it with customers."])
    assert told.verified_statements[0].answer == "select count(*) from sales"
    assert (told.grain, told.prohibited) == ("one row per thing", ["profiling"])
    assert told.note == DATA_NOT_INSTRUCTIONS
    assert "esclusa://datasets/sales/contract" in told.documents
    assert "customer" not in " ".join(f"{c.name} {c.description}" for c in told.columns)


def test_a_context_without_promises_is_made_of_the_certificate(golden: Golden) -> None:
    from esclusa.agents.desk import local_desk

    told = tools.get_context(
        local_desk(lambda: esclusa.open(**golden.at), "tester", "testing"), Named(dataset="orders")
    )
    assert (told.summary, told.about, told.instructions) == ("Test orders.", "", "")
    assert [column.name for column in told.columns] == ["order_id", "customer", "amount"]


def test_a_certificate_is_summed_up_as_it_was_signed(desk: DeskFor, shop: Golden) -> None:
    told = tools.get_certificate(desk("clerk", "billing"), Named(dataset="official"))
    why = esclusa.why("official", **shop.at)
    assert why.certificate is not None
    assert (told.digest, told.environment, told.rows) == (why.certificate.digest, "production", 40)
    assert set(told.gate_items.values()) == {1}
    assert told.inputs[0].startswith("billing.orders: 1 rows")
    assert "signature" in told.checks
    assert "parts" not in told.checks  # their bytes are hashed when they are read


@pytest.mark.parametrize("call", [tools.get_context, tools.get_certificate])
@pytest.mark.parametrize("dataset", ["stale", "gone", "newcomer", "orders"])
def test_nothing_is_told_of_what_may_not_be_read(desk: DeskFor, call: object, dataset: str) -> None:
    with pytest.raises(EsclusaError):
        call(desk("clerk", "billing"), Named(dataset=dataset))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("dataset", "status", "error"),
    [
        ("stale", "expired", "Expired"),
        ("gone", "withdrawn", "Withdrawn"),
        ("newcomer", "refused", "NotCertified"),
        ("orders", "certified", "NotPermitted"),
    ],
)
def test_a_refusal_is_explained_with_its_owner_and_what_comes_next(
    desk: DeskFor, dataset: str, status: str, error: str
) -> None:
    told = tools.explain_refusal(desk("clerk", "billing"), Named(dataset=dataset))
    assert (told.status, told.readable) == (status, False)
    assert told.refusal is not None
    assert (told.refusal.error, told.owner) == (error, "ada")
    assert told.refusal.observed
    assert told.refusal.required
    assert told.next


def test_a_shut_gate_is_explained_rule_by_rule(desk: DeskFor) -> None:
    told = tools.explain_refusal(desk("tester", "testing"), Named(dataset="customers"))
    assert (told.readable, told.candidate_refused) == (True, True)
    (rule,) = told.failed_rules
    assert (rule.rule, rule.observed, rule.required) == ("amount__minimum", "12 rows", "0 rows")
    assert (rule.owner, rule.next) == ("service-desk", "Correct the delivery, then land it again.")


def test_a_missing_grant_is_explained_with_who_has_one_today(desk: DeskFor) -> None:
    told = tools.explain_refusal(desk("clerk"), Named(dataset="sales", purpose="scoring"))
    assert not told.readable
    assert [(grant.role, grant.purpose) for grant in told.grants] == [("clerk", "billing"), ("model", "scoring")]


@pytest.mark.parametrize("name", ["ordres", "../orders", "", "orders\x00", "日本"])
def test_an_unknown_name_is_refused_without_naming_what_there_is(desk: DeskFor, name: str) -> None:
    for call, asked in ((tools.get_context, Named), (tools.explain_refusal, Named), (tools.read_sample, Sampling)):
        with pytest.raises(NotCertified) as refused:
            call(desk(), asked(dataset=name, purpose="testing"))  # type: ignore[arg-type]
        said = str(refused.value).replace(repr(name), "")
        assert not {"orders", "customers", "stale", "sales"} & set(said.replace(",", " ").split())


def test_a_sample_is_masked_bounded_and_recorded(desk: DeskFor, shop: Golden) -> None:
    told = tools.read_sample(desk("model", "scoring"), Sampling(dataset="sales", limit=3))
    assert (told.returned, told.of, len(told.rows)) == (3, 40, 3)
    assert all(len(row["customer"]) == 64 for row in told.rows)
    assert [column.masked for column in told.columns] == ["", "hash", ""]
    last = entries(shop, "read")[-1]
    assert last.body["by"] == "mcp"
    assert (last.dataset, last.body["rows"], last.body["role"], last.body["masked"]) == (
        "sales", 3, "model", {"customer": "hash"},
    )  # fmt: skip


def test_a_refused_sample_is_recorded_too(desk: DeskFor, shop: Golden) -> None:
    with pytest.raises(NotPermitted, match="may not read customer"):
        tools.read_sample(desk("clerk", "billing"), Sampling(dataset="sales", columns=["customer"]))
    with pytest.raises(NotPermitted):
        tools.read_sample(desk("clerk", "billing"), Sampling(dataset="sales", role="model"))
    assert [entry.body["reason"] for entry in entries(shop, "read-refused")[-2:]] == ["NotPermitted", "NotPermitted"]


def test_the_role_is_taken_where_only_one_is_granted_and_the_purpose_never_guessed(desk: DeskFor) -> None:
    assert tools.read_sample(desk(), Sampling(dataset="sales", purpose="scoring")).role == "model"
    with pytest.raises(NotPermitted, match="in a role and for a purpose"):
        tools.read_sample(desk(role="model"), Sampling(dataset="sales"))


def test_production_hands_out_nothing_of_a_sandbox(desk: DeskFor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCLUSA_ENVIRONMENT", "production")
    assert [o.dataset for o in tools.find_datasets(desk(), Search(purpose="billing")).datasets] == ["official"]
    told = tools.explain_refusal(desk("model", "scoring"), Named(dataset="sales"))
    assert told.refusal is not None
    assert told.refusal.error == "Sandbox"
