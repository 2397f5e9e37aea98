"""Masks: what is handed out of a column that a role may read only masked.

Belongs here: the techniques, and the keys of the keyed one. Does not: who gets what masked (`access.py`), what is
protected before it is published (the platform's).
Source: HMAC-SHA256 (RFC 2104).
"""

from __future__ import annotations

import hmac
import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from esclusa.errors import NotPermitted
from esclusa.keyring import Keyring

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

TECHNIQUES = {
    "hash": "HMAC-SHA256 of the value as text, 64 hexadecimal digits: equal values stay equal within one purpose",
    "null": "nothing: every value is missing, of the column's type",
    "redact": "`[redacted]` in place of each text",
    "last4": "`****` and the last four characters of a text, or `****` alone where it has fewer than eight",
    "year": "1 January of the year of a date or time, of the column's type",
    "month": "the first day of the month of a date or time, of the column's type",
}

_BLOCK = 64  # bytes of a block of SHA-256
_SQL = {
    "hash": "sha256($outer || unhex(sha256($inner || encode({column}::VARCHAR))))",
    "redact": "CASE WHEN {column} IS NOT NULL THEN '[redacted]' END",
    "last4": "CASE WHEN length({column}) < 8 THEN '****' ELSE '****' || right({column}, 4) END",
    "year": "date_trunc('year', {column})",
    "month": "date_trunc('month', {column})",
}


def masked(table: pa.Table, techniques: Mapping[str, str], keys: Mapping[str, bytes]) -> pa.Table:
    """A table, some of its columns masked; what is missing stays missing.

    Args:
        table: the rows.
        techniques: column → technique.
        keys: column → key of its hash, 32 bytes.

    Raises:
        NotPermitted: a technique does not fit the column's type; nothing is handed out then.
    """
    for column, technique in techniques.items():
        at = table.schema.get_field_index(column)
        _demand_fitting(table.schema.field(at), technique)
        given = table.select([column]).rename_columns(["value"])
        table = table.set_column(at, column, _masked_values(given, technique, keys.get(column, b"")))
    return table


def key_for(keyring: Keyring, state: Path, classification: str, purpose: str) -> bytes:
    """The key of a column's hash: of its class and of one purpose, so that what two purposes read cannot be joined.

    Args:
        keyring: of this reader.
        state: of this reader; holds a key of its own for columns whose class has no key.
        classification: of the column.
        purpose: read for.

    Raises:
        KeyMissing: the class key is there but cannot be used.
    """
    use = f"mask hash {purpose}".encode()
    if classification in keyring.classes:
        return keyring.derive(classification, use)
    return hmac.digest(_own_key(state), use, "sha256")


def _own_key(state: Path) -> bytes:
    """This machine's key, made at its first use: a hash without a key could be reversed by guessing."""
    path = state / "mask.key"
    if not path.exists():
        state.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=state, prefix=".mask-") as file:  # of mode 0600
            file.write(secrets.token_hex(32))
            file.flush()
            with suppress(FileExistsError):  # another process was first
                os.link(file.name, path)
    return bytes.fromhex(path.read_text("ascii"))


def _masked_values(given: pa.Table, technique: str, key: bytes) -> Any:
    import pyarrow as pa

    kind = pa.string() if technique == "hash" else given.schema.field("value").type
    if technique == "null":
        return pa.nulls(given.num_rows, kind)
    with _engine().cursor() as connection:
        connection.register("given", given)
        query = f"SELECT {_SQL[technique].format(column='value')} AS value FROM given"
        result = connection.execute(query, _parameters(key) if technique == "hash" else None).to_arrow_table()
    return result.column("value").cast(kind)


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One engine of the process, a cursor of it per mask: opening one costs more than masking a thousand rows."""
    import duckdb

    engine = duckdb.connect(":memory:")
    engine.execute("SET GLOBAL TimeZone = 'UTC'")  # else years begin, and times read, as this machine's zone has it
    return engine


def _parameters(key: bytes) -> dict[str, bytes]:
    """The two padded keys of HMAC; bound, so that no text of a query holds them."""
    padded = key.ljust(_BLOCK, b"\0")
    return {"inner": bytes(b ^ 0x36 for b in padded), "outer": bytes(b ^ 0x5C for b in padded)}


def _demand_fitting(field: pa.Field[Any], technique: str) -> None:
    import pyarrow as pa

    text = pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
    dated = pa.types.is_date(field.type) or pa.types.is_timestamp(field.type)
    fits = {"redact": text, "last4": text, "year": dated, "month": dated}
    if technique not in TECHNIQUES or not fits.get(technique, True):
        raise NotPermitted(
            f"{field.name} may only be read masked, and that mask cannot be applied.",
            observed=f"technique {technique}, type {field.type}",
            required="a technique that fits the column",
            remedy="Leave the column out, or tell the owner to correct the role's mask.",
        )
