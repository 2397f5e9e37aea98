"""Changes of contracts: each is classified, each weakening is caught, and each demands its version."""

# ruff: noqa: E501 - a table of cases reads best a case a line
from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from expectations.change.classes import Bump, ChangeClass
from expectations.change.revision import (
    bump_demanded,
    bump_made,
    changes_between,
    readers_affected,
    version_demanded,
)
from expectations.change.table import ROWS
from expectations.loader.document import read_document
from orchestration.settings import ROOT
from tests.expectations.contract_changes import every_change, weakenings
from tests.expectations.promised import CONTRACT, SOURCE, orders

ROOM = ROOT / "expectations"
CONTRACTS = sorted((ROOM / "contracts").glob("*.yaml"))
SOURCES = sorted((ROOM / "sources").glob("*.yaml"))
BREAKING, WEAKENING, PERMISSIVE = ChangeClass.BREAKING, ChangeClass.WEAKENING, ChangeClass.PERMISSIVE
RESTRICTIVE, ADDITIVE = ChangeClass.RESTRICTIVE, ChangeClass.ADDITIVE
ADMINISTRATIVE, COSMETIC = ChangeClass.ADMINISTRATIVE, ChangeClass.COSMETIC

Document = dict[str, Any]


@pytest.mark.parametrize("path", [*CONTRACTS, *SOURCES], ids=lambda path: path.stem)
def test_every_change_of_every_clause_is_classified_by_a_row_of_the_table(path: Any, capsys: Any) -> None:
    document = read_document(path).data
    made = list(every_change(document))
    for name, other in made:
        changes = changes_between(document, other)
        assert changes or name.endswith(" version"), name
        for change in changes:
            assert "no rule of change" not in change.meaning, (name, change.where)
    with capsys.disabled():
        print(f"\n{path.name}: {len(made)} changes, one of every clause, each classified")


@pytest.mark.parametrize("path", [*CONTRACTS, *SOURCES], ids=lambda path: path.stem)
def test_every_weakening_of_every_clause_is_caught(path: Any, capsys: Any) -> None:
    document = read_document(path).data
    made = list(weakenings(document))
    for name, other in made:
        changes = changes_between(document, other)
        assert any(change.kind.weakens for change in changes), (name, changes)
        assert bump_demanded(changes) >= Bump.MINOR, name
    with capsys.disabled():
        print(f"\n{path.name}: {len(made)} weakenings, each caught")
    assert len(made) > 20


def test_a_path_that_no_row_names_is_breaking() -> None:
    before = read_document(CONTRACT).data
    (change,) = changes_between(before, {**before, "somethingNew": {"deep": 1}})
    assert (change.kind, change.meaning) == (BREAKING, "something that no rule of change names")


def test_the_same_document_has_no_changes_and_its_version_is_none() -> None:
    document = read_document(CONTRACT).data
    assert changes_between(document, copy.deepcopy(document)) == ()
    assert changes_between(document, {**document, "version": "9.0.0"}) == ()


def test_the_same_said_in_other_yaml_is_a_change_of_writing() -> None:
    document = read_document(CONTRACT).data
    other = copy.deepcopy(document)
    role = next(p for p in other["roles"][0]["customProperties"] if p["property"] == "purposes")
    role["value"] = role["value"][0] if isinstance(role["value"], list) else [role["value"]]
    (change,) = changes_between(document, other)
    assert (change.where, change.kind) == (("(writing)",), COSMETIC)


def column(document: Document, name: str) -> Document:
    return next(c for c in document["schema"][0]["properties"] if c["name"] == name)


def custom(holder: Document, name: str) -> Any:
    return next(p["value"] for p in holder["customProperties"] if p["property"] == name)


def put(holder: Callable[[Document], Document], **values: Any) -> Callable[[Document], None]:
    return lambda document: holder(document).update(values)


