"""The six gate items: open with all their evidence, and shut by each clause that is broken."""

# ruff: noqa: E501 - a table of cases reads best a case a line
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from expectations.change.classes import Change, ChangeClass
from expectations.contract import Contract
from expectations.readiness import CLAUSES, expected_rules
from expectations.rules.expansion import rules_of
from expectations.verdict import GateItem, State, read_verdict
from tests.expectations.promised import orders
from tests.expectations.variations import (
    TODAY,
    column,
    column_document,
    copy_of_shop,
    found,
    incomplete,
    judged,
    managed,
    measured,
    other,
    role,
    sheet,
    sla,
    source,
    term,
    unkeyed,
    unprotected,
    use,
    warned_volume,
    without_quality,
)

YESTERDAY = date(2026, 11, 21)
Case = dict[str, Any]


ADDED = Change("orders", "colour", ChangeClass.ADDITIVE, "the column colour is new")
UNUSED = Change("orders", "status", ChangeClass.BREAKING, "the column status is gone")
GONE = Change("orders", "amount", ChangeClass.BREAKING, "the column amount is gone")

Shut = tuple[str, Callable[[], Contract], Case, str]
SHUTTING: list[Shut] = [
    ("definitions_agreed", lambda: replace(orders(), terms=()), {}, "no business definition"),
    ("definitions_agreed", lambda: replace(orders(), glossary={}), {}, "order is not in the glossary"),
    ("definitions_agreed", lambda: term(version=3), {}, "order is at version 3, the contract names 2"),
    ("definitions_agreed", lambda: term(agreed_by=()), {}, "by nobody"),
    ("definitions_agreed", lambda: term(agreed_on=None), {}, "on no date"),
    ("definitions_agreed", lambda: term(agreed_on=date(2026, 11, 23)), {}, "only from 2026-11-23"),
    ("definitions_described", lambda: column("note", description=" "), {}, "note has no description"),
    ("definitions_described", lambda: replace(orders(), description={}), {}, "no purpose"),
    ("definitions_described", lambda: replace(orders(), table=replace(orders().table, description="")), {}, "the table has no description"),
    ("definitions_described", lambda: replace(orders(), table=replace(orders().table, grain="")), {}, "what one row is"),
    ("definitions_datasheet", lambda: sheet("preprocessing_done"), {}, "preprocessing_done is not stated (Was any preprocessing"),
    ("definitions_datasheet", lambda: sheet("motivation_funding"), {}, "motivation_funding is not stated (Who funded"),
    ("sources_agreed", orders, {"feeding": frozenset()}, "lineage found no source"),
    ("sources_agreed", orders, {"sources": {}}, "shop has no source contract"),
    ("sources_agreed", orders, {"sources": source(owner="")}, "no agreement"),
    ("sources_agreed", orders, {"sources": source(agreed_by=())}, "no agreement"),
    ("sources_agreed", orders, {"sources": source(agreed_on=None)}, "no agreement"),
    ("sources_agreed", orders, {"sources": source(agreed_on=date(2027, 1, 1))}, "only from 2027-01-01"),
    ("sources_declared", orders, {"feeding": frozenset({"shop", "depot"})}, "depot feeds the dataset and is not declared"),
    ("sources_declared", lambda: use(system="shops"), {}, "the contract declares shops"),
    ("sources_owned", lambda: use(owner="nobody"), {}, "shop is owned by shop.owner, the contract says nobody"),
    ("sources_duplicates_governed", lambda: copy_of_shop(reason=" "), {}, "lake duplicates shop without a reason"),
    ("sources_duplicates_governed", lambda: copy_of_shop(governed_until=None), {}, "without an end date"),
    ("sources_duplicates_governed", lambda: copy_of_shop(governed_until=YESTERDAY), {}, "only until 2026-11-21"),
    ("sources_not_repeated", orders, {"others": [other()]}, "order_lines (owner: sales.owner) has the same grain"),
    ("sources_not_repeated", orders, {"others": [other(table=replace(orders().table, grain="one ROW, per order"))]}, "order_lines"),
    ("sources_not_repeated", lambda: copy_of_shop(duplicate_of="order_lines", governed_until=YESTERDAY), {"others": [other()]}, "order_lines"),
    ("access_classified", lambda: column("note", classification=""), {}, "note has no classification"),
    ("access_classified", lambda: column("buyer_hmac", classification="internal"), {}, "buyer_hmac is personal data and classified internal"),
    ("access_classified", lambda: column("note", tags=("pii",), classification="public"), {}, "note is personal data"),
    ("access_granted", lambda: replace(orders(), roles=()), {}, "nobody is granted a role"),
    ("access_granted", lambda: role(purposes=()), {}, "planner has no purpose"),
    ("access_granted", lambda: role(approvers=()), {}, "planner has no approver"),
    ("access_granted", lambda: role(expires=None), {}, "planner never expires"),
    ("access_granted", lambda: role(expires=YESTERDAY), {}, "planner expired on 2026-11-21"),
    ("access_columns_known", lambda: role(columns={"deny": ["notes", "note"]}), {}, "planner names the column notes"),
    ("access_least_privilege", lambda: role(columns={}), {}, "planner reads note (confidential)"),
    ("access_least_privilege", unprotected, {}, "planner reads buyer_hmac (confidential)"),
    ("quality_has_key_rule", unkeyed, {}, "no rule of severity error on key"),
    ("quality_has_completeness_rule", incomplete, {}, "no rule of severity error on completeness"),
    ("quality_has_volume_rule", lambda: without_quality("reconciles"), {}, "no rule of severity error on volume"),
    ("quality_has_volume_rule", warned_volume, {}, "no rule of severity error on volume"),
    ("quality_has_freshness_rule", lambda: replace(orders(), slas=orders().slas[1:]), {}, "no rule of severity error on freshness"),
    ("quality_has_freshness_rule", orders, {"findings": measured(orders(), "orders__freshness")}, "no rule on freshness was measured"),
    ("lineage_columns_traced", lambda: column("note", sources=()), {}, "note names no source"),
    ("lineage_columns_traced", lambda: column("note", sources=(), logic="a secret recipe"), {}, "note names no source"),
    ("lineage_columns_traced", lambda: column("note", sources=(), logic="note || note"), {}, "note names no source"),
    ("lineage_columns_traced", lambda: column("amount", sources=(), logic="from is_large"), {}, "is_large names no source"),
    ("lineage_columns_traced", lambda: column("note", sources=("depot.orders.note",)), {}, "note: no source contract for depot"),
    ("lineage_columns_traced", lambda: column("note", sources=("shop.order.note",)), {}, "note: shop agreed no table order"),
    ("lineage_columns_traced", lambda: column("note", sources=("shop.orders.notes",)), {}, "did you mean note?"),
    ("lineage_columns_traced", orders, {"feeding": frozenset({"depot"})}, "note: shop does not feed the dataset"),
    ("lineage_columns_followed", orders, {"origins": None}, "nobody followed the dataset's columns"),
    ("lineage_columns_followed", orders, {"origins": found(note=None)}, "note: its query makes no such column"),
    ("lineage_columns_followed", orders, {"origins": found(doubts={"note": "a PIVOT"})}, "note: a PIVOT"),
    ("lineage_columns_followed", orders, {"origins": found(doubts={"*": "read_csv(…) is no source"})}, "which rows there are: read_csv(…)"),
    ("lineage_declared_as_found", orders, {"origins": found(note={"shop.orders.buyer"})}, "note: declares shop.orders.note, which lineage does not find (found: shop.orders.buyer)"),
    ("lineage_declared_as_found", orders, {"origins": found(note={"shop.orders.buyer", "shop.orders.note"})}, "note: comes from shop.orders.buyer, which it does not declare (declared: shop.orders.note)"),
    ("lineage_declared_as_found", orders, {"origins": found(note=set())}, "(found: a constant or a count)"),
    ("lineage_version_raised", lambda: column_document("note", required=True), {"released": orders().document}, "note.required: added: yes (restrictive: demands 1.3.0, the contract says 1.2.0)"),
    ("lineage_version_raised", orders, {"released": {**orders().document, "version": "1.4.0", "domain": "other"}}, "version 1.2.0 does not follow the released 1.4.0"),
    ("sources_agreed", orders, {"origins": found(tables={"shop.order"})}, "shop agreed no table order (did you mean orders?)"),
    ("lineage_change_managed", managed, {}, "nothing says"),
    ("lineage_no_breaking_change", orders, {"source_changes": {"shop": (GONE,)}}, "shop.orders.amount: the column amount is gone"),
    ("lineage_no_blocked_addition", lambda: managed(upstreamAdditive="block"), {"source_changes": {"shop": (ADDED,)}}, "colour is new"),
    ("lineage_no_blocked_addition", managed, {"source_changes": {"shop": (ADDED,)}}, "colour is new"),
    ("retention_agreed", lambda: replace(orders(), slas=orders().slas[:2]), {}, "how long rows may be kept"),
    ("retention_agreed", lambda: sla("retention", duration=None), {}, "no element or no duration"),
    ("retention_agreed", lambda: sla("retention", element=""), {}, "no element or no duration"),
    ("retention_agreed", lambda: sla("retention", custom={}), {}, "nothing says what happens to rows"),
    ("retention_measured", orders, {"findings": measured(orders(), "orders__retention")}, "was not measured"),
    ("retention_no_erased_subject", orders, {"erased": {"buyer_hmac": 2}}, "buyer_hmac holds 2 values of subjects"),
    ("retention_no_erased_subject", orders, {"erased": None}, "nobody looked"),
]  # fmt: skip


