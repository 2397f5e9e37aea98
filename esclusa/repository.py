"""One release of a golden repository, as TUF vouches for it; every byte handed out has the signed digest.

Belongs here: refreshing metadata, roles, keys, and fetching target files. Does not: what a certificate means.
Source: the client workflow of the TUF specification 1.0, by `tuf.ngclient`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from securesystemslib.signer import Key
from tuf.api.exceptions import ExpiredMetadataError, RepositoryError
from tuf.api.metadata import Metadata, Snapshot, TargetFile, Targets, Timestamp
from tuf.ngclient import Updater

from esclusa.anchor import Memory
from esclusa.errors import Tampered, Unreachable, Untrusted
from esclusa.location import CHUNK, Location
from esclusa.translate import translated

VERDICTS = "verdicts"  # the role that lists the latest decision on every dataset
CATALOGUE = "catalogue"  # the role that lists what is promised, certified or not
SHARED = (VERDICTS, CATALOGUE)  # roles that are no dataset's
ROLE_BYTES = 5_000_000  # what TUF's own client accepts
LOOSE_BYTES = 16_000_000  # a superseded certificate, which no role lists any more


@dataclass(frozen=True)
class Role:
    """One delegated role of the release.

    Args:
        name: the dataset's name, `verdicts` or `catalogue`.
        version: its metadata version.
        expires: end of its validity, UTC.
        expired: True where that end was past when the release was resolved; its files then only explain, never serve.
        files: path → length and digests.
        said: what the role says besides, in its field `esclusa`.
    """

    name: str
    version: int
    expires: datetime
    expired: bool
    files: Mapping[str, TargetFile]
    said: Mapping[str, Any]


class Repository:
    """The newest release at the moment of construction, pinned: later calls answer from that release.

    Args:
        location: where the repository is.
        state: directory of state.

    Raises:
        EsclusaError: nothing pinned, no answer, or metadata that TUF refuses; see `translate.py`.
    """

    def __init__(self, location: Location, state: Path) -> None:
        self.location = location
        self._memory = Memory(location, state)
        self._fetcher = location.fetcher()
        anchor = self._memory.pinned()
        self.fingerprint = sha256(anchor).hexdigest()  # of the pinned root, as people compare it
        with self._memory.alone(), translated(location):
            self._updater = Updater(
                str(self._memory.metadata), location.metadata, fetcher=self._fetcher, bootstrap=anchor
            )
            self._updater.refresh()
            # What the updater has verified, it has written: read it back before anyone else may refresh.
            self._timestamp = Metadata[Timestamp].from_file(self._persisted("timestamp")).signed
            self._snapshot = Metadata[Snapshot].from_file(self._persisted("snapshot")).signed
            self._targets = Metadata[Targets].from_file(self._persisted("targets")).signed
        delegations = self._targets.delegations
        self._delegated = dict((delegations and delegations.roles) or {})
        self._keys = dict(delegations.keys) if delegations else {}
        self._roles: dict[str, Role] = {}

    def _persisted(self, role: str) -> str:
        return str(self._memory.metadata / f"{role}.json")

    @property
    def version(self) -> int:
        """Version of the release: of the snapshot, which changes only when something is published."""
        return self._snapshot.version

    @property
    def alive_until(self) -> datetime:
        """When the whole repository expires unless the platform keeps it alive, UTC."""
        return self._timestamp.expires

    @property
    def datasets(self) -> tuple[str, ...]:
        """Every dataset that has a role, certified now or once."""
        return tuple(sorted(self._delegated.keys() - set(SHARED)))

    def has(self, role: str) -> bool:
        """True where the release delegates to that role."""
        return role in self._delegated

    def keys(self, role: str) -> tuple[list[Key], int]:
        """The distinct keys that may sign for a role, and how many of them must.

        Args:
            role: a role that `has` knows.
        """
        delegated = self._delegated[role]
        # One key listed under two ids is one key: a threshold counts keys, not names.
        distinct = {str(self._keys[id_].keyval): self._keys[id_] for id_ in delegated.keyids}
        return list(distinct.values()), delegated.threshold

    def role(self, name: str) -> Role:
        """A delegated role of this release, verified by TUF.

        Args:
            name: a role that `has` knows.

        Raises:
            EsclusaError: it is missing, or not what the snapshot and the delegation promise. Expiry does not raise:
                an expired role is returned with `expired` set.
        """
        if name not in self._roles:
            with self._memory.alone(), translated(self.location, f"The metadata of {name}"):
                try:
                    # TUF has no call for "load this role": asking for a path that only it may list does so.
                    self._updater.get_targetinfo(f"{name}/certificate.json")
                    signed, expired = Metadata[Targets].from_file(self._persisted(name)).signed, False
                    if signed.version != self._snapshot.meta[f"{name}.json"].version:
                        raise RepositoryError(f"{name} v{signed.version} is not of this snapshot")
                except ExpiredMetadataError:
                    signed, expired = self._past(name), True
            within = self._delegated[name].is_delegated_path
            files = {path: info for path, info in signed.targets.items() if within(path)}
            self._roles[name] = Role(name, signed.version, signed.expires, expired, files, _said(signed))
        return self._roles[name]

    def _past(self, name: str) -> Targets:
        """An expired role, held to everything but its date: what TUF itself discards, and an explanation needs."""
        promised = self._snapshot.meta[f"{name}.json"]
        url = f"{self.location.metadata}{promised.version}.{name}.json"
        data = self._fetcher.download_bytes(url, promised.length or ROLE_BYTES)
        promised.verify_length_and_hashes(data)
        metadata = Metadata[Targets].from_bytes(data)
        self._targets.verify_delegate(name, metadata.signed_bytes, metadata.signatures)
        return metadata.signed

    def read(self, role: Role, path: str) -> bytes:
        """The bytes of one file of a role: read once, hashed, and those very bytes returned.

        Args:
            role: a role of this release.
            path: one of `role.files`.

        Raises:
            Tampered: other bytes than were signed.
            Unreachable: the file is not there.
        """
        info = role.files[path]
        with self._opened(path, info) as file:
            data = file.read(info.length + 1)
        _demand(path, sha256(data).hexdigest(), _digest(path, info), len(data), info.length)
        return data

    def check(self, role: Role, path: str) -> None:
        """Hash one file of a role without keeping it: constant memory, whatever its size.

        Args:
            role: a role of this release.
            path: one of `role.files`.

        Raises:
            Tampered: other bytes than were signed.
            Unreachable: the file is not there.
        """
        info, digest, length = role.files[path], sha256(), 0
        with self._opened(path, info) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                length += len(chunk)
        _demand(path, digest.hexdigest(), _digest(path, info), length, info.length)

    def superseded(self, path: str, digest: str) -> bytes:
        """A file that no role lists any more, known by its digest from a signed one.

        Args:
            path: its path when it was listed.
            digest: SHA-256 (hex) that a trusted file names.

        Raises:
            Tampered: other bytes than the digest says.
            Unreachable: the file is not there.
        """
        with translated(self.location, path):
            data = self._fetcher.download_bytes(self._address(path, digest), LOOSE_BYTES)
        _demand(path, sha256(data).hexdigest(), digest)
        return data

    def _address(self, path: str, digest: str) -> str:
        folder, _, name = path.rpartition("/")
        return f"{self.location.targets}{folder}/{digest}.{name}"

    @contextmanager
    def _opened(self, path: str, info: TargetFile) -> Iterator[IO[bytes]]:
        """An open descriptor of a target: of the repository's own file, or of a download kept under its digest."""
        digest = _digest(path, info)
        source = Path(self._address(path, digest)) if self.location.directory else self._downloaded(path, info, digest)
        try:
            file = source.open("rb")
        except FileNotFoundError:
            raise Unreachable(
                f"{path} is missing from the golden repository.",
                observed=f"no file {source.name}",
                required="every file that the release lists",
                where=self.location.name,
                remedy="The copy is incomplete, or older than the release: fetch again, or ask the publisher.",
            ) from None
        with file:
            yield file

    def _downloaded(self, path: str, info: TargetFile, digest: str) -> Path:
        kept = self._memory.downloads / digest
        if self._updater.find_cached_target(info, str(kept)):
            kept.touch()
            return kept
        self._memory.tidy()
        handle, draft = tempfile.mkstemp(dir=self._memory.downloads)
        os.close(handle)
        try:
            with translated(self.location, path):
                self._updater.download_target(info, draft, self.location.targets)
            Path(draft).replace(kept)
        finally:
            Path(draft).unlink(missing_ok=True)
        return kept


def _said(signed: Targets) -> Mapping[str, Any]:
    said = signed.unrecognized_fields.get("esclusa")
    return said if isinstance(said, dict) else {}


def _digest(path: str, info: TargetFile) -> str:
    if "sha256" not in info.hashes:
        raise Untrusted(f"{path} is listed without a SHA-256.", observed=", ".join(info.hashes), required="sha256")
    return info.hashes["sha256"]


def _demand(path: str, observed: str, required: str, length: int = 0, length_required: int = 0) -> None:
    if (observed, length) != (required, length_required):
        raise Tampered(
            f"{path} is not the file that was published.",
            observed=f"sha256 {observed}" + (f", {length:,} bytes read" if length_required else ""),
            required=f"sha256 {required}" + (f", {length_required:,} bytes" if length_required else ""),
            remedy="Nothing of it was read. Restore the file from the publisher's copy, then `esclusa verify` again.",
        )
