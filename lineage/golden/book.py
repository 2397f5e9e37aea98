"""The signed metadata of the golden repository: the release in force, verified, and the one being written.

Belongs here: reading, versioning, signing and writing TUF metadata. Does not: which role changes when.
Source: The Update Framework specification 1.0, consistent snapshots; by `tuf.api.metadata`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from securesystemslib.signer import Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Key,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    Targets,
    Timestamp,
)

from lineage.errors import KeysUnusable, RepositoryForged
from lineage.files import sync, write_new, write_temporary

S = TypeVar("S", Root, Timestamp, Snapshot, Targets)

VERDICTS = "verdicts"  # the latest decision on every dataset
CATALOGUE = "catalogue"  # what is promised, certified or not: datasets, sources, terms, use cases
SHARED = (VERDICTS, CATALOGUE)  # roles that are no dataset's
LIVES = {
    "root": timedelta(days=365),
    "targets": timedelta(days=365),
    "snapshot": timedelta(days=30),
    VERDICTS: timedelta(days=30),
    CATALOGUE: timedelta(days=30),
    "timestamp": timedelta(hours=24),
}
WITHDRAWN_LIFE = timedelta(days=365)  # a withdrawn dataset says so, rather than look expired


class Book:
    """All metadata of one release. Roles are changed in memory, then each is stored under a version never used before.

    Args:
        directory: `metadata/` of the golden repository.
        root, timestamp, snapshot: as in force.
        roles: `targets`, `verdicts`, `catalogue` once there is one, and one per dataset.
    """

    def __init__(
        self,
        directory: Path,
        root: Metadata[Root],
        timestamp: Metadata[Timestamp],
        snapshot: Metadata[Snapshot],
        roles: dict[str, Metadata[Targets]],
    ) -> None:
        self.directory = directory
        self.root = root
        self.timestamp = timestamp
        self.snapshot = snapshot
        self.roles = roles
        self.orphans = tuple(self._orphans())

    @classmethod
    def blank(cls, directory: Path, root: Metadata[Root], gate: Key) -> Book:
        """The book of a repository without a release: no dataset, no decision.

        Args:
            root: stored already.
            gate: public key that signs the decisions.
        """
        targets, timestamp = Targets(delegations=Delegations({}, {})), Timestamp()
        timestamp.version = 0  # the first one written is 1
        roles = {"targets": Metadata(targets), VERDICTS: Metadata(Targets())}
        book = cls(directory, root, Metadata(timestamp), Metadata(Snapshot(meta={})), roles)
        book.delegate(VERDICTS, gate)
        return book

    @classmethod
    def open(cls, directory: Path, anchors: Collection[str]) -> Book:
        """Read the release in force, and believe nothing in it that the repository's own keys did not sign.

        Args:
            anchors: key ids of the root key: of the one in place, and of its successor while it is being replaced.

        Raises:
            RepositoryForged: some file is missing, or was not signed by the key that the root names for it.
        """
        name = "root"
        try:
            root = newest_root(directory, anchors)
            name = "timestamp.json"
            timestamp: Metadata[Timestamp] = Metadata.from_bytes((directory / name).read_bytes())
            root.signed.verify_delegate("timestamp", timestamp.signed_bytes, timestamp.signatures)
            name = f"{timestamp.signed.snapshot_meta.version}.snapshot.json"
            content = (directory / name).read_bytes()
            timestamp.signed.snapshot_meta.verify_length_and_hashes(content)
            snapshot: Metadata[Snapshot] = Metadata.from_bytes(content)
            root.signed.verify_delegate("snapshot", snapshot.signed_bytes, snapshot.signatures)
            roles: dict[str, Metadata[Targets]] = {}
            # `targets` first: it says who may sign the others.
            for filename in sorted(snapshot.signed.meta, key=lambda known: known != "targets.json"):
                meta, role = snapshot.signed.meta[filename], filename.removesuffix(".json")
                name = f"{meta.version}.{filename}"
                content = (directory / name).read_bytes()
                meta.verify_length_and_hashes(content)
                signed: Metadata[Targets] = Metadata.from_bytes(content)
                delegator = root.signed if role == "targets" else roles["targets"].signed
                delegator.verify_delegate(role, signed.signed_bytes, signed.signatures)
                roles[role] = signed
        except (RepositoryError, OSError, ValueError) as error:
            raise RepositoryForged(
                f"{directory / name} is missing or was not signed by this repository's keys ({type(error).__name__}); "
                "required: the metadata that this publisher wrote; nothing was changed; next: restore the golden "
                "repository from a copy (see docs/operate.md)"
            ) from error
        return cls(directory, root, timestamp, snapshot, roles)

    @property
    def datasets(self) -> tuple[str, ...]:
        """Every dataset that has a role, certified or withdrawn."""
        return tuple(sorted(self.roles.keys() - {"targets", *SHARED}))

    def delegate(self, role: str, gate: Key) -> None:
        """Let the gate key, and no other, sign for a role's own paths; in memory, until `targets` is stored."""
        delegations = self.roles["targets"].signed.delegations
        assert delegations is not None
        assert delegations.roles is not None
        delegations.roles[role] = DelegatedRole(role, [gate.keyid], 1, True, paths=[f"{role}/*"])
        listed = {keyid for delegated in delegations.roles.values() for keyid in delegated.keyids}
        delegations.keys = {id_: key for id_, key in {**delegations.keys, gate.keyid: gate}.items() if id_ in listed}

    def store_root(self, signers: Sequence[Signer], expires: datetime) -> None:
        """Write the next root; clients see it at once, so it is written last in a rotation."""
        self.root.signed.version += 1
        self._sign("root", self.root, signers, expires)
        write_root(self.directory, self.root)

    def store_role(self, role: str, signers: Sequence[Signer], expires: datetime) -> None:
        """Write the next version of any role but the top ones; the snapshot in memory names it."""
        content = self._store(role, self.roles[role], signers, expires)
        version = self.roles[role].signed.version
        self.snapshot.signed.meta[f"{role}.json"] = MetaFile.from_data(version, content, ["sha256"])

    def store_snapshot(self, signers: Sequence[Signer], expires: datetime) -> None:
        """Write the next snapshot; the timestamp in memory names it."""
        content = self._store("snapshot", self.snapshot, signers, expires)
        version = self.snapshot.signed.version
        self.timestamp.signed.snapshot_meta = MetaFile.from_data(version, content, ["sha256"])

    def write_timestamp(self, signers: Sequence[Signer], expires: datetime) -> Path:
        """Write the next timestamp beside `timestamp.json`; renamed to that, it puts the release in force."""
        # A snapshot that was never put in force may have been seen if the disk lost a rename: its number is skipped.
        skipped = sum(path.name.endswith(".snapshot.json") for path in self.orphans)
        self.timestamp.signed.version += 1 + skipped
        self._sign("timestamp", self.timestamp, signers, expires)
        return write_temporary(self.directory, self.timestamp.to_bytes())

    def tidy(self) -> None:
        """Remove metadata that no release ever referred to: what killed publishers left."""
        for path in self.orphans:
            path.unlink(missing_ok=True)

    def _store(self, role: str, metadata: Metadata[S], signers: Sequence[Signer], expires: datetime) -> bytes:
        used = [version for version, name, _ in versioned(self.directory) if name == role]
        metadata.signed.version = max(used, default=0) + 1
        self._sign(role, metadata, signers, expires)
        content = metadata.to_bytes()
        write_new(self.directory / f"{metadata.signed.version}.{role}.json", content)
        return content

    def _sign(self, role: str, metadata: Metadata[S], signers: Sequence[Signer], expires: datetime) -> None:
        """Sign, and refuse what a client would refuse: a key that the delegator does not name for this role."""
        metadata.signed.expires = expires.astimezone(UTC)
        for number, signer in enumerate(signers):
            metadata.sign(signer, append=number > 0)
        top = role in {"root", "targets", "snapshot", "timestamp"}
        delegator = self.root.signed if top else self.roles["targets"].signed
        try:
            delegator.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
        except (RepositoryError, ValueError) as error:
            raise KeysUnusable(
                f"the keys at hand may not sign {role} of {self.directory.parent}: they are of another repository; "
                "nothing was published; next: restore this repository's keys (see docs/operate.md)"
            ) from error

    def _orphans(self) -> Iterable[Path]:
        current = {"snapshot": self.timestamp.signed.snapshot_meta.version if self.snapshot.signed.meta else 0}
        current |= {name.removesuffix(".json"): meta.version for name, meta in self.snapshot.signed.meta.items()}
        for version, role, path in versioned(self.directory):
            if role != "root" and version > current.get(role, 0):
                yield path


