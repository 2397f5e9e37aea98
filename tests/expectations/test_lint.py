"""What the official schema lets pass and we do not: each check, on a contract in which it bites."""

# ruff: noqa: E501 - a table of cases reads best a case a line
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft201909Validator  # type: ignore[import-untyped]

from expectations.loader import ContractError, load_contract, load_source, load_term
from expectations.loader.document import read_document
from expectations.loader.lint_query import query_problems
from expectations.loader.odcs import odcs_schema
from tests.expectations.promised import CONTRACT, SOURCE, TERM, changed, glossary, orders, sources

COUNTRY = "schema[orders].properties[country]"
ORDER_ID = "schema[orders].properties[order_id]"
BUYER = "schema[orders].properties[buyer_hmac]"
PRIVACY = f"{BUYER}.customProperties[privacy]"
PROPERTY = "        customProperties:\n          - {property: privacy, value: {category: contact, dataSubject: buyer, technique: pseudonym"
AMOUNT = "schema[orders].properties[amount]"
TERMS = "customProperties[businessDefinitions].value"
SYSTEMS = "customProperties[sourceSystems].value"

CASES: list[tuple[str, str, str, str, str | None]] = [
    # names
    ("\nname: orders\n", "\nname: order_lines\n", "name", "required: the file's name, orders", None),
    ("  - name: orders\n    physicalType", "  - name: order\n    physicalType", "schema[order].name", "required: the contract's name, orders", None),
    ("      - name: note", "      - name: Note", "schema[orders].properties[Note].name", "snake_case", None),
    ("      - name: note", "      - name: amount", "schema[orders].properties[amount].name", "given twice", None),
    ("      - name: note", "      - name: note\n        physicalName: N\n        logicalType: string\n        physicalType: varchar\n      - name: remark\n        physicalName: n", "schema[orders].properties[remark].physicalName", "given twice", None),
    # the frame
    ("apiVersion: v3.2.0", "apiVersion: v2.2.2", "apiVersion", "one of v3.1.0, v3.2.0", "v3.2.0"),
    ("status: active", "status: activ", "status", "one of proposed", "active"),
    ("version: 1.2.0", 'version: "1.2"', "version", "<major>.<minor>.<patch>", None),
    ("  usage: Forecasts", "  usages: Forecasts", "description.usages", "unknown key", "usage"),
    ("username: sales.owner, role: owner", "username: sales.owner, role: steward", "team", "no member has the role `owner`", None),
    ("  members:", "  members: []\nx:", "x", "unknown key", None),
    # columns
    ("        classification: public", "        classification: pubic", f"{COUNTRY}.classification", "one of public, internal, confidential, restricted", "public"),
    ("        physicalType: decimal(18, 2)", "        physicalType: decimel(18, 2)", f"{AMOUNT}.physicalType", "required for a number", "decimal"),
    ("        physicalType: decimal(18, 2)", "        physicalType: varchar", f"{AMOUNT}.physicalType", "required for a number", None),
    ("        physicalType: decimal(18, 2)", "        physicalType: decimal); drop table x", f"{AMOUNT}.physicalType", "required for a number", None),
    ("        physicalType: decimal(18, 2)\n", "", AMOUNT, "needs `logicalType` and `physicalType`", None),
    ("        logicalType: boolean\n", "", "schema[orders].properties[is_large]", "`logicalType` is missing", None),
    ("        logicalType: boolean\n", "        logicalType: array\n", "schema[orders].properties[is_large].logicalType", "one plain value a cell", None),
    ('pattern: "^O-[0-9]{4}$"', 'pattern: "^O-[0-9"', f"{ORDER_ID}.logicalTypeOptions.pattern", "is not a regular expression", None),
    ("        primaryKeyPosition: 1", "        primaryKeyPosition: 2", ORDER_ID, "required: 1 to 1", None),
    ("        transformSourceObjects: [shop.orders.ordered_at]", "        primaryKey: true\n        primaryKeyPosition: 1\n        transformSourceObjects: [shop.orders.ordered_at]", "schema[orders].properties[ordered_at].primaryKeyPosition", "given twice", None),
    ("        transformSourceObjects: [shop.orders.ordered_at]", "        primaryKey: true\n        transformSourceObjects: [shop.orders.ordered_at]", "schema[orders].properties[ordered_at]", "has the primaryKeyPosition None", None),
    ("        transformSourceObjects: [shop.orders.ordered_at]", "        primaryKeyPosition: 2\n        transformSourceObjects: [shop.orders.ordered_at]", "schema[orders].properties[ordered_at].primaryKeyPosition", "without `primaryKey: true`", None),
    ("{to: staging.stg_shop__orders.order_id}", "{to: schema/orders/properties/order_id}", f"{ORDER_ID}.relationships[0].to", "<dataset>.<column>", None),
    ("{value: NO}", "{value: null}", f"{COUNTRY}.enum[1]", "null is no value", None),
    ("    dataGranularityDescription: One row per order.", "    relationships: [{from: orders.order_id, to: shop.id}]", "schema[orders].relationships", "stands on the column", None),
    # privacy
    ("technique: pseudonym", "technique: hash", f"{PRIVACY}.value.technique", "one of pseudonym, hmac, mask, generalise", None),
    ("technique: pseudonym", "technique: generalize, prefix: 2", f"{PRIVACY}.value.technique", "one of pseudonym, hmac, mask, generalise", "generalise"),
    ("technique: pseudonym", "technique: hmac", BUYER, "hmac needs exactly one of domain; has none", None),
    ("technique: pseudonym", "technique: hmac, domein: buyers", f"{PRIVACY}.value.domein", "unknown key", "domain"),
    ("technique: pseudonym", "technique: hmac, domain: Buyers", f"{PRIVACY}.value.domain", "required: pattern", None),
    ("technique: pseudonym", "technique: mask, keepFirst: 2, keepLast: 2", BUYER, "mask needs exactly one of keepFirst, keepLast; has keepFirst, keepLast", None),
    ("technique: pseudonym", "technique: mask, keepLast: 0", f"{PRIVACY}.value.keepLast", "required: minimum 1", None),
    ("technique: pseudonym", "technique: pseudonym, domain: buyers", BUYER, "gives pseudonym the argument domain, of hmac", None),
    ("technique: pseudonym", "prefix: 2", BUYER, "gives no technique the argument prefix, of generalise", None),
    ("technique: pseudonym", "technique: generalise, period: month", BUYER, "generalise by period makes date or timestamp, and the column is string", None),
    ("technique: pseudonym", "technique: generalise, period: moon", f"{PRIVACY}.value.period", "one of year, quarter, month, week, day, hour", "month"),
    ("technique: pseudonym", "technique: generalise, bucket: 10", BUYER, "generalise by bucket makes integer or number", None),
    ("        transformSourceObjects: [shop.orders.buyer]\n" + PROPERTY, "        relationships: [{to: staging.stg_shop__orders.buyer}]\n" + PROPERTY.replace("pseudonym", "hmac, domain: buyers"), BUYER, "its values cannot be found in staging.stg_shop__orders.buyer", None),
    # our own properties
    ("property: purposes,", "property: purpose,", "roles[planner].customProperties[purpose].property", "no property of a role is called purpose", "purposes"),
    ("property: release, value: revenue, vendor: esclusa", "property: releese, value: revenue, vendor: esclusa", "customProperties[releese].property", "no property of a contract", "release"),
    ("property: release, value: revenue, vendor: esclusa", "property: release, value: revenue", "customProperties[release]", "would be ignored", "esclusa"),
    ("property: release, value: revenue, vendor: esclusa", "property: release, value: revenue, vendor: esclussa", "customProperties[release]", "would be ignored", "esclusa"),
    ("property: release, value: revenue", "property: release, value: 7", "customProperties[release].value", "is 7, a number; required: string", None),
    ("  - {property: colour, value: green, vendor: another}", "  - {property: release, value: b, vendor: esclusa}", "customProperties[release].property", "is said twice", None),
    ("  - {property: colour, value: green, vendor: another}", "  - {property: purposes, value: [x], vendor: esclusa}", "customProperties[purposes].property", "no property of a contract", None),
    ("    quality:\n      - {id: volume", "    customProperties: [{property: delivery, value: {format: csv}, vendor: esclusa}]\n    quality:\n      - {id: volume", "schema[orders].customProperties[delivery].property", "no property of a golden table", None),
    ("value: 2027-06-30", "value: 2027-06-31", "roles[planner].customProperties[expires].value", "YYYY-MM-DD", None),
    ("upstreamBreaking: block", "upstreamBreaking: warn", "customProperties[changeManagement].value.upstreamBreaking", "one of block", None),
    ("upstreamAdditive: warn", "upstreamAditive: warn", "customProperties[changeManagement].value.upstreamAditive", "unknown key", "upstreamAdditive"),
    ("action: delete,", "action: keep,", "slaProperties[retention].customProperties[deletion].value.action", "one of delete, anonymise", None),
    # columns that our properties name
    ("deny: [note]", "deny: [notes]", "roles[planner]", "the column notes, which does not exist", "note"),
    ('mask: {buyer_hmac: "null"}', 'mask: {buyer_hash: "null"}', "roles[planner]", "the column buyer_hash", "buyer_hmac"),
    ('mask: {buyer_hmac: "null"}', "mask: {buyer_hmac: redcat}", "roles[planner].customProperties[columns].value.mask.buyer_hmac", "one of hash, null, redact, last4, year, month", "redact"),
    ('mask: {buyer_hmac: "null"}', "mask: {buyer_hmac: year}", "roles[planner]", "masks buyer_hmac, a string, by year; required: one of hash, null, redact, last4", None),
    ("deny: [note]", "allow: [note], deny: [note]", "roles[planner]", "denies the column note and grants it", None),
    ("sensitiveColumns: [buyer_hmac]", "sensitiveColumns: [buyer]", "customProperties[accessAudit].value", "the column buyer,", "buyer_hmac"),
    ("key: buyer_hmac, method", "key: buyer_hmc, method", "slaProperties[retention]", "the column buyer_hmc", "buyer_hmac"),
    ("systemOfRecordFor: [order_id, amount]", "systemOfRecordFor: [order_id, amuont]", f"{SYSTEMS}[shop]", "the column amuont", "amount"),
    # promises
    ("property: freshness", "property: freshnes", "slaProperties[freshnes].property", "one of availability", "freshness"),
    ("property: timeToRepair", "property: freshness", "slaProperties[freshness].property", "promised twice", None),
    ("unit: h, element: orders.ordered_at", "unit: h, element: invoices.ordered_at", "slaProperties[freshness].element", "names the table invoices", "orders"),
    ("unit: h, element: orders.ordered_at", "unit: h, element: orders.orderd_at", "slaProperties[freshness].element", "the column orderd_at", "ordered_at"),
    ("unit: h, element: orders.ordered_at", "unit: h", "slaProperties[freshness]", "needs an `element`", None),
    ("value: 24, unit: h", "value: 24, unit: hous", "slaProperties[freshness]", "has the unit hous", "hours"),
    ("value: 24, unit: h", "value: true, unit: h", "slaProperties[freshness].value", "is no duration", None),
    ("    value: 730", "    value: -1", "slaProperties[retention].value", "is no duration", None),
    # people
    ("firstLevelApprovers: sales.owner", "firstLevelApprovers: sale.owner", "roles[planner].firstLevelApprovers", "sale.owner is not in the team", "sales.owner"),
    ("signoffs: [owner, security]", "signoffs: [owner, securty]", "customProperties[gate].value", "nobody in the team has the role securty", "security"),
    ("roles:\n", "roles:\n  - {role: planner}\n", "roles[planner].role", "granted twice", None),
    # terms and systems
    ("term: order,", "term: oder,", f"{TERMS}[oder].term", "the glossary has no term oder", "order"),
    ("ref: def_order", "ref: def_oder", f"{TERMS}[order].ref", "no authoritative definition has the id def_oder", "def_order"),
    ("system: shop, owner", "system: shopp, owner", f"{SYSTEMS}[shopp].system", "no source contract is called shopp", "shop"),
    ("{system: shop, owner", "{system: shop}\n      - {system: shop, owner", f"{SYSTEMS}[shop].system", "declared twice", None),
    # rules
    ("mustBeBetween: [1, 1000000], severity: error", "mustBeBetween: [1, 1000000], severity: eror", "schema[orders].quality[volume].severity", "one of error, warning", "error"),
    ("mustBeBetween: [1, 1000000], severity: error", "mustBeBetween: [1, 1000000]", "schema[orders].quality[volume]", "has no `severity`", None),
    ("{id: volume, metric", "{metric", "schema[orders].quality[0]", "has no `id`", None),
    ("id: no_double_orders, metric", "id: volume, metric", "schema[orders]", "several rules are called orders__volume", None),
    ("id: positive, type", "id: minimum, type", "schema[orders]", "several rules are called amount__minimum", None),
    ("metric: rowCount, mustBeBetween: [1, 1000000]", "type: text, description: Many", "schema[orders].quality[volume]", "never measured", None),
    ("metric: rowCount, mustBeBetween: [1, 1000000]", "description: Many", "schema[orders].quality[volume]", "measures nothing", None),
    ("mustBeBetween: [1, 1000000]", "mustBeBetween: [10, 1]", "schema[orders].quality[volume].mustBeBetween", "the lower bound first", None),
    ("mustBeBetween: [1, 1000000]", "mustBe: many", "schema[orders].quality[volume].mustBe", "is not a number", None),
    ("mustBeBetween: [1, 1000000]", "mustBeGreaterThan: 0, unit: percent", "schema[orders].quality[volume].unit", "of what", None),
    ("mustBeLessThan: 5, unit: percent", "mustBeLessThan: 5, unit: percents", f"{COUNTRY}.quality[known].unit", "one of rows, percent", "percent"),
    ("mustBeLessThan: 5, unit: percent", "mustBeLessThan: 500, unit: percent", f"{COUNTRY}.quality[known].mustBeLessThan", "is no percentage", None),
    ("metric: rowCount", "metric: nullValues", "schema[orders].quality[volume]", "write the rule on it", None),
    ("metric: missingValues, arguments: {missingValues: [\"\", NA]}", "metric: rowCount", f"{COUNTRY}.quality[known]", "write the rule on the table", None),
    ("arguments: {missingValues:", "arguments: {missingValue:", f"{COUNTRY}.quality[known].arguments.missingValue", "is no argument of missingValues", "missingValues"),
    ("metric: missingValues, arguments: {missingValues: [\"\", NA]}", "metric: missingValues", f"{COUNTRY}.quality[known]", "needs `arguments`", None),
    ("arguments: {missingValues: [\"\", NA]}", "arguments: {missingValues: []}", f"{COUNTRY}.quality[known].arguments.missingValues", "is not a list of values", None),
    ("metric: missingValues, arguments: {missingValues: [\"\", NA]}", "metric: invalidValues, arguments: {pattern: \"(\"}", f"{COUNTRY}.quality[known].arguments.pattern", "is not a regular expression", None),
    ("arguments: {properties: [ordered_at, buyer_hmac]}", "arguments: {properties: [ordered_at, buyer]}", "schema[orders].quality[no_double_orders].arguments.properties", "the column buyer,", "buyer_hmac"),
    ("arguments: {properties: [ordered_at, buyer_hmac]}", "arguments: {}", "schema[orders].quality[no_double_orders]", "needs `arguments: {properties", None),
    # engines
    ("engine: greatExpectations", "engine: greatExpectation", f"{AMOUNT}.quality[median].engine", "one of esclusa, greatExpectations", "greatExpectations"),
    ("{expectation: ExpectColumnMedianToBeBetween, kwargs", "{kwargs", f"{AMOUNT}.quality[median].implementation", "the key `expectation` is missing", None),
    ("{expectation: ExpectColumnMedianToBeBetween, kwargs", "{expectation: column_median, kwargs", f"{AMOUNT}.quality[median].implementation.expectation", "no name of an expectation", None),
    ("{column: amount, min_value: 1}", "{column: amuont, min_value: 1}", f"{AMOUNT}.quality[median].implementation.kwargs.column", "the column amuont", "amount"),
    ("implementation: {expectation: ExpectColumnMedianToBeBetween, kwargs: {column: amount, min_value: 1}}", "implementation: amount > 0", f"{AMOUNT}.quality[median].implementation", "required: a mapping", None),
    ("implementation: {expectation: ExpectColumnMedianToBeBetween, kwargs: {column: amount, min_value: 1}}", 'implementation: {expectation: UnexpectedRowsExpectation, kwargs: {unexpected_rows_query: "delete from {batch}"}}', f"{AMOUNT}.quality[median].implementation.kwargs.unexpected_rows_query", "one SELECT", None),
    ("check: psi,", "check: pis,", f"{COUNTRY}.quality[drift].implementation", "has the check pis", "psi"),
    ("baseline: {categories: [ES, NO], shares: [0.6, 0.4]}, ", "", f"{COUNTRY}.quality[drift].implementation", "the key `baseline` is missing", None),
    ("categories: [ES, NO], shares", "edges: [1], categories: [ES, NO], shares", f"{COUNTRY}.quality[drift].implementation.baseline", "exactly one of categories, edges; has categories, edges", None),
    ("threshold: 0.25", "treshold: 0.25", f"{COUNTRY}.quality[drift].implementation.treshold", "unknown key", "threshold"),
    # queries
    ("{property} < 0", "{propery} < 0", f"{AMOUNT}.quality[positive].query", "stands for nothing here", "property"),
    ("{property} < 0", "amuont < 0", f"{AMOUNT}.quality[positive].query", "the column amuont, which does not exist", "amount"),
    ("- (select count(*) from staging.stg_shop__orders)", "- (select count(*) from staging.stg_shop__order)", "schema[orders].quality[reconciles].query", "declared: staging.stg_shop__orders", "staging.stg_shop__orders"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "field", "said", "nearest"), CASES)
