"""Durable writes: a file is there whole or not at all, and on the disk before anything refers to it.

Belongs here: what the operating system promises (link, rename, fsync). Does not: what the files mean.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from lineage.errors import PinChanged

TEMPORARY = ".writing-"


def digest_file(path: Path) -> tuple[str, int]:
    """SHA-256 (lower-case hex) and size (bytes) of a file, read in pieces.

    Args:
        path: an existing file.
    """
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return digest, os.fstat(stream.fileno()).st_size


def sync(path: Path) -> None:
    """Force a file's bytes, or a directory's names, to the disk.

    Args:
        path: an existing file or directory.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_temporary(directory: Path, content: bytes, mode: int = 0o644) -> Path:
    """Write `content` beside its future name, synced; `sweep` removes it if the process dies before it is renamed.

    Args:
        directory: made where it does not exist.
        mode: permissions of the file, whatever the umask.
    """
    directory.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=TEMPORARY, dir=directory)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        os.fchmod(stream.fileno(), mode)
        stream.flush()
        os.fsync(stream.fileno())
    return Path(name)


def write_new(path: Path, content: bytes) -> None:
    """Create a file that must not exist; it appears whole. The directory is synced by the caller.

    Raises:
        FileExistsError: it exists: another publisher was first.
    """
    temporary = write_temporary(path.parent, content)
    try:
        os.link(temporary, path)  # unlike rename, link(2) fails where the name is taken
    finally:
        temporary.unlink()


def write_addressed(path: Path, content: bytes) -> None:
    """Put a file whose name holds its digest: kept where it is intact, replaced where it is not."""
    if path.exists() and path.read_bytes() == content:
        return
    write_temporary(path.parent, content).replace(path)


def take_in(source: Path, target: Path, digest: str, size: int) -> None:
    """Bring a pinned part in by hard link, or by copy across file systems, and hash what came in.

    Args:
        source: the pinned part.
        target: its content-addressed name.
        digest, size: SHA-256 (hex) and bytes of what was audited.

    Raises:
        PinChanged: the part is gone, or holds other bytes.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=target.parent) as name:
        incoming = Path(name) / target.name
        try:
            _link_or_copy(source, incoming)
        except FileNotFoundError as error:
            raise PinChanged(
                f"{source} is gone; required: the part that was audited; next: run the gate again"
            ) from error
        seen = digest_file(incoming)
        if seen != (digest, size):
            raise PinChanged(
                f"{source} holds {seen[1]} bytes with SHA-256 {seen[0][:12]}…, required: the audited {size} bytes with "
                f"{digest[:12]}…; it was edited after its audit; next: delete the pin and run the gate again"
            )
        sync(incoming)
        incoming.replace(target)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def sweep(directory: Path) -> None:
    """Remove what a killed writer left half-written below `directory`.

    Args:
        directory: the golden repository; only the holder of the turn may sweep it.
    """
    for path in directory.rglob(f"{TEMPORARY}*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
