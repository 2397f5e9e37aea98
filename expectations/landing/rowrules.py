"""Row rules: a source contract's table compiled to a pandera schema, and what each row of a frame breaks.

Belongs here: type, required, enum, pattern, bounds, `invalidValues`. Does not: rules on many rows (duplicates, counts):
those are staging's and the golden contracts'. Pandera's texts hold values: only rule ids and positions leave here.
"""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaErrors

from expectations.contract import Column, Quality, Table
from expectations.landing.columntypes import type_of
from expectations.landing.reader import DELIVERED, unparsed

OPTIONS = frozenset({"pattern", "minimum", "maximum", "minLength", "maxLength", "format"})


class RowRules:
    """The compiled rules of one table.

    Args:
        table: of a source contract.

    Raises:
        ValueError: the contract has a rule that cannot be asked of a single row; nothing is ignored in silence.
    """

    def __init__(self, table: Table) -> None:
        self._catch_all = f"{table.name}__unexplained"
        self._ids: set[str] = set()
        columns: dict[str, pa.Column] = {}
        for column in table.columns:
            columns[column.name] = pa.Column(
                type_of(column).frame, checks=self._checks(column), nullable=not column.required, name=column.name
            )
            if column.physical_type != "varchar":
                check = pa.Check.eq(False, error=self._known(f"{column.name}__type"))
                columns[unparsed(column.name)] = pa.Column(pl.Boolean(), checks=check)
        self._required = {c.name: f"{c.name}__required" for c in table.columns if c.required}
        if table.quality:
            raise ValueError(f"line {table.quality[0].line}: {table.quality[0].id}: landing asks single rows only")
        self.schema = pa.DataFrameSchema(columns, strict=True)

    def broken(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Which rows break what.

        Args:
            frame: as `Reader.frames` yields it.

        Returns:
            One row per bad row: `index` (position in the frame) and `_rules` (sorted rule ids).
        """
        cases = self._failures(frame.drop(DELIVERED))
        type_broken = cases.filter(pl.col("rule").str.ends_with("__type")).select(
            "index", rule=pl.col("rule").str.replace("__type$", "__required")
        )
        return (
            cases.join(type_broken, on=["index", "rule"], how="anti")  # not of the type is not the same as missing
            .group_by("index")
            .agg(_rules=pl.col("rule").unique().sort())
            .sort("index")
        )

    def _failures(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Pairs of position and rule. What pandera reports and we cannot name breaks every row: fail closed."""
        found = None
        # By default pandera checks only the schema of some polars frames, and rules on values then always pass.
        with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            try:
                self.schema.validate(frame, lazy=True)
            except SchemaErrors as error:
                found = pl.DataFrame(error.failure_cases).select("column", "check", pl.col("index").cast(pl.UInt32))
        pairs = {"index": pl.UInt32(), "rule": pl.String()}
        if found is None:
            return pl.DataFrame(schema=pairs)
        null = pl.col("check") == "not_nullable"
        named = found.select(
            "index",
            rule=pl.when(null)
            .then(pl.col("column").replace_strict(self._required, default=None, return_dtype=pl.String()))
            .when(pl.col("check").is_in(sorted(self._ids)))
            .then(pl.col("check")),
        )
        if named.null_count().row(0) != (0, 0):
            everything = pl.select(index=pl.int_range(frame.height, dtype=pl.UInt32()), rule=pl.lit(self._catch_all))
            named = pl.concat([named.drop_nulls(), everything])
        return named.unique()

    def _known(self, rule: str) -> str:
        self._ids.add(rule)
        return rule

    def _checks(self, column: Column) -> list[pa.Check]:
        unknown = sorted(set(column.options) - OPTIONS)
        if unknown:
            raise ValueError(f"line {column.line}: {column.name}: landing has no rule for {', '.join(unknown)}")
        value, options = type_of(column).value, column.options
        checks = []
        if column.enum:
            checks.append(pa.Check.isin([value(v) for v in column.enum], error=self._known(f"{column.name}__enum")))
        if "pattern" in options:
            checks.append(pa.Check.str_contains(options["pattern"], error=self._known(f"{column.name}__pattern")))
        if "minimum" in options:
            checks.append(pa.Check.ge(value(options["minimum"]), error=self._known(f"{column.name}__minimum")))
        if "maximum" in options:
            checks.append(pa.Check.le(value(options["maximum"]), error=self._known(f"{column.name}__maximum")))
        if "minLength" in options or "maxLength" in options:
            shortest, longest = options.get("minLength", 0), options.get("maxLength")
            checks.append(pa.Check.str_length(shortest, longest, error=self._known(f"{column.name}__length")))
        return checks + [check for quality in column.quality for check in self._invalid_values(column, quality)]

    def _invalid_values(self, column: Column, quality: Quality) -> list[pa.Check]:
        where = f"line {quality.line}: {column.name}: {quality.id}"
        if quality.body.get("metric") != "invalidValues":
            raise ValueError(f"{where}: landing asks single rows only, so it knows no rule but invalidValues")
        if (quality.operator, quality.bound, quality.severity) != ("mustBe", 0, "error"):
            raise ValueError(
                f"{where}: a row rule is `mustBe: 0` of severity error; delivery.quarantineTolerance tolerates"
            )
        arguments = dict(quality.body.get("arguments") or {})
        prefix = f"{column.name}__"
        rule = self._known(quality.id if quality.id.startswith(prefix) else prefix + quality.id)
        checks = []
        if "validValues" in arguments:
            allowed = [type_of(column).value(v) for v in arguments.pop("validValues")]
            checks.append(pa.Check.isin(allowed, error=rule))
        if "pattern" in arguments:
            checks.append(pa.Check.str_contains(arguments.pop("pattern"), error=rule))
        if arguments or not checks:
            raise ValueError(f"{where}: invalidValues needs validValues or pattern, and nothing else")
        return checks
