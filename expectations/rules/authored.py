"""Rules of `type: sql`: one read-only query over the candidate and the relations that were declared, or a refusal.

Belongs here: parsing, refusing and binding an author's query at the gate, which trusts no linter. Does not: judging its
value (`kinds.py`), saying it all at once with line numbers (`loader/lint_query.py`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from expectations.rules.measures import Aggregate, Count, Measure, Query
from expectations.rules.rule import RuleError
from expectations.rules.scope import Scope
from expectations.sql import quote

CANDIDATE = "candidate"
PLACEHOLDER = re.compile(r"\$?\{(object|table|property|column)\}")
PLAIN = re.compile(r"[A-Za-z_]\w*")
# Parts of a SELECT that leave it a plain aggregate.
PLAIN_SELECT = frozenset({"expressions", "from_", "where", "kind"})
# What a query could do besides reading its relations: leave the engine, or read a clock that is not the dataset's.
OUTSIDE = frozenset(
    [
        "getenv",
        "getvariable",
        "current_setting",
        "nextval",
        "currval",
        "query",
        "query_table",
        "glob",
        "sniff_csv",
        "read_text",
        "read_blob",
        "read_csv",
        "read_csv_auto",
        "read_json",
        "read_json_auto",
        "read_ndjson",
        "read_parquet",
        "parquet_scan",
        "iceberg_scan",
        "delta_scan",
        "write_log",
    ]
)
CLOCKS = frozenset(
    [
        "now",
        "today",
        "current_date",
        "current_time",
        "current_timestamp",
        "current_datetime",
        "localtime",
        "localtimestamp",
        "get_current_time",
        "get_current_timestamp",
        "transaction_timestamp",
        "random",
        "rand",
        "uuid",
    ]
)


def parse(query: str, column: str | None, declared: Collection[str]) -> exp.Query:
    """Read an author's query; the candidate stands in it as the table `candidate`.

    Args:
        query: SQL with `{object}` for the candidate and `{property}` for the rule's column.
        column: that column, or None for a rule of the table.
        declared: names of the relations that may be read besides.

    Raises:
        RuleError: no single read-only query, or one that reads something else; says which.
    """
    if column is None and re.search(r"\{(property|column)\}", query):
        raise RuleError("uses {property}, but the rule stands on the table: write it on a column or name the column")
    sql = PLACEHOLDER.sub(lambda m: CANDIDATE if m[1] in {"object", "table"} else quote(column or ""), query)
    try:
        statements = sqlglot.parse(sql, read="duckdb")
    except (SqlglotError, RecursionError):
        raise RuleError("is not SQL") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise RuleError("is not one query: write a single SELECT")
    tree = statements[0]
    if len(tree.selects) != 1 or isinstance(tree.selects[0], exp.Star):
        raise RuleError("must select exactly one value")
    _refuse(tree, {name.lower() for name in declared} | {CANDIDATE})
    return tree


def _refuse(tree: exp.Query, readable: set[str]) -> None:
    local = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    if any(not PLAIN.fullmatch(name) or name in readable for name in local):
        raise RuleError("names a WITH query oddly or like a relation: take another name")
    for node in tree.walk():
        if isinstance(node, exp.DML | exp.DDL | exp.Command | exp.Into) and not isinstance(node, exp.Query):
            raise RuleError("does more than read")
        if isinstance(node, exp.Table) and _table_name(node) not in readable | local:
            declared = ", ".join(sorted(readable))
            raise RuleError(f"reads `{node.sql('duckdb')}`, which is not declared; declared are {declared}")
        if isinstance(node, exp.Func):
            name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
            if name in OUTSIDE:
                raise RuleError(f"calls `{name}`, which reads more than the declared relations")
            if name in CLOCKS:
                raise RuleError(f"calls `{name}`, so the same bytes could pass today and fail tomorrow")


def _table_name(node: exp.Table) -> str:
    """A table's name as written, lower case: `schema.table`; empty for a table function."""
    return ".".join(part.name for part in node.parts).lower() if isinstance(node.this, exp.Identifier) else ""


def bind(query: str, column: str | None, scope: Scope) -> Measure:
    """An author's query as a measure over the candidate: an aggregate that can share a scan, where it is one.

    Args:
        query, column: as in `parse`.
        scope: what `{object}` and the declared names stand for.

    Raises:
        RuleError: as `parse`.
    """
    tree = parse(query, column, scope.relations)
    if (aggregate := as_aggregate(tree, scope.types)) is not None:
        return aggregate
    sources = {CANDIDATE: scope.relation, **{name.lower(): sql for name, sql in scope.relations.items()}}
    for table in list(tree.find_all(exp.Table)):
        name = _table_name(table)
        if name in sources:
            source = sqlglot.parse_one(f"SELECT * FROM {sources[name]}", read="duckdb")
            assert isinstance(source, exp.Select)
            alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name, quoted=True))
            table.replace(exp.Subquery(this=source, alias=alias.copy(), joins=table.args.get("joins")))
    return Query(tree.sql("duckdb"))


def as_aggregate(tree: exp.Query, types: Mapping[str, str]) -> Aggregate | Count | None:
    """The same value as one aggregate over the candidate's rows; None where the query is more than that.

    Args:
        tree: from `parse`; not changed.
        types: the candidate's columns.
    """
    if not isinstance(tree, exp.Select) or any(tree.args[key] for key in tree.args.keys() - PLAIN_SELECT):
        return None
    nested = (exp.Subquery, exp.Select, exp.Window, exp.Join, exp.Lateral, exp.Unnest, exp.Anonymous, exp.Lambda)
    tables = list(tree.find_all(exp.Table))
    if len(tables) != 1 or _table_name(tables[0]) != CANDIDATE or any(n is not tree for n in tree.find_all(*nested)):
        return None
    (table,) = tables
    if any(table.args[key] for key in table.args.keys() - {"this", "alias"}):
        return None  # a sample, for one
    exact, names = {name.lower(): name for name in types}, {"", table.alias_or_name}
    if any(c.name.lower() not in exact or c.table not in names for c in tree.find_all(exp.Column)):
        return None  # a part of a struct, or no column at all: the engine will say
    value = tree.selects[0].unalias().transform(_unqualified)
    if any(column.find_ancestor(exp.AggFunc, exp.Filter) is None for column in value.find_all(exp.Column)):
        return None
    columns = tuple(sorted({exact[column.name.lower()] for column in tree.find_all(exp.Column)}))
    where = tree.args.get("where")
    if where is None:
        return Aggregate(value.sql("duckdb"), columns) if value.find(exp.AggFunc) else None
    if value.sql("duckdb").upper() != "COUNT(*)":
        return None
    return Count(where.this.transform(_unqualified).sql("duckdb"), columns)


def _unqualified(node: exp.Expression) -> exp.Expression:
    return exp.Column(this=node.this.copy()) if isinstance(node, exp.Column) else node
