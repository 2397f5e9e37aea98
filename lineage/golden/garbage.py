"""What the golden repository no longer needs, and may delete once no reader can still be using it.

Belongs here: finding and deleting it. Does not: the grace period, which orchestration sets.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tuf.api.metadata import Metadata, Snapshot, Targets

from lineage.files import sync
from lineage.golden.book import versioned


@dataclass(frozen=True)
class Collected:
    """What was deleted.

    Args:
        size: bytes, as the files' own sizes; a part that its pin still links to frees none.
    """

    files: int
    size: int


def collect(path: Path, before: datetime, held: Collection[str] = ()) -> Collected:
    """Delete files that only releases superseded before `before` refer to; certificates and roots stay for ever.

    Args:
        path: the golden repository; the caller holds the turn.
        before: timezone-aware.
        held: datasets under a legal hold; every file of theirs stays.
    """
    metadata, targets = path / "metadata", path / "targets"
    keep = {metadata / "timestamp.json"} | {file for _, role, file in versioned(metadata) if role == "root"}
    keep |= set(targets.rglob("*.certificate.json"))
    keep |= {file for dataset in held for file in (targets / dataset).glob("*")}
    for snapshot in _recent(metadata, before):
        keep |= set(_referred(metadata, targets, snapshot))
    stale = [
        file
        for directory in (metadata, targets)
        for file in directory.rglob("*")
        if file.is_file() and file not in keep and _written(file) < before
    ]
    size = sum(file.stat().st_size for file in stale)
    for file in stale:
        file.unlink()
    return Collected(len(stale), size)


def collect_superseded(path: Path, version: int, dataset: str, doomed: Callable[[Path], bool]) -> tuple[Path, ...]:
    """Delete parts of one dataset's superseded releases at once, readers or not: what must not be kept has no grace.

    Args:
        path: the golden repository; the caller holds the turn.
        version: of the snapshot in force.
        dataset: any that has a role.
        doomed: asked of each Parquet file that the release in force does not refer to.

    Returns:
        What was deleted.
    """
    metadata, targets = path / "metadata", path / "targets"
    needed = set(_referred(metadata, targets, metadata / f"{version}.snapshot.json"))
    gone = tuple(file for file in sorted((targets / dataset).glob("*.parquet")) if file not in needed and doomed(file))
    for file in gone:
        file.unlink()
    if gone:
        sync(targets / dataset)
    return gone


def _recent(metadata: Path, before: datetime) -> Iterable[Path]:
    """Snapshots that were in force at some time since `before`: each is superseded when its successor is written."""
    snapshots = [file for _, role, file in versioned(metadata) if role == "snapshot"]
    for snapshot, successor in zip(snapshots, [*snapshots[1:], None], strict=True):
        if successor is None or _written(successor) >= before:
            yield snapshot


def _referred(metadata: Path, targets: Path, snapshot: Path) -> Iterable[Path]:
    yield snapshot
    held: Metadata[Snapshot] = Metadata.from_file(str(snapshot))
    for filename, meta in held.signed.meta.items():
        yield (role_file := metadata / f"{meta.version}.{filename}")
        with suppress(FileNotFoundError):
            role: Metadata[Targets] = Metadata.from_bytes(role_file.read_bytes())
            for target in role.signed.targets.values():
                yield targets / target.get_prefixed_paths()[0]


def _written(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)
