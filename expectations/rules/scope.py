"""Scope: the relation that rules are measured on, and what stands around it.

Belongs here: describing the candidate once, in UTC. Does not: asking it anything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from expectations.contract import Contract
from expectations.sql import text

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True)
class Scope:
    """What rules are measured on.

    Args:
        relation: SQL usable after FROM.
        types: engine type of each of its columns.
        relations: name → SQL of the declared upstream tables and other datasets.
        clock_at: the dataset's clock, timezone-aware UTC.
        reference: rule id → statistics in the last certificate.
        key: the primary key, by which a pinned candidate is sorted.
        files: SQL of each file where the relation is a list of Parquet files: DuckDB answers from the statistics of
            one file, but not of several.
    """

    relation: str
    types: Mapping[str, str]
    relations: Mapping[str, str] = field(default_factory=dict)
    clock_at: datetime = EPOCH
    reference: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@contextmanager
def scoped(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    contract: Contract,
    clock_at: datetime = EPOCH,
    relations: Mapping[str, str] | None = None,
    reference: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[Scope]:
    """The scope of a contract on a relation. Inside, dates and times without zone are UTC, whatever the machine thinks.

    Raises:
        duckdb.Error: the relation cannot be read.
    """
    (zone,) = connection.execute("SELECT current_setting('TimeZone')").fetchone() or ("UTC",)
    connection.execute("SET TimeZone = 'UTC'")
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        types = {str(name): str(engine_type) for name, engine_type, *_ in described}
        own = {contract.name: relation}  # a dataset may refer to itself by name
        others = {**own, **(relations or {})}
        yield Scope(relation, types, others, clock_at, reference or {}, contract.table.key, files(relation))
    finally:
        connection.execute(f"SET TimeZone = '{zone}'")


def files(relation: str) -> tuple[str, ...]:
    """SQL of each file of `read_parquet([…])`; nothing for any other relation.

    Args:
        relation: SQL usable after FROM.
    """
    try:
        source = sqlglot.parse_one(f"SELECT * FROM {relation}", read="duckdb").find(exp.Table)
    except SqlglotError:
        return ()
    call = source.this if source else None
    if not isinstance(call, exp.ReadParquet) or len(call.expressions) != 1:
        return ()
    (paths,) = call.expressions
    literals = paths.expressions if isinstance(paths, exp.Array) else []
    if not all(isinstance(path, exp.Literal) and path.is_string for path in literals):
        return ()
    return tuple(f"read_parquet({text(path.name)})" for path in literals)