def test_the_gate_opens_when_every_item_has_its_evidence() -> None:
    verdict = judged()
    assert verdict.open
    assert set(verdict.items.values()) == {State.PASS}
    assert verdict.unanswered == ()


@pytest.mark.parametrize(("clause", "contract", "given", "said"), SHUTTING)
def test_each_clause_shuts_the_gate_and_says_what_is_required_and_who_acts(
    clause: str, contract: Callable[[], Contract], given: Case, said: str
) -> None:
    verdict = judged(contract(), **given)
    (finding,) = [f for f in verdict.findings if f.rule == f"orders__{clause}"]
    assert not verdict.open
    assert finding.state is State.FAIL
    assert said in finding.message
    assert f"required: {finding.required}; owner: {finding.owner}" in finding.message
    assert finding.owner == "sales.owner"
    assert finding.remedy.endswith("then: esclusa run --only orders")
    assert verdict.items[finding.item] in {State.FAIL, State.MISSING}
    assert isinstance(finding.observed, int)
    assert finding.observed > 0


def test_every_clause_that_can_shut_the_gate_has_a_case_in_which_it_does() -> None:
    assert {c.id for c in CLAUSES if c.severity == "error"} == {case[0] for case in SHUTTING}


@pytest.mark.parametrize(
    ("clause", "contract", "given", "said"),
    [
        ("sources_used", lambda: copy_of_shop(duplicate_of=""), {}, "lake is declared and feeds nothing here"),
        (
            "definitions_datasheet_whole",
            lambda: sheet("motivation_funding", demands="essential"),
            {},
            "motivation_funding is not stated",
        ),
        ("lineage_additions_noted", orders, {"source_changes": {"shop": (ADDED,)}}, "colour is new"),
    ],
)
def test_warnings_show_and_pass(clause: str, contract: Callable[[], Contract], given: Case, said: str) -> None:
    verdict = judged(contract(), **given)
    (finding,) = [f for f in verdict.findings if f.rule == f"orders__{clause}"]
    assert (finding.state, finding.severity, verdict.open) == (State.WARN, "warning", True)
    assert said in finding.message


