"""Holdings: everything that this platform keeps which holds a subject, found by query and by a search for bytes.

Belongs here: looking, in the warehouse and in files. Does not: deleting (`steps.py`).
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from esclusa import EsclusaError
from esclusa.keyring import Keyring, parquet_format
from expectations.erasure.subject import Subject, held_back
from expectations.sql import is_number, quote
from expectations.sql import text as literal
from lineage.tracing.columns import GOLDEN, ColumnLineage, SourceColumn
from orchestration.platform import Platform
from orchestration.settings import Settings

QUARANTINE = "quarantine"
EVERY = "*"  # of a relation whose columns are known only when its query runs


@dataclass(frozen=True)
class Place:
    """A column that carries the subject's key.

    Args:
        schema: of the warehouse, or `golden`, or `quarantine`, whose column is the row as delivered.
        source: the source column, where the place is one of a source's table.
    """

    schema: str
    table: str
    column: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}.{self.column}"


def places_of(subject: Subject, lineage: ColumnLineage) -> tuple[Place, ...]:
    """Every column that carries the subject's key, by column lineage.

    Args:
        lineage: of the whole project.
    """
    found = set()
    for path in subject.columns:
        system, table, column = path.split(".")
        raw = f"{system}__{table}"
        found |= {Place("raw", raw, column, path), Place(QUARANTINE, raw, "_row", path)}
        found |= {Place(*carrier) for carrier in lineage.carriers(SourceColumn(system, table, column))}
    landed = {(p.schema, p.table, p.column) for p in found if p.source}
    return tuple(
        sorted((p for p in found if p.source or (p.schema, p.table, p.column) not in landed), key=lambda p: str(p))
    )


def golden_columns(places: Iterable[Place]) -> dict[str, tuple[str, ...]]:
    """Dataset → columns that carry the key."""
    found: dict[str, list[str]] = {}
    for place in places:
        if place.schema == GOLDEN:
            found.setdefault(place.table, []).append(place.column)
    return {dataset: tuple(sorted(columns)) for dataset, columns in found.items()}


def conditions(
    connection: duckdb.DuckDBPyConnection, platform: Platform, subject: Subject, places: Iterable[Place]
) -> dict[tuple[str, str], str]:
    """(schema, table) → SQL condition that a row is of the subject, of every relation of the warehouse that is there.

    Args:
        connection: on the warehouse.
        places: where to look.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for place in places:
        types = _types(connection, place.schema, place.table)
        if types and place.schema != GOLDEN:
            found.setdefault((place.schema, place.table), []).append(_condition(platform, subject, place, types))
    return {relation: " OR ".join(parts) for relation, parts in found.items()}


def count(connection: duckdb.DuckDBPyConnection, relation: tuple[str, str], condition: str) -> int:
    """Rows of a relation that meet a condition."""
    name = ".".join(map(quote, relation))
    row = connection.execute(f"SELECT count(*) FROM {name} WHERE {condition}").fetchone()
    assert row is not None
    return int(row[0])


