"""An export: what a role may read of a dataset, with its documents, as a directory that stands on its own.

Belongs here: writing it, whole or not at all. Does not: deciding and masking (`release.py`, `rows.py`), what the
documents of a part of a dataset say (`exported_documents.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from esclusa.errors import Misused

if TYPE_CHECKING:
    from esclusa.permission import Request
    from esclusa.release import PathLike, Release
    from esclusa.rows import Rows

PART = "part-00000.parquet"


@dataclass(frozen=True)
class Export:
    """What was written.

    Args:
        exact: whether the files are the very ones that were certified.
        columns: those in it, in order.
        masked: column → technique.
        hidden: columns of the dataset that are not in it.
        files: names, sorted.
    """

    dataset: str
    directory: str
    certificate: str
    exact: bool
    rows: int
    columns: tuple[str, ...]
    masked: dict[str, str]
    hidden: tuple[str, ...]
    files: tuple[str, ...]


def export(
    dataset: str,
    directory: PathLike,
    *,
    role: str | None = None,
    purpose: str | None = None,
    columns: Sequence[str] | None = None,
    allow_sandbox: bool = False,
    repository: PathLike | None = None,
    state: PathLike | None = None,
) -> Export:
    """What a role may read of a dataset, with its documents, in a new directory; the read is recorded in the ledger.

    Args:
        dataset: its name.
        directory: that does not exist yet, or is empty.
        role, purpose, columns, allow_sandbox, repository, state: as for `esclusa.read`.

    Raises:
        Misused: the directory holds something, or cannot be made.
        EsclusaError: as for `esclusa.read`; nothing is written then.
    """
    from esclusa.reader import open as open_newest

    release = open_newest(repository, state=state)
    return export_release(release, dataset, Path(directory), release.request(role, purpose, allow_sandbox), columns)


def export_release(
    release: Release, dataset: str, directory: Path, request: Request, columns: Sequence[str] | None = None
) -> Export:
    """Write rows and documents to a new directory; the read is recorded as every other.

    Where the request may read every column as it is, none is sealed and the files are at hand, they are those that were
    certified, byte for byte. Else the rows are written anew, without what the request may not read, and the documents
    for machines speak of what is there.

    Args:
        release: pinned.
        dataset: its name.
        directory: that does not exist yet, or is empty.
        request: who asks, and what for.
        columns: which are wanted; default all that are permitted.

    Raises:
        Misused: the directory holds something, or cannot be made.
        EsclusaError: as for `esclusa.read`; nothing is written then.
    """
    _demand_free(directory)
    with release.opened(dataset, request, columns) as rows:
        certificate = rows.certificate
        masked = {name: access.technique for name, access in rows.columns.items() if access.technique}
        whole = [column.name for column in certificate.columns] == list(rows.columns)
        exact = rows.at_hand and whole and not (masked or certificate.sealed)
        documents = {name: release.document(dataset, name) for name in release.documents(dataset)}
        with _made(directory) as scratch:
            count = _copied(rows, scratch) if exact else _rewritten(rows, documents, scratch)
            for name, content in documents.items():
                (scratch / name).write_bytes(content)
            files = tuple(sorted(path.name for path in scratch.iterdir()))
    return Export(
        dataset, str(directory), certificate.digest, exact, count, tuple(rows.columns), masked, rows.hidden, files
    )


def _copied(rows: Rows, scratch: Path) -> int:
    """The certified files, under the names that the certified documents give them."""
    certificate = rows.certificate
    names = sorted(path for path in certificate.subjects if path.endswith(".parquet"))
    parts = rows.parts()
    rows.log.served(certificate, rows.columns, certificate.rows, "export")
    for path, content in zip(names, parts, strict=True):
        digest = certificate.subjects[path]
        (scratch / f"{digest}.{path.rpartition('/')[2]}").write_bytes(content)
    return certificate.rows


def _rewritten(rows: Rows, documents: dict[str, bytes], scratch: Path) -> int:
    """The permitted rows as one file, and documents that speak of it."""
    import pyarrow.parquet as pq

    from esclusa.exported_documents import CARD, CROISSANT, exported_card, exported_croissant

    table = rows.unrecorded(0, None)
    rows.log.served(rows.certificate, rows.columns, table.num_rows, "export")
    path = scratch / PART
    pq.write_table(table, path, compression="zstd")
    digest, size = sha256(path.read_bytes()).hexdigest(), path.stat().st_size
    if CROISSANT in documents:
        documents[CROISSANT] = exported_croissant(documents[CROISSANT], rows, table.schema, PART, digest, size)
    if CARD in documents:
        documents[CARD] = exported_card(documents[CARD], rows)
    return table.num_rows


def _demand_free(directory: Path) -> None:
    if directory.is_symlink() or (directory.exists() and (not directory.is_dir() or any(directory.iterdir()))):
        raise _unwritable(directory, "something is there already")


@contextmanager
def _made(directory: Path) -> Iterator[Path]:
    """A scratch directory that becomes `directory` when all is written, and is removed where something failed."""
    scratch = directory.parent / f".{directory.name}-{uuid4().hex}"
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        scratch.mkdir()
    except OSError as error:
        raise _unwritable(directory, error.strerror or type(error).__name__) from None
    try:
        yield scratch
        scratch.replace(directory)
    finally:
        if scratch.exists():
            shutil.rmtree(scratch)


def _unwritable(directory: Path, observed: str) -> Misused:
    required = "a directory that does not exist yet, or an empty one"
    return Misused(f"{directory} cannot be written.", observed=observed, required=required)
