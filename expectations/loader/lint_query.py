"""The query of a `sql` rule: one read-only SELECT over the candidate and declared tables, or refused.

Belongs here: parsing and what a parsed query may contain. Does not: running it (`audit/auditing.py`).
"""

from __future__ import annotations

import re
from collections.abc import Collection

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from expectations.loader.problem import nearest

_STANDS_FOR = {
    "object": "candidate_of_this_contract",
    "batch": "candidate_of_this_contract",
    "property": "column_of_this_rule",
}
_PLACEHOLDER = re.compile(r"\{(\w*)\}")


def query_problems(
    query: str, columns: Collection[str], relations: Collection[str], column: str | None
) -> list[tuple[str, str | None]]:
    """What is wrong with a query, each with the name that was probably meant.

    Args:
        query: as written, with `{object}` for the candidate and `{property}` for the column of the rule.
        columns: the candidate's columns.
        relations: tables besides the candidate that may be read, as declared.
        column: the column that the rule stands on, None for a rule of the table.
    """
    known = {"object", "batch"} | ({"property"} if column else set())
    unknown = sorted(set(_PLACEHOLDER.findall(query)) - known)
    if unknown:
        return [(f"the placeholder {{{name}}} stands for nothing here", nearest(name, known)) for name in unknown]
    text = _PLACEHOLDER.sub(lambda m: _STANDS_FOR[m[1]], query)
    try:
        statements = sqlglot.parse(text, dialect="duckdb")
    except (SqlglotError, RecursionError) as error:
        return [(f"is not SQL ({type(error).__name__})", None)]
    if len(statements) != 1 or not isinstance(statements[0], exp.Query) or isinstance(statements[0], exp.Values):
        return [("must be one SELECT and nothing else: a rule reads, it never writes", None)]
    return _reads(statements[0], relations) or _names(statements[0], columns, relations)


def _reads(statement: exp.Query, relations: Collection[str]) -> list[tuple[str, str | None]]:
    """Tables, files and functions that the query may not touch."""
    found: list[tuple[str, str | None]] = []
    if statement.find(exp.Into, exp.DML, exp.DDL, exp.Command, exp.Placeholder):
        found.append(("must only read: no INTO, no parameter, no statement inside", None))
    ours = {_STANDS_FOR["object"], *(cte.alias.lower() for cte in statement.find_all(exp.CTE))}
    for table in statement.find_all(exp.Table):
        name = ".".join(part.name for part in table.parts) if isinstance(table.this, exp.Identifier) else ""
        if not name:
            found.append(("reads from a table function; only {object} and declared relations may be read", None))
        elif name.lower() not in ours and name not in relations:
            declared = ", ".join(sorted(relations)) or "none"
            found.append(
                (
                    f"reads {name}, which the contract does not declare in `relations` (declared: {declared})",
                    nearest(name, relations),
                )
            )
    if not any(table.name == _STANDS_FOR["object"] for table in statement.find_all(exp.Table)):
        found.append(("does not read {object}, so it says nothing about this dataset", None))
    return found


def _names(statement: exp.Query, columns: Collection[str], relations: Collection[str]) -> list[tuple[str, str | None]]:
    """Columns that do not exist; judged only where every table's columns are known."""
    if any(".".join(p.name for p in t.parts) in relations for t in statement.find_all(exp.Table)):
        return []
    known = {name.lower() for name in columns} | {_STANDS_FOR["property"], _STANDS_FOR["object"]}
    known |= {alias.alias.lower() for alias in statement.find_all(exp.Alias, exp.TableAlias, exp.CTE)}
    known |= {name.name.lower() for alias in statement.find_all(exp.TableAlias) for name in alias.columns}
    written = sorted(
        {column.name for column in statement.find_all(exp.Column) if not isinstance(column.this, exp.Star)}
    )
    return [
        (f"reads the column {name}, which does not exist", nearest(name, columns))
        for name in written
        if name.lower() not in known
    ]