def test_each_mistake_names_line_field_and_nearest(
    tmp_path: Path, old: str, new: str, field: str, said: str, nearest: str | None
) -> None:
    path = changed(tmp_path, CONTRACT, old, new)
    with pytest.raises(ContractError) as caught:
        load_contract(path, glossary(), sources())
    found = [p for p in caught.value.problems if p.field == field and said in p.message]
    assert len(found) == 1, str(caught.value)
    assert found[0].nearest == nearest
    assert 1 <= found[0].line <= len(path.read_text().splitlines())


def test_the_official_schema_catches_few_of_these_mistakes(tmp_path: Path) -> None:
    """The reason for a linter of our own: if the standard ever catches most of them, ours can shrink."""
    official = Draft201909Validator(odcs_schema())
    caught = [
        case for case in CASES if list(official.iter_errors(read_document(changed(tmp_path, CONTRACT, *case[:2])).data))
    ]
    assert len(caught) <= 3


def test_the_fixture_is_valid_under_the_official_schema() -> None:
    for path in (CONTRACT, SOURCE):
        assert list(Draft201909Validator(odcs_schema()).iter_errors(read_document(path).data)) == []


def test_without_source_contracts_at_hand_the_systems_are_left_to_the_gate(tmp_path: Path) -> None:
    path = changed(tmp_path, CONTRACT, "system: shop, owner", "system: shopp, owner")
    assert load_contract(path, glossary()).sources[0].system == "shopp"


