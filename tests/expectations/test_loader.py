"""Reading what people wrote: exactly, or not at all."""

# ruff: noqa: E501 - a table of cases reads best a case a line
from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations.loader import (
    ContractError,
    load_contract,
    load_contracts,
    load_glossary,
    load_source,
    load_sources,
    load_term,
)
from expectations.loader.document import read_document
from tests.expectations.promised import CONTRACT, SOURCE, TERM, changed, glossary, orders, sources

ROOT = Path(__file__).resolve().parents[2]


def refusal(path: Path) -> ContractError:
    """The error of reading that contract."""
    with pytest.raises(ContractError) as caught:
        load_contract(path, glossary())
    return caught.value


def test_country_codes_times_and_dates_stay_what_the_author_wrote() -> None:
    document = orders().document
    assert [e["value"] for e in document["schema"][0]["properties"][2]["enum"]] == ["ES", "NO", "12:30"]
    assert document["roles"][0]["customProperties"][2]["value"] == "2027-06-30"
    assert orders().roles[0].expires == date(2027, 6, 30)


def test_a_contract_becomes_its_typed_form() -> None:
    contract = orders()
    assert (contract.owner, contract.release, contract.table.key) == ("sales.owner", "revenue", ("order_id",))
    assert contract.table.column("buyer_hmac").privacy["technique"] == "pseudonym"
    assert contract.table.column("is_large").logic == "amount > 1000"
    assert contract.table.column("order_id").relationships == ("staging.stg_shop__orders.order_id",)
    assert contract.terms[0].agreed_on == date(2026, 10, 12)
    freshness, retention = contract.sla("freshness"), contract.sla("retention")
    assert freshness is not None
    assert retention is not None
    assert (freshness.duration, freshness.column) == (timedelta(hours=24), "ordered_at")
    assert retention.custom["deletion"]["action"] == "delete"
    volume = contract.table.quality[0]
    assert (volume.operator, volume.bound, volume.unit) == ("mustBeBetween", (1, 1000000), "rows")
    assert contract.release != contract.name
    assert "colour" not in contract.custom


def test_lines_point_into_the_file() -> None:
    contract, text = orders(), CONTRACT.read_text().splitlines()
    assert "name: amount" in text[contract.table.column("amount").line - 1]
    assert "id: volume" in text[contract.table.quality[0].line - 1]
    assert "role: planner" in text[contract.roles[0].line - 1]
    assert "term: order" in text[contract.terms[0].line - 1]


def test_a_dataset_without_release_group_is_released_alone(tmp_path: Path) -> None:
    path = changed(tmp_path, CONTRACT, "  - {property: release, value: revenue, vendor: esclusa}\n")
    assert load_contract(path, glossary()).release == "orders"


def test_source_contracts_state_owner_agreement_and_delivery(tmp_path: Path) -> None:
    shop = load_source(SOURCE)
    assert (shop.owner, shop.agreed_by, shop.agreed_on) == ("shop.owner", ("shop.owner",), date(2026, 10, 1))
    assert shop.table("orders").custom["delivery"]["nulls"] == ["?"]
    assert shop.table("orders").column("country").physical_name == "country#2"
    named = changed(tmp_path, SOURCE, "value: {agreedBy: [shop.owner]", "value: {owner: shop.lead, agreedBy: shop.lead")
    assert (load_source(named).owner, load_source(named).agreed_by) == ("shop.lead", ("shop.lead",))


def test_the_promises_of_this_repository_load() -> None:
    room = ROOT / "expectations"
    agreed = load_sources(room / "sources")
    contracts = load_contracts(room / "contracts", load_glossary(room / "definitions"), agreed)
    assert contracts.keys() == {p.stem for p in (room / "contracts").glob("*.yaml")}
    assert {use.system for c in contracts.values() for use in c.sources} <= agreed.keys()


