"""Tombstones on disk: `tombstones.json`, which says nothing without the key that lies with the other keys.

Belongs here: reading and adding them, and the key. Does not: what they mean (`expectations/erasure/tombstones.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from expectations.contract import Contract
from expectations.erasure.tombstones import Tombstone, Tombstones
from lineage.class_keys import secret
from lineage.errors import KeysUnusable
from lineage.files import sync, write_temporary
from orchestration.settings import Settings

KEY = "tombstones"


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
    path = settings.keys / f"{KEY}.key"
    if not path.exists():
        raise KeysUnusable(
            f"the key of the tombstones, {path}, is absent; required: the key that they were made with: without it "
            "whoever was erased would land again, so nothing lands; next: restore it from its backup (docs/operate.md)"
        )
    return secret(settings.keys, KEY)


def make_key(settings: Settings) -> bytes:
    """The key; made at the first erasure, and never again while there are tombstones."""
    return read_key(settings) if _file(settings).exists() else secret(settings.keys, KEY)


def _file(settings: Settings) -> Path:
    return settings.home / "tombstones.json"
