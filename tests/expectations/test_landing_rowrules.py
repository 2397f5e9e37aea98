"""Each row rule bites alone; what pandera reports and nobody can name breaks every row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandera.polars as pa
import polars as pl
import pytest

from expectations.contract import SourceContract
from expectations.landing import Landing
from expectations.landing.rowrules import RowRules

Agree = Callable[..., SourceContract]
Deliver = Callable[..., Landing]

QUALITY = {"id": "is_a_range", "metric": "invalidValues", "mustBe": 0, "severity": "error"}
# Column as agreed, a value that keeps it, a value that breaks it, and the rule that must say so.
BITES: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "required": ({"physicalType": "varchar", "required": True}, "a", "?", "a__required"),
    "integer": ({"physicalType": "integer"}, "12", "12.5", "a__type"),
    "integer too large": ({"physicalType": "smallint"}, "32767", "32768", "a__type"),
    "integer with a space": ({"physicalType": "bigint"}, "-7.0", " 7", "a__type"),
    "double": ({"physicalType": "double"}, "-1.5e3", "nan", "a__type"),
    "decimal": ({"physicalType": "decimal(10,2)"}, "12.300", "12.345", "a__type"),
    "boolean": ({"physicalType": "boolean"}, "True", "yes", "a__type"),
    "date": ({"physicalType": "date"}, "2016-02-29", "2015-02-29", "a__type"),
    "timestamp": (
        {"physicalType": "timestamp", "logicalTypeOptions": {"format": "%d/%m/%Y %H:%M"}},
        *("31/1/2016 23:59", "1/31/2016 23:59", "a__type"),
    ),
    "a type broken is not a value missing": ({"physicalType": "integer", "required": True}, "1", "one", "a__type"),
    "enum": ({"physicalType": "varchar", "enum": [{"value": "x"}, {"value": "y"}]}, "y", "Y", "a__enum"),
    "enum of numbers": ({"physicalType": "integer", "enum": [{"value": "1"}, {"value": "2"}]}, "2", "3", "a__enum"),
    "pattern": ({"physicalType": "varchar", "logicalTypeOptions": {"pattern": "^[a-f]+$"}}, "abc", "abz", "a__pattern"),
    "minimum": ({"physicalType": "integer", "logicalTypeOptions": {"minimum": 3}}, "3", "2", "a__minimum"),
    "maximum": ({"physicalType": "double", "logicalTypeOptions": {"maximum": 3.5}}, "3.5", "3.51", "a__maximum"),
    "earliest": (
        {"physicalType": "date", "logicalTypeOptions": {"minimum": "2010-01-01"}},
        *("2010-01-01", "2009-12-31", "a__minimum"),
    ),
    "length": ({"physicalType": "varchar", "logicalTypeOptions": {"maxLength": 2}}, "ab", "abc", "a__length"),
    "invalidValues by pattern": (
        {"physicalType": "varchar", "quality": [{**QUALITY, "arguments": {"pattern": "^[0-9]+-[0-9]+$"}}]},
        *("5-20", "20 May", "a__is_a_range"),
    ),
    "invalidValues by list": (
        {"physicalType": "varchar", "quality": [{**QUALITY, "id": "a__known", "arguments": {"validValues": ["x"]}}]},
        *("x", "z", "a__known"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BITES)
def test_a_row_rule_bites_and_only_it(agree: Agree, deliver: Deliver, name: str) -> None:
    column, kept, broken, rule = BITES[name]
    source = agree(
        columns=[{"name": "id", "physicalType": "varchar"}, {"name": "a", **column}],
        quarantineTolerance={"value": 1, "unit": "rows"},
    )
    landing = deliver(source, f"id,a\n1,{kept}\n2,{broken}\n")
    assert (landing.accepted, landing.quarantined, dict(landing.broken)) == (1, 1, {rule: 1})


def test_null_breaks_no_rule_but_required(agree: Agree, deliver: Deliver) -> None:
    columns = [
        {"name": f"c{i}", **column} for i, (column, *_) in enumerate(BITES.values()) if not column.get("required")
    ]
    for column in columns:  # a rule id with the column's own prefix belongs to column `a`
        for quality in column.get("quality", []):
            quality["id"] = "known"
    header, line = ",".join(c["name"] for c in columns), ",".join("?" for _ in columns)
    assert deliver(agree(columns=columns), f"{header}\n{line}\n").accepted == 1


def _frame(source: SourceContract) -> pl.DataFrame:
    assert [c.name for c in source.tables[0].columns] == ["a"]
    return pl.DataFrame({"_row": [{"a": "1"}, {"a": "2"}], "a": [1, 2], "a__unparsed": [False, False]}).cast(
        {"a": pl.Int32}
    )


def test_a_failure_that_nobody_can_name_breaks_every_row(agree: Agree) -> None:
    source = agree(columns=[{"name": "a", "physicalType": "integer"}])
    rules = RowRules(source.tables[0])
    assert rules.broken(_frame(source)).is_empty()
    wrong_type = _frame(source).cast({"a": pl.String})
    assert rules.broken(wrong_type)["_rules"].to_list() == [["orders__unexplained"]] * 2
    rules.schema.columns["a"].checks.append(pa.Check.gt(1, error="something new"))
    assert rules.broken(_frame(source))["_rules"].to_list() == [["orders__unexplained"]] * 2


@pytest.mark.parametrize(
    ("column", "complaint"),
    [
        ({"physicalType": "real"}, "physicalType 'real' is none of"),
        ({"physicalType": "integer", "logicalTypeOptions": {"multipleOf": 5}}, "no rule for multipleOf"),
        (
            {
                "physicalType": "integer",
                "quality": [{"id": "n", "metric": "nullValues", "mustBe": 0, "severity": "error"}],
            },
            "knows no rule but invalidValues",
        ),
        (
            {
                "physicalType": "varchar",
                "quality": [{**QUALITY, "mustBe": 3, "arguments": {"pattern": "x"}}],
            },
            "a row rule is `mustBe: 0` of severity error",
        ),
    ],
)
def test_a_rule_that_cannot_be_asked_of_a_row_is_refused(
    agree: Agree, deliver: Deliver, column: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        deliver(agree(columns=[{"name": "a", **column}]), "a\n1\n")