CASES: list[tuple[str, Callable[[Document], Any], ChangeClass, str]] = [
    ("a column added", lambda d: d["schema"][0]["properties"].append({"name": "new", "logicalType": "string", "physicalType": "varchar"}), ADDITIVE, "properties.new"),
    ("a column removed", lambda d: d["schema"][0]["properties"].remove(column(d, "note")), BREAKING, "properties.note"),
    ("columns in another order", lambda d: d["schema"][0]["properties"].reverse(), BREAKING, "properties.(order)"),
    ("a type widened", lambda d: column(d, "amount").update(physicalType="decimal(20, 2)"), WEAKENING, "amount.physicalType"),
    ("a type narrowed", lambda d: column(d, "amount").update(physicalType="decimal(10,2)"), RESTRICTIVE, "amount.physicalType"),
    ("a type in other words", lambda d: column(d, "amount").update(physicalType="DECIMAL(18,2)"), COSMETIC, "amount.physicalType"),
    ("another type", lambda d: column(d, "amount").update(physicalType="varchar"), BREAKING, "amount.physicalType"),
    ("nulls allowed", lambda d: column(d, "amount").update(required=False), WEAKENING, "amount.required"),
    ("nulls forbidden", lambda d: column(d, "note").update(required=True), RESTRICTIVE, "note.required"),
    ("nulls allowed as before", lambda d: column(d, "note").update(required=False), COSMETIC, "note.required"),
    ("an enum value added", lambda d: column(d, "country")["enum"].append({"value": "PT"}), WEAKENING, "enum.PT"),
    ("an enum value removed", lambda d: column(d, "country")["enum"].pop(0), BREAKING, "enum.ES"),
    ("a threshold loosened", lambda d: column(d, "country")["quality"][0].update(mustBeLessThan=9), WEAKENING, "known.mustBeLessThan"),
    ("a threshold tightened", lambda d: column(d, "country")["quality"][0].update(mustBeLessThan=1), RESTRICTIVE, "known.mustBeLessThan"),
    ("a range shifted", lambda d: d["schema"][0]["quality"][0].update(mustBeBetween=[5, 2000000]), WEAKENING, "volume.mustBeBetween"),
    ("a range narrowed", lambda d: d["schema"][0]["quality"][0].update(mustBeBetween=[5, 100]), RESTRICTIVE, "volume.mustBeBetween"),
    ("a drift threshold loosened", lambda d: column(d, "country")["quality"][1]["implementation"].update(threshold=0.9), WEAKENING, "drift.implementation.threshold"),
    ("a rule added", lambda d: column(d, "note").update(quality=[{"id": "x", "metric": "nullValues", "mustBe": 0, "severity": "error"}]), RESTRICTIVE, "note.quality"),
    ("a rule removed", lambda d: column(d, "country")["quality"].pop(0), WEAKENING, "quality.known"),
    ("a severity lowered", lambda d: column(d, "country")["quality"][0].update(severity="warning"), WEAKENING, "known.severity"),
    ("a severity raised", lambda d: column(d, "country")["quality"][1].update(severity="error"), RESTRICTIVE, "drift.severity"),
    ("an SLA loosened", lambda d: d["slaProperties"][0].update(value=d["slaProperties"][0]["value"] * 2), WEAKENING, "freshness"),
    ("an SLA tightened", lambda d: d["slaProperties"][0].update(value=d["slaProperties"][0]["value"] / 2), RESTRICTIVE, "freshness"),
    ("a role added", lambda d: d["roles"].append({"role": "stranger", "access": "read"}), PERMISSIVE, "roles.stranger"),
    ("a role removed", lambda d: d["roles"].pop(), BREAKING, "roles.planner"),
    ("a classification lowered", lambda d: column(d, "note").update(classification="internal"), PERMISSIVE, "note.classification"),
    ("a classification raised above internal", lambda d: column(d, "amount").update(classification="restricted"), BREAKING, "amount.classification"),
    ("a classification raised", lambda d: column(d, "country").update(classification="internal"), RESTRICTIVE, "country.classification"),
    ("a PII tag removed", lambda d: column(d, "buyer_hmac")["tags"].remove("pii"), PERMISSIVE, "tags.pii"),
    ("a PII tag added", lambda d: column(d, "note").update(tags=["pii"]), RESTRICTIVE, "note.tags"),
    ("a privacy technique changed", lambda d: custom(column(d, "buyer_hmac"), "privacy").update(technique="mask"), BREAKING, "privacy.technique"),
    ("no protection", lambda d: column(d, "buyer_hmac").pop("customProperties"), PERMISSIVE, "buyer_hmac.privacy"),
    ("a description changed", lambda d: column(d, "note").update(description="Other words."), COSMETIC, "note.description"),
    ("a definition's version", lambda d: custom(d, "businessDefinitions")[0].update(version=3), BREAKING, "order.version"),
    ("the owner", lambda d: d["team"]["members"][0].update(username="somebody.else"), ADMINISTRATIVE, "team.members"),
    ("where a value comes from", lambda d: column(d, "note").update(transformSourceObjects=["shop.orders.buyer"]), BREAKING, "note.transformSourceObjects"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "kind", "where"), CASES, ids=[case[0] for case in CASES])
