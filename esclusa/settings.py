"""Where a reader looks, and where it remembers: the client's only use of the environment.

Belongs here: every setting of the client, typed, with its default. Does not: what is done with them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_state_dir

from esclusa.errors import Misused, nearest
from esclusa.keyring import Keyring
from esclusa.ledger.ledger import Ledger
from esclusa.location import Location

LEDGER_FILE = "ledger.sqlite"
ENVIRONMENTS = ("sandbox", "production")


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
    Setting("ESCLUSA_ROLE", "none", "Role that reads, as the contracts name it."),
    Setting("ESCLUSA_PURPOSE", "none", "Purpose that is read for, as the contracts name it."),
    Setting(
        "ESCLUSA_LEDGER",
        "`ledger.sqlite` beside the repository, else in `ESCLUSA_STATE`",
        "Ledger of verdicts, releases and reads: a file, or the URL of a Postgres database.",
    ),
    Setting(
        "ESCLUSA_CLASS_KEYS",
        "`keys/classes` beside the repository",
        "Directory of class keys, which open the columns that were published sealed.",
    ),
    Setting("ESCLUSA_TOKEN", "none", "Token that names the caller to a service; sent to the repository's URL alone."),
    Setting("ESCLUSA_TOKEN_FILE", "none", "File that holds the token, where it is not to stand in a variable."),
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
        role, purpose: where a request says none; empty where none are set.
        environment: `sandbox`, or `production`, which refuses what was certified in a sandbox.
        class_keys: directory of class keys, or empty; `keyring_for` knows the default.
        token: that names the caller to a service, or empty; `token_for` knows the default.
        token_file: file that holds it, or empty.
    """

    repository: str
    state: Path
    ledger: str = field(default="", repr=False)  # a URL may hold a password
    role: str = ""
    purpose: str = ""
    environment: str = "sandbox"
    class_keys: str = ""
    token: str = field(default="", repr=False)
    token_file: str = ""

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

    Raises:
        Misused: there is no such environment as is set.
    """
    where = os.fspath(repository) if repository is not None else environment.get("ESCLUSA_REPOSITORY", "")
    memory = os.fspath(state) if state is not None else environment.get("ESCLUSA_STATE", "")
    return Settings(
        where or ".esclusa/golden",
        Path(memory or user_state_dir("esclusa")).expanduser(),
        environment.get("ESCLUSA_LEDGER", ""),
        environment.get("ESCLUSA_ROLE", ""),
        environment.get("ESCLUSA_PURPOSE", ""),
        _environment(environment.get("ESCLUSA_ENVIRONMENT", "") or ENVIRONMENTS[0]),
        environment.get("ESCLUSA_CLASS_KEYS", ""),
        environment.get("ESCLUSA_TOKEN", ""),
        environment.get("ESCLUSA_TOKEN_FILE", ""),
    )


def _environment(name: str) -> str:
    if name not in ENVIRONMENTS:
        raise Misused(
            f"There is no environment {name}.",
            observed=f"ESCLUSA_ENVIRONMENT={name}",
            required=f"one of {', '.join(ENVIRONMENTS)}",
            remedy=nearest(name, ENVIRONMENTS),
        )
    return name


def ledger_for(settings: Settings, location: Location, shared: bool = False) -> Ledger:
    """The ledger that reads of a repository go into: the publisher's where it can be reached, else the reader's own.

    Args:
        location: of the golden repository.
        shared: many threads of this process will append at once.

    Raises:
        Misused: the setting names a database that a ledger cannot be kept in; at its first use.
    """
    if settings.ledger:
        return Ledger(settings.ledger, shared)
    if location.directory is not None and location.directory.is_dir():
        beside = location.directory.parent / LEDGER_FILE
        if beside.exists() or os.access(beside.parent, os.W_OK):
            return Ledger(beside, shared)
    return Ledger(settings.own_ledger, shared)


def keyring_for(settings: Settings, location: Location) -> Keyring:
    """The class keys at hand for a repository: those of the setting, else those beside a local repository.

    Args:
        location: of the golden repository.
    """
    if settings.class_keys:
        return Keyring.open(Path(settings.class_keys).expanduser())
    return Keyring.open(location.directory and location.directory.parent / "keys" / "classes")


def token_for(settings: Settings, location: Location) -> str:
    """The token that names this caller to the service behind a URL; empty where there is none.

    Args:
        location: of the golden repository. A service on this machine leaves a token for its own user in `own_token`.

    Raises:
        Misused: the file that the setting names cannot be read.
    """
    if settings.token:
        return settings.token
    file = Path(settings.token_file).expanduser() if settings.token_file else own_token(settings, location)
    try:
        return file.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        if settings.token_file:
            raise Misused(
                f"The token in {file} cannot be read.",
                observed=type(error).__name__,
                required="a file that holds one token",
                remedy="Correct ESCLUSA_TOKEN_FILE.",
            ) from None
        return ""


def own_token(settings: Settings, location: Location) -> Path:
    """Where a service of this user on this machine leaves a token for this user.

    Args:
        location: under whose URL it is asked for.
    """
    return settings.state / location.key / "token"
