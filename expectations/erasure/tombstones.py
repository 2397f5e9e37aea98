"""Tombstones: who was erased, kept so that they are known again when they are delivered again, and by nothing else.

Belongs here: the keyed digest, and finding erased values among others. Does not: the files (orchestration), deleting.
Source: HMAC-SHA256 (RFC 2104).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import duckdb
import polars as pl

from expectations.contract import Contract, Table
from expectations.retention import erasure_keys
from expectations.sql import quote


@dataclass(frozen=True)
class Tombstone:
    """One erased value of one column.

    Args:
        column: `<system>.<table>.<column>` of a source.
        digest: HMAC-SHA256 (hex) of column and value.
        request: id of the erasure.
        since: when it was set, UTC.
    """

    column: str
    digest: str
    request: str
    since: datetime


class Tombstones:
    """Every tombstone, and the key without which none says anything.

    Args:
        stones: in any order.
        key: at least 32 random bytes; may be empty where there are no stones.
    """

    def __init__(self, stones: Iterable[Tombstone] = (), key: bytes = b"") -> None:
        self.stones = tuple(stones)
        self._key = key

    def digest(self, column: str, value: str) -> str:
        """The keyed digest of a value.

        Args:
            column: `<system>.<table>.<column>`.
            value: as text, as the warehouse casts it.
        """
        return hmac.new(self._key, f"{column}\0{value}".encode(), sha256).hexdigest()

    def erased(self, column: str, values: Iterable[str]) -> set[str]:
        """Those of some values that were erased.

        Args:
            column: the source column that they come from.
            values: distinct texts.
        """
        digests = {stone.digest for stone in self.stones if stone.column == column}
        return {value for value in values if self.digest(column, value) in digests} if digests else set()

    def columns(self, prefix: str = "") -> tuple[str, ...]:
        """Source columns in which somebody was erased.

        Args:
            prefix: only those that begin so, such as `<system>.<table>.`.
        """
        return tuple(sorted({stone.column for stone in self.stones if stone.column.startswith(prefix)}))

    def mask(self, system: str, table: Table, frame: pl.DataFrame, delivered: str) -> pl.Series:
        """Which rows of a delivery are of somebody who was erased.

        Args:
            system, table: where they are delivered.
            frame: typed columns.
            delivered: name of the struct of texts as delivered; it speaks where a text is not of the column's type.
        """
        found = pl.repeat(False, frame.height, eager=True)
        prefix = f"{system}.{table.name}."
        for path in self.columns(prefix):
            column = table.column(path.removeprefix(prefix))
            written = pl.col(delivered).struct.field(column.physical_name)
            texts = frame.select(pl.coalesce(pl.col(column.name).cast(pl.String), written)).to_series()
            found |= texts.is_in(list(self.erased(path, texts.drop_nulls().unique().to_list()))).fill_null(False)
        return found


def erased_in(
    connection: duckdb.DuckDBPyConnection, relation: str, contract: Contract, tombstones: Tombstones
) -> dict[str, int]:
    """Column → how many of its values are of somebody who was erased; empty where nobody is.

    Args:
        connection, relation: what to look at; `relation` is usable after FROM.
        contract: tells which columns hold keys of subjects: its own erasure keys, and what comes from a source's key.
    """
    found = {}
    for column in contract.table.columns:
        # A key of the dataset's own may come from any of its sources.
        systems = {use.system for use in contract.sources} if column.name in erasure_keys(contract) else set()
        asked = [p for p in tombstones.columns() if p in column.sources or p.partition(".")[0] in systems]
        if asked:
            name = quote(column.name)
            rows = connection.execute(f"SELECT DISTINCT CAST({name} AS VARCHAR) FROM {relation}").fetchall()
            values = [value for (value,) in rows if value is not None]
            if known := set().union(*(tombstones.erased(path, values) for path in asked)):
                found[column.name] = len(known)
    return found
