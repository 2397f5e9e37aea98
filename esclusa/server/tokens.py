"""API tokens: made once, shown once, kept as hashes; what each may do and until when.

Belongs here: the form of a token, and the file that they are kept in. Does not: telling who calls (`callers.py`).
A token is `esclusa_`, 43 letters and digits of 256 random bits, and a CRC-32 of six: a scanner that looks for leaked
secrets knows one without asking anybody. 256 random bits cannot be guessed from their hash, so SHA-256 is enough.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from esclusa.errors import Misused, nearest

PREFIX = "esclusa_"
FORM = re.compile(r"esclusa_[0-9A-Za-z]{49}")
ANY = "*"  # stands for every role, or every purpose
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FORMAT = 1


@dataclass(frozen=True)
class Token:
    """What is kept of one token.

    Args:
        id: 8 hex digits of its hash, to name it by.
        name: who calls with it.
        sha256: hash (hex) of the token.
        roles: that its caller may take.
        purposes: that it may read for; empty for every purpose that the contracts grant the role.
        mirror: may fetch whole Parquet files, unmasked.
        made, expires: UTC.
        revoked: since when, or None.
    """

    id: str
    name: str
    sha256: str
    roles: tuple[str, ...]
    purposes: tuple[str, ...]
    mirror: bool
    made: datetime
    expires: datetime
    revoked: datetime | None = None

    def state(self, now: datetime) -> str:
        """`in force`, `expired` or `revoked`.

        Args:
            now: timezone-aware.
        """
        return "revoked" if self.revoked else "expired" if self.expires <= now else "in force"


class TokenFile:
    """The tokens of one service; a change is in force with the next request.

    Args:
        path: JSON, mode 0600; need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: tuple[tuple[int, int, int], tuple[Token, ...]] | None = None  # as the file was, what it held

    def all(self) -> tuple[Token, ...]:
        """Every token that was ever made, the newest last.

        Raises:
            Misused: the file cannot be read, or others can read it.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return ()
        seen = (found.st_ino, found.st_mtime_ns, found.st_size)
        known = self._known  # one name for both: a thread that read an older file must not pass it for the newer one
        if known is None or known[0] != seen:
            if found.st_mode & 0o077:
                raise _unusable(self.path, f"mode {found.st_mode & 0o777:04o}: others can read it", "mode 0600")
            known = self._known = (seen, _read(self.path))
        return known[1]

    def find(self, token: str) -> Token | None:
        """What is kept of a token that a caller shows, or None; takes as long for every token.

        Args:
            token: as it was shown.
        """
        shown = sha256(token.encode("utf-8", "replace")).hexdigest()
        found = None
        for known in self.all():
            if hmac.compare_digest(known.sha256, shown):
                found = known
        return found

    def add(
        self, name: str, roles: Sequence[str], purposes: Sequence[str], mirror: bool, expires: datetime
    ) -> tuple[str, Token]:
        """Make a token; the text is nowhere kept.

        Args:
            name: who will call with it.
            roles: that its caller may take.
            purposes: that it may read for; empty for all.
            mirror: may fetch whole Parquet files.
            expires: timezone-aware.

        Raises:
            Misused: the file cannot be read or written.
        """
        text = new_token()
        digest = sha256(text.encode()).hexdigest()
        made = Token(digest[:8], name, digest, tuple(roles), tuple(purposes), mirror, datetime.now(UTC), expires)
        with self._changing() as tokens:
            tokens.append(made)
        return text, made

    def revoke(self, which: str) -> tuple[Token, ...]:
        """Take tokens back, from the next request on.

        Args:
            which: id or name; a name takes back every token of that name.

        Raises:
            Misused: none in force is called that.
        """
        now = datetime.now(UTC)
        with self._changing() as tokens:
            live = [token for token in tokens if token.state(now) == "in force"]
            taken = [token for token in live if which in (token.id, token.name)]
            if not taken:
                known = tuple(dict.fromkeys(token.name for token in live))
                raise Misused(
                    f"No token in force is called {which}.",
                    observed=f"in force: {', '.join(known) or 'none'}",
                    required="the id or the name of one",
                    remedy=f"{nearest(which, known)} esclusa tokens list shows them.".strip(),
                )
            tokens[:] = [replace(token, revoked=now) if token in taken else token for token in tokens]
        return tuple(taken)

    @contextmanager
    def _changing(self) -> Iterator[list[Token]]:
        """The tokens, to be changed by one process at a time and put back by one rename."""
        import fcntl

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.with_suffix(".turn").open("w") as turn:
                fcntl.flock(turn, fcntl.LOCK_EX)
                tokens = list(self.all())
                yield tokens
                _write(self.path, tokens)
        except OSError as error:
            raise _unusable(self.path, error.strerror or type(error).__name__, "a file that can be written") from None


def recorded(token: Token, event: str) -> dict[str, Any]:
    """What the ledger says of a token: whose it is and what it may do, nothing that opens anything.

    Args:
        event: what happened to it, `made` or `revoked`.
    """
    said = {"event": event, "id": token.id, "name": token.name, "roles": list(token.roles)}
    return {**said, "purposes": list(token.purposes), "mirror": token.mirror, "until": token.expires.isoformat()}


def new_token() -> str:
    """A token that nobody has seen yet."""
    secret = _base62(secrets.randbits(256), 43)
    return f"{PREFIX}{secret}{_checksum(secret)}"


def is_well_formed(token: str) -> bool:
    """True where a text has the form of a token and its checksum: a typing error is told from a guess.

    Args:
        token: as it was shown.
    """
    secret = token.removeprefix(PREFIX)[:-6]
    return FORM.fullmatch(token) is not None and _checksum(secret) == token[-6:]


def _checksum(secret: str) -> str:
    return _base62(zlib.crc32(secret.encode()), 6)


def _base62(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits


def _read(path: Path) -> tuple[Token, ...]:
    try:
        document = json.loads(path.read_bytes())
        return tuple(_token(written) for written in {_FORMAT: document["tokens"]}[document["format"]])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unusable(path, type(error).__name__, f"tokens of format {_FORMAT}, as esclusa wrote them") from None


def _token(written: dict[str, Any]) -> Token:
    moments = {name: datetime.fromisoformat(written[name]) for name in ("made", "expires")}
    revoked = datetime.fromisoformat(written["revoked"]) if written["revoked"] else None
    lists = {name: tuple(written[name]) for name in ("roles", "purposes")}
    return Token(**{**written, **lists, **moments, "revoked": revoked})


def _write(path: Path, tokens: Sequence[Token]) -> None:
    document = {"format": _FORMAT, "tokens": [asdict(token) for token in tokens]}
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".tokens-")  # of mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1, default=datetime.isoformat)
        file.flush()
        os.fsync(file.fileno())
    Path(draft).replace(path)


def _unusable(path: Path, observed: str, required: str) -> Misused:
    return Misused(
        f"The tokens in {path} cannot be used.",
        observed=observed,
        required=required,
        remedy=f"chmod 600 {path}, restore it, or name another file in ESCLUSA_TOKENS.",
    )
