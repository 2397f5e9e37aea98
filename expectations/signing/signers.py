"""Signers: whose key is whose, for what and how long: `allowed_signers` and `revoked_keys`, as OpenSSH reads them.

Belongs here: reading both files, and what speaks against a key. Does not: what was signed.
Source: ssh-keygen(1), ALLOWED SIGNERS and KEY REVOCATION LISTS (a list of public keys; no binary KRL, no certificates).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sshsig.allowed_signers import AllowedSigner

from expectations.loader.problem import ContractError, Problem
from expectations.signing.signature import PublicKey

ALLOWED, REVOKED = "allowed_signers", "revoked_keys"
_LARGEST = 1_000_000  # bytes
_TIMES = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


class _Unreadable(ValueError):
    """What is wrong with a line, in our own words."""


class Objection(NamedTuple):
    """Why a key does not speak for somebody: in a word or two, and in words that complete `signed …`."""

    word: str
    why: str


@dataclass(frozen=True)
class Grant:
    """One line of `allowed_signers`.

    Args:
        principals, namespaces: patterns as OpenSSH matches them; no namespaces: all.
        after, before: UTC; the key counts from the one until the other.
    """

    key: PublicKey
    principals: str
    namespaces: str | None
    after: datetime | None
    before: datetime | None
    line: int


@dataclass(frozen=True)
class Signers:
    """Who may sign.

    Args:
        path: of `allowed_signers`.
    """

    path: Path
    grants: tuple[Grant, ...]
    revoked: frozenset[PublicKey]

    def objection(self, key: PublicKey, principal: str, namespace: str, at: datetime) -> Objection | None:
        """Why this key does not speak for that person; None where it does.

        Args:
            principal: username of a team's member.
            namespace: that the signature was made for.
            at: the moment at which the key must have been in force, UTC.
        """
        if key in self.revoked:
            return Objection("key revoked", f"by the revoked key {key.fingerprint} (revoked_keys)")
        known = [g for g in self.grants if g.key == key]
        if not known:
            return Objection("unknown key", f"by an unknown key, {key.fingerprint}: no line of allowed_signers has it")
        own = [g for g in known if matches(g.principals, principal)]
        if not own:
            whose = ", ".join(g.principals for g in known)
            why = f"by the key {key.fingerprint}, which allowed_signers gives to {whose}, not to {principal}"
            return Objection("key of another", why)
        meant = [g for g in own if g.namespaces is None or matches(g.namespaces, namespace)]
        if not meant:
            why = f"by the key {key.fingerprint}, which allowed_signers does not allow for {namespace}"
            return Objection("key not for this", why)
        if any((g.after is None or g.after <= at) and (g.before is None or at < g.before) for g in meant):
            return None
        why = f"by the key {key.fingerprint} of {principal}, not in force on {at:%Y-%m-%d} (allowed_signers)"
        return Objection("key not in force", why)

    def principals(self, key: PublicKey) -> tuple[str, ...]:
        """Whom `allowed_signers` gives a key to, as written there."""
        return tuple(g.principals for g in self.grants if g.key == key)


def load_signers(directory: Path) -> Signers:
    """Read both files; one that is absent holds no key.

    Args:
        directory: of the promises.

    Raises:
        ContractError: with every line that cannot be read; a line that is skipped could be a revocation.
    """
    allowed, revoked = directory / ALLOWED, directory / REVOKED
    problems: list[Problem] = []
    grants: list[Grant] = []
    keys: set[PublicKey] = set()
    for number, line in _lines(allowed):
        try:
            grants.append(_grant(line, number))
        except _Unreadable as error:
            problems.append(Problem(str(allowed), number, "(line)", f"names no signer: {error}"))
        except Exception:  # sshsig's parser raises more than ValueError on a stranger's line, and repeats the line
            problems.append(
                Problem(str(allowed), number, "(line)", "names no signer; required: <principal> [options] <type> <key>")
            )
    for number, line in _lines(revoked):
        try:
            keys.add(_key(*line.split()[:2]))
        except (_Unreadable, TypeError):
            problems.append(Problem(str(revoked), number, "(line)", "is no public key; required: <type> <key>"))
    if problems:
        raise ContractError(directory, problems)
    return Signers(allowed, tuple(grants), frozenset(keys))


def matches(patterns: str, name: str) -> bool:
    """Whether a name is among comma-separated patterns with `*`, `?` and `!`, as OpenSSH has them.

    Args:
        patterns: one that begins with `!` and fits excludes the name.
        name: a principal or a namespace.
    """
    found = False
    for pattern in patterns.split(","):
        expression = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern.removeprefix("!"))
        if re.fullmatch(expression, name, re.DOTALL):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines that say something."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ContractError(path, [Problem(str(path), 1, "(file)", f"cannot be read: {error.strerror}")]) from None
    if len(raw) > _LARGEST or raw.startswith(b"SSHKRL"):
        what = "is a binary KRL" if raw.startswith(b"SSHKRL") else f"has {len(raw):,} bytes"
        message = f"{what}; required: text, a public key a line"
        raise ContractError(path, [Problem(str(path), 1, "(file)", message)])
    for number, line in enumerate(raw.decode("utf-8", "replace").split("\n"), 1):
        text = line.strip()
        if text and not text.startswith("#"):
            yield number, text


def _grant(line: str, number: int) -> Grant:
    found = AllowedSigner.parse(line)
    options = found.options or {}
    if "cert-authority" in options:
        raise _Unreadable("a certificate authority vouches for nobody here; name the person's own key")
    return Grant(
        key=_key(found.key_type, found.base64_key),
        principals=found.principals,
        namespaces=options.get("namespaces"),
        after=_moment(options.get("valid-after")),
        before=_moment(options.get("valid-before")),
        line=number,
    )


def _key(kind: str, written: str) -> PublicKey:
    try:
        key = PublicKey(base64.b64decode(written, validate=True))
        is_one = key.kind == kind
    except ValueError:
        is_one = False
    if not is_one:
        raise _Unreadable("required: a key type and its base64, as in a .pub file")
    return key


def _moment(written: str | None) -> datetime | None:
    """OpenSSH's YYYYMMDD[HHMM[SS]][Z]; without Z in the time zone of this machine, as there."""
    if written is None:
        return None
    digits = written.removesuffix("Z")
    if len(digits) not in _TIMES or not digits.isascii() or not digits.isdigit():
        raise _Unreadable(f"{written[:20]} is no time; required: YYYYMMDD or YYYYMMDDHHMM[SS], with Z for UTC")
    moment = datetime.strptime(digits, _TIMES[len(digits)])
    return moment.replace(tzinfo=UTC) if written.endswith("Z") else moment.astimezone(UTC)
