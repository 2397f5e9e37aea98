"""The first root: the one thing a reader must be told, and where it is remembered.

Belongs here: pinning a root, and the private directory of state per repository. Does not: following newer roots;
TUF does.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.api.metadata import Metadata, Root

from esclusa.errors import Misused, Unreachable, Untrusted
from esclusa.location import Location, locate
from esclusa.settings import load_settings

ROOT_BYTES = 512_000  # what TUF's own client accepts
DOWNLOAD_LIFE = 30 * 24 * 3600  # seconds since a download was last used


@dataclass(frozen=True)
class Anchor:
    """A pinned root.

    Args:
        repository: directory or URL that it is pinned for.
        fingerprint: SHA-256 (hex) of the root file: what two people compare by another channel.
        version: its version; newer ones are followed from here.
        expires: end of its validity, UTC.
        new: False where this very root was pinned before.
    """

    repository: str
    fingerprint: str
    version: int
    expires: datetime
    new: bool


class Memory:
    """What this machine remembers of one repository: pinned root, versions seen, downloads.

    Args:
        location: the repository.
        state: directory of all state; this repository gets a directory of its own in it.
    """

    def __init__(self, location: Location, state: Path) -> None:
        self.location = location
        self.directory = state / location.key
        self.metadata = self.directory / "metadata"
        self.downloads = self.directory / "downloads"
        self.root = self.directory / "root.json"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One at a time, among threads and processes; the kernel frees it when its holder dies."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.directory / "turn").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield

    def tidy(self) -> None:
        """Make the directory of downloads, and drop what nobody used for a month."""
        self.downloads.mkdir(mode=0o700, exist_ok=True)
        for old in self.downloads.iterdir():
            with suppress(FileNotFoundError):  # another reader tidies too
                if time.time() - old.stat().st_mtime > DOWNLOAD_LIFE:
                    old.unlink()

    def pinned(self) -> bytes:
        """The pinned root.

        Raises:
            Untrusted: nothing is pinned for this repository yet.
            Unreachable: nothing is pinned, and there is no repository.
        """
        try:
            return self.root.read_bytes()
        except FileNotFoundError:
            _offered(self.location)  # of what is not there at all, nobody need be told whom to trust
            raise Untrusted(
                "No root is pinned for this repository: nothing in it can be trusted yet.",
                observed="a repository that this machine has never been told to trust",
                required="the first root, pinned once, its fingerprint compared with the publisher's",
                where=self.location.name,
                remedy="esclusa trust <where> --fingerprint <sha256 that the publisher gave you>",
            ) from None

    def pin(self, root: bytes) -> None:
        """Pin a root, and forget what was seen under another one."""
        shutil.rmtree(self.metadata, ignore_errors=True)
        (self.directory / "location").write_text(self.location.name + "\n", encoding="utf-8")
        draft = self.root.with_suffix(".new")
        with draft.open("wb") as file:
            file.write(root)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.root)


def trust(
    repository: str | os.PathLike[str] | None = None,
    *,
    root: str | os.PathLike[str] | bytes | None = None,
    fingerprint: str | None = None,
    replace: bool = False,
    state: str | os.PathLike[str] | None = None,
) -> Anchor:
    """Pin the first root of a repository: the only act of trust, everything else is proven from it.

    Args:
        repository: directory or URL; default from the settings.
        root: the root file, or its bytes, handed over by a safer channel; default: the repository's own `1.root.json`,
            which is trust on first use unless a fingerprint is given.
        fingerprint: SHA-256 (hex) that the root file must have.
        replace: pin it although another root is pinned; what was seen under the other one is forgotten.
        state: directory of state; default from the settings.

    Raises:
        Untrusted: another fingerprint, a root that does not sign itself, or another root is pinned already.
        Unreachable: no root could be fetched.
    """
    settings = load_settings(repository, state)
    location = locate(settings.repository)
    data = _root_bytes(location, root)
    observed = sha256(data).hexdigest()
    if fingerprint is not None and observed != fingerprint.strip().lower().removeprefix("sha256:"):
        raise Untrusted(
            f"The root of {location.name} is not the one you were told to expect.",
            observed=f"fingerprint {observed}",
            required=f"fingerprint {fingerprint}",
            remedy="Do not trust it. Ask the publisher, by another channel than this repository, which root is theirs.",
        )
    signed = _self_signed(location, data)
    memory = Memory(location, settings.state)
    with memory.alone():
        known = memory.root.read_bytes() if memory.root.exists() else None
        if known is not None and known != data and not replace:
            raise Untrusted(
                f"Another root is pinned for {location.name} already.",
                observed=f"fingerprint {observed}",
                required=f"fingerprint {sha256(known).hexdigest()}, as pinned",
                remedy="Keep the pinned one, unless the publisher confirms a new repository: then add --replace.",
            )
        if known != data:
            memory.pin(data)
    return Anchor(location.name, observed, signed.version, signed.expires, known != data)


def _root_bytes(location: Location, root: str | os.PathLike[str] | bytes | None) -> bytes:
    if isinstance(root, bytes):
        return root
    if root is not None:
        try:
            return Path(root).read_bytes()
        except OSError as error:
            raise Misused(
                f"The root file {os.fspath(root)} cannot be read.",
                observed=error.strerror or type(error).__name__,
                required="a TUF root.json, as the publisher handed it over",
            ) from None
    return _offered(location)


def _offered(location: Location) -> bytes:
    try:
        return location.fetcher().download_bytes(f"{location.metadata}1.root.json", ROOT_BYTES)
    except DownloadError as error:
        raise Unreachable(
            "There is no golden repository there.",
            observed=str(error) or type(error).__name__,
            required="metadata/1.root.json",
            where=location.name,
            remedy="Check --repository or ESCLUSA_REPOSITORY, which is read from the directory that you are in; in a "
            "checkout of the platform, `make run` builds one.",
        ) from None


def _self_signed(location: Location, data: bytes) -> Root:
    try:
        metadata = Metadata[Root].from_bytes(data)
        metadata.signed.verify_delegate(Root.type, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError, AttributeError) as error:
        raise Untrusted(
            f"The root offered for {location.name} does not prove itself.",
            observed=str(error),
            required="a TUF root that its own keys have signed",
            remedy="Ask the publisher for the root file.",
        ) from None
    return metadata.signed
