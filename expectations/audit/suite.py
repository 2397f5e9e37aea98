"""Suite: the rules of a contract that Great Expectations answers, on the pinned Parquet itself.

Belongs here: loading an expectation, the few columns that it reads, and its result as a finding. Does not: rules in SQL
(`auditing.py`). An expectation that is unknown, raises, or has no value is a finding of state error, never a pass.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from expectations.contract import Contract
from expectations.rules.expansion import GREAT_EXPECTATIONS, Rule, RuleError, remedy, rules_of
from expectations.verdict import Finding, Scalar, State

NAMES = ("expectation", "type", "expectation_type")  # ours, and how Great Expectations' own versions write it
COLUMN_ARGUMENTS = ("column", "column_A", "column_B", "column_list")
OPEN_CLASSES = frozenset({"public", "internal"})


@dataclass(frozen=True)
class Result:
    """What Great Expectations said: whether it holds, None where there was nothing to look at, and what it saw."""

    holds: bool | None
    observed: Scalar
    unit: str


def run_suite(contract: Contract, parquet_paths: Sequence[Path]) -> tuple[Finding, ...]:
    """Answer every rule of engine `greatExpectations`.

    Args:
        contract: what to hold the files against.
        parquet_paths: the pinned parts, together the candidate.
    """
    rules = [rule for rule in rules_of(contract) if rule.engine == GREAT_EXPECTATIONS]
    findings = tuple(_finding(rule, contract, parquet_paths) for rule in rules)
    assert [f.rule for f in findings] == [r.id for r in rules], "a rule without an answer is not a pass"
    return findings


def _finding(rule: Rule, contract: Contract, paths: Sequence[Path]) -> Finding:
    state, observed, unit, asked = State.ERROR, None, "", ""
    try:
        name, arguments = _read(rule)
        asked = f"{name}({', '.join(f'{k}={v!r}' for k, v in arguments.items())})"
        result = _validate(name, arguments, paths)
    except RuleError as error:
        message = f"could not be evaluated: {error}"
    else:
        broken = State.WARN if rule.severity == "warning" else State.FAIL
        state = State.MISSING if result.holds is None else State.PASS if result.holds else broken
        observed, unit = _showable(result.observed, arguments, contract), result.unit
        message = f"observed {observed} {unit}".rstrip() + f", required {asked}"
    return Finding(
        rule=rule.id,
        item=rule.item,
        state=state,
        observed=observed,
        required=asked,
        description=rule.description,
        owner=rule.owner,
        message=message,
        remedy="" if state is State.PASS else remedy(contract),
        severity=rule.severity,
        unit=unit,
        column=rule.column,
        engine=rule.engine,
        tags=rule.tags,
    )


def _read(rule: Rule) -> tuple[str, dict[str, Any]]:
    """Class name and arguments of an expectation; ODCS allows its implementation as text as well."""
    written = rule.arguments.get("implementation")
    if isinstance(written, str):
        try:
            written = YAML(typ="safe", pure=True).load(written)
        except YAMLError:
            raise RuleError("its `implementation` is text that is no YAML") from None
    if not isinstance(written, Mapping):
        raise RuleError("its `implementation` needs `expectation` and `kwargs`")
    name = next((written[key] for key in NAMES if key in written), None)
    if not isinstance(name, str):
        raise RuleError("its `implementation` names no `expectation`")
    arguments = dict(written.get("kwargs") or {})
    if name.startswith("expect_"):
        name = "".join(word.capitalize() for word in name.split("_"))
    known = _expectations()
    if name not in known:
        close = get_close_matches(name, known, n=1)
        raise RuleError(f"there is no expectation `{name}`" + (f"; did you mean `{close[0]}`?" if close else ""))
    return name, arguments


def _validate(name: str, arguments: Mapping[str, Any], paths: Sequence[Path]) -> Result:
    """Run one expectation on the columns that it reads."""
    frame = _load([c for key in COLUMN_ARGUMENTS if key in arguments for c in _listed(arguments[key])], paths)
    with _quiet():
        try:
            expectation = _expectations()[name](**arguments)
        except ValueError as error:  # pydantic: names fields and what is wrong with them
            raise RuleError(" ".join(str(error).split())) from None
        try:
            result = _batch(frame).validate(expectation).to_json_dict()
        except Exception as error:  # whatever it is, it is no answer; its text may quote values
            raise RuleError(f"Great Expectations stopped with {type(error).__name__}") from None
    raised = _raised(result.get("exception_info") or {})
    if "No provider found" in raised:
        raise RuleError(f"{name} does not work on pandas: write it as `type: sql`")
    if raised:
        raise RuleError(f"{name} raised an error")
    return _result(result.get("success"), result.get("result") or {}, name)


def _raised(information: Mapping[str, Any]) -> str:
    """The message of an exception: the information is one record, or one per metric."""
    records = [information, *(record for record in information.values() if isinstance(record, Mapping))]
    return next((str(r.get("exception_message") or "?") for r in records if r.get("raised_exception")), "")


def _result(success: Any, seen: Mapping[str, Any], name: str) -> Result:
    if not isinstance(success, bool):
        raise RuleError(f"{name} did not say whether it holds")
    if "element_count" in seen and seen["element_count"] == seen.get("missing_count", 0):
        return Result(None, None, "rows")  # no row, or only nulls: nothing was looked at
    if isinstance(seen.get("unexpected_count"), int):
        return Result(success, seen["unexpected_count"], "rows")
    observed: Any = seen.get("observed_value")
    if hasattr(observed, "tolist"):  # numpy's
        observed = observed.tolist()
    if observed is None or observed != observed or observed in ([], {}):
        raise RuleError(f"{name} has no value")
    if isinstance(observed, list):
        observed = ", ".join(map(str, observed))
    return Result(success, observed if isinstance(observed, str | int | float) else str(observed), "")


def _showable(observed: Scalar, arguments: Mapping[str, Any], contract: Contract) -> Scalar:
    """Numbers are statistics; words are values of rows, and only those of open columns are shown."""
    named = {c for key in COLUMN_ARGUMENTS if key in arguments for c in _listed(arguments[key])}
    is_open = all(c.classification in OPEN_CLASSES for c in contract.table.columns if c.name in named)
    return observed if is_open or not isinstance(observed, str) else "(not shown: the column is classified)"


def _load(columns: Sequence[str], paths: Sequence[Path]) -> Any:
    """A pandas frame of these columns, or of all where an expectation names none."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.dataset as ds

    data = ds.dataset([str(path) for path in paths], format="parquet")
    for column in columns:
        if column not in data.schema.names:
            close = get_close_matches(column, data.schema.names, n=1)
            hint = f"; the nearest is `{close[0]}`" if close else ""
            raise RuleError(f"the candidate has no column `{column}`{hint}")
    table = data.to_table(columns=list(dict.fromkeys(columns)) or None)
    for i, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):  # in pandas it would be a column of objects
            table = table.set_column(i, field.name, table.column(i).cast(pa.float64()))
    # Integers beside nulls would become floats, which cannot tell 2**53 from its successor.
    whole: dict[pa.DataType, Any] = {
        pa.int64(): pd.Int64Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int16(): pd.Int16Dtype(),
    }
    return table.to_pandas(types_mapper=lambda kind: whole.get(kind))


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@cache
def _expectations() -> dict[str, type[Any]]:
    """Class name → class. Importing Great Expectations takes seconds: only a contract that uses it pays."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import
    with _quiet():
        import great_expectations.expectations as gxe
    names = (name for name in dir(gxe) if name.startswith("Expect") and name != "Expectation")
    return {name: getattr(gxe, name) for name in (*names, "UnexpectedRowsExpectation")}


def _batch(frame: Any) -> Any:
    """The frame as a batch of a context that lives in memory alone."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    asset = context.data_sources.add_pandas("pinned").add_dataframe_asset("candidate")
    return asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})


@contextmanager
def _quiet() -> Iterator[None]:
    """Its warnings and log quote data and tell nothing that the finding does not."""
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
