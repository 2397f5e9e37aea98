"""Great Expectations answers on the pinned bytes, quietly, and whatever is no answer is an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.audit.suite import run_suite
from expectations.contract import Contract
from expectations.rules.expansion import remedy
from expectations.verdict import Finding, State
from tests.expectations.audited import column, contract, quality

ROWS = "SELECT i::INTEGER AS c, CASE WHEN i < 8 THEN 'often' ELSE 'seldom' END AS word, i::DECIMAL(9, 2) AS price, "
ROWS += "CASE WHEN i < 5 THEN i END AS gaps FROM range(10) r(i)"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    directory = tmp_path_factory.mktemp("pin")
    paths = [directory / "part-00000.parquet", directory / "part-00001.parquet"]
    for n, path in enumerate(paths):
        duckdb.execute(f"COPY (FROM ({ROWS}) WHERE c % 2 = {n}) TO '{path}' (FORMAT parquet)")
    return paths


def suite(implementation: Any, severity: str = "error", classification: str = "internal") -> Contract:
    rule = quality(
        "gx", kind="custom", operator=None, bound=None, severity=severity, engine="greatExpectations",
        implementation=implementation,
    )  # fmt: skip
    return contract(column(quality=[rule]), column("word", classification=classification))


def found(parts: list[Path], name: str, severity: str = "error", **kwargs: Any) -> Finding:
    (finding,) = run_suite(suite({"expectation": name, "kwargs": kwargs}, severity), parts)
    return finding


def test_an_expectation_is_answered_over_all_parts(parts: list[Path]) -> None:
    finding = found(parts, "ExpectColumnMedianToBeBetween", column="c", min_value=4, max_value=5)
    assert (finding.state, finding.observed, finding.engine) == (State.PASS, 4.5, "greatExpectations")
    assert finding.required == "ExpectColumnMedianToBeBetween(column='c', min_value=4, max_value=5)"


def test_an_expectation_bites(parts: list[Path]) -> None:
    finding = found(parts, "ExpectColumnMedianToBeBetween", column="c", max_value=4)
    assert (finding.state, finding.remedy) == (State.FAIL, remedy(contract()))
    warned = found(parts, "ExpectColumnValuesToNotBeNull", severity="warning", column="gaps")
    assert (warned.state, warned.observed, warned.unit) == (State.WARN, 5, "rows")


@pytest.mark.parametrize(
    "implementation",
    [
        {"type": "expect_column_max_to_be_between", "kwargs": {"column": "price", "max_value": 9}},
        {"expectation_type": "expect_column_max_to_be_between", "kwargs": {"column": "price", "max_value": 9.0}},
        "type: expect_column_max_to_be_between\nkwargs: {column: price, max_value: 9}",
        '{"expectation": "ExpectColumnMaxToBeBetween", "kwargs": {"column": "price", "max_value": 9}}',
    ],
)
def test_every_way_to_write_an_expectation_is_understood(parts: list[Path], implementation: Any) -> None:
    (finding,) = run_suite(suite(implementation), parts)
    assert (finding.state, finding.observed) == (State.PASS, 9.0)


def test_the_rows_are_counted_without_naming_a_column(parts: list[Path]) -> None:
    assert found(parts, "ExpectTableRowCountToEqual", value=10).state is State.PASS


@pytest.mark.parametrize(
    ("name", "kwargs", "said"),
    [
        ("ExpectColumnMedianToBeBetwen", {"column": "c"}, "did you mean `ExpectColumnMedianToBeBetween`?"),
        ("expect_column_median_to_be_betwen", {"column": "c"}, "did you mean `ExpectColumnMedianToBeBetween`?"),
        ("ExpectColumnMedianToBeBetween", {"column": "word"}, "raised an error"),
        ("ExpectColumnMedianToBeBetween", {"column": "prise"}, "the nearest is `price`"),
        ("ExpectColumnMedianToBeBetween", {"column": "c", "min_valu": 3}, "min_valu"),
        ("UnexpectedRowsExpectation", {"unexpected_rows_query": "select * from {batch}"}, "type: sql"),
        ("ExpectColumnToExist", {"column": "c"}, "has no value"),
        ("Expectation", {}, "there is no expectation"),
    ],
)
def test_whatever_is_no_answer_is_an_error(parts: list[Path], name: str, kwargs: Any, said: str) -> None:
    finding = found(parts, name, **kwargs)
    assert finding.state is State.ERROR
    assert said in finding.message
    assert finding.remedy


@pytest.mark.parametrize("implementation", [None, "a: b: c", "words", {"kwargs": {}}, {"expectation": 3}, []])
def test_an_implementation_that_says_nothing_is_an_error(parts: list[Path], implementation: Any) -> None:
    (finding,) = run_suite(suite(implementation), parts)
    assert finding.state is State.ERROR


def test_no_rows_are_no_evidence(tmp_path: Path) -> None:
    path = tmp_path / "part-00000.parquet"
    duckdb.execute(f"COPY (FROM ({ROWS}) WHERE false) TO '{path}' (FORMAT parquet)")
    for name in ("ExpectColumnValuesToNotBeNull", "ExpectColumnMedianToBeBetween"):
        assert not found([path], name, column="c").opens


@pytest.mark.parametrize(("classification", "shown"), [("internal", "often"), ("restricted", "not shown")])
def test_words_of_classified_columns_are_not_shown(parts: list[Path], classification: str, shown: str) -> None:
    asked = {
        "expectation": "ExpectColumnMostCommonValueToBeInSet", "kwargs": {"column": "word", "value_set": ["often"]},
    }  # fmt: skip
    (finding,) = run_suite(suite(asked, classification=classification), parts)
    assert finding.state is State.PASS
    assert shown in str(finding.observed)


def test_a_contract_without_expectations_does_not_pay_for_them(parts: list[Path]) -> None:
    program = "import sys; import expectations.audit.suite; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
    assert run_suite(contract(column(required=True)), parts) == ()


def test_it_leaves_no_file_and_says_nothing(parts: list[Path], tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from tests.expectations.test_suite import found\n"
        f"parts = [Path(p) for p in {[str(p) for p in parts]}]\n"
        "print(found(parts, 'ExpectColumnMaxToBeBetween', column='c', max_value=9).state)"
    )
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(home)}
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=home, env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout == "pass\n"
    assert list(home.rglob("*")) == []