@pytest.mark.parametrize(
    ("load", "original", "old", "new", "said"),
    [
        (load_source, SOURCE, "name: shop\n", "name: store\n", "required: the file's name, shop"),
        (load_source, SOURCE, "property: delivery", "property: delivry", "did you mean delivery?"),
        (load_source, SOURCE, "delimiter:", "delimeter:", "did you mean delimiter?"),
        (load_source, SOURCE, "format: csv,", "format: xlsx,", "one of csv, jsonl, parquet, postgres"),
        (load_source, SOURCE, "agreedOn: \"2026-10-01\"", "agreedOn: \"1 Oct\"", "YYYY-MM-DD"),
        (load_source, SOURCE, 'physicalName: "country#2"', 'physicalName: "Ordered At"', "given twice"),
        (load_source, SOURCE, "{name: note, logicalType: string, physicalType: varchar}", "{name: note, logicalType: string, physicalType: varchar, quality: [{id: q, metric: rowCount, mustBe: 1, severity: error}]}", "on the table"),
        (load_source, SOURCE, "{name: note, logicalType: string, physicalType: varchar}", "{name: note, logicalType: string, physicalType: varchar, customProperties: [{property: privacy, vendor: esclusa, value: {category: contact, technique: hmac, domain: buyers}}]}", "required of a source: pseudonym"),
        (load_source, SOURCE, "    customProperties:\n      - property: delivery\n        vendor: esclusa", "    customProperties:\n      - property: color\n        vendor: other", "has no property `delivery`"),
        (load_term, TERM, "name: order\n", "name: orders\n", "required: the file's name, order"),
        (load_term, TERM, "description: A", "descriptoin: A", "did you mean description?"),
        (load_term, TERM, "description: A basket that a buyer paid for.", "description: ''", "`description` is missing or empty"),
        (load_term, TERM, "property: version, value: 2", "property: version, value: two", "is \"two\", a string; required: integer"),
        (load_term, TERM, "  - {property: version, value: 2, vendor: esclusa}\n", "", "no property `version`"),
        (load_term, TERM, "property: agreedBy", "property: agreedby", "did you mean agreedBy?"),
    ],
)  # fmt: skip
def test_sources_and_terms_are_held_to_their_own_words(
    tmp_path: Path, load: Callable[[Path], object], original: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(ContractError) as caught:
        load(changed(tmp_path, original, old, new))
    assert said in str(caught.value)


COLUMNS = [c.name for c in orders().table.columns]
RELATIONS = ("staging.s",)


@pytest.mark.parametrize(
    "query",
    [
        "select count(*) from {object}",
        "select count(*) filter (where {property} is null) from {object} o where o.amount > 0",
        "with late as (select order_id as o from {object} where ordered_at > now()) select count(*) from late, {object}",
        "select max(n) from (select country, count(*) as n from {object} group by country)",
        "select count(*) from {object} union all select count(*) from {object}",
        "select abs(count(*) - (select count(anything) from staging.s)) from {object}",
        "select count(*) from {object}, unnest([1, 2]) as u(i)",
    ],
)
def test_one_read_only_query_over_declared_tables_is_accepted(query: str) -> None:
    assert query_problems(query, COLUMNS, RELATIONS, "amount") == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("delete from {object}", "one SELECT"),
        ("insert into {object} select * from {object}", "one SELECT"),
        ("drop table {object}", "one SELECT"),
        ("copy {object} to 'x.csv'", "one SELECT"),
        ("attach 'x.duckdb'", "one SELECT"),
        ("pragma database_list", "one SELECT"),
        ("select 1 from {object}; select 2 from {object}", "one SELECT"),
        ("create table x as select * from {object}", "one SELECT"),
        ("values (1)", "one SELECT"),
        ("select count(* from {object}", "is not SQL"),
        ("", "one SELECT"),
        ("select 1", "does not read {object}"),
        ("select count(*) from {object}, other", "reads other, which the contract does not declare"),
        ("select count(*) from {object}, raw.secrets", "reads raw.secrets"),
        ("select count(*) from {object}, 'secrets.csv'", "reads secrets.csv"),
        ("select count(*) from {object}, read_csv('/etc/passwd')", "table function"),
        ("select count(*) from {object}, read_parquet('s3://x')", "table function"),
        ("select count(*) from {object}, glob('*')", "table function"),
        ("select count(*) from {object}, query('drop table x')", "table function"),
        ("select (select count(*) from duckdb_secrets()) from {object}", "table function"),
        ("select count(*) into x from {object}", "only read"),
        ("select count(*) from {object} where amount > ?", "only read"),
        ("select amuont from {object}", "the column amuont"),
        ("select count(*) from {objekt}", "stands for nothing"),
    ],
)
def test_any_other_query_is_refused(query: str, said: str) -> None:
    assert any(said in message for message, _ in query_problems(query, COLUMNS, RELATIONS, "amount"))


def test_property_stands_for_nothing_in_a_rule_of_the_table() -> None:
    assert query_problems("select count({property}) from {object}", COLUMNS, (), None)