def versioned(directory: Path) -> list[tuple[int, str, Path]]:
    """(version, role, path) of every `N.<role>.json`.

    Args:
        directory: `metadata/`; may be absent.
    """
    found = []
    for path in directory.glob("*.*.json"):
        number, _, role = path.name.removesuffix(".json").partition(".")
        if number.isdigit():
            found.append((int(number), role, path))
    return sorted(found)


def newest_root(directory: Path, anchors: Collection[str]) -> Metadata[Root]:
    """The root in force, signed by itself and naming one of `anchors` as its root key.

    Raises:
        RepositoryError: it is not signed by its keys, or they are not ours.
        OSError: there is none.
    """
    paths = [path for _, role, path in versioned(directory) if role == "root"]
    if not paths:
        raise FileNotFoundError(directory / "1.root.json")
    root: Metadata[Root] = Metadata.from_bytes(paths[-1].read_bytes())
    root.signed.verify_delegate("root", root.signed_bytes, root.signatures)
    if not set(root.signed.roles["root"].keyids) & set(anchors):
        raise RepositoryError("the root names another root key")
    return root


def first_root(
    directory: Path, hands: Mapping[str, Signer], anchors: Collection[str], expires: datetime
) -> Metadata[Root]:
    """Write the root of a new repository; one that a killed `create` left is used again.

    Args:
        directory: `metadata/`.
        hands: key → its signer: `root`, `targets`, `gate`, `timestamp`.
        anchors: key ids that a root in place may name.
        expires: of a new one, UTC.

    Raises:
        RepositoryForged: a root of other keys is in place.
    """
    if any(role == "root" for _, role, _ in versioned(directory)):
        try:
            return newest_root(directory, anchors)
        except RepositoryError as error:
            raise RepositoryForged(
                f"{directory} holds a root of other keys; next: restore its keys, or choose another directory"
            ) from error
    root = Root(expires=expires, consistent_snapshot=True)
    for role in ("root", "targets", "snapshot", "timestamp"):
        root.add_key(hands["gate" if role == "snapshot" else role].public_key, role)
    signed = Metadata(root)
    signed.sign(hands["root"])
    write_root(directory, signed)
    return signed


def write_root(directory: Path, root: Metadata[Root]) -> None:
    """Create `N.root.json`, durably."""
    write_new(directory / f"{root.signed.version}.root.json", root.to_bytes())
    sync(directory)
