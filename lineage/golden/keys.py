"""The four signing keys: where they lie, who may read them, and what is used while one is being replaced.

Belongs here: making, guarding and replacing key files. Does not: what they sign (`book.py`, `certificate.py`).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner

from lineage.errors import KeysUnusable
from lineage.files import sync, write_temporary

ROLES = ("root", "targets", "gate", "timestamp")


class Keys:
    """The private keys of one golden repository, read from disk each time that one is needed.

    Args:
        directory: holds `<role>.pem` (PKCS #8, mode 0600) and, only while a key is being replaced, `<role>.next.pem`.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def create(cls, directory: Path, golden: Path) -> Keys:
        """Make four ed25519 keys, all or none; existing keys are opened, never overwritten.

        Args:
            directory: made with mode 0700.
            golden: the golden repository, which everyone reads: keys may not lie in it.

        Raises:
            KeysUnusable: the directory is in the golden repository, or holds other files or unsafe keys.
        """
        _refuse_inside(directory, golden)
        if any((directory / f"{role}.pem").exists() for role in ROLES):
            return cls.open(directory, golden)
        directory.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))  # mode 0700
        for role in ROLES:
            _write_key(fresh, role)
        try:
            fresh.rename(directory)  # replaces an empty directory, refuses any other
        except OSError as error:
            for path in fresh.iterdir():
                path.unlink()
            fresh.rmdir()
            raise KeysUnusable(f"{directory} holds files but no keys; required: an empty directory or none") from error
        sync(directory.parent)
        return cls.open(directory, golden)

    @classmethod
    def open(cls, directory: Path, golden: Path) -> Keys:
        """Open existing keys.

        Raises:
            KeysUnusable: a key is absent, or someone else can read one, or they lie in the golden repository.
        """
        _refuse_inside(directory, golden)
        if not directory.is_dir():
            raise KeysUnusable(
                f"there are no keys in {directory}; required: those that signed {golden}; "
                "next: restore them from their backup (docs/operate.md); only a new repository is given new ones"
            )
        if directory.stat().st_mode & 0o077:
            raise KeysUnusable(f"others can open {directory}; required: mode 0700; next: `chmod 700 {directory}`")
        keys = cls(directory)
        for role in ROLES:
            keys.signer(role)
        return keys

    def signer(self, role: str) -> CryptoSigner:
        """The signer of one role.

        Args:
            role: `root`, `targets`, `gate` or `timestamp`.

        Raises:
            KeysUnusable: the key is absent, readable by others, or not an ed25519 key.
            ValueError: no such role.
        """
        if role not in ROLES:
            raise ValueError(f"there is no key {role!r}; known: {', '.join(ROLES)}")
        return _read_key(self.directory / f"{role}.pem")

    def successor(self, role: str) -> CryptoSigner | None:
        """The key that is about to replace a role's key, or None when no replacement is under way."""
        path = self._successor_path(role)
        return _read_key(path) if path.exists() else None

    def prepare(self, role: str) -> CryptoSigner:
        """Make the key that will replace a role's key; one that an interrupted replacement left is used again."""
        if not self._successor_path(role).exists():
            _write_key(self.directory, f"{role}.next")
        return _read_key(self._successor_path(role))

    def promote(self, role: str) -> None:
        """Put the successor in place. The old private key is destroyed: once retired it could only do harm."""
        self._successor_path(role).replace(self.directory / f"{role}.pem")
        sync(self.directory)

    def _successor_path(self, role: str) -> Path:
        return self.directory / f"{role}.next.pem"


def _write_key(directory: Path, name: str) -> None:
    temporary = write_temporary(directory, CryptoSigner.generate_ed25519().private_bytes, mode=0o600)
    os.link(temporary, directory / f"{name}.pem")  # fails where a key of that name exists
    temporary.unlink()
    sync(directory)


def _read_key(path: Path) -> CryptoSigner:
    if not path.exists():
        raise KeysUnusable(
            f"the key {path} is absent; required: {', '.join(f'{role}.pem' for role in ROLES)}; "
            "next: restore the directory from its backup (see docs/operate.md)"
        )
    if path.stat().st_mode & 0o177:
        raise KeysUnusable(f"others can use the key {path}; required: mode 0600; next: `chmod 600 {path}`")
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeysUnusable(f"{path} is not an ed25519 key in PKCS #8 PEM; next: restore it from its backup")
    return CryptoSigner(key)


def _refuse_inside(directory: Path, golden: Path) -> None:
    if directory.resolve().is_relative_to(golden.resolve()):
        raise KeysUnusable(
            f"the keys directory {directory} is inside the golden repository {golden}, which everyone reads; "
            "required: a private directory outside it"
        )
