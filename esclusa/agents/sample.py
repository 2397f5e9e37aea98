"""Rows as JSON, within bounds that fit an agent's context.

Belongs here: what a value looks like, and how much is handed out. Does not: reading (`rows.py`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 100
MOST_BYTES = 64 * 1024  # of the rows as JSON
MOST_LETTERS = 1000  # of one text
_EXACT = 2**53  # beyond it, many a JSON parser rounds


@dataclass(frozen=True)
class Bounded:
    """Rows that fit.

    Args:
        rows: column → value as JSON.
        cut: what was left out, a sentence each.
    """

    rows: list[dict[str, Any]]
    cut: list[str]


def bounded(table: pa.Table) -> Bounded:
    """As many of the rows as fit, long texts shortened.

    Args:
        table: at most `MOST_ROWS` rows, masked.
    """
    shortened: set[str] = set()
    rows: list[dict[str, Any]] = []
    size = 0
    for row in table.to_pylist():
        plain = {name: _plain(value, name, shortened) for name, value in row.items()}
        size += len(json.dumps(plain, ensure_ascii=False).encode())
        if size > MOST_BYTES:
            break
        rows.append(plain)
    cut = [f"texts of {name} are shortened to {MOST_LETTERS} letters" for name in sorted(shortened)]
    if len(rows) < table.num_rows:
        left = table.num_rows - len(rows)
        cut.append(f"{left} rows: an answer is at most {MOST_BYTES:,} bytes; ask for fewer columns")
    return Bounded(rows, cut)


def _plain(value: Any, name: str, shortened: set[str]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _EXACT else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item, name, shortened) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, name, shortened) for item in value]
    text = value.hex() if isinstance(value, bytes) else str(value)
    if len(text) > MOST_LETTERS:
        shortened.add(name)
        return text[:MOST_LETTERS] + "…"
    return text
