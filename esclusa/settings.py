"""Where a reader looks, and where it remembers: the client's only use of the environment.

Belongs here: every setting of the client, typed, with its default. Does not: what is done with them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_state_dir

from esclusa.ledger import Ledger
from esclusa.location import Location

LEDGER_FILE = "ledger.sqlite"


@dataclass(frozen=True)
class Setting:
    """One environment variable: its name, its default in words, what it is for."""

    variable: str
    default: str
    description: str


SETTINGS = (
    Setting("ESCLUSA_REPOSITORY", ".esclusa/golden", "Golden repository to read: a directory or an http(s) URL."),
    Setting(
        "ESCLUSA_ENVIRONMENT",
        "sandbox",
        "Environment, `sandbox` or `production`: what a gate demands and a reader accepts.",
    ),
    Setting(
        "ESCLUSA_LEDGER",
        "`ledger.sqlite` beside the repository, else in `ESCLUSA_STATE`",
        "Ledger of verdicts, releases and reads: a file, or the URL of a Postgres database.",
    ),
    Setting(
        "ESCLUSA_STATE",
        "the user's state directory (Linux: ~/.local/state/esclusa)",
        "What a reader remembers: pinned roots, versions seen, downloaded files.",
    ),
)


@dataclass(frozen=True)
class Settings:
    """Settings in force.

    Args:
        repository: directory or http(s) URL of the golden repository.
        state: directory of pinned roots, versions seen and downloads; private to the user.
        ledger: file or URL of the ledger, or empty; `ledger_for` knows the default.
    """

    repository: str
    state: Path
    ledger: str = field(default="", repr=False)  # a URL may hold a password

    @property
    def own_ledger(self) -> Path:
        """Where a reader records its reads when it cannot reach the publisher's ledger."""
        return self.state / LEDGER_FILE


def load_settings(
    repository: str | os.PathLike[str] | None = None,
    state: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Arguments before environment before default.

    Args:
        repository, state: as the caller gave them, or None.
        environment: variables to read.
    """
    where = os.fspath(repository) if repository is not None else environment.get("ESCLUSA_REPOSITORY", "")
    memory = os.fspath(state) if state is not None else environment.get("ESCLUSA_STATE", "")
    return Settings(
        where or ".esclusa/golden",
        Path(memory or user_state_dir("esclusa")).expanduser(),
        environment.get("ESCLUSA_LEDGER", ""),
    )


def ledger_for(settings: Settings, location: Location) -> Ledger:
    """The ledger that reads of a repository go into: the publisher's where it can be reached, else the reader's own.

    Args:
        location: of the golden repository.

    Raises:
        Misused: the setting names a database that a ledger cannot be kept in; at its first use.
    """
    if settings.ledger:
        return Ledger(settings.ledger)
    beside = location.directory and location.directory.parent / LEDGER_FILE
    if beside and (beside.exists() or os.access(beside.parent, os.W_OK)):
        return Ledger(beside)
    return Ledger(settings.own_ledger)
