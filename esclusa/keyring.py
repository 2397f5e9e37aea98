"""Class keys: what opens the columns that were published sealed, and the Parquet reader and writer that use them.

Belongs here: key files, wrapping and unwrapping. Does not: making keys (`lineage/class_keys.py`), sealing.
Source: Parquet modular encryption 2.9 (column keys, plaintext footer), AES-256-GCM, HKDF (RFC 5869).
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from esclusa.errors import KeyMissing, owned_by

if TYPE_CHECKING:
    import pyarrow.dataset as ds
    import pyarrow.parquet.encryption as pe

    from esclusa.certificate import Certificate

# Signs the footer, which holds nothing sealed and is proven by the file's digest: a key that everyone knows.
FOOTER = "footer"
_FOOTER_KEY = bytes(32)
_NONCE = 12  # bytes


def fingerprint(key: bytes) -> str:
    """What a key is called where the key itself may not be shown: 16 hex digits.

    Args:
        key: 32 random bytes.
    """
    return sha256(b"esclusa class key " + key).hexdigest()[:16]


class Keyring:
    """The class keys that this reader holds, each read from its file when it is needed.

    Args:
        directory: holds `<class>.key` (64 hex digits, mode 0600), and `<class>.<fingerprint>.key` for older files;
            None where there is none.
    """

    def __init__(self, directory: Path | None) -> None:
        self.directory = directory
        self._factory: pe.CryptoFactory | None = None

    @classmethod
    def open(cls, directory: Path | None) -> Keyring:
        """The keyring of a directory; empty where there is none or it may not be read.

        Args:
            directory: of the key files.
        """
        return cls(directory)

    @property
    def classes(self) -> frozenset[str]:
        """Classes that there is a key of."""
        try:
            found = list(self.directory.glob("*.key")) if self.directory is not None else []
        except OSError:
            found = []
        return frozenset(path.name.partition(".")[0] for path in found)

    def key(self, cls: str, mark: str = "") -> bytes:
        """The 32 bytes of a class key.

        Args:
            cls: `confidential` or `restricted`.
            mark: fingerprint of the key wanted; the newest where empty.

        Raises:
            KeyMissing: it is not there, is another key, others can read it, or the file holds no key.
        """
        held = ""
        for name in ([f"{cls}.{mark}.key"] if mark else []) + [f"{cls}.key"]:
            key = _read(self.directory / name, cls) if self.directory is not None else None
            if key is not None:
                held = fingerprint(key)
                if mark in ("", held):
                    return key
        raise _missing(cls, self.directory, f"key {held}" if held else "no key", mark or "a key of that class")

    def derive(self, cls: str, purpose: bytes) -> bytes:
        """A key of 32 bytes for another use than sealing, such as a keyed mask (HKDF-SHA256).

        Args:
            cls: class whose newest key it is derived from.
            purpose: what for; other purposes give unrelated keys.

        Raises:
            KeyMissing: as `key`.
        """
        return HKDF(SHA256(), 32, salt=None, info=b"esclusa " + purpose).derive(self.key(cls))

    @property
    def factory(self) -> pe.CryptoFactory:
        """Arrow's source of keys. It caches what it unwrapped, so each keyring has one of its own."""
        if self._factory is None:
            self._factory = _crypto_factory(self)
        return self._factory


def form_of(certificate: Certificate, columns: Iterable[str], keyring: Keyring) -> ds.ParquetFileFormat:
    """How the parts of a certified dataset are read: with keys only where a wanted column is sealed.

    Args:
        certificate: of the dataset.
        columns: that will be read.
        keyring: of this reader.

    Raises:
        KeyMissing: the key of a sealed column is not at hand.
    """
    import pyarrow.dataset as ds

    classes = {certificate.sealed[name] for name in columns if name in certificate.sealed}
    with owned_by(certificate.owner):
        for cls in sorted(classes):  # before Arrow sees the file: it does not survive every key that it misses
            keyring.key(cls, certificate.sealed_by[cls])
    return parquet_format(keyring) if classes else ds.ParquetFileFormat()


def parquet_format(keyring: Keyring) -> ds.ParquetFileFormat:
    """Arrow's Parquet reader, opening sealed columns with these keys; open columns need none.

    Args:
        keyring: of this reader.
    """
    import pyarrow.dataset as ds
    import pyarrow.parquet.encryption as pe

    config = ds.ParquetDecryptionConfig(
        keyring.factory,
        pe.KmsConnectionConfig(),
        pe.DecryptionConfiguration(),  # type: ignore[arg-type] # stubs
    )
    return ds.ParquetFileFormat(default_fragment_scan_options=ds.ParquetFragmentScanOptions(decryption_config=config))


def key_name(cls: str, mark: str) -> str:
    """How a sealed file names the key that it was sealed with.

    Args:
        cls: its class.
        mark: its fingerprint.
    """
    return f"{cls}.{mark}"


def _crypto_factory(keyring: Keyring) -> pe.CryptoFactory:
    import pyarrow.parquet.encryption as pe

    class Wrapping(pe.KmsClient):
        """Wraps and unwraps by the class keys at hand; the key's name is bound to what it wraps."""

        def __init__(self, _: Any) -> None:
            super().__init__()

        def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> str:
            nonce = os.urandom(_NONCE)
            name = master_key_identifier.encode()
            sealed = AESGCM(_master(keyring, master_key_identifier)).encrypt(nonce, key_bytes, name)
            return b64encode(nonce + sealed).decode()

        def unwrap_key(self, wrapped_key: str, master_key_identifier: str) -> bytes:  # type: ignore[override] # stubs
            sealed, name = b64decode(wrapped_key), master_key_identifier.encode()
            try:
                master = AESGCM(_master(keyring, master_key_identifier))
                return master.decrypt(sealed[:_NONCE], sealed[_NONCE:], name)
            except InvalidTag:
                raise ValueError(f"{master_key_identifier} did not wrap this key") from None

    return pe.CryptoFactory(Wrapping)


def _master(keyring: Keyring, name: str) -> bytes:
    if name == FOOTER:
        return _FOOTER_KEY
    cls, _, mark = name.partition(".")
    return keyring.key(cls, mark)


def _read(path: Path, cls: str) -> bytes | None:
    try:
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            raise _missing(cls, path, f"others can read it (mode {mode:04o})", "mode 0600", f"chmod 600 {path.name}")
        key = bytes.fromhex(path.read_text("ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _missing(cls, path, f"a file that is no key ({type(error).__name__})", "64 hex digits") from None
    if len(key) != 32:
        raise _missing(cls, path, f"a key of {len(key)} bytes", "64 hex digits: 32 bytes")
    return key


def _missing(cls: str, where: Path | None, observed: str, required: str, remedy: str = "") -> KeyMissing:
    return KeyMissing(
        f"The key of the class {cls} is not on this machine.",
        observed=observed,
        required=required,
        where=str(where or ""),
        remedy=remedy or f"Ask the owner for that key, and put it into ESCLUSA_CLASS_KEYS as {cls}.key, mode 0600.",
    )
