"""A golden repository's address, and how its files are fetched: from a directory or over http(s).

Belongs here: local paths and URLs made alike for TUF. Does not: trusting anything that was fetched.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient import FetcherInterface
from tuf.ngclient.urllib3_fetcher import Urllib3Fetcher

from esclusa.errors import Misused, nearest

TIMEOUT = 15  # seconds without a byte, each try; TUF's fetcher tries three times
CHUNK = 1 << 20  # bytes


class DirectoryFetcher(FetcherInterface):
    """Reads files of a directory for TUF, which then treats them like any mirror's: as unproven."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = Path(url).name  # errors say the directory elsewhere: no caller of a service may learn it
        try:
            file = Path(url).open("rb")  # noqa: SIM115 - closed by the generator that reads it
        except (FileNotFoundError, NotADirectoryError) as missing:
            raise DownloadHTTPError(f"no file {name}", 404) from missing  # 404 tells TUF: no newer root
        except OSError as error:
            raise DownloadError(f"{name}: {error.strerror}") from error
        return _chunks(file)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk


@dataclass(frozen=True)
class Location:
    """Where a golden repository is.

    Args:
        name: absolute directory or URL without a trailing slash; what state is kept under.
        directory: the directory, or None for a URL.
    """

    name: str
    directory: Path | None

    @property
    def metadata(self) -> str:
        """Base of the TUF metadata files."""
        return f"{self.name}/metadata/"

    @property
    def targets(self) -> str:
        """Base of the target files."""
        return f"{self.name}/targets/"

    @property
    def key(self) -> str:
        """Short stable name of this location, for a directory of state."""
        return sha256(self.name.encode()).hexdigest()[:16]

    def fetcher(self) -> FetcherInterface:
        """A fetcher of this location's files."""
        if self.directory is not None:
            return DirectoryFetcher()
        return Urllib3Fetcher(socket_timeout=TIMEOUT, app_user_agent="esclusa")


def is_loopback(host: str) -> bool:
    """True where a host is this machine itself, so that nobody else reads what is sent to it.

    Args:
        host: name or address.
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def locate(repository: str) -> Location:
    """Address of a repository.

    Args:
        repository: directory or http(s) URL, as a person typed it.

    Raises:
        Misused: the URL carries a password or a query, which would end in logs and error messages, or it is no http(s).
    """
    if repository.startswith(("http://", "https://")):
        parts = urlsplit(repository)
        if parts.username or parts.password or parts.query or parts.fragment:
            raise Misused(
                "The repository's URL carries a password, a query or a fragment.",
                required="http(s)://host[:port]/path",
                remedy="Serve the golden repository without credentials in the URL: its files prove themselves.",
            )
        return Location(repository.rstrip("/"), None)
    if "://" in repository:
        scheme = repository.partition("://")[0]
        raise Misused(
            "A repository is a directory or a URL of http or https.",
            observed=f"{scheme}://…",
            required="http://, https:// or a directory",
            remedy=nearest(scheme, ("http", "https"))
            or "Name the directory, or the address that a file server gives it: --repository https://…",
        )
    directory = Path(repository).expanduser().resolve()
    return Location(str(directory), directory)