def test_a_change_has_the_class_of_its_kind(
    name: str, change: Callable[[Document], Any], kind: ChangeClass, where: str
) -> None:
    before = read_document(CONTRACT).data
    after = copy.deepcopy(before)
    change(after)
    changes = [c for c in changes_between(before, after) if "(words)" not in str(c)]
    assert changes[0].kind is kind, changes
    assert where in str(changes[0])
    assert bump_demanded(changes) is kind.bump


def test_a_renamed_column_is_breaking_and_its_new_name_is_told() -> None:
    before = read_document(CONTRACT).data
    after = copy.deepcopy(before)
    column(after, "note").update(name="remark")
    gone, new = changes_between(before, after)
    assert (gone.kind, new.kind) == (BREAKING, ADDITIVE)
    assert gone.meaning == "a column, renamed to remark?"


def test_a_source_that_delivers_otherwise_breaks() -> None:
    before = read_document(SOURCE).data
    after = copy.deepcopy(before)
    custom(after["schema"][0], "delivery").update(format="parquet")
    (change,) = changes_between(before, after)
    assert change.kind is BREAKING


@pytest.mark.parametrize(
    ("before", "after", "made"),
    [
        ("1.0.0", "1.0.0", Bump.NONE),
        ("1.0.0", "1.0.1", Bump.PATCH),
        ("1.0.9", "1.1.0", Bump.MINOR),
        ("1.9.9", "2.0.0", Bump.MAJOR),
        ("1.10.0", "1.9.0", None),
        ("1.0.0", "draft", None),
    ],
)
def test_a_bump_is_read_from_two_versions(before: str, after: str, made: Bump | None) -> None:
    assert bump_made(before, after) is made


def test_the_version_demanded_is_the_lowest_that_makes_the_bump() -> None:
    assert [version_demanded("1.2.3", bump) for bump in Bump] == ["1.2.3", "1.2.4", "1.3.0", "2.0.0"]


def test_who_is_affected_follows_what_changed() -> None:
    contract = orders()
    before = contract.document
    after = copy.deepcopy(dict(before))
    column(after, "amount").update(required=False)
    (change,) = changes_between(before, after)
    assert "role planner" in readers_affected(change, contract)
    after = copy.deepcopy(dict(before))
    after["roles"].append({"role": "stranger", "access": "read"})
    (change,) = changes_between(before, after)
    assert readers_affected(change, contract) == ("role stranger",)
    after = copy.deepcopy(dict(before))
    column(after, "note").update(description="Other words.")
    (change,) = changes_between(before, after)
    assert readers_affected(change, contract) == ()


def test_no_row_of_the_table_is_said_twice() -> None:
    patterns = [pattern for row in ROWS for pattern in row.paths]
    assert len(patterns) == len(set(patterns))
