"""Signing on this machine: ssh-keygen makes signatures, git says when they were committed.

Belongs here: both programs, and the register that policy judges by. Does not: policy (`expectations.signing`).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from esclusa.errors import Misused
from expectations.contract import Contract
from expectations.environment import Environment
from expectations.signing.profiles import demand_of, load_profiles
from expectations.signing.register import Register, open_register
from orchestration.settings import Settings


def register_at(settings: Settings, now: datetime) -> Register:
    """The register as it stands.

    Args:
        settings: where the promises are.
        now: wall clock, UTC.

    Raises:
        expectations.loader.ContractError: a file is not what it must be.
    """
    return open_register(settings.expectations, now, committed_at)


def demanded_rules(settings: Settings, contract: Contract) -> frozenset[str]:
    """Ids of the findings on sign-offs that this environment demands: none in the sandbox.

    Args:
        settings: where the promises are, and the environment.
    """
    if settings.environment is Environment.SANDBOX:
        return frozenset()
    return demand_of(contract, load_profiles(settings.expectations)).rules(contract)


def committed_at(path: Path) -> datetime | None:
    """When a file, as it is now, was committed (UTC); None where it was not, or where there is no git."""

    def git(*arguments: str) -> str | None:
        done = subprocess.run(
            ["git", "-C", str(path.parent), *arguments, "--", path.name], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else None

    try:
        if git("diff", "--quiet", "HEAD") is None:
            return None
        seconds = git("log", "-1", "--format=%ct")
    except OSError:
        return None
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else None


def demand_key(key: Path) -> None:
    """Refuse a key that is not there.

    Args:
        key: as for `ssh_signature`.

    Raises:
        Misused: it is no file.
    """
    if not key.is_file():
        raise Misused(
            f"there is no key {key}",
            observed=str(key),
            required="a private SSH key, or the .pub file of a key that ssh-agent holds",
            remedy="ssh-keygen -t ed25519-sk -f <file> makes one on a security key, -t ed25519 one in a file",
        )


def ssh_signature(raw: bytes, key: Path, namespace: str, *, may_ask: bool) -> bytes:
    """Sign bytes with `ssh-keygen -Y sign`.

    Args:
        key: private key file; or the `.pub` file of a key that an agent holds.
        may_ask: whether ssh-keygen may ask for a passphrase; where not, it fails instead.

    Raises:
        Misused: ssh-keygen is not there, or refuses.
    """
    demand_key(key)
    command = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", namespace]
    environment: Mapping[str, str] = os.environ if may_ask else {**os.environ, "SSH_ASKPASS_REQUIRE": "never"}
    try:
        # A session of its own has no terminal, so that nothing can ask there.
        done = subprocess.run(
            command,
            input=raw,
            stdout=subprocess.PIPE,
            stderr=None if may_ask else subprocess.PIPE,  # "touch the device" is for whoever sits there
            env=environment,
            start_new_session=not may_ask,
            check=False,
        )
    except FileNotFoundError:
        raise Misused("ssh-keygen is not installed", required="OpenSSH 8.9 or newer", remedy="install it") from None
    if done.returncode != 0:
        raise Misused(
            f"ssh-keygen did not sign with {key}",
            observed=(done.stderr or b"").decode(errors="replace").strip()[:500] or f"exit code {done.returncode}",
            required="a key that this machine can use without asking"
            if not may_ask
            else "its passphrase, or a touch of the device",
            remedy="add the key to ssh-agent (ssh-add), then name its .pub file",
        )
    return done.stdout