@pytest.mark.parametrize(
    ("contract", "given"),
    [
        (lambda: role(expires=TODAY), {}),
        (lambda: copy_of_shop(governed_until=TODAY), {}),
        (lambda: copy_of_shop(duplicate_of="order_lines"), {"others": [other()]}),
        (orders, {"others": [other(status="draft")]}),
        (orders, {"others": [orders()]}),
        (orders, {"others": [other(sources=copy_of_shop(duplicate_of="").sources)]}),
        (orders, {"others": [other(table=replace(orders().table, grain="One row per line", columns=unkeyed().table.columns))]}),
        (lambda: role(columns={"allow": ["note"]}), {}),
        (lambda: column("note", sources=(), logic="constant: 'n/a'"), {}),
        (lambda: column("note", sources=(), logic="case when is_large then 'call' end"), {}),
        (orders, {"source_changes": {"depot": (GONE,)}}),
        (orders, {"source_changes": {"shop": (UNUSED,)}}),
        (orders, {"released": orders().document}),
        (lambda: column_document("note", version="1.3.0", required=True), {"released": orders().document}),
        (lambda: column("note", declared_lineage="a PIVOT"), {"origins": found(doubts={"note": "a PIVOT"})}),
        (orders, {"origins": found(note={"shop.orders.note"}, deciding={"shop.orders.country"})}),
        (lambda: column("note", sources=("shop.orders.note", "shop.orders.country")), {"origins": found(deciding={"shop.orders.country"})}),
    ],
)  # fmt: skip
def test_what_keeps_a_clause_leaves_the_gate_open(contract: Callable[[], Contract], given: Case) -> None:
    assert judged(contract(), **given).shutting == ()


