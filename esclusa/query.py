"""SQL over one pinned release: DuckDB, sealed so that a query reads certified datasets and nothing else.

Belongs here: finding the datasets that a query names, and running it. Does not: checking them (`verification.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

from esclusa.errors import NotCertified, QueryRefused, nearest
from esclusa.forms import converted, demand_form

if TYPE_CHECKING:
    from esclusa.permission import Request
    from esclusa.reader import Release

# Errors about the text of a query are told. Any other of DuckDB's can quote a row: of those, only the class is told.
_ABOUT_TEXT = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException, duckdb.PermissionException)


def run(release: Release, query: str, as_: str, request: Request) -> Any:
    """The result of one SELECT.

    Args:
        release: pinned; every dataset that the query names is verified first.
        query: DuckDB's SQL.
        request: who asks, and what for.
        as_: `arrow`, `pandas`, `polars` or `duckdb` (a relation that keeps the sealed connection).

    Raises:
        QueryRefused: not one read-only SELECT, or DuckDB refuses it.
        EsclusaError: a dataset that it names is refused.
    """
    demand_form(as_)
    connection = duckdb.connect(":memory:")
    hidden = []
    words = _words(query)
    for dataset in datasets_in(release, query):
        with release.opened(dataset, request) as found:
            rows = found.sealed_only_if(words)
            connection.register(dataset, rows.source("sql"))
            hidden += [f"{dataset}.{name}" for name in found.hidden]
    for seal in (
        "SET python_enable_replacements = false",  # no variable of the calling program is a table
        "SET autoload_known_extensions = false",
        "SET autoinstall_known_extensions = false",
        "SET enable_external_access = false",
        "SET lock_configuration = true",
    ):
        connection.execute(seal)
    try:
        relation = connection.sql(query)
        return relation if as_ == "duckdb" else converted(relation.to_arrow_table(), as_)
    except duckdb.Error as error:
        told = str(error) if isinstance(error, _ABOUT_TEXT) else f"{type(error).__name__} while running it"
        denied = f" {request.role} may not read {', '.join(hidden)}." if hidden else ""
        raise QueryRefused(
            "DuckDB refuses the query.",
            observed=told,
            required="one SELECT over certified datasets, without files, extensions or settings",
            remedy=f'{_meant(told)}esclusa sql "DESCRIBE <dataset>" shows a dataset\'s columns.{denied}',
        ) from None


def _meant(told: str) -> str:
    """DuckDB's own guess at the column that was meant, before anything else that could be done."""
    found = re.search(r'Candidate bindings: "([^"]+)"', told)
    return f"Did you mean {found[1]}? " if found else ""


def datasets_in(release: Release, query: str) -> list[str]:
    """The datasets that a query names, from its syntax tree: DuckDB's `get_table_names` binds, and trips over USING.

    Args:
        release: whose datasets are known.
        query: DuckDB's SQL.

    Raises:
        QueryRefused: not one SELECT.
        NotCertified: it names a table that is no dataset.
    """
    tree = _tree(query)
    if tree["error"] or len(tree["statements"]) != 1:
        raise QueryRefused(
            "Only one read-only SELECT can be run.",
            observed=tree.get("error_message") or f"{len(tree['statements'])} statements",
            required="one SELECT (or FROM, DESCRIBE, SUMMARIZE) over certified datasets",
            remedy='For example: esclusa sql "select count(*) from <dataset>"',
        )
    tables, defined = set(), set()
    for node in _nodes(tree):
        if node.get("type") in ("BASE_TABLE", "SHOW_REF") and node.get("table_name"):
            tables.add(node["table_name"])
        for entry in node.get("cte_map", {}).get("map", ()):
            defined.add(entry["key"])
    datasets = {name.lower(): name for name in release.datasets}
    if unknown := sorted(name for name in tables - defined if name.lower() not in datasets):
        known = tuple(release.datasets)
        raise NotCertified(
            f"The query names {', '.join(unknown)}, which is not published in {release.repository}.",
            observed=f"published: {', '.join(known) or 'nothing'}",
            required="names of certified datasets",
            remedy=f"{nearest(unknown[0], known)} esclusa catalog lists what there is.".strip(),
        )
    return sorted({datasets[name.lower()] for name in tables if name.lower() in datasets})


def _words(query: str) -> frozenset[str] | None:
    """Names that a query says where a column may be meant, in lower case; None where it takes whole rows."""
    words: set[str] = set()
    single: set[str] = set()
    tables: set[str] = set()
    for node in _nodes(_tree(query)):
        if node.get("class") == "STAR" or node.get("ref_type") == "NATURAL":
            return None
        names = [str(name).lower() for name in (*node.get("column_names", ()), *node.get("using_columns", ()))]
        words.update(names)
        single.update(names if len(names) == 1 else ())
        if node.get("type") == "BASE_TABLE":
            tables |= {node["table_name"].lower(), node["alias"].lower()}
    return None if single & tables else frozenset(words)  # a table's name where a column stands is its whole row


def _tree(query: str) -> Any:
    row = _parser().cursor().execute("SELECT json_serialize_sql(?)", [query]).fetchone()
    assert row is not None
    return json.loads(row[0])


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """One connection of the process that only ever parses: opening one costs more than a small query."""
    return duckdb.connect(":memory:")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        tree = tree.values()
    elif not isinstance(tree, list):
        return
    for child in tree:
        yield from _nodes(child)
