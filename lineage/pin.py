"""The pin: a candidate written once, in a stable order, to bytes that are named by their digest.

Belongs here: making the exact bytes that are audited and published. Does not: judging them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from expectations.contract import Contract
from expectations.privacy import Protection, Unprotectable, bound, protected
from expectations.sql import quote
from lineage.errors import PinRefused
from lineage.files import digest_file

ROW_GROUP = 122_880  # DuckDB's own: its scans then skip and parallelise as on its tables
ROWS_PER_PART = 16 * ROW_GROUP


@dataclass(frozen=True)
class Part:
    """One file of a pin.

    Args:
        name: `part-00000.parquet` …
        sha256: lower-case hex.
        size: bytes.
    """

    name: str
    path: Path
    sha256: str
    size: int
    rows: int


@dataclass(frozen=True)
class Pin:
    """A candidate as files that no longer change.

    Args:
        digest: SHA-256 (hex) over the canonical JSON of [[name, sha256, size], …].
        columns: names, in the contract's order.
    """

    dataset: str
    digest: str
    parts: tuple[Part, ...]
    rows: int
    columns: tuple[str, ...]


def pin(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    contract: Contract,
    directory: Path,
    *,
    secrets: Mapping[str, bytes] = MappingProxyType({}),
    rows_per_part: int = ROWS_PER_PART,
) -> Pin:
    """Write a candidate as Parquet (zstd); the same rows give the same bytes, whatever order they came in.

    Columns that the contract protects are written protected: what they hold in the candidate is nowhere in the pin.
    Rows are then sorted by the primary key, then by all columns, nulls last. Times with a zone are written as UTC.
    The memory used is DuckDB's (`memory_limit`, it spills beyond) plus one row group.

    Args:
        relation: SQL usable after FROM.
        contract: names the columns that are written, in that order.
        directory: of this dataset's pins; the result is in `<directory>/<first 16 hex digits of the digest>`.
        secrets: name → key of the techniques that need one.
        rows_per_part: upper bound of a file's rows, rounded down to whole row groups.

    Raises:
        PinRefused: the columns of the relation are not exactly the contract's, or one of them cannot be protected as
            the contract says.
    """
    types = {str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()}
    _refuse_other_columns(set(types), contract, relation)
    columns = tuple(column.name for column in contract.table.columns)
    ordered = dict.fromkeys((*contract.table.key, *columns))
    protections, values = _protections(contract, types, secrets)
    selected = ", ".join(_expression(name, types[name], protections.get(name)) for name in columns)
    # Sorted by what is published: the order of raw values would tell of them.
    sorting = ", ".join(f"{quote(name)} ASC NULLS LAST" for name in ordered)
    query = f"SELECT * FROM (SELECT {selected} FROM {relation}) ORDER BY {sorting}"
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".pinning-", dir=directory) as scratch:
        with _without_values(contract):
            reader = connection.execute(query, values).to_arrow_reader(ROW_GROUP)
            written = _write_parts(reader, Path(scratch), rows_per_part)
        seen = [Part(path.name, path, *digest_file(path), rows) for path, rows in written]
        listed = json.dumps([[part.name, part.sha256, part.size] for part in seen], separators=(",", ":"))
        digest = hashlib.sha256(listed.encode()).hexdigest()
        final = directory / digest[:16]
        _move_into_place(seen, final)
    parts = tuple(replace(part, path=final / part.name) for part in seen)
    return Pin(contract.name, digest, parts, sum(part.rows for part in parts), columns)


def _refuse_other_columns(seen: set[str], contract: Contract, relation: str) -> None:
    agreed = {column.name for column in contract.table.columns}
    if seen == agreed:
        return
    faults = [
        f"{what}: {', '.join(sorted(names))}"
        for what, names in (("missing", agreed - seen), ("not in the contract", seen - agreed))
        if names
    ]
    raise PinRefused(
        f"{contract.name}: the columns of {relation} are not the contract's; {'; '.join(faults)}; "
        f"owner: {contract.owner}; next: bring the model and {contract.path.name} into line"
    )


def _protections(
    contract: Contract, types: Mapping[str, str], secrets: Mapping[str, bytes]
) -> tuple[dict[str, Protection], dict[str, bytes]]:
    """Column → what stands in its place, and the values of the parameters in it."""
    try:
        found = {c.name: made for c in contract.table.columns if (made := protected(c, types[c.name])) is not None}
        return found, bound({name for made in found.values() for name in made.parameters}, secrets)
    except Unprotectable as refusal:
        raise PinRefused(
            f"{contract.name}: {refusal}; owner: {contract.owner}; next: bring the model and `privacy` in "
            f"{contract.path.name} into line"
        ) from None


@contextmanager
def _without_values(contract: Contract) -> Iterator[None]:
    """DuckDB quotes the value that it cannot convert: a person is told of the class of its error alone."""
    try:
        yield
    except (duckdb.DataError, pa.ArrowInvalid) as error:
        raise PinRefused(
            f"{contract.name}: a value cannot be written as the contract says ({type(error).__name__}); required: "
            f"values that fit each column's type; owner: {contract.owner}; next: correct the model, or `privacy` in "
            f"{contract.path.name}"
        ) from None


def _expression(name: str, kind: str, protection: Protection | None) -> str:
    if protection is not None:
        return f"{protection.sql} AS {quote(name)}"
    # An ENUM would be written as a dictionary whose codes depend on the order of its declaration.
    return f"{quote(name)}::VARCHAR AS {quote(name)}" if kind.startswith("ENUM(") else quote(name)


def _write_parts(reader: pa.RecordBatchReader, directory: Path, rows_per_part: int) -> list[tuple[Path, int]]:
    """Write the stream; returns each file with its rows. No rows give one empty file."""
    group = min(ROW_GROUP, rows_per_part)
    groups_per_part = rows_per_part // group
    schema = _in_utc(reader.schema)
    written: list[tuple[Path, int]] = []
    writer: pq.ParquetWriter | None = None
    for number, table in enumerate(_row_groups(reader, group)):
        if number % groups_per_part == 0:
            if writer is not None:
                writer.close()
            path = directory / f"part-{len(written):05d}.parquet"
            writer = part_writer(path, schema)
            written.append((path, 0))
        assert writer is not None
        writer.write_table(table.cast(schema), row_group_size=group)
        written[-1] = (written[-1][0], written[-1][1] + table.num_rows)
    assert writer is not None
    writer.close()
    return written


def part_writer(
    path: Path, schema: pa.Schema, *, without_statistics: Container[str] = (), **options: Any
) -> pq.ParquetWriter:
    """A writer of parts: zstd, and statistics of every column but floats and those named.

    Statistics of floats leave NaN out, and engines that trust them would not see it.

    Args:
        path: of the file.
        schema: of its rows.
        without_statistics: columns that get none.
        options: of Arrow's writer besides.
    """
    counted = [f.name for f in schema if not pa.types.is_floating(f.type) and f.name not in without_statistics]
    return pq.ParquetWriter(path, schema, compression="zstd", version="2.6", write_statistics=counted, **options)


def _row_groups(reader: pa.RecordBatchReader, size: int) -> Iterator[pa.Table]:
    """Tables of exactly `size` rows, the last one shorter: batch sizes of the engine do not reach the bytes."""
    held: list[pa.RecordBatch] = []
    rows = 0
    yielded = False
    for delivered in reader:
        batch = delivered
        while rows + batch.num_rows >= size:
            held.append(batch.slice(0, size - rows))
            yield pa.Table.from_batches(held, reader.schema).combine_chunks()
            batch, held, rows, yielded = batch.slice(size - rows), [], 0, True
        held.append(batch)
        rows += batch.num_rows
    if rows or not yielded:
        yield pa.Table.from_batches(held, reader.schema).combine_chunks()


def _in_utc(schema: pa.Schema) -> pa.Schema:
    """The schema with every zone named UTC: the engine names the session's, which is not part of the data."""
    for position, field in enumerate(schema):
        if pa.types.is_timestamp(field.type) and field.type.tz is not None:
            schema = schema.set(position, field.with_type(pa.timestamp(field.type.unit, tz="UTC")))
    return schema


def _move_into_place(parts: list[Part], final: Path) -> None:
    """Rename the scratch files to their digest's directory; an intact pin of the same digest is kept."""
    if final.exists():
        kept = {path.name: digest_file(path) for path in final.iterdir()}
        if kept == {part.name: (part.sha256, part.size) for part in parts}:
            return
        shutil.rmtree(final)
    staged = parts[0].path.parent / "staged"
    staged.mkdir()
    for part in parts:
        part.path.chmod(0o444)  # published parts are hard links to these
        part.path.rename(staged / part.name)
    staged.rename(final)