def test_every_rule_that_nobody_measured_shuts_the_gate_by_name() -> None:
    """Also a warning: it may warn of what it saw, not of having seen nothing."""
    for rule in rules_of(orders()):
        verdict = judged(findings=measured(orders(), rule.id))
        missing = [f for f in verdict.findings if f.state is State.MISSING]
        assert [f.rule for f in missing] == [rule.id]
        assert not verdict.open
        assert f"{rule.id} was not measured" in missing[0].message
        assert missing[0].remedy


def test_a_finding_of_a_clause_does_not_answer_a_rule_of_the_same_name() -> None:
    contract = orders()
    volume = contract.table.quality[0]
    quality = (volume, replace(volume, id="sources_agreed"))
    named = replace(contract, table=replace(contract.table, quality=quality))
    verdict = judged(named, findings=measured(named, "orders__sources_agreed"))
    assert not verdict.open


def test_no_finding_at_all_is_no_pass() -> None:
    verdict = judged(findings=[])
    assert not verdict.open
    assert verdict.items[GateItem.QUALITY] is State.MISSING


@pytest.mark.parametrize("state", [State.FAIL, State.ERROR, State.MISSING])
def test_a_rule_that_fails_errs_or_is_skipped_shuts_the_gate(state: State) -> None:
    first, *rest = measured(orders())
    assert not judged(findings=[replace(first, state=state), *rest]).open


def test_a_verdict_expects_every_rule_and_every_clause() -> None:
    expected = expected_rules(orders())
    assert {r.id for r in rules_of(orders())} < expected
    assert {"orders__definitions_agreed", "orders__quality_has_key_rule", "orders__retention_measured"} < expected
    assert judged().expected_rules == expected


def test_a_verdict_is_bound_to_contract_candidate_and_rules_and_survives_writing() -> None:
    verdict = judged()
    assert (verdict.contract_digest, verdict.candidate_digest, verdict.rules_digest) == (
        orders().digest,
        "c" * 64,
        "r" * 64,
    )
    assert read_verdict(verdict.to_json()) == verdict


def test_a_message_names_ten_offences_and_counts_the_rest() -> None:
    blank = tuple(replace(orders().table.columns[0], name=f"c{i}", description="") for i in range(14))
    contract = replace(orders(), table=replace(orders().table, columns=blank))
    (finding,) = [f for f in judged(contract, findings=[]).findings if f.rule == "orders__definitions_described"]
    assert finding.observed == 14
    assert "c9 has no description; and 4 more; required:" in finding.message
