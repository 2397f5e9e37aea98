"""Quality rules as written: a rule that nobody can measure, or that cannot say what its author meant, is refused here.

Belongs here: ids, severities, units, metrics, queries, expectations and checks. Does not: measuring (`audit`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from expectations.loader.checks import CHECKS, EXPECTATION, OF_THE_TABLE
from expectations.loader.custom import listed
from expectations.loader.document import Document, Location
from expectations.loader.lint_frame import is_pattern, one_of
from expectations.loader.lint_query import query_problems
from expectations.loader.odcs import schema_problems
from expectations.loader.problem import Problem, nearest
from expectations.loader.vocabulary import ENGINES, METRICS, SEVERITIES, UNITS
from expectations.rules.expansion import OPERATORS

_GX_NAME = re.compile(r"Expect[A-Za-z]+|expect_[a-z_]+|UnexpectedRowsExpectation")


def lint_rules(document: Document, table: int, relations: Collection[str]) -> Iterator[Problem]:
    """Problems of every quality rule of one table and its columns.

    Args:
        document: a file that the ODCS schema and the frame allow.
        table: index of the table in `schema`.
        relations: tables besides this one that `sql` rules may read.
    """
    here: Location = ("schema", table)
    columns = document.data["schema"][table]["properties"]
    names = [c["name"] for c in columns]
    for i in range(len(document.data["schema"][table].get("quality") or ())):
        yield from _Rule(document, (*here, "quality", i), names, relations, None).problems()
    for j, column in enumerate(columns):
        for i in range(len(column.get("quality") or ())):
            yield from _Rule(
                document, (*here, "properties", j, "quality", i), names, relations, column["name"]
            ).problems()


class _Rule:
    """One rule where it stands."""

    def __init__(
        self, document: Document, at: Location, columns: Collection[str], relations: Collection[str], column: str | None
    ) -> None:
        value: Any = document.data
        for step in at:
            value = value[step]
        self._document, self._at, self._columns, self._relations, self._column = (
            document,
            at,
            columns,
            relations,
            column,
        )
        self._body: Mapping[str, Any] = value
        self._kind: str = value.get("type", "library")

    def problems(self) -> Iterator[Problem]:
        if self._kind == "text":
            yield self._problem((), "a text rule is never measured: write it into a description, or as a rule that is")
            return
        if "id" not in self._body:
            yield self._problem((), "has no `id`; findings go by it")
        if "severity" not in self._body:
            yield self._problem((), f"has no `severity`; required: {' or '.join(SEVERITIES)}")
        else:
            yield from one_of(self._document, (*self._at, "severity"), SEVERITIES)
        if "unit" in self._body:
            yield from one_of(self._document, (*self._at, "unit"), UNITS[self._kind])
        yield from self._bound()
        yield from {"library": self._library, "sql": self._sql, "custom": self._custom}[self._kind]()

    def _problem(self, below: Location, message: str, meant: str | None = None) -> Problem:
        return self._document.problem((*self._at, *below), message, meant)

    def _bound(self) -> Iterator[Problem]:
        for operator in OPERATORS.keys() & self._body.keys():
            bound = self._body[operator]
            numbers = bound if isinstance(bound, list) else [bound]
            if not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
                yield self._problem((operator,), "is not a number")
            elif numbers != sorted(numbers):
                yield self._problem((operator,), f"is {numbers[0]} to {numbers[1]}; required: the lower bound first")
            elif self._body.get("unit") == "percent" and not all(0 <= n <= 100 for n in numbers):
                yield self._problem((operator,), "is no percentage; required: 0 to 100")

    def _library(self) -> Iterator[Problem]:
        metric = self._body.get("metric")
        if metric is None:
            yield self._problem(
                (), f"measures nothing; required: a `metric` ({', '.join(METRICS)}), or `type: sql` or `custom`"
            )
            return
        arguments = self._body.get("arguments") or {}
        for name in sorted(set(arguments) - set(METRICS[metric])):
            takes = ", ".join(METRICS[metric]) or "none"
            yield self._problem(
                ("arguments", name), f"is no argument of {metric} (it takes: {takes})", nearest(name, METRICS[metric])
            )
        on_column = {"nullValues", "missingValues", "invalidValues"}
        if metric in on_column and self._column is None:
            yield self._problem((), f"{metric} measures a column: write the rule on it")
        elif metric == "rowCount" and self._column is not None:
            yield self._problem((), "rowCount measures the table: write the rule on the table")
        elif metric == "rowCount" and self._body.get("unit") == "percent":
            yield self._problem(("unit",), "is percent; of what would a row count be a part?")
        elif metric == "duplicateValues" and self._column is None and not arguments.get("properties"):
            yield self._problem((), "duplicateValues of a table needs `arguments: {properties: […]}`")
        elif metric in {"missingValues", "invalidValues"} and not set(arguments) & set(METRICS[metric]):
            yield self._problem((), f"{metric} needs `arguments` with {' or '.join(METRICS[metric])}")
        yield from self._named(("arguments", "properties"), arguments.get("properties", ()))
        for name in ("validValues", "missingValues"):
            values = arguments.get(name, ["any"])
            if (
                not isinstance(values, list)
                or not values
                or any(v is None or isinstance(v, list | dict) for v in values)
            ):
                yield self._problem(("arguments", name), "is not a list of values")
        if "pattern" in arguments and not is_pattern(arguments["pattern"]):
            yield self._problem(("arguments", "pattern"), "is not a regular expression")

    def _sql(self) -> Iterator[Problem]:
        for message, meant in query_problems(self._body["query"], self._columns, self._relations, self._column):
            yield self._problem(("query",), message, meant)

    def _custom(self) -> Iterator[Problem]:
        engine, implementation = self._body["engine"], self._body["implementation"]
        if engine not in ENGINES:
            yield from one_of(self._document, (*self._at, "engine"), ENGINES)
        elif not isinstance(implementation, dict):
            yield self._problem(("implementation",), "is text; required: a mapping")
        elif engine == "greatExpectations":
            yield from self._expectation(implementation)
        else:
            yield from self._check(implementation)

    def _expectation(self, implementation: Mapping[str, Any]) -> Iterator[Problem]:
        at: Location = ("implementation",)
        wrong = schema_problems(self._document, EXPECTATION, (*self._at, *at))
        yield from wrong
        if wrong:
            return
        if not _GX_NAME.fullmatch(implementation["expectation"]):
            yield self._problem(
                (*at, "expectation"), "is no name of an expectation, such as ExpectColumnValuesToBeBetween"
            )
        kwargs = implementation.get("kwargs", {})
        for key in ("column", "column_A", "column_B", "column_list", "column_set"):
            yield from self._named((*at, "kwargs", key), kwargs.get(key, ()))
        if "unexpected_rows_query" in kwargs:
            for message, meant in query_problems(str(kwargs["unexpected_rows_query"]), self._columns, (), None):
                yield self._problem((*at, "kwargs", "unexpected_rows_query"), message, meant)

    def _check(self, implementation: Mapping[str, Any]) -> Iterator[Problem]:
        check = str(implementation.get("check"))
        if check not in CHECKS:
            yield self._problem(
                ("implementation",),
                f"has the check {check}; required: one of {', '.join(CHECKS)}",
                nearest(check, CHECKS),
            )
            return
        if check in OF_THE_TABLE and self._column is not None:
            yield self._problem((), f"{check} measures the table: write the rule on the table")
        elif check not in OF_THE_TABLE and self._column is None:
            yield self._problem((), f"{check} measures a column: write the rule on it")
        wrong = schema_problems(self._document, CHECKS[check], (*self._at, "implementation"))
        yield from wrong
        if wrong:
            return
        at: Location = ("implementation",)
        key = listed(implementation.get("quasiIdentifiers", ()))
        yield from self._named((*at, "quasiIdentifiers"), list(key))
        yield from self._named((*at, "sensitive"), implementation.get("sensitive", ()))
        if implementation.get("sensitive") in key:
            yield self._problem((*at, "sensitive"), "is one of the quasi-identifiers: it is known with them")
        if check == "reconciliation":
            yield from self._reconciled(at, implementation)

    def _reconciled(self, at: Location, implementation: Mapping[str, Any]) -> Iterator[Problem]:
        """Each side as the query that it becomes; the candidate's side reads the candidate only."""
        here, against = f"select {implementation['aggregate']} from {{object}}", implementation["against"]
        for message, meant in query_problems(here, self._columns, (), None):
            yield self._problem((*at, "aggregate"), message, meant)
        there = f"select ({here}), {against['aggregate']} from {against['relation']}"
        for message, meant in query_problems(there, self._columns, self._relations, None):
            yield self._problem((*at, "against"), message, meant)

    def _named(self, below: Location, columns: Any) -> Iterator[Problem]:
        """Columns that a rule names and the table does not have."""
        if not isinstance(columns, str | list):
            columns = [] if columns == () else [str(columns)]
        for name in listed(columns):
            if name not in self._columns:
                yield self._problem(
                    below, f"names the column {name}, which does not exist", nearest(name, self._columns)
                )
