"""Measures: the numbers that rules are judged on, each with one exact query that always answers it.

Belongs here: the forms of a measure. Does not: which rule asks for which (`kinds.py`), how a condition is written
(`conditions.py`), cheaper ways to the same number (`audit/plan.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from expectations.sql import quote


@dataclass(frozen=True)
class Aggregate:
    """One value of one aggregate expression.

    Args:
        sql: the expression.
        columns: what it reads.
        cheap: the same value from statistics, or NULL where they do not settle it: an expression over `c0.all_rows`,
            `c0.with_value`, `c0.lowest` and `c0.highest` of the first column, `c1.…` of the second, and so on.
    """

    sql: str
    columns: tuple[str, ...]
    cheap: str | None = None

    def naive(self, relation: str) -> str:
        """The query that answers this measure alone."""
        return f"SELECT {self.sql} FROM {relation}"


@dataclass(frozen=True)
class Count:
    """How many rows meet a condition.

    Args:
        condition: a boolean expression; NULL counts as not met.
        columns, cheap: as in `Aggregate`. A condition on one column may be judged on that column's groups.
    """

    condition: str
    columns: tuple[str, ...]
    cheap: str | None = None

    @property
    def sql(self) -> str:
        """The aggregate."""
        return f"count(*) FILTER (WHERE {self.condition})"

    def naive(self, relation: str) -> str:
        """The query that answers this measure alone."""
        return f"SELECT {self.sql} FROM {relation}"


@dataclass(frozen=True)
class Histogram:
    """How many values lie in each bin (−∞, e1], (e1, e2] … up to the last edge: a list of counts.

    Args:
        column: a column of numbers.
        edges: ascending.
        present: condition that there is a value.
    """

    column: str
    edges: tuple[float, ...]
    present: str

    @property
    def columns(self) -> tuple[str, ...]:
        """What it reads."""
        return (self.column,)

    @property
    def sql(self) -> str:
        """The aggregate: `histogram` is three times as fast as a filtered count per bin."""
        edges = f"[{', '.join(map(repr, self.edges))}]::DOUBLE[]"
        bins = f"histogram(CAST({quote(self.column)} AS DOUBLE), {edges}) FILTER (WHERE {self.present})"
        return f"[{', '.join(f'coalesce({bins}[{edge!r}], 0)' for edge in self.edges)}]"

    @property
    def bins(self) -> tuple[str, ...]:
        """The condition of each bin."""
        name = f"CAST({quote(self.column)} AS DOUBLE)"
        above = ("true", *(f"{name} > {edge!r}::DOUBLE" for edge in self.edges))
        return tuple(
            f"{self.present} AND {low} AND {name} <= {edge!r}::DOUBLE"
            for low, edge in zip(above, self.edges, strict=False)
        )

    def naive(self, relation: str) -> str:
        """The query that answers this measure alone."""
        return f"SELECT {self.sql} FROM {relation}"


@dataclass(frozen=True)
class Duplicates:
    """How many rows repeat the key of another row, beyond the first of each. Rows with a missing part are no keys.

    Args:
        columns: the key's.
        present: condition that no part is missing.
    """

    columns: tuple[str, ...]
    present: str

    def naive(self, relation: str) -> str:
        """The query that answers this measure alone; compares with the count of keys, not of rows."""
        key = quote(self.columns[0]) if len(self.columns) == 1 else f"row({', '.join(map(quote, self.columns))})"
        return f"SELECT count(*) - count(DISTINCT {key}) FROM {relation} WHERE {self.present}"


@dataclass(frozen=True)
class Orphans:
    """How many rows refer to a key that its parent does not have. NULL refers to nothing.

    Args:
        column: the referring column.
        parent, key: SQL of the parent relation, and its key column.
    """

    column: str
    parent: str
    key: str

    @property
    def condition(self) -> str:
        """The condition on a row of the relation called `candidate`."""
        name = f"candidate.{quote(self.column)}"
        match = f"SELECT 1 FROM (SELECT * FROM {self.parent}) AS parent WHERE parent.{quote(self.key)} = {name}"
        return f"{name} IS NOT NULL AND NOT EXISTS ({match})"

    def naive(self, relation: str) -> str:
        """The query that answers this measure alone: an anti join."""
        return f"SELECT count(*) FROM (SELECT * FROM {relation}) AS candidate WHERE {self.condition}"


@dataclass(frozen=True)
class Groups:
    """One value over the groups of rows that have the same key. Missing is a value of a key like any other.

    Args:
        columns: the key's.
        each: aggregate over the rows of one group.
        whole: aggregate over all groups, of `{each}` and of `rows_of_group`.
        among: condition on the rows that count.
    """

    columns: tuple[str, ...]
    each: str
    whole: str
    among: str = "true"

    def naive(self, relation: str) -> str:
        """The query that answers this measure alone."""
        return by_groups([self], relation)


def by_groups(measures: Sequence[Groups], relation: str) -> str:
    """One query for measures over the same groups of the same rows."""
    each = {sql: f"value_{i}" for i, sql in enumerate(dict.fromkeys(m.each for m in measures))}
    values = ", ".join(m.whole.format(each=each[m.each]) for m in measures)
    inner = ", ".join(f"{sql} AS {name}" for sql, name in each.items())
    key, among = ", ".join(map(quote, measures[0].columns)), measures[0].among
    groups = f"SELECT {inner}, count(*) AS rows_of_group FROM {relation} WHERE {among} GROUP BY {key}"
    return f"SELECT {values} FROM ({groups})"


@dataclass(frozen=True)
class Query:
    """One value of a query of its own: a rule of `type: sql`."""

    sql: str

    def naive(self, relation: str) -> str:
        """The query that answers this measure alone."""
        return self.sql


Measure = Aggregate | Count | Histogram | Duplicates | Orphans | Groups | Query
ROWS = Aggregate("count(*)", (), cheap="c0.all_rows")
