"""A candidate on the bench, and what its contract says of its rows.

Belongs here: clauses on rows, columns that follow from others, values worth a try. Does not: changing rows
(`changed_rows.py`), which change breaks which rule (`mutations.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any

import duckdb
from sqlglot import exp, parse_one

from expectations.contract import Contract
from expectations.rules import reconciliation
from expectations.rules.authored import CANDIDATE, parse
from expectations.rules.expansion import Rule
from expectations.rules.kinds import kind_of
from expectations.rules.measures import Count, Duplicates, Orphans
from expectations.rules.scope import Scope
from expectations.sql import is_number, literal, quote, text

AGES = frozenset({"freshness", "retention"})
ROW_KINDS = frozenset(
    {"nullValues", "missingValues", "invalidValues", "references", "duplicateValues", "primaryKey", "sql"}
)
QUERIES = frozenset({"sql", "reconciliation"})
COUNTING = frozenset({"rowCount", "reconciliation", "k_anonymity", "l_diversity", "representation"})
ROWS = "*"  # stands among the columns that a rule reads


@dataclass(frozen=True)
class Clause:
    """A rule that single rows speak for or against.

    Args:
        condition: over a row called `candidate`, which was `was`: it counts against the rule.
        strict: one such row breaks the rule.
    """

    rule: str
    condition: str
    columns: frozenset[str]
    strict: bool


@dataclass(frozen=True)
class Definition:
    """A column that follows from others, because rows in which `column <> sql` break a rule."""

    column: str
    sql: str
    inputs: frozenset[str]
    rule: str


class Workbench:
    """One candidate as the table `candidate` of a database of its own.

    Args:
        connection: to that database.
        contract, rules: what the candidate promises.
        scope: the table's types, the relations around it, the dataset's clock.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, contract: Contract, rules: Sequence[Rule], scope: Scope):
        self.connection, self.contract, self.rules, self.scope = connection, contract, rules, scope
        self._listed: set[str] = set()

    def value(self, sql: str) -> Any:
        """The first value of a query."""
        row = self.connection.execute(sql).fetchone()
        assert row is not None
        return row[0]

    @cached_property
    def rows(self) -> int:
        """Rows of the candidate."""
        return int(self.value("SELECT count(*) FROM candidate"))

    @cached_property
    def clauses(self) -> tuple[Clause, ...]:
        """Every rule that can be judged row by row."""
        found = []
        for rule in (r for r in self.rules if r.kind in ROW_KINDS):
            for measure in kind_of(rule).measures(rule, self.scope).values():
                if isinstance(measure, Count):
                    found.append(Clause(rule.id, measure.condition, frozenset(measure.columns), rule.bound == 0))
                elif isinstance(measure, Orphans):
                    found.append(Clause(rule.id, measure.condition, frozenset([measure.column]), rule.bound == 0))
                elif isinstance(measure, Duplicates):
                    found.append(Clause(rule.id, _taken(measure.columns), frozenset(measure.columns), rule.bound == 0))
        return tuple(found)

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """Columns that follow from others, each after those that it follows from."""
        found: dict[str, Definition] = {}
        for clause in (c for c in self.clauses if c.strict):
            for term in _alternatives(parse_one(clause.condition, read="duckdb")):
                if isinstance(term, exp.NEQ | exp.NullSafeNEQ) and isinstance(term.this, exp.Column):
                    column, inputs = term.this.name, frozenset(columns_in(term.expression))
                    if inputs and column not in inputs:
                        sql = f"({term.expression.sql('duckdb')})::{self.scope.types[column]}"
                        found.setdefault(column, Definition(column, sql, inputs, clause.rule))
        order = TopologicalSorter({column: found[column].inputs & found.keys() for column in found}).static_order()
        return {column: found[column] for column in order}

    def inputs(self, columns: Iterable[str], rule: Rule) -> frozenset[str]:
        """What these columns follow from, in the end; those that follow from none stay.

        Args:
            rule: the one to break: what it defines does not follow.
        """
        found = frozenset(columns)
        for definition in reversed(self.definitions.values()):
            if definition.column in found and definition.rule != rule.id:
                found = found - {definition.column} | definition.inputs
        return found

    @cached_property
    def queries(self) -> dict[str, exp.Query]:
        """Rule id → query, of the rules that have one."""
        return {rule.id: self.query(rule) for rule in self.rules if rule.kind in QUERIES}

    def query(self, rule: Rule) -> exp.Query:
        """What a rule of `type: sql` asks, or a reconciliation of the candidate, which is called `candidate`."""
        if rule.kind == "reconciliation":
            return parse(reconciliation.query(rule.arguments), None, ())
        return parse(rule.arguments["query"], rule.column, self.scope.relations)

    def counted_by(self, rule: Rule) -> dict[str, tuple[str, ...]]:
        """Conditions on the candidate's rows that a query counts by → their columns; the rule's own column first."""
        found: dict[str, tuple[str, ...]] = {}
        own = {CANDIDATE, self.contract.name}
        for node in self.query(rule).find_all(exp.Where):
            select = node.find_ancestor(exp.Select)
            assert select is not None
            read = [table.name for table in select.args["from_"].find_all(exp.Table)]
            is_plain = not select.args.get("joins") and node.find(exp.AggFunc, exp.Select, exp.Window) is None
            columns = columns_in(node)
            if is_plain and own.issuperset(read) and columns <= self.scope.types.keys():
                condition = node.this.transform(lambda n: exp.column(n.name) if isinstance(n, exp.Column) else n)
                found[condition.sql("duckdb")] = tuple(sorted(columns, key=lambda c: (c != rule.column, c)))
        return dict(sorted(found.items(), key=lambda item: rule.column not in item[1]))

    @cached_property
    def weight(self) -> str:
        """How many queries count a row: SQL over the row."""
        counted = {sql for rule in self.rules if rule.kind in QUERIES for sql in self.counted_by(rule)}
        return " + ".join(["0", *(f"coalesce(({sql})::INTEGER, 0)" for sql in sorted(counted))])

    def reads(self, rule: Rule) -> frozenset[str]:
        """Columns that a rule speaks of, with those that they follow from; `ROWS` where it says how many there are."""
        named, counts = _speaks_of(rule), rule.kind in COUNTING
        if rule.kind in QUERIES:
            tree = self.query(rule)
            named |= columns_in(tree)
            # … where it reconciles with another, or tells values apart
            others = any(table.name != CANDIDATE for table in tree.find_all(exp.Table))
            counts = counts or others or tree.find(exp.Distinct) is not None
        columns = named & self.scope.types.keys()
        return self.inputs(columns, rule) | columns | ({ROWS} if counts else set())

    @cached_property
    def summed(self) -> list[str]:
        """Columns of numbers that a query sums up."""
        columns = {c for tree in self.queries.values() for total in tree.find_all(exp.Sum) for c in columns_in(total)}
        return sorted(c for c in columns & self.scope.types.keys() if is_number(self.scope.types[c]))

    @cached_property
    def told_apart(self) -> list[str]:
        """Columns of which a query counts the values."""
        distinct = [node for tree in self.queries.values() for node in tree.find_all(exp.Distinct)]
        # `count(distinct c)` holds what is told apart; in `select distinct c` the query around it does.
        columns = {c for node in distinct for c in columns_in(node if node.expressions else node.parent_select or node)}
        return sorted(columns & self.scope.types.keys())

    def limit(self, rule: Rule) -> str:
        """The oldest time that a promise on age allows, on the dataset's clock."""
        now = literal(self.scope.clock_at, "TIMESTAMP")
        return str(self.value(f"SELECT {now} - INTERVAL ({rule.bound}) {rule.unit}"))

    def values(self, column: str) -> str:
        """A table (v, place) of values that a column may take: nothing, what rules name and what lies beside that, what
        rows hold and what they never would; in turn, so that the first few are of every sort."""
        engine_type, name, table = self.scope.types[column], quote(column), quote(f"values_of_{column}")
        if column in self._listed:
            return table
        self._listed.add(column)
        named = ", ".join(map(text, self._named(column)))
        sources = [f"SELECT try_cast(unnest([{named}]) AS {engine_type}) AS v"]
        held = f"SELECT DISTINCT {name} AS v FROM candidate"
        held = f"SELECT v FROM ({held}) ORDER BY row_number() OVER (ORDER BY v) % 7, v"
        if is_number(engine_type) or is_time(engine_type):
            step, far = ("1", "1000") if is_number(engine_type) else ("INTERVAL 1 DAY", "INTERVAL 1000 DAY")
            sources.append(f"SELECT unnest([v - {step}, v + {step}]) AS v FROM ({sources[0]})")
            sources.append(f"SELECT unnest([min({name}) - {far}, max({name}) + {far}]) AS v FROM candidate")
        elif engine_type == "VARCHAR":
            sources.append(f"SELECT reverse(v) AS v FROM ({held})")
        cast = (f"SELECT v::{engine_type} AS v, {i} AS source FROM ({sql})" for i, sql in enumerate([*sources, held]))
        there = f"SELECT * FROM ({' UNION ALL '.join(cast)}) WHERE v IS NOT NULL"
        ranked = f"SELECT *, row_number() OVER (PARTITION BY source) AS rank FROM ({there})"
        placed = f"SELECT v, row_number() OVER (ORDER BY min(rank), min(source)) AS place FROM ({ranked}) GROUP BY v"
        self.connection.execute(
            f"CREATE TEMP TABLE {table} AS SELECT NULL::{engine_type} AS v, 0 AS place UNION ALL {placed}"
        )
        return table

    def _named(self, column: str) -> list[str]:
        """Every value that a rule names for this column or for one that it is compared with, as text."""
        queries = [tree for tree in self.queries.values() if column in columns_in(tree)]
        related = {column}.union(*map(columns_in, queries))
        found = ["~", *(str(node.this) for tree in queries for node in tree.find_all(exp.Literal))]
        for name in sorted(related, key=lambda c: (c != column, c)):
            for rule in (r for r in self.rules if r.kind not in QUERIES and name in _speaks_of(r)):
                found += [str(value) for value in scalars(rule.arguments)]
                if rule.kind in AGES:
                    found.append(self.limit(rule))
        return list(dict.fromkeys(found))


