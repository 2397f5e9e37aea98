"""How rows leave the command line: a table for people; CSV, JSON or Parquet for machines.

Belongs here: formats of rows. Does not: reading them.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from esclusa.errors import Misused

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 20  # rows of a table where no limit is given
GAP = 2  # blanks between columns


class Format(StrEnum):
    """What rows are written as."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


def limit_of(form: Format, limit: int | None) -> int | None:
    """Rows to fetch: all of them, except for a table.

    Args:
        limit: as asked for.
    """
    return SHOWN if limit is None and form is Format.TABLE else limit


def write_rows(console: Console, table: pa.Table, form: Format, output: Path | None) -> None:
    """Write rows to stdout or a file.

    Args:
        table: the rows.
        output: a file that does not exist yet, or None for stdout.

    Raises:
        Misused: Parquet without a file, or a file that exists or cannot be made.
    """
    if form is Format.TABLE and output is None:
        _print(console, table)
        return
    if (form is Format.TABLE) or (form is Format.PARQUET and output is None):
        raise Misused(
            f"--format {form} goes {'to the terminal' if form is Format.TABLE else 'to a file'} only.",
            required="--format csv, json or parquet with --output; table, csv or json without",
        )
    if output is None:
        sys.stdout.buffer.write(_encoded(table, form))
        sys.stdout.buffer.flush()
        return
    try:
        with output.open("xb") as file:
            file.write(_encoded(table, form))
    except OSError as error:
        raise Misused(
            f"{output} cannot be written.",
            observed=error.strerror or type(error).__name__,
            required="the name of a file that does not exist yet, in a directory that does",
        ) from None


def _encoded(table: pa.Table, form: Format) -> bytes:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    if form is Format.JSON:
        return (json.dumps(table.to_pylist(), default=str, ensure_ascii=False, indent=1) + "\n").encode()
    sink = pa.BufferOutputStream()
    if form is Format.CSV:
        pyarrow.csv.write_csv(table, sink)
    else:
        pyarrow.parquet.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def _print(console: Console, table: pa.Table) -> None:
    """Side by side where the columns fit; else one block per row, as a wide table is unreadable when it wraps."""
    names = table.column_names
    rows = [[_shown(row[name]) for name in names] for row in table.to_pylist()]
    widths = [max(len(name), *(len(row[i]) for row in rows), 0) for i, name in enumerate(names)]
    if sum(widths) + GAP * len(names) <= console.width:
        grid = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
        for name, kind in zip(names, table.schema.types, strict=True):
            grid.add_column(name, justify="right" if _is_number(kind) else "left", no_wrap=True)
        for row in rows:
            grid.add_row(*map(Text, row))
        console.print(grid)
        return
    for number, row in enumerate(rows, 1):
        grid = Table.grid(padding=(0, GAP, 0, 0))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in zip(names, row, strict=True):
            grid.add_row(f"  {name}", Text(value))
        console.print(Text(f"row {number}", style="bold"))
        console.print(grid)


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
