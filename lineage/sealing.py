"""Sealing: what is published of a pin, so that a copied file shows nothing of the columns above internal.

Belongs here: writing the sealed files, and proving that they hold the pin. Does not: keys (`class_keys.py`).
Source: Parquet modular encryption (Apache Parquet 2.9), AES-256-GCM, column keys under a plaintext footer.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

from esclusa.keyring import FOOTER, Keyring, fingerprint, key_name
from expectations.contract import Contract
from expectations.loader.vocabulary import RESTRAINED
from lineage.errors import PinChanged, SealBroken
from lineage.files import digest_file
from lineage.pin import Part, Pin, part_writer

_INDEX = "sealed.json"


@dataclass(frozen=True)
class Sealed:
    """The files that are published of a pin.

    Args:
        candidate: digest of the pin.
        parts: sealed, or the pin's own where no column is above internal.
        columns: sealed column → its class.
        keys: class → fingerprint of the key that sealed it.
    """

    candidate: str
    parts: tuple[Part, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)


def sealed_columns(contract: Contract) -> dict[str, str]:
    """The columns that may not be published open: name → class.

    Args:
        contract: of the dataset.
    """
    return {c.name: c.classification for c in contract.table.columns if c.classification in RESTRAINED}


def seal(pinned: Pin, contract: Contract, keyring: Keyring) -> Sealed:
    """Write what is published of a pin; sealed once for each set of keys, and found again beside the pin.

    A row group is in memory at a time. The bytes differ each time (fresh data keys), the values never.

    Args:
        pinned: audited.
        contract: says which columns are above internal.
        keyring: holds a key of each of their classes.

    Raises:
        PinChanged: the pin was edited after its audit.
        SealBroken: what was written does not read back as the pin.
        esclusa.KeyMissing: there is no key of a class.
    """
    columns = sealed_columns(contract)
    if not columns:
        return Sealed(pinned.digest, pinned.parts)
    keys = {cls: fingerprint(keyring.key(cls)) for cls in sorted(set(columns.values()))}
    name = sha256(json.dumps([columns, keys], sort_keys=True).encode()).hexdigest()[:16]
    home = pinned.parts[0].path.parent
    final = home.with_name(f"{home.name}.sealed-{name}")
    parts = _recalled(final)
    if parts is None:
        with tempfile.TemporaryDirectory(prefix=".sealing-", dir=home.parent) as scratch:
            parts = tuple(_seal_part(part, Path(scratch), columns, keys, keyring) for part in pinned.parts)
            _move_into_place(parts, Path(scratch), final)
    placed = tuple(replace(part, path=final / part.name) for part in parts)
    return Sealed(pinned.digest, placed, columns, keys)


def _seal_part(
    part: Part, directory: Path, columns: Mapping[str, str], keys: Mapping[str, str], keyring: Keyring
) -> Part:
    target = directory / part.name
    named: dict[str, str | list[str]] = {
        key_name(cls, mark): [name for name, its in columns.items() if its == cls] for cls, mark in keys.items()
    }
    encryption = keyring.factory.file_encryption_properties(
        pe.KmsConnectionConfig(),
        pe.EncryptionConfiguration(
            footer_key=FOOTER, column_keys=named, plaintext_footer=True, data_key_length_bits=256
        ),
    )
    if not part.path.exists():
        raise PinChanged(f"{part.path} is gone; required: the part that was audited; next: run the gate again")
    with pq.ParquetFile(part.path) as source:
        schema = source.schema_arrow
        with part_writer(target, schema, without_statistics=columns, encryption_properties=encryption) as writer:
            for group in range(source.num_row_groups):
                table = source.read_row_group(group)
                writer.write_table(table, row_group_size=max(table.num_rows, 1))
    _demand_equal(part, target, keyring)
    # Hashed after it was read: what was sealed and compared are the bytes that were audited.
    if digest_file(part.path) != (part.sha256, part.size):
        raise PinChanged(
            f"{part.path} was edited after its audit; required: the audited bytes {part.sha256[:12]}…; "
            "next: delete the pin and run the gate again"
        )
    digest, size = digest_file(target)
    return Part(part.name, target, digest, size, part.rows)


def _demand_equal(part: Part, target: Path, keyring: Keyring) -> None:
    """Read a sealed file back and compare it with the pin: every value of every column, bit by bit."""
    decryption = keyring.factory.file_decryption_properties(pe.KmsConnectionConfig())
    with pq.ParquetFile(part.path) as pin, pq.ParquetFile(target, decryption_properties=decryption) as sealed:
        differing = [] if pin.schema_arrow.equals(sealed.schema_arrow) else ["the schema"]
        if pin.num_row_groups != sealed.num_row_groups:
            differing.append("the row groups")
        for group in range(0 if differing else pin.num_row_groups):
            ours, theirs = pin.read_row_group(group), sealed.read_row_group(group)
            differing += [n for n in ours.column_names if not _same(ours.column(n), theirs.column(n))]
    if differing:
        raise SealBroken(
            f"{part.name} does not read back as its pin: {', '.join(sorted(set(differing)))} differ; required: the "
            "same values; nothing was published; next: run the gate again, on another machine if it happens twice"
        )


def _same(ours: pa.ChunkedArray[Any], theirs: pa.ChunkedArray[Any]) -> bool:
    """Whether two columns hold the same values; of floats the same bits, as NaN equals nothing."""
    if not pa.types.is_floating(ours.type):
        return bool(ours.equals(theirs))
    bits = {16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[ours.type.bit_width]
    left, right = (column.combine_chunks().view(bits) for column in (ours, theirs))
    return bool(left.equals(right))


def _recalled(final: Path) -> tuple[Part, ...] | None:
    """The parts of an earlier sealing; publishing hashes each again."""
    try:
        listed = json.loads((final / _INDEX).read_text())
        return tuple(Part(name, final / name, digest, size, rows) for name, digest, size, rows in listed)
    except (OSError, ValueError):
        return None


def _move_into_place(parts: tuple[Part, ...], scratch: Path, final: Path) -> None:
    if final.exists():  # half-written by a process that died, or edited
        shutil.rmtree(final)
    staged = scratch / "staged"
    staged.mkdir()
    for part in parts:
        part.path.chmod(0o444)  # published parts are hard links to these
        part.path.rename(staged / part.name)
    (staged / _INDEX).write_text(json.dumps([[p.name, p.sha256, p.size, p.rows] for p in parts]))
    staged.rename(final)
