"""The platform of one code location: settings, promises, manifest and workshop, read once and handed to every step.

Belongs here: putting them together. Does not: what steps do with them.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from esclusa.ledger.ledger import Ledger
from orchestration.manifest import Manifest, family_of, load_manifest
from orchestration.promises import Promises, load_promises
from orchestration.settings import ROOT, Settings
from orchestration.workshop import Workshop


@dataclass(frozen=True)
class Platform:
    """What a step needs to know."""

    settings: Settings
    promises: Promises
    manifest: Manifest
    workshop: Workshop

    @cached_property
    def ledger(self) -> Ledger:
        """Where everything that is decided is recorded."""
        return Ledger(self.settings.ledger)

    @property
    def datasets(self) -> tuple[str, ...]:
        """Golden datasets: those with both a contract and a golden model."""
        return tuple(sorted(set(self.promises.contracts) & set(self.manifest.datasets)))

    def moving_together(self, datasets: Iterable[str]) -> tuple[str, ...]:
        """These datasets and all that are built or published in one step with any of them.

        Args:
            datasets: names of datasets.
        """
        found: set[str] = set()
        ahead = set(datasets)
        while ahead:
            name = ahead.pop()
            found.add(name)
            companions = {*family_of(self.manifest, name), *self.promises.group(self.promises.contracts[name].release)}
            ahead |= companions - found
        return tuple(sorted(found))


def load_platform(settings: Settings) -> Platform:
    """Read everything; nothing runs yet.

    Args:
        settings: where things are.

    Raises:
        PromiseGap: a golden model without a contract, or the other way round.
        expectations.loader.ContractError, ManifestError: a file is not what it must be.
    """
    promises, manifest = load_promises(settings), load_manifest(settings)
    orphans = set(promises.contracts) ^ set(manifest.datasets)
    if orphans:
        raise PromiseGap(
            f"contract and golden model must come in pairs; without its other half: {', '.join(sorted(orphans))}; "
            f"next: write expectations/contracts/<dataset>.yaml and dbt_project/models/golden/<dataset>.sql"
        )
    return Platform(settings, promises, manifest, Workshop(settings))


class PromiseGap(ValueError):
    """A golden dataset lacks its contract or its model."""


def code_revision() -> str:
    """The git revision of the code that runs, `+changes` where the work tree differs; `unversioned` outside git."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        revision = git("rev-parse", "HEAD")
    except FileNotFoundError:
        return "unversioned"
    if not revision:
        return "unversioned"
    return revision + ("+changes" if git("status", "--porcelain") else "")
