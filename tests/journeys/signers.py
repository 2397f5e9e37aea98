"""A platform in production with promises of its own, and an SSH key for everyone whom its contracts make sign."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from esclusa.cli.commands import app
from expectations.contract import Contract
from expectations.environment import Environment
from expectations.signing.profiles import demand_of, holders, load_profiles
from orchestration.settings import Settings
from tests.conftest import ROOT


def typed(*arguments: str) -> Result:
    """A command as somebody types it, without a terminal."""
    return CliRunner().invoke(app, list(arguments))


@dataclass(frozen=True)
class Signers:
    """Those who must sign.

    Args:
        keys: directory of `<username>` and `<username>.pub`.
        people: dataset → role → username.
    """

    keys: Path
    people: Mapping[str, Mapping[str, str]]

    def sign(self, dataset: str) -> None:
        """Everyone reads the checklist of a dataset and signs."""
        for role, who in self.people[dataset].items():
            done = typed("sign", dataset, "--role", role, "--key", str(self.keys / who))
            assert done.exit_code == 0, done.output
            assert "1 definitions" in done.output
            assert f"signed as {role} by {who}" in done.output


def in_production(settings: Settings, directory: Path, patch: pytest.MonkeyPatch) -> Settings:
    """Settings of the same platform in production, also for commands that are typed; nobody has signed yet.

    Args:
        directory: empty; gets the promises.
    """
    promises = directory / "promises"
    shutil.copytree(ROOT / "expectations", promises, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for name, value in {
        "ESCLUSA_HOME": settings.home,
        "ESCLUSA_DATA": settings.data,
        "ESCLUSA_PROMISES": promises,
        "ESCLUSA_ENVIRONMENT": "production",
    }.items():
        patch.setenv(name, str(value))
    return replace(settings, expectations=promises, environment=Environment.PRODUCTION)


def appoint(settings: Settings, contracts: Mapping[str, Contract], keys: Path) -> Signers:
    """A key for everyone who must sign any of these contracts, allowed in the promises.

    Args:
        settings: in production.
        keys: empty directory.
    """
    profiles = load_profiles(settings.expectations)
    people = {
        name: {role: holders(contract, role)[0] for role in demand_of(contract, profiles).roles}
        for name, contract in contracts.items()
    }
    lines = list(_allowed({who for roles in people.values() for who in roles.values()}, keys))
    (settings.expectations / "allowed_signers").write_text("".join(lines))
    return Signers(keys, people)


def _allowed(people: set[str], keys: Path) -> Iterator[str]:
    for who in sorted(people):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys / who], check=True)
        yield f'{who} namespaces="esclusa-*" {(keys / f"{who}.pub").read_text()}'


def reword(path: Path, old: str, new: str) -> None:
    """Another wording of something that stands there once."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
