"""From what TUF says went wrong to what a reader can act on: one table, tried from the top.

Belongs here: the mapping of TUF's exceptions to our tree. Does not: finding out that something is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tuf.api import exceptions as tuf
from tuf.api.serialization import DeserializationError

from esclusa.errors import EsclusaError, Expired, RolledBack, Tampered, Unreachable, Untrusted
from esclusa.location import Location

# TUF's exception → ours, the sentence, what is required, what to do.
_TABLE: tuple[tuple[type[Exception], type[EsclusaError], str, str, str], ...] = (
    (
        tuf.UnsignedMetadataError,
        Untrusted,
        "is signed by keys that the pinned root does not vouch for",
        "signatures by the keys of the pinned root, or of the roots that it handed over to",
        "Read nothing from it. Ask the publisher; only a confirmed new repository is worth `esclusa trust --replace`.",
    ),
    (
        tuf.BadVersionNumberError,
        RolledBack,
        "is older than what this machine has seen, or mixed from several releases",
        "versions that never go back and belong to one release",
        "Read nothing from it. If it is a mirror, wait for it to catch up; else ask the publisher what was restored.",
    ),
    (
        tuf.ExpiredMetadataError,
        Expired,
        "is no longer kept alive: the platform stopped vouching for all of it",
        "metadata that has not expired",
        "Ask the operators of the platform; the keep-alive schedule signs a new timestamp while it is healthy.",
    ),
    (
        tuf.LengthOrHashMismatchError,
        Tampered,
        "does not hold what was signed",
        "bytes with the signed length and digest",
        "Read nothing from it. Restore the file from the publisher's copy.",
    ),
    (
        tuf.DownloadLengthMismatchError,
        Tampered,
        "holds more than what was signed",
        "bytes with the signed length and digest",
        "Read nothing from it. Restore the file from the publisher's copy.",
    ),
    (
        DeserializationError,
        Tampered,
        "holds metadata that cannot be parsed: torn or edited",
        "TUF metadata in JSON",
        "Read nothing from it. Restore the file from the publisher's copy.",
    ),
    (
        tuf.RepositoryError,
        RolledBack,
        "holds metadata files that do not belong together",
        "root, timestamp, snapshot and targets of one release",
        "Read nothing from it. If it is a mirror, wait for it to catch up; else ask the publisher.",
    ),
    (
        tuf.DownloadError,
        Unreachable,
        "did not answer, or lacks a file that its release lists",
        "every file of the release that timestamp.json names",
        "Check the address (ESCLUSA_REPOSITORY) and the network, then try again.",
    ),
)


@contextmanager
def translated(location: Location, subject: str = "") -> Iterator[None]:
    """Raise errors of our tree where TUF raises its own.

    Args:
        location: the repository that is read.
        subject: what was being loaded, where it is not the repository as a whole.

    Raises:
        EsclusaError: whatever TUF refused, by the table above.
    """
    try:
        yield
    except (tuf.RepositoryError, tuf.DownloadError) as error:
        _, kind, what, required, remedy = next(row for row in _TABLE if isinstance(error, row[0]))
        whose, observed = subject or "The golden repository", str(error) or type(error).__name__
        raise kind(
            f"{whose} {what}.", observed=observed, required=required, where=location.name, remedy=remedy
        ) from error
