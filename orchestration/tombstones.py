"""Tombstones on disk: `tombstones.json`, which says nothing without the key that lies with the other keys.

Belongs here: reading and adding them, and the key. Does not: what they mean (`expectations/tombstones.py`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from expectations.contract import Contract
from expectations.tombstones import Tombstone, Tombstones
from lineage.errors import KeysUnusable
from lineage.files import sync, write_temporary
from orchestration.settings import Settings

KEY_BYTES = 32


def read_tombstones(settings: Settings) -> Tombstones:
    """Every tombstone; none where nobody was ever erased.

    Args:
        settings: where they and their key are.

    Raises:
        KeysUnusable: there are tombstones, and the key that reads them is absent, damaged or readable by others.
    """
    path = _file(settings)
    if not path.exists():
        return Tombstones()
    stones = [
        Tombstone(s["column"], s["digest"], s["request"], datetime.fromisoformat(s["since"]))
        for s in json.loads(path.read_text(encoding="utf-8"))
    ]
    return Tombstones(stones, read_key(settings))


def set_tombstones(
    settings: Settings, columns: Iterable[str], value: str, request: str, now: datetime
) -> tuple[Tombstone, ...]:
    """Set a tombstone for each column; one that stands is left. The caller holds the warehouse.

    Args:
        columns: source columns that hold the key.
        value: of the key.
        request: id of the erasure.
        now: wall clock, UTC.
    """
    key = make_key(settings)
    held = read_tombstones(settings)
    known = {(stone.column, stone.digest): stone for stone in held.stones}
    keyed = Tombstones((), key)
    wanted = [Tombstone(column, keyed.digest(column, value), request, now) for column in columns]
    stones = {**{(s.column, s.digest): s for s in wanted}, **known}
    listed = [
        {"column": s.column, "digest": s.digest, "request": s.request, "since": s.since.isoformat()}
        for s in stones.values()
    ]
    write_temporary(settings.home, json.dumps(listed, indent=1).encode(), mode=0o600).replace(_file(settings))
    sync(settings.home)
    return tuple(stones[s.column, s.digest] for s in wanted)


def standing(settings: Settings, contract: Contract) -> list[str]:
    """Digests of the tombstones that concern a dataset: of the systems that feed it.

    Args:
        contract: of the dataset.
    """
    path = _file(settings)
    systems = {use.system for use in contract.sources}
    listed = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return sorted(s["digest"] for s in listed if s["column"].partition(".")[0] in systems)


def read_key(settings: Settings) -> bytes:
    """The key of the tombstones and of open requests.

    Raises:
        KeysUnusable: it is absent, damaged or readable by others.
    """
    path = _key_file(settings)
    problem = ""
    if not path.exists():
        problem = "is absent"
    elif path.stat().st_mode & 0o077:
        problem = "can be read by others"
    else:
        try:
            key = bytes.fromhex(path.read_text("ascii"))
        except ValueError:
            key = b""
        if len(key) == KEY_BYTES:
            return key
        problem = "is damaged"
    raise KeysUnusable(
        f"the key of the tombstones, {path}, {problem}; required: the key that they were made with, mode 0600: without "
        "it whoever was erased would land again; nothing lands; next: restore it from its backup (docs/operate.md)"
    )


def make_key(settings: Settings) -> bytes:
    """The key; made at the first erasure, and never again while there are tombstones."""
    path = _key_file(settings)
    if not path.exists() and not _file(settings).exists():
        fresh = write_temporary(path.parent, os.urandom(KEY_BYTES).hex().encode(), mode=0o600)
        fresh.replace(path)
        sync(path.parent)
    return read_key(settings)


def _file(settings: Settings) -> Path:
    return settings.home / "tombstones.json"


def _key_file(settings: Settings) -> Path:
    return settings.keys / "tombstones.key"