def elsewhere(
    connection: duckdb.DuckDBPyConnection, subject: Subject, known: Collection[tuple[str, str, str]]
) -> dict[str, int]:
    """`<schema>.<table>.<column>` → rows with the same text in a column that lineage does not name: alone, as a word of
    a longer text, or anywhere in a list, a struct or a JSON.

    They may be chance (a product with the number of a customer), or a column that lineage does not see: a person looks.

    Args:
        known: (schema, table, column) of the places, column in lower case.
    """
    found: dict[str, int] = {}
    relations = connection.execute(
        "SELECT table_schema, table_name, map_from_entries(list((column_name, data_type))) "
        "FROM information_schema.columns WHERE table_catalog = current_database() GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    for schema, table, columns in relations:
        others = [c for c in columns if (schema, table, c.lower()) not in known and (schema, table, EVERY) not in known]
        if schema != "information_schema" and others:
            same = ", ".join(f"count_if({_shown(c, columns[c], subject)})" for c in others)
            counts = connection.execute(f"SELECT {same} FROM {quote(schema)}.{quote(table)}").fetchone() or ()
            found |= {f"{schema}.{table}.{c}": n for c, n in zip(others, counts, strict=True) if n}
    return found


def parts(settings: Settings, dataset: str) -> Iterator[Path]:
    """Every Parquet file of a dataset: pins, sealed pins, parts of every stored release."""
    yield from sorted((settings.workshop / "pins" / dataset).rglob("*.parquet"))
    yield from sorted((settings.golden / "targets" / dataset).glob("*.parquet"))


def rows_in(path: Path, columns: Collection[str], values: Collection[Subject], keyring: Keyring) -> int | None:
    """Rows of a Parquet file that hold the subject, or None where the file cannot be read to say so.

    Args:
        path: of the file; a column that it does not have holds nobody.
        columns: that carry the key; `*` for all.
        values: the subject as it may be published: its value, and what stands in its place.
        keyring: opens sealed columns.
    """
    try:
        file = ds.dataset([str(path)], format=parquet_format(keyring))
        wanted = [name for name in file.schema.names if EVERY in columns or name.lower() in columns]
        part = file.to_table(columns=wanted)
    except (OSError, ValueError, pa.ArrowException, EsclusaError):
        return None
    if not wanted:
        return 0
    with duckdb.connect() as connection:
        connection.register("part", part)
        types = connection.execute("SELECT column_name, column_type FROM (DESCRIBE part)").fetchall()
        met = " OR ".join(_carried(name, kind, value) for name, kind in types for value in values)
        row = connection.execute(f"SELECT count(*) FROM part WHERE {met}").fetchone()
    assert row is not None
    return int(row[0])


def in_statistics(path: Path, columns: Collection[str], values: Collection[Subject]) -> bool:
    """Whether the lowest or highest value that a Parquet file tells of a row group is the subject's.

    Args:
        path, columns, values: as for `rows_in`. A sealed column tells none.
    """
    # DuckDB, because Arrow's own reader dies of the metadata of a column that it has no key for.
    with duckdb.connect() as connection:
        told = connection.execute(
            "SELECT lower(path_in_schema), stats_min_value, stats_max_value FROM parquet_metadata(?)", [str(path)]
        ).fetchall()
    shown = {value.value for value in values}
    return any(shown & {low, high} for column, low, high in told if EVERY in columns or column in columns)


def search(root: Path, value: str, left_out: Collection[Path]) -> tuple[int, dict[str, int]]:
    """(files searched, file → how often the value stands in its bytes as a word of its own).

    It proves nothing alone: what is packed or encrypted does not show, and a short number is met by chance.

    Args:
        root: searched with everything below it.
        value: the subject's.
        left_out: directories that are not searched.
    """
    word = re.compile(rb"(?<![0-9A-Za-z_.-])" + re.escape(value.encode()) + rb"(?![0-9A-Za-z_.-])")
    searched = 0
    found: dict[str, int] = {}
    for path in sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink()):
        if any(path.is_relative_to(directory) for directory in left_out):
            continue
        searched += 1
        with suppress(FileNotFoundError), path.open("rb") as stream:  # another step's own, and gone meanwhile
            if size := os.fstat(stream.fileno()).st_size:
                with mmap.mmap(stream.fileno(), size, access=mmap.ACCESS_READ) as content:
                    hits = sum(1 for _ in word.finditer(content))
                if hits:
                    found[str(path.relative_to(root))] = hits
    return searched, found


def _types(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> Mapping[str, str]:
    rows = connection.execute(
        "SELECT lower(column_name), data_type FROM information_schema.columns "
        "WHERE table_catalog = current_database() AND table_schema = ? AND table_name = ?",
        [schema, table],
    ).fetchall()
    return dict(rows)


def _condition(platform: Platform, subject: Subject, place: Place, types: Mapping[str, str]) -> str:
    if place.source:
        system, table, name = place.source.split(".")
        column = platform.promises.sources[system].table(table).column(name)
        if place.schema == QUARANTINE:
            return held_back(column, subject.value, quote(place.column))
        return f"coalesce(CAST({quote(place.column)} AS VARCHAR) = {literal(subject.value)}, false)"
    columns = types if place.column == EVERY else {place.column: types.get(place.column, "")}
    return " OR ".join(_carried(name, kind, subject) for name, kind in columns.items() if kind) or "false"


def _carried(name: str, kind: str, subject: Subject) -> str:
    if is_number(kind):
        return f"coalesce({quote(name)} = TRY_CAST({literal(subject.value)} AS {kind}), false)"
    return f"coalesce(regexp_matches(CAST({quote(name)} AS VARCHAR), {literal(subject.pattern)}), false)"


def _shown(name: str, kind: str, subject: Subject) -> str:
    """A number and a time are asked whole: among the digits of a time of day, every short number is found."""
    whole = f"CAST({quote(name)} AS VARCHAR) = {literal(subject.value)}"
    is_longer = kind in {"VARCHAR", "JSON"} or kind.startswith(("STRUCT", "MAP", "UNION")) or kind.endswith("]")
    return _carried(name, kind, subject) if is_longer else whole