def test_the_design_example_differs_from_the_profile_only_where_it_is_known_to(tmp_path: Path) -> None:
    """It names terms, a relation and checks that this repository does not have, and its pseudonyms by another word."""
    example = ROOT.parent / "shared" / "design" / "renewal_risk.odcs.yaml"
    if not example.exists():
        pytest.skip(f"needs {example}, which is not part of the repository")
    path = tmp_path / "renewal_risk.yaml"
    written = example.read_text("utf-8").replace("hmac-sha256, keyId: crm-email", "hmac, domain: crm_email")
    path.write_text(written, "utf-8")
    assert [p.field for p in refusal(path).problems] == [
        "schema[renewal_risk].properties[support_csat_90d].quality[csat_drift].implementation",
        "schema[renewal_risk].properties[support_csat_90d].quality[csat_drift].implementation.bins",
        "schema[renewal_risk].quality[reconciles_with_billing].query",
        "customProperties[businessDefinitions].value[renewal_risk].term",
        "customProperties[businessDefinitions].value[active_contract].term",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"# only a comment\n", "is empty"),
        (b"- a\n- list\n", "a YAML mapping is required"),
        (b"plain words", "a YAML mapping is required"),
        (b"<!DOCTYPE html><html><body>503</body></html>", "is HTML or XML"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not UTF-8"),
        (b"PAR1\x00\x01\x00", "is binary"),
        (b"name: caf\xe9\n", "is not UTF-8"),
        (b"name: [a, b", "is not YAML"),
        (b"name: a\nname: b\n", "has the key 'name' twice in one mapping, first on line 1"),
        (b"a: {b: 1, b: 2}\n", "twice"),
        (b"NO: 1\n~: 2\n", "a key that is not text"),
        (b"? [a]\n: 1\n", "a key that is not text"),
        (b"%YAML 1.1\n---\na: NO\n", "another YAML version"),
        (b"a: 1\n---\nb: 2\n", "is not YAML"),
        (b"a: !!python/object:os.system x\n", "cannot hold"),
        (b"a: !!set {b, c}\n", "has the tag"),
        (b"a: !!binary aGk=\n", "cannot hold"),
        (b"a: .inf\n", "JSON cannot hold"),
        (b"a: 123456789012345678901234567890\n", "JSON cannot hold exactly"),
        (b"a: " + b"9" * 5000, "cannot hold"),
        (b'a: "\\uD800"\n', "surrogate"),
        (b"a: &x {b: *x}\n", "contains itself"),
        (b"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
         b"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n", "values"),
        (b"a: " + b"[" * 600, "is not YAML"),
        (b"a: " + b"[" * 60 + b"]" * 60, "levels deep"),
        (b"a: 1\n" + b"#" * 1_000_001, "bytes"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_contract_is_refused_in_words(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "orders.yaml"
    path.write_bytes(content)
    for load in (lambda: load_contract(path, {}), lambda: load_source(path), lambda: load_term(path)):
        with pytest.raises(ContractError) as caught:
            load()
        assert said in str(caught.value)
        assert str(caught.value).startswith(f"{path}:")


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    assert "cannot be read" in str(refusal(tmp_path / "orders.yaml"))
    assert "cannot be read" in str(refusal(tmp_path))
    with pytest.raises(ContractError, match="is not a directory"):
        load_contracts(tmp_path / "contracts", {})


def test_a_contract_cut_off_anywhere_is_never_read_as_another_one(tmp_path: Path) -> None:
    """Cut within a value, a file may still be YAML: then it must be the whole contract or refused."""
    text, whole = CONTRACT.read_text(), orders().digest
    path = tmp_path / "orders.yaml"
    cuts = [*range(0, len(text) // 2, 97), text.index("customProperties:\n  - property: business")]
    for cut in cuts:
        path.write_text(text[:cut])
        try:
            read = load_contract(path, glossary())
        except ContractError:
            continue
        assert read.digest != whole
        assert not read.terms, "what is left promises no definition, so the gate shuts"


@pytest.mark.parametrize(
    ("old", "new", "field", "said", "nearest"),
    [
        ("    dataGranularityDescription: One", "    granularity: One", "schema[orders].granularity", "unknown key", None),
        ("        description: Number", "        descripton: Number", "schema[orders].properties[order_id].descripton", "unknown key", "description"),
        ("metric: rowCount", "metric: rowCounts", "schema[orders].quality[volume].metric", "required: one of", "rowCount"),
        ("mustBeBetween: [1, 1000000]", "mustBeBetwen: [1, 1000000]", "schema[orders].quality[volume].mustBeBetwen", "unknown key", "mustBeBetween"),
        ("mustBeBetween: [1, 1000000]", "mustBe: 5, mustBeBetween: [1, 2]", "schema[orders].quality[volume]", "exactly one of", None),
        ("threshold: 0.25}", "threshold: 0.25}, mustBeLessThan: 1", "schema[orders].properties[country].quality[drift]", "mustBeLessThan", None),
        ("version: 1.2.0\n", "version: 1.2\n", "version", "put it in quotes", None),
        ("status: active\n", "", "(file)", "`status` is missing", None),
        ("id: urn:esclusa:contract:shop.orders\n", "", "(file)", "`id` is missing", None),
        ("domain: sales", "domian: sales", "domian", "unknown key", "domain"),
        ("minimum: 0,", "minimun: 0,", "schema[orders].properties[amount].logicalTypeOptions.minimun", "unknown key", "minimum"),
        ("support:\n", "support: [5]\nx:\n", "support[0]", "is 5, a number; required: mapping", None),
    ],
)  # fmt: skip
def test_what_the_standard_does_not_allow_names_line_field_and_nearest(
    tmp_path: Path, old: str, new: str, field: str, said: str, nearest: str | None
) -> None:
    path = changed(tmp_path, CONTRACT, old, new)
    problems = [p for p in refusal(path).problems if p.field == field]
    assert len(problems) == 1
    assert said in problems[0].message
    assert problems[0].nearest == nearest
    if field != "(file)":
        assert (
            new.split("\n")[0].strip().split(":")[0].split(",")[0]
            in path.read_text().splitlines()[problems[0].line - 1]
        )


def test_one_mistake_is_one_problem(tmp_path: Path) -> None:
    """JSON Schema reports a wrong word many times over; a person wants it once."""
    error = refusal(changed(tmp_path, CONTRACT, "metric: rowCount", "metric: rowCounts"))
    assert len(error.problems) == 1
    assert str(error).startswith(f"{tmp_path / 'orders.yaml'}:110: schema[orders].quality[volume].metric: ")
    assert str(error).endswith("(did you mean rowCount?)")


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    changed(tmp_path, CONTRACT, "metric: rowCount", "metric: rowCounts")
    (tmp_path / "broken.yaml").write_text("a: [")
    with pytest.raises(ContractError) as caught:
        load_contracts(tmp_path, glossary())
    assert {Path(p.file).name for p in caught.value.problems} == {"orders.yaml", "broken.yaml"}


def _replaced(document: Any, steps: list[int], value: Any) -> Any:
    """The document with one node, found by walking, replaced."""
    if not steps or not isinstance(document, dict | list) or not document:
        return value
    keys = sorted(document) if isinstance(document, dict) else range(len(document))
    key = list(keys)[steps[0] % len(keys)]
    copy = document.copy()
    copy[key] = _replaced(document[key], steps[1:], value)
    return copy


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
    | st.sampled_from(["NO", "orders", "order_id", "{object}", "select 1", "((((", "2026-02-30", "esclusa", "h"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "value", "property", "vendor", "to", "x"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
LOADERS: list[tuple[Path, Callable[[Path], object]]] = [
    (CONTRACT, lambda path: load_contract(path, glossary(), sources())),
    (SOURCE, load_source),
    (TERM, load_term),
]
fuzz = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@fuzz
@given(which=st.integers(0, 2), steps=st.lists(st.integers(0, 40), min_size=1, max_size=9), value=JSON)
def test_no_value_anywhere_makes_anything_but_a_contract_error(
    tmp_path: Path, which: int, steps: list[int], value: Any
) -> None:
    original, load = LOADERS[which]
    path = tmp_path / original.name
    path.write_text(json.dumps(_replaced(read_document(original).data, steps, value)))
    _loads_or_refuses(load, path)


@fuzz
@given(which=st.integers(0, 2), at=st.integers(0, 9000), length=st.integers(0, 40), noise=st.binary(max_size=12))
def test_no_damage_to_a_file_makes_anything_but_a_contract_error(
    tmp_path: Path, which: int, at: int, length: int, noise: bytes
) -> None:
    original, load = LOADERS[which]
    raw = original.read_bytes()
    at %= len(raw)
    path = tmp_path / original.name
    path.write_bytes(raw[:at] + noise + raw[at + length :])
    _loads_or_refuses(load, path)


@fuzz
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_no_bytes_make_anything_but_a_contract_error(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "orders.yaml"
    path.write_bytes(raw)
    with pytest.raises(ContractError) as caught:
        load_term(path)
    assert caught.value.problems


def _loads_or_refuses(load: Callable[[Path], object], path: Path) -> None:
    with suppress(ContractError):
        assert load(path) is not None
