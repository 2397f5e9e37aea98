"""Secrets of 32 bytes: the class keys that seal columns, and named secrets such as that of the pseudonyms.

Belongs here: making, guarding and replacing their files. Does not: signing keys (`golden/keys.py`), using a key
(`sealing.py`, `pin.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from esclusa.errors import KeyMissing
from esclusa.keyring import Keyring, fingerprint
from expectations.loader.vocabulary import RESTRAINED
from lineage.errors import KeysUnusable
from lineage.files import sync, write_temporary

CLASSES = tuple(sorted(RESTRAINED))  # every class above internal is published sealed


def secret(directory: Path, name: str) -> bytes:
    """A secret by name; made at its first use, never overwritten.

    Args:
        directory: of the signing keys, which are made before any secret; holds `<name>.key`, mode 0600.
        name: such as `pseudonyms`.

    Raises:
        KeysUnusable: others can read it, or it is no secret.
    """
    path = directory / f"{name}.key"
    if not path.exists():
        _make(path)
    return _guarded(Keyring(directory), name)


def class_keyring(directory: Path, classes: Iterable[str]) -> Keyring:
    """The keys of these classes, made where a class had none yet.

    Args:
        directory: of the class keys, `<keys>/classes`.
        classes: of `CLASSES`.

    Raises:
        KeysUnusable: the newest key of a class is lost, readable by others, or none.
    """
    directory.mkdir(mode=0o700, exist_ok=True)
    for cls in classes:
        path = directory / f"{cls}.key"
        if not path.exists():
            if any(directory.glob(f"{cls}.*.key")):
                raise KeysUnusable(
                    f"the key {path} is absent, but older ones of its class are there; required: all of them; "
                    "next: restore the directory from its backup (see docs/operate.md)"
                )
            _make(path)
    keyring = Keyring.open(directory)
    for cls in classes:
        _guarded(keyring, cls)
    return keyring


def rotate_class(directory: Path, cls: str) -> str:
    """Make a new key for a class; the one before it stays for the files that it sealed.

    Args:
        directory: of the class keys.
        cls: one of `CLASSES`.

    Returns:
        Fingerprint of the new key.

    Raises:
        KeysUnusable: as `class_keyring`.
    """
    held = fingerprint(class_keyring(directory, [cls]).key(cls))
    path, kept = directory / f"{cls}.key", directory / f"{cls}.{held}.key"
    if not kept.exists():  # a rotation that was interrupted left it
        os.link(path, kept)
    fresh = os.urandom(32)
    write_temporary(directory, _text(fresh), mode=0o600).replace(path)
    sync(directory)
    return fingerprint(fresh)


def _make(path: Path) -> None:
    temporary = write_temporary(path.parent, _text(os.urandom(32)), mode=0o600)
    try:
        os.link(temporary, path)
    except FileExistsError:  # another process was first: its key counts
        pass
    finally:
        temporary.unlink()
    sync(path.parent)


def _text(key: bytes) -> bytes:
    return key.hex().encode() + b"\n"


def _guarded(keyring: Keyring, name: str) -> bytes:
    try:
        return keyring.key(name)
    except KeyMissing as refusal:
        raise KeysUnusable(
            f"the key {name} cannot be used: {refusal.observed}; required: {refusal.required}; "
            "next: restore it from its backup with mode 0600 (see docs/operate.md)"
        ) from None
