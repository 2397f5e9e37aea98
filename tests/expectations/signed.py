"""People with keys, and a directory of promises that they sign; made by the real ssh-keygen.

Belongs here: keys, signatures, the shop's promises copied for a test to break. Does not: assertions.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from expectations.contract import Contract
from expectations.environment import Environment
from expectations.loader import load_contracts, load_glossary
from expectations.signing import waiver as waivers
from expectations.signing.profiles import demand_of
from expectations.signing.register import CommittedAt, Register, open_register, write_document
from expectations.signing.signoff import NAMESPACE, Signoff, file_of, folder, new_revocation, new_signoff, read_signoff
from tests.expectations.promised import FIXTURES

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PEOPLE = {"owner": "sales.owner", "security": "security.lead"}
PROFILES = """\
profiles:
  standard: {signoffs: [owner, security], validDays: 180, warnDays: 21, maxWaiverDays: 30}
riskTiers: {minimal: standard, limited: standard, high: standard}
default: standard
"""
SEEN = {
    "auditedAt": "2026-11-22T11:00:00+00:00",
    "candidateDigest": "c" * 64,
    "items": dict.fromkeys(("definitions", "sources", "access", "quality", "lineage", "retention"), "pass"),
}


def ssh_keygen(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the real program."""
    command = ["ssh-keygen", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, start_new_session=True)


@dataclass(frozen=True)
class Key:
    """A key pair in files."""

    path: Path

    @property
    def public_file(self) -> Path:
        """The `.pub` file."""
        return self.path.with_name(f"{self.path.name}.pub")

    @property
    def public(self) -> str:
        """`<type> <base64>`."""
        return " ".join(self.public_file.read_text().split()[:2])

    def sign(self, raw: bytes, namespace: str = NAMESPACE) -> bytes:
        """An armoured signature."""
        done = ssh_keygen("-q", "-Y", "sign", "-f", self.path, "-n", namespace, stdin=raw)
        assert done.returncode == 0, done.stderr
        return done.stdout


def new_key(directory: Path, name: str, kind: str = "ed25519", *options: str) -> Key:
    """Make a key pair."""
    done = ssh_keygen("-q", "-t", kind, *options, "-N", "", "-C", name, "-f", directory / name)
    assert done.returncode == 0, done.stderr
    return Key(directory / name)


@dataclass
class Shop:
    """The shop's promises in a directory, and a key for everyone in its team."""

    directory: Path
    keys: dict[str, Key] = field(default_factory=dict)

    @property
    def contract(self) -> Contract:
        """As it reads now."""
        return load_contracts(self.directory / "contracts", load_glossary(self.directory / "definitions"))["orders"]

    def register(self, now: datetime = NOW, committed_at: CommittedAt = lambda _: None) -> Register:
        """As it stands at a moment."""
        return open_register(self.directory, now, committed_at)

    def allow(self, *lines: str) -> None:
        """Write `allowed_signers` anew."""
        (self.directory / "allowed_signers").write_text("\n".join(["# who may sign", *lines]) + "\n")

    def change(self, file: str, old: str, new: str) -> None:
        """Change one thing that stands in a file once."""
        path = self.directory / file
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new))

    def sign(
        self,
        role: str,
        *,
        at: datetime = NOW,
        by: str = "",
        key: Key | None = None,
        environment: Environment = Environment.PRODUCTION,
        **changed: Any,
    ) -> Signoff:
        """Sign as a role; `changed` are keys of the document that say something else before it is signed."""
        contract, who = self.contract, by or PEOPLE[role]
        demand = demand_of(contract, self.register(at).profiles)
        raw = new_signoff(contract, environment, role=role, principal=who, now=at, demand=demand, seen=SEEN)
        return self.place(role, edited(raw, **changed), key or self.keys[who], environment)

    def place(self, role: str, raw: bytes, key: Key, environment: Environment = Environment.PRODUCTION) -> Signoff:
        """Put a document, with its signature, where the sign-off of a role lies."""
        path = folder(self.directory, self.contract, environment) / file_of(role)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
        path.with_name(f"{path.name}.sig").write_bytes(key.sign(raw))
        return read_signoff(path)

    def revoke(self, signoff: Signoff, by: str, key: Key | None = None) -> Path:
        """Take a sign-off back."""
        raw = new_revocation(signoff, principal=by, reason="signed by mistake", now=NOW)
        path = signoff.revocation
        path.write_bytes(raw)
        path.with_name(f"{path.name}.sig").write_bytes((key or self.keys[by]).sign(raw))
        return path

    def waive(self, rule: str, /, *roles: str, days: int = 10, at: datetime = NOW, **changed: Any) -> Path:
        """Sign a waiver in some roles."""
        until = (at + timedelta(days=days)).date()
        raw = waivers.new_waiver("orders", rule, reason="the shop mends its export this week", until=until, now=at)
        path = waivers.waiver_file(self.directory, "orders", rule)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(edited(raw, **changed))
        for role in roles:
            signature = self.keys[PEOPLE[role]].sign(path.read_bytes(), waivers.NAMESPACE)
            waivers.signature_file(path, role).write_bytes(signature)
        return path


def edited(raw: bytes, **changed: Any) -> bytes:
    """A document with other values under some keys of its top."""
    said: Mapping[str, Any] = json.loads(raw)
    return write_document({**said, **changed})


def new_shop(directory: Path, keys: Mapping[str, Key]) -> Shop:
    """Copy the shop's promises; everyone in `keys` may sign."""
    for name in ("contracts/orders.yaml", "definitions/order.yaml", "sources/shop.yaml"):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(FIXTURES / name, directory / name)
    (directory / "profiles.yaml").write_text(PROFILES)
    shop = Shop(directory, dict(keys))
    shop.allow(*(f'{who} namespaces="esclusa-*" {key.public}' for who, key in keys.items()))
    return shop