def _taken(key: Sequence[str]) -> str:
    """Condition that a row has taken the key of a row that was there before."""
    names = ", ".join(map(quote, key))
    changed = " OR ".join(f"{quote(c)} IS DISTINCT FROM was.{quote(c)}" for c in key)
    return f"({changed}) AND ({names}) IN (SELECT {names} FROM main.candidate)"


def columns_in(tree: exp.Expr) -> set[str]:
    """Names of the columns that a query reads."""
    return {column.name for column in tree.find_all(exp.Column)}


def _speaks_of(rule: Rule) -> set[str]:
    """Columns of a rule; an expectation names them among its arguments, beside other words."""
    named = scalars(rule.arguments) if rule.kind == "expectation" else ()
    return {*rule.columns, *(word for word in named if isinstance(word, str))}


def scalars(document: Any) -> Iterator[Any]:
    """Every single value in a document."""
    if isinstance(document, Mapping):
        for value in document.values():
            yield from scalars(value)
    elif isinstance(document, list | tuple):
        for value in document:
            yield from scalars(value)
    else:
        yield document


def is_time(engine_type: str) -> bool:
    """Whether an engine type holds dates or times."""
    return engine_type == "DATE" or engine_type.startswith("TIMESTAMP")


def _alternatives(condition: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(condition, exp.Or | exp.Paren):
        for part in condition.iter_expressions():
            yield from _alternatives(part)
    else:
        yield condition
