"""Names of datasets: the same table, file or golden dataset has the same name in every event.

Belongs here: namespace and name. Does not: facets.
Source: OpenLineage naming; the warehouse as `openlineage-dbt` names it, so that its events and ours meet.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

POSTGRES = "postgres:"  # how a landing calls a relation that it read instead of a file
# An address stands alone, or behind a scheme: not within a longer name, or within the address of something else.
_BEFORE, _AFTER = r"(?:(?<=://)|(?<=\\[nrt])|(?<![\w.~/-]))", r"(?![\w.~-])"
_SHORT = 16  # letters of a fingerprint that tell repositories apart


@dataclass(frozen=True)
class Place:
    """Where a dataset is.

    Args:
        namespace: the data source, such as `duckdb:///srv/esclusa/workshop/warehouse.duckdb`.
        name: of the dataset in it.
        uri: of the data source, where it is another than the namespace.
    """

    namespace: str
    name: str
    uri: str = ""


@dataclass(frozen=True)
class Atlas:
    """Where this platform keeps and finds data.

    Args:
        warehouse: the DuckDB file, absolute.
        golden: directory of the golden repository, absolute.
        fingerprint: SHA-256 (hex) of its first root: what it is, wherever it is copied to.
        sources: directory that deliveries are read from.
        databases: system → connection string; secret, nothing but host, port and database leaves here.
    """

    warehouse: Path
    golden: Path
    fingerprint: str
    sources: Path
    databases: Mapping[str, str]

    def relation(self, relation: str) -> Place:
        """A table or view of the warehouse.

        Args:
            relation: `<schema>.<table>`.
        """
        return Place(f"duckdb://{self.warehouse}", f"{self.warehouse.stem}.{relation}")

    def relation_of(self, namespace: str, name: str) -> str:
        """`<schema>.<table>` of a dataset of the warehouse; empty where it lies elsewhere."""
        return name.partition(".")[2] if namespace == f"duckdb://{self.warehouse}" else ""

    def published(self, dataset: str) -> Place:
        """A golden dataset."""
        return Place(f"esclusa://{self.fingerprint[:_SHORT]}", dataset, self.golden.as_uri())

    def directory(self, dataset: str) -> Place:
        """The files of a golden dataset, as this machine sees them."""
        return Place("file", str(self.golden / "targets" / dataset))

    def delivery(self, system: str, file: str) -> Place:
        """What a source delivered.

        Args:
            system: the source system.
            file: as the landing names it: relative to the data directory, or `postgres:<schema>.<table>`.
        """
        if not file.startswith(POSTGRES):
            return Place("file", str(self.sources.absolute() / file), self.sources.absolute().as_uri())
        relation, connection = file.removeprefix(POSTGRES), self.databases.get(system, "")
        if server := _server(connection):
            return Place(server, f"{urlsplit(connection).path.strip('/') or system}.{relation}")
        # A connection string of another form: nothing is taken from it that could be a password.
        return Place(f"postgres://{system}", relation)


def unlocated(content: bytes, directories: Mapping[str, Path], databases: Mapping[str, str]) -> bytes:
    """Events as they may be published: where this platform keeps things is nobody else's business.

    Args:
        content: JSON lines.
        directories: name → directory that it stands for; one within another is taken first.
        databases: system → connection string; the system stands for its server.
    """
    known = {str(path.absolute()): f"/{name}" for name, path in directories.items()}
    known |= {server: f"postgres://{system}" for system, url in databases.items() if (server := _server(url))}
    text = content.decode()
    for address in sorted(known, key=len, reverse=True):
        within = re.escape(json.dumps(address, ensure_ascii=False)[1:-1])
        text = re.sub(f"{_BEFORE}{within}{_AFTER}", known[address], text)
    return text.encode()


def _server(connection: str) -> str:
    """Namespace of a Postgres server; empty where the connection string is of another form."""
    url = urlsplit(connection)
    is_known = url.scheme.startswith("postgres") and url.hostname
    return f"postgres://{url.hostname}:{url.port or 5432}" if is_known else ""
