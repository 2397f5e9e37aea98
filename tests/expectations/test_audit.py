"""The audit answers every rule, says so when it cannot, and shows no value of a row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest

from expectations.audit.auditing import audit
from expectations.contract import Contract
from expectations.rules.drift import DISTANCES
from expectations.rules.expansion import remedy
from expectations.rules.kinds import KINDS
from expectations.verdict import Finding, State
from tests.expectations.audited import NOON, audited, column, contract, quality, sla

ONE = "SELECT 1 AS c"


def values(*sql: str, name: str = "c") -> str:
    return f'SELECT * FROM (VALUES {", ".join(f"({value})" for value in sql)}) t("{name}")'


def library(metric: str, operator: str = "mustBe", bound: Any = 0, unit: str = "rows", **arguments: Any) -> Contract:
    return contract(
        column(quality=[quality("r", operator=operator, bound=bound, unit=unit, metric=metric, arguments=arguments)])
    )


def query(sql: str, operator: str = "mustBe", bound: Any = 0, on: str | None = "c") -> Contract:
    rule = quality("r", kind="sql", operator=operator, bound=bound, column=on, query=sql)
    return contract(column(quality=[rule] if on else ()), quality=[] if on else [rule])


def within(name: str, **duration: int) -> Contract:
    return contract(column(), slas=[sla(name, "things.c", timedelta(**duration))])


# Kind → (contract, rows that keep it, rows that break it).
BITES: dict[str, list[tuple[Contract, str, str]]] = {
    "nullValues": [
        (contract(column(required=True)), ONE, values("1", "NULL")),
        (contract(column(required=True)), ONE, values("1::DOUBLE", "'NaN'")),
        (library("nullValues", "mustBeLessThan", 50, "percent"), values("1", "2", "NULL"), values("1", "NULL")),
    ],
    "missingValues": [(library("missingValues", missingValues=["", "n/a"]), "SELECT 'a' AS c", "SELECT 'n/a' AS c")],
    "invalidValues": [
        (contract(column(enum=("1", "2"))), values("1", "NULL"), values("1", "3")),
        (contract(column(enum=("true",))), "SELECT true AS c", "SELECT false AS c"),
        (contract(column(enum=("a'b", "ü"))), values("'a''b'", "'ü'"), values("'a'")),
        (contract(column(options={"pattern": "^a$"})), values("'a'", "NULL"), values("'a\n'")),
        (contract(column(options={"pattern": "^1.$"})), values("12"), values("2")),
        (contract(column(options={"minimum": 0})), values("0", "NULL"), values("-1")),
        (contract(column(options={"minimum": 0})), values("0::DOUBLE"), values("1::DOUBLE", "'NaN'")),
        (contract(column(options={"maximum": 1})), values("1::DOUBLE"), values("'Infinity'::DOUBLE")),
        (contract(column(options={"exclusiveMinimum": 0})), values("0.01"), values("0.00")),
        (contract(column(options={"exclusiveMaximum": 1})), values("0.99"), values("1.00")),
        (contract(column(options={"minimum": "2020-01-02"})), values("DATE '2020-01-02'"), values("DATE '2020-01-01'")),
        (
            contract(column(options={"maximum": "2020-01-02T12:00:00+02:00"})),
            values("TIMESTAMPTZ '2020-01-02 10:00:00+00'"),
            values("TIMESTAMPTZ '2020-01-02 10:00:01+00'"),
        ),
        (contract(column(options={"minLength": 2})), values("'ab'"), values("'a'")),
        (contract(column(options={"maxLength": 1})), values("'ü'"), values("'ab'")),
        (contract(column(options={"multipleOf": 0.1})), values("0.3::DOUBLE"), values("0.35::DOUBLE")),
        (contract(column(options={"minItems": 1})), values("[1]"), values("[]::INT[]")),
        (contract(column(options={"maxItems": 1})), values("[1]"), values("[1, 2]")),
        (contract(column(options={"uniqueItems": True})), values("[1, 2]"), values("[1, 1]")),
        (library("invalidValues", validValues=["a"], pattern="a"), values("'a'"), values("'aa'")),
    ],
    "duplicateValues": [
        (contract(column(unique=True)), values("1", "2", "NULL", "NULL"), values("1", "1")),
        (contract(column(unique=True)), values("'a'", "NULL", "NULL"), values("'a'", "'a'")),
        (library("duplicateValues", "mustBeLessThan", 50, "percent"), values("1", "1", "2"), values("1", "1")),
    ],
    "primaryKey": [
        (contract(column(key_position=1)), values("1", "2"), values("1", "1")),
        (contract(column(key_position=1)), values("1", "2"), values("1", "NULL")),
    ],
    "references": [(contract(column(relationships=("parents.k",))), values("1", "NULL"), values("1", "9"))],
    "rowCount": [(library("rowCount", "mustBeBetween", (1, 2)), values("1"), values("1", "2", "3"))],
    "type": [
        (contract(column("c", "text")), "SELECT 'a' AS c", ONE),
        (contract(column("c", "decimal(5,2)")), values("1::DECIMAL(5, 2)"), values("1::DECIMAL(5, 1)")),
    ],
    "freshness": [
        (
            within("freshness", hours=24),
            values("TIMESTAMP '2026-11-21 12:00:00'"),
            values("TIMESTAMP '2026-11-21 11:59:59'"),
        ),
        (
            within("freshness", hours=24),
            values("TIMESTAMPTZ '2026-11-21 14:00:00+02'"),
            values("TIMESTAMPTZ '2026-11-21 13:00:00+02'"),
        ),
        (within("freshness", hours=36), values("DATE '2026-11-21'"), values("DATE '2026-11-20'")),
        (within("freshness", hours=24), values("DATE '2026-11-23'"), values("DATE '2062-11-22'")),
    ],
    "retention": [
        (within("retention", days=10), values("DATE '2026-11-13'"), values("DATE '2026-11-12'")),
        (within("retention", days=10), values("DATE '2026-11-13'"), values("DATE '2026-11-13'", "NULL")),
    ],
    "sql": [
        (query("select count(*) from {object} where {property} > 1"), ONE, "SELECT 2 AS c"),
        (query("select count(*) from {object} o join parents p on p.k = o.c", "mustBe", 1), ONE, "SELECT 9 AS c"),
        (query("select avg({property}) from {object}", "mustBeBetween", (1, 2)), ONE, "SELECT 3 AS c"),
        (query("with big as (select * from ${table} where c > 1) select count(*) from big"), ONE, "SELECT 2 AS c"),
    ],
}  # fmt: skip
PARENTS = {"parents": "(SELECT unnest([1, 2]) AS k)"}


@pytest.mark.parametrize(("kind", "n"), [(kind, n) for kind, cases in BITES.items() for n in range(len(cases))])
def test_each_rule_kind_passes_and_bites(kind: str, n: int) -> None:
    agreed, good, bad = BITES[kind][n]
    (kept,) = audited(agreed, good, relations=PARENTS).values()
    (broken,) = audited(agreed, bad, relations=PARENTS).values()
    assert (kept.state, broken.state) == (State.PASS, State.FAIL), (kept.message, broken.message)
    assert broken.message
    assert broken.remedy == remedy(agreed)


def test_every_kind_has_a_case_in_which_it_bites() -> None:
    elsewhere = {*DISTANCES, "k_anonymity", "l_diversity", "representation", "reconciliation"}  # files of their own
    assert BITES.keys() == KINDS.keys() - {"unsupported"} - elsewhere  # the first always errs


ANYTHING = [cases[0][0] for cases in BITES.values()]


@pytest.mark.parametrize("agreed", ANYTHING)
def test_a_relation_that_cannot_be_read_is_an_error_of_every_rule(agreed: Contract) -> None:
    with duckdb.connect() as connection:
        findings = audit(connection, "read_parquet(['gone.parquet'])", agreed, clock_at=NOON)
    assert {f.state for f in findings} == {State.ERROR}


@pytest.mark.parametrize(
    ("agreed", "state"),
    [
        (contract(column(required=True)), State.PASS),
        (contract(column(unique=True)), State.PASS),
        (contract(column(key_position=1)), State.PASS),
        (library("nullValues", "mustBeLessThan", 5, "percent"), State.MISSING),
        (library("duplicateValues", "mustBeLessThan", 5, "percent"), State.MISSING),
        (library("rowCount", "mustBeGreaterThan", 0), State.FAIL),
        (query("select max(c) from {object}"), State.MISSING),
        (query("select 100 * count(*) / count(*) from {object}"), State.MISSING),
    ],
)
def test_an_empty_relation_is_no_evidence(agreed: Contract, state: State) -> None:
    (finding,) = audited(agreed, "SELECT 1 AS c WHERE false").values()
    assert finding.state is state


@pytest.mark.parametrize("name", ["freshness", "retention"])
def test_an_age_of_nothing_is_missing(name: str) -> None:
    (finding,) = audited(within(name, days=1), "SELECT NULL::DATE AS c WHERE false").values()
    assert finding.state is State.MISSING


def test_freshness_carries_the_newest_value_for_the_date_until_which_it_is_valid() -> None:
    (finding,) = audited(within("freshness", hours=24), "SELECT TIMESTAMP '2026-11-22 06:00:00' AS c").values()
    assert (finding.observed, finding.unit, finding.threshold) == (6.0, "hours", 24.0)
    assert finding.statistics == {"newest": "2026-11-22T06:00:00+00:00"}


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_times_without_zone_are_utc_whatever_the_session_thinks(zone: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = '{zone}'")
        (finding,) = audit(
            connection, "(SELECT TIMESTAMP '2026-11-22 06:00:00' AS c)", within("freshness", hours=24), clock_at=NOON
        )
        assert finding.observed == 6.0
        assert connection.execute("SELECT current_setting('TimeZone')").fetchone() == (zone,)


def test_a_warning_shows_and_passes_but_an_error_of_a_warning_shuts() -> None:
    soft = quality("r", metric="nullValues", severity="warning")
    broken = quality("x", metric="invalidValues", severity="warning", arguments={"pattern": "("})
    found = audited(contract(column(quality=[soft, broken])), values("'a'", "NULL"))
    assert (found["c__r"].state, found["c__x"].state) == (State.WARN, State.ERROR)


@pytest.mark.parametrize(
    "rule",
    [
        quality("r", metric="rowCuont"),
        quality("r", metric="invalidValues"),
        quality("r", metric="invalidValues", arguments={"patern": "a"}),
        quality("r", metric="invalidValues", arguments={"minimum": "soon"}),
        quality("r", metric="invalidValues", arguments={"pattern": "(?=a)"}),
        quality("r", metric="nullValues", operator="mustBeNear"),
        quality("r", metric="nullValues", operator=None),
        quality("r", metric="duplicateValues", arguments={"properties": ["nope"]}),
        quality("r", kind="custom", engine="esclusa", implementation={"check": "psy"}),
        quality("r", kind="sql", query="select 'a' from {object}"),
        quality("r", kind="sql", query="select max(interval 1 day) from {object}"),
        quality("r", kind="sql", query="select c from {object}"),
    ],
)
def test_a_rule_that_cannot_be_evaluated_is_an_error_and_hides_nothing(rule: Any) -> None:
    agreed = contract(column(required=True, enum=("1", "2"), quality=[rule]))
    found = audited(agreed, values("1", "2"))
    assert found["c__r"].state is State.ERROR
    assert found["c__r"].remedy
    assert {found["c__required"].state, found["c__enum"].state} == {State.PASS}


def test_the_nearest_name_is_offered() -> None:
    found = audited(
        contract(column("contry", required=True), column(quality=[quality("r", metric="nulValues")])),
        "SELECT 1 AS c, 2 AS country",
    )
    assert "`country`" in found["contry__required"].message
    assert "`nullValues`" in found["c__r"].message


@pytest.mark.parametrize("name", ['a "quoted" name', "select", "semi;colon", "it's", "ü€", "a.b", "{object}"])
def test_odd_column_names_are_only_names(name: str) -> None:
    agreed = contract(
        column(name, required=True, unique=True, key_position=1, enum=("1", "2"), options={"minimum": 0}),
    )  # fmt: skip
    quoted = '"' + name.replace('"', '""') + '"'
    assert {f.state for f in audited(agreed, f"SELECT unnest([1, 2]) AS {quoted}").values()} == {State.PASS}
    assert {f.state for f in audited(agreed, f"SELECT unnest([NULL, -1, -1]) AS {quoted}").values()} == {State.FAIL}


@pytest.mark.parametrize("value", ["'; DROP TABLE t; --", "' OR true --", "%", "{0}", "$1", "?"])
def test_values_of_a_contract_are_only_values(value: str) -> None:
    agreed = contract(column(enum=(value,)))
    assert audited(agreed, "SELECT $$-$$ AS c")["c__enum"].observed == 1
    escaped = value.replace("'", "''")
    assert audited(agreed, f"SELECT '{escaped}' AS c")["c__enum"].observed == 0


def test_no_message_holds_a_value_of_a_row() -> None:
    cast = quality("cast", kind="sql", query="select sum(cast({property} as integer)) from {object}")
    agreed = contract(column(enum=("a",), unique=True, options={"minimum": 5}, quality=[cast]))
    found = audited(agreed, values("'jane@example.org'", "'jane@example.org'"))
    assert found["c__cast"].state is State.ERROR
    assert not any("jane" in f"{f}" for f in found.values())


def test_a_finding_says_what_who_and_what_next() -> None:
    finding = audited(contract(column(required=True)), values("1", "NULL"))["c__required"]
    assert finding == Finding(
        rule="c__required", item=finding.item, state=State.FAIL, observed=1, required="= 0 rows", threshold=0.0,
        description="c is there", owner="data.owner", message="observed 1 rows, required = 0 rows",
        remedy=remedy(contract(column())), unit="rows", column="c", engine="sql",
    )  # fmt: skip


def test_the_clock_of_the_dataset_decides_and_not_the_wall() -> None:
    replay = datetime(2017, 2, 17, tzinfo=UTC)
    (finding,) = audited(
        within("freshness", hours=24), "SELECT TIMESTAMP '2017-02-16 12:00:00' AS c", clock_at=replay
    ).values()
    assert (finding.state, finding.observed) == (State.PASS, 12.0)
