"""Which rows to change, and into what, so that a condition comes true and as few other clauses as possible break.

Belongs here: the search over rows, as one query. Does not: which condition breaks which rule (`mutations.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from expectations.rules.expansion import Rule
from expectations.sql import is_number, quote
from tests.workbench import Clause, Workbench, is_time

FEW_ROWS = 60  # where one row breaks the rule, or several columns may change
VALUES_AT_MOST = 64  # of one column
VARIANTS_AT_MOST = 120_000  # rows that one search looks at, all together
COLUMNS_AT_MOST = 5
STRICT = 100  # breaking a clause that allows no such row costs as much as this many others


@dataclass(frozen=True)
class Changes:
    """Rows to put in place of others, ranked: the cheapest first.

    Args:
        table: where they stand.
        rows: how many there are.
        whole: how many of them break no other clause that allows no such row.
        broken: the clauses of that kind that the others break.
        columns: those that may have changed.
    """

    table: str
    rows: int
    whole: int
    broken: tuple[Clause, ...]
    columns: frozenset[str]

    def sql(self, rows: int) -> str:
        """The candidate with so many rows changed; `spare` says of each row that it was not."""
        taken = f"FROM {self.table} WHERE rank <= {rows}"
        return (
            f"SELECT * EXCLUDE (rid, rank, cost, broken), false AS spare {taken} "
            f"UNION ALL BY NAME SELECT *, true AS spare FROM candidate WHERE rowid NOT IN (SELECT rid {taken})"
        )


def search(bench: Workbench, rule: Rule, wanted: str, columns: Iterable[str], *, table: str, among: str) -> Changes:
    """Rows that do not meet a condition, with other values, so that they do; columns that follow from those follow.

    Args:
        rule: the one to break; its own definition of a column is not followed.
        wanted: condition over a row of `candidate`; `was` is the row before.
        columns: those that may change.
        table: where to put the changes.
        among: condition on the rows that may change.
    """
    varied = sorted(columns)
    one_breaks = any(clause.strict for clause in bench.clauses if clause.rule == rule.id)
    rows = FEW_ROWS if one_breaks or len(varied) > 1 else bench.rows
    size = min(VALUES_AT_MOST, round((VARIANTS_AT_MOST / rows) ** (1 / len(varied))))
    put = ", ".join(f"p{i}.v AS {quote(column)}" for i, column in enumerate(varied))
    pools = [f"(SELECT v FROM {bench.values(column)} WHERE place < {size})" for column in varied]
    pooled = ", ".join(f"{pool} AS p{i}" for i, pool in enumerate(pools))
    layer = alone = f"SELECT base.* REPLACE ({put}) FROM base, {pooled}"
    touched = list(varied)
    for definition in bench.definitions.values():
        if definition.column not in varied and definition.inputs.intersection(touched) and definition.rule != rule.id:
            layer = f"SELECT * REPLACE ({definition.sql} AS {quote(definition.column)}) FROM ({layer})"
            touched.append(definition.column)
    if len(touched) > len(varied):  # what follows may also stay behind
        layer = f"{layer} UNION ALL {alone}"
    return _chosen(bench, rule, wanted, layer, touched, among, rows, table)


def transplant(bench: Workbench, rule: Rule, wanted: str, kept: Iterable[str], *, table: str) -> Changes:
    """Rows that do not meet a condition, each with the values of a row that does; `kept` columns stay."""
    touched = sorted(bench.scope.types.keys() - set(kept))
    given = ", ".join(f"donor.{quote(column)} AS {quote(column)}" for column in touched)
    donors = f"SELECT *, row_number() OVER (ORDER BY hash(rowid)) AS place FROM candidate WHERE {wanted}"
    count = bench.value(f"SELECT count(*) FROM ({donors})")
    layer = (
        f"SELECT * EXCLUDE (place) FROM (SELECT base.* REPLACE ({given}) "
        "FROM (SELECT *, row_number() OVER (ORDER BY hash(rid)) AS place FROM base) AS base "
        f"JOIN ({donors}) AS donor ON donor.place = 1 + base.place % {max(1, count)})"
    )
    return _chosen(bench, rule, wanted, layer, touched, "true", bench.rows, table)


def _chosen(
    bench: Workbench, rule: Rule, wanted: str, layer: str, touched: list[str], among: str, rows: int, table: str
) -> Changes:
    """Of each row the cheapest variant: breaking little else, changing few columns, and those by little."""
    others = [c for c in bench.clauses if c.rule != rule.id and c.columns.intersection(touched)]
    broken = [f"coalesce(({c.condition})::INTEGER, 0)" for c in others]
    cost = " + ".join(["0", *(f"{STRICT if c.strict else 1} * {sql}" for c, sql in zip(others, broken, strict=True))])
    moved = " + ".join(f"(was.{quote(c)} IS DISTINCT FROM {quote(c)})::INTEGER" for c in touched)
    far = " + ".join(["0", *(_distance(bench, c) for c in touched)])
    unmet = "true" if "was." in wanted else f"NOT coalesce({wanted}, false)"
    bench.connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {table} AS
        WITH few AS (
            SELECT rowid AS rid, * FROM candidate WHERE {unmet} AND {among} ORDER BY hash(rowid) LIMIT {rows}
        ),
        base AS (SELECT candidate AS was, {bench.weight} AS weight, * FROM few AS candidate),
        costed AS (
            SELECT *, {cost} AS cost, {moved} AS moved, {far} AS far, [{", ".join(broken)}] AS broken
            FROM ({layer}) AS candidate WHERE {wanted}
            QUALIFY row_number() OVER (
                PARTITION BY rid ORDER BY cost, moved, far, hash({", ".join(map(quote, touched))})
            ) = 1
        )
        SELECT * EXCLUDE (was, weight, moved, far),
            row_number() OVER (ORDER BY cost, moved, far, weight, hash(rid)) AS rank
        FROM costed
        """
    )
    sums = ", ".join(f"coalesce(sum(broken[{i}]), 0)" for i in range(1, 1 + len(others)))
    ((found, whole, said),) = bench.connection.execute(
        f"SELECT count(*), count(*) FILTER (WHERE cost < {STRICT}), [{sums}] FROM {table}"
    ).fetchall()
    strictly = tuple(c for c, times in zip(others, said, strict=True) if times and c.strict)
    return Changes(table, found, whole, strictly, frozenset(touched))


def _distance(bench: Workbench, column: str) -> str:
    engine_type, name = bench.scope.types[column], quote(column)
    if is_number(engine_type):
        return f"coalesce(abs({name}::DOUBLE - was.{name}::DOUBLE), 0)"
    if is_time(engine_type):
        return f"coalesce(abs(epoch({name}) - epoch(was.{name})), 0)"
    return "0"
