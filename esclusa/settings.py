"""Where a reader looks, and where it remembers: the client's only use of the environment.

Belongs here: every setting of the client, typed, with its default. Does not: what is done with them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_state_dir


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
    """

    repository: str
    state: Path


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
    return Settings(where or ".esclusa/golden", Path(memory or user_state_dir("esclusa")).expanduser())
