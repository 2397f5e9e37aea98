"""The ledger: what was decided, released, read, erased and revoked, in a chain of hashes that only ever grows.

Belongs here: the format of an entry, appending to the chain and checking it. Does not: where it is kept
(`store.py`), who writes what into it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from esclusa.errors import Tampered

if TYPE_CHECKING:
    from esclusa.ledger.store import Store

GENESIS = "0" * 64  # what the first entry follows

# Every kind of entry. A body names people, digests, columns and counts; never a value of a row.
KINDS: Mapping[str, str] = {
    "verdict": "a gate judged a candidate",
    "release": "a certificate was put in force",
    "refusal": "a candidate or a delivery was refused",
    "signoff": "a role signed a contract",
    "waiver": "a finding may pass until a date",
    "read": "rows were handed out",
    "read-refused": "rows were asked for and refused",
    "erasure": "a subject was erased",
    "retention": "rows past their retention were deleted",
    "revocation": "a certificate was taken back",
    "key": "a signing key was made or replaced",
    "token": "a token of the service was made or revoked",
}


@dataclass(frozen=True)
class Entry:
    """One entry.

    Args:
        sequence: 1 for the first, without gaps.
        at: when it was written, UTC.
        kind: one of `KINDS`.
        dataset: what it is about; empty for what concerns them all.
        body: JSON; holds no value of a row.
        previous: `hash` of the entry before, `GENESIS` for the first.
        hash: SHA-256 (hex) over the canonical JSON of all other fields.
    """

    sequence: int
    at: datetime
    kind: str
    dataset: str
    body: Mapping[str, Any]
    previous: str
    hash: str


@dataclass(frozen=True)
class Row:
    """An entry as it is stored: nothing in it is believed yet.

    Args:
        at: ISO 8601 in UTC.
        body: canonical JSON.
    """

    sequence: int
    at: str
    kind: str
    dataset: str
    body: str
    previous: str
    hash: str


@dataclass(frozen=True)
class Problem:
    """Where the chain does not hold.

    Args:
        sequence: of the first entry that it concerns.
        what: what was seen, and what that means.
    """

    sequence: int
    what: str


class Ledger:
    """An append-only ledger; any number of processes may hold one on the same store and take turns.

    Args:
        url_or_path: a SQLite file, made by the first append; or `postgresql://…`.
        shared: many threads of this process append at once; they then share transactions and a connection that stays.

    Raises:
        Misused: the URL is of no database that a ledger can be kept in.
    """

    def __init__(self, url_or_path: str | Path, shared: bool = False) -> None:
        self._address, self._shared = url_or_path, shared

    @cached_property
    def _store(self) -> Store:
        if self._shared:
            from esclusa.ledger.shared import SharedStore

            return SharedStore(self._address)
        from esclusa.ledger.store import Store  # SQLAlchemy: only for those who use a ledger

        return Store(self._address)

    @property
    def place(self) -> str:
        """The file, or the database without user and password: fit to be shown."""
        return self._store.place

    def append(self, kind: str, dataset: str, body: Mapping[str, Any], at: datetime | None = None) -> Entry:
        """Write an entry, durably, after the last one.

        Args:
            kind: one of `KINDS`.
            dataset: what it is about, or empty.
            body: what happened; no value of a row.
            at: when it happened, timezone-aware; default now.

        Raises:
            LedgerUnavailable: it was not written; what it should record must not happen.
            ValueError: no such kind, a moment without a time zone, or a body that is not JSON.
        """
        moment = at or datetime.now(UTC)
        if kind not in KINDS:
            raise ValueError(f"the ledger has no kind {kind!r}; required: {', '.join(KINDS)}")
        if moment.tzinfo is None:
            raise ValueError(f"{kind} of {dataset}: an entry's moment needs a time zone")
        fields: Mapping[str, Any] = {
            "at": moment.astimezone(UTC).isoformat(),
            "kind": kind,
            "dataset": dataset,
            "body": canonical(body),
        }

        def following(last: Row | None) -> Row:
            place = {"sequence": last.sequence + 1, "previous": last.hash} if last else _FIRST
            return Row(**place, **fields, hash=_hash({**place, **fields}))

        return _entry(self._store.append(following))

    def entries(self, kind: str | None = None, dataset: str | None = None) -> Iterator[Entry]:
        """Entries from the first on; `verify` says whether to believe them.

        Args:
            kind, dataset: only these.

        Raises:
            LedgerUnavailable: it cannot be read.
            Tampered: an entry is not one that `append` wrote.
        """
        return map(_entry, self._store.rows(kind=kind, dataset=dataset))

    def head(self) -> Entry | None:
        """The last entry, or None."""
        last = self._store.last()
        return None if last is None else _entry(last)

    def verify(self, heads: Iterable[tuple[int, str]] = ()) -> tuple[Problem, ...]:
        """Every place where the chain was edited, or lost, gained or moved an entry; empty where it holds.

        Args:
            heads: (sequence, hash) of entries that certificates name. Without them, an end that was cut off, or a whole
                chain written anew, cannot be seen.

        Raises:
            LedgerUnavailable: it cannot be read.
        """
        return tuple(sorted(_problems(self._store.rows(), dict.fromkeys(heads)), key=lambda found: found.sequence))


_FIRST: Mapping[str, Any] = {"sequence": 1, "previous": GENESIS}


def canonical(value: Any) -> str:
    """JSON with sorted keys, without blanks, in ASCII: what is hashed.

    Args:
        value: anything that JSON can say.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _hash(fields: Mapping[str, Any]) -> str:
    document = {**fields, "body": json.loads(fields["body"])}
    return sha256(canonical(document).encode()).hexdigest()


def _is_intact(row: Row) -> bool:
    fields = asdict(row)
    claimed = fields.pop("hash")
    try:
        # The text too must be ours: a key given twice would say two things under one hash.
        return canonical(json.loads(row.body)) == row.body and _hash(fields) == claimed
    except (TypeError, ValueError, RecursionError):
        return False


def _problems(rows: Iterable[Row], heads: Mapping[tuple[int, str], None]) -> Iterator[Problem]:
    named: dict[int, list[str]] = {}
    for sequence, digest in heads:
        named.setdefault(sequence, []).append(digest)
    last, follows = 0, GENESIS
    for row in rows:
        if row.sequence != last + 1:
            missing = f"{last + 1} to {row.sequence - 1}" if row.sequence > last + 2 else str(last + 1)
            yield Problem(last + 1, f"missing: {missing}; entry {last or 'none'} is followed by {row.sequence}")
        elif row.previous != follows:
            yield Problem(row.sequence, "does not follow the entry before it: one of both was replaced or moved")
        if not _is_intact(row):
            yield Problem(row.sequence, "edited: its content does not have its hash")
        for digest in named.pop(row.sequence, ()):
            if digest != row.hash:
                yield Problem(row.sequence, f"rewritten: a certificate names {digest[:12]}…, here is {row.hash[:12]}…")
        last, follows = row.sequence, row.hash
    for sequence in named:
        yield Problem(sequence, f"missing: a certificate names it, but the ledger ends at {last}: its end was cut off")


def _entry(row: Row) -> Entry:
    try:
        at = datetime.fromisoformat(row.at)
        body: dict[str, Any] = json.loads(row.body)
    except (TypeError, ValueError, RecursionError) as error:
        raise Tampered(
            f"Entry {row.sequence} of the ledger cannot be read.",
            observed=type(error).__name__,
            required="an entry as it was written",
            remedy="esclusa ledger verify; then restore the ledger from a copy (docs/operate.md)",
        ) from None
    return Entry(**{**asdict(row), "at": at, "body": body})
