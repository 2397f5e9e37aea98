"""A client that is python-tuf and nothing of ours: what it accepts, any conforming client accepts."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from securesystemslib.dsse import Envelope
from tuf.api.exceptions import DownloadHTTPError
from tuf.api.metadata import Metadata, Snapshot, Targets
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface


class FileFetcher(FetcherInterface):
    """Reads the repository's files where they lie."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = Path(url)
        if not path.exists():
            raise DownloadHTTPError(f"no {path.name}", 404)
        yield path.read_bytes()


@dataclass(frozen=True)
class PlainClient:
    """A client with a memory of its own.

    Args:
        golden: the repository.
        memory: its directory of trusted metadata; what it once saw it never goes behind.
        root: the root that it was given first.
    """

    golden: Path
    memory: Path
    root: bytes

    @classmethod
    def told_of(cls, golden: Path, memory: Path) -> PlainClient:
        """A client that was given the repository's first root."""
        memory.mkdir(parents=True)
        return cls(golden, memory, (golden / "metadata" / "1.root.json").read_bytes())

    def read(self, *paths: str) -> list[bytes | None]:
        """The targets of one refresh, None where no role lists one."""
        downloads = self.memory / "downloads"
        updater = Updater(
            str(self.memory),
            str(self.golden / "metadata"),
            str(downloads),
            str(self.golden / "targets"),
            fetcher=FileFetcher(),
            bootstrap=self.root,
        )
        updater.refresh()
        found: list[bytes | None] = []
        for path in paths:
            info = updater.get_targetinfo(path)
            found.append(None if info is None else Path(updater.download_target(info)).read_bytes())
        return found

    def rows(self, datasets: Sequence[str]) -> dict[str, list[dict[str, Any]] | None]:
        """The first part of each dataset, all from one release; None for one that is not published."""
        parts = self.read(*(f"{name}/part-00000.parquet" for name in datasets))
        return {
            name: None if part is None else pq.read_table(io.BytesIO(part)).to_pylist()
            for name, part in zip(datasets, parts, strict=True)
        }

    def predicate(self, dataset: str) -> dict[str, Any]:
        """What the dataset's certificate says."""
        (certificate,) = self.read(f"{dataset}/certificate.json")
        assert certificate is not None
        statement: dict[str, Any] = json.loads(Envelope.from_dict(json.loads(certificate)).payload)
        return dict(statement["predicate"])

    def decision(self, dataset: str) -> dict[str, Any]:
        """The latest decision on a dataset."""
        (document,) = self.read(f"verdicts/{dataset}.json")
        assert document is not None
        return dict(json.loads(document))

    def role(self, name: str) -> Targets:
        """A role as this client last trusted it."""
        return Metadata[Targets].from_file(str(self.memory / f"{name}.json")).signed

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot as this client last trusted it."""
        return Metadata[Snapshot].from_file(str(self.memory / "snapshot.json")).signed
