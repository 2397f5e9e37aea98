"""From a readable file to frames: text first, then typed as the contract says, some hundred thousand rows at a time.

Belongs here: reading with DuckDB, names, and what a reader's error means. Does not: judging values (`rowrules.py`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl

from expectations.landing.arrival import Arrival
from expectations.landing.columntypes import typed
from expectations.landing.delivery import Delivery
from expectations.landing.header import unique
from expectations.sql import quote
from expectations.sql import text as literal

ROWS = 250_000
DELIVERED = "_row"
DAYS = (
    *("%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%Y%m%d"),
    *("%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y"),
)
TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", "T%H:%M:%SZ", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
FORMS = tuple(day + time for day in DAYS for time in TIMES)


def unparsed(column: str) -> str:
    """Name of the flag beside a typed column: there was a text, and it is not of the type.

    Args:
        column: the column's name.
    """
    return f"{column}__unparsed"


class Reader:
    """Reads one file in a DuckDB of its own: a damaged file must never reach the warehouse's.

    Args:
        delivery, arrival: the terms, and the file as people call it.
        path: where it can be read (see `arrival.readable`).
        scratch: a directory for spilling.

    Raises:
        DeliveryRefused: not even the header can be read.
    """

    def __init__(self, delivery: Delivery, arrival: Arrival, path: Path, scratch: Path) -> None:
        self._delivery = delivery
        self._arrival = arrival
        self._path = path
        self._connection = duckdb.connect(
            config={"temp_directory": str(scratch), "autoinstall_known_extensions": False}
        )
        self.header = self._header()

    def close(self) -> None:
        """Free the reader."""
        self._connection.close()

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows: typed columns, a flag beside each that had to be parsed, and `_row`: the delivered texts, a struct.

        Raises:
            DeliveryRefused: the file cannot be read to its end.
        """
        columns = self._delivery.table.columns
        row = ", ".join(f"{literal(c.physical_name)}: {quote(c.name)}" for c in columns)
        shown = [f"{{{row}}} as {DELIVERED}"]
        for column in columns:
            name, value = quote(column.name), typed(column, quote(column.name))
            shown.append(f"{value} as {name}")
            if column.physical_type != "varchar":
                shown.append(f"{name} is not null and {value} is null as {quote(unparsed(column.name))}")
        fault = None
        try:
            for batch in self._connection.execute(f"select {', '.join(shown)} from ({self._texts()})").to_arrow_reader(
                ROWS
            ):
                frame = pl.from_arrow(batch)
                assert isinstance(frame, pl.DataFrame)
                yield frame
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            fault = explain(str(error))
        if fault:  # raised out here, because DuckDB's own text quotes the row and must not follow as the cause
            raise self._broken(fault)

    def form_of(self, column: str) -> str | None:
        """The known date format that a column's values have, judged by 1,000 of the first; None where there is none.

        Args:
            column: name of a column of type date or timestamp.
        """
        counts = ", ".join(f"count(*) filter (year(try_strptime(text, {literal(form)})) >= 1900)" for form in FORMS)
        first = f"select {quote(column)} as text from ({self._texts()}) limit 50000"
        texts = f"select distinct text from ({first}) where text is not null limit 1000"
        found = self._connection.execute(f"select count(*), {counts} from ({texts})").fetchone()
        assert found is not None
        total, *fits = found
        best = max(range(len(FORMS)), key=lambda i: fits[i])
        return FORMS[best] if total and fits[best] == total else None

    def _header(self) -> tuple[str, ...]:
        fault = None
        try:
            if self._delivery.format == "csv":
                with self._path.open(encoding="utf-8-sig", newline="") as lines:
                    cells = next(csv.reader(lines, delimiter=self._delivery.delimiter), [])
                if not self._delivery.header:
                    agreed = tuple(c.physical_name for c in self._delivery.table.columns)
                    return (*agreed, *(f"column {i + 1}" for i in range(len(agreed), len(cells))))[: len(cells)]
                return unique(cells)
            if self._delivery.format == "jsonl":
                keys = f"select distinct unnest(json_keys(json)) as k from {self._source()} order by k"
                return tuple(k for (k,) in self._connection.execute(keys).fetchall())
            return tuple(row[0] for row in self._connection.execute(f"describe from {self._source()}").fetchall())
        except csv.Error:
            fault = "the first line is no header: it is longer than any, or a quote in it is never closed"
        except duckdb.Error as error:
            fault = explain(str(error))
        raise self._broken(fault)

    def _texts(self) -> str:
        """Query: every agreed column under its own name, as the text delivered; null where the contract says."""
        nulls = ", ".join(map(literal, self._delivery.nulls))
        out = []
        for column in self._delivery.table.columns:
            text = self._text(column.physical_name)
            out.append(
                f"{f'case when {text} not in ({nulls}) then {text} end' if nulls else text} as {quote(column.name)}"
            )
        return f"select {', '.join(out)} from {self._source()}"

    def _text(self, physical_name: str) -> str:
        if self._delivery.format == "csv":
            return f"c{self.header.index(physical_name)}"
        if self._delivery.format == "jsonl":
            pointer = "/" + physical_name.replace("~", "~0").replace("/", "~1")
            return f"json_extract_string(json, {literal(pointer)})"
        return f"cast({quote(physical_name)} as varchar)"

    def _source(self) -> str:
        path = literal(str(self._path))
        if self._delivery.format == "csv":
            names = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(self.header)))
            # No text holds a zero byte (`arrival.py`), so this nullstr never matches: `_texts` applies the contract's.
            return (
                f"read_csv({path}, auto_detect=false, columns={{{names}}}, header={self._delivery.header}, "
                f"delim={literal(self._delivery.delimiter)}, quote='\"', escape='\"', nullstr=chr(0), strict_mode=true)"
            )
        if self._delivery.format == "jsonl":
            return f"read_ndjson_objects({path})"
        return f"read_parquet({path})"

    def _broken(self, fault: str) -> Exception:
        return self._delivery.refused(
            self._arrival.file, seen=fault, agreed=f"a whole {self._delivery.format} delivery, readable to its last row"
        )


def explain(error: str) -> str:
    """DuckDB's reading error without what it quotes of the file: the place and the kind of fault.

    Args:
        error: its text.
    """
    place = re.search(r"\b[Ll]ine:? (\d+)", error)
    line = f"line {int(place[1]):,}" if place else "a line"
    widths = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", error)
    if widths:
        return f"{line} has {widths[2]} values instead of {widths[1]}: cut short, or a delimiter within a value"
    if "unterminated quote" in error or "Maximum line size" in error:
        return f"{line} opens a quote that is not closed as it should be: cut short, or a quote within a value"
    if "Malformed JSON" in error:
        return f"near {line}, text that is not JSON: cut short, or another format"  # DuckDB counts one too far at times
    if "state machine" in error:
        return "lines end in different ways (some with a carriage return, some without): two files pasted together?"
    return "a file that cannot be read to its end: damaged or cut short"
