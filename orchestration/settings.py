"""Settings: every environment variable that the platform reads, and where it keeps what it makes.

Belongs here: names, defaults, paths. Does not: policy (contracts), the client's settings
(`esclusa/settings.py`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from expectations.environment import Environment

ROOT = Path(__file__).resolve().parents[1]

POSTGRES = "ESCLUSA_POSTGRES_"
CHANNEL = "ESCLUSA_CHANNEL_"

# name → (default as shown to people, meaning); docs/operate.md holds the same table, and a house test compares them.
SETTINGS: Mapping[str, tuple[str, str]] = {
    "ESCLUSA_HOME": (".esclusa in the checkout", "directory of everything that the platform makes"),
    "ESCLUSA_DATA": ("a generated sample", "directory of the source files"),
    "ESCLUSA_REPLAY": ("expectations/replay.yaml", "clocks of historical sources; `none` where every source is live"),
    "ESCLUSA_PROMISES": ("expectations in the checkout", "directory of contracts, sources, glossary and sign-offs"),
    "ESCLUSA_POSTGRES_<SYSTEM>": ("none", "connection string of a source system that delivers from Postgres"),
    "ESCLUSA_CHANNELS": (
        "`keys/channels.yaml` in `ESCLUSA_HOME`, where there is one",
        "file of the receiving ends of the channels that contracts name; without one nothing is sent",
    ),
    "ESCLUSA_CHANNEL_<NAME>": ("none", "address or secret of a receiving end, where that file names the variable"),
    "ESCLUSA_SITE": ("none", "directory that the catalogue's pages are written to with every release"),
    "ESCLUSA_CATALOGUE_URL": ("none", "address of the catalogue's pages, for links in notices and search engines"),
    "OPENLINEAGE_NAMESPACE": (
        "esclusa",
        "namespace of jobs in lineage events; one for each platform",
    ),
}


@dataclass(frozen=True)
class Settings:
    """Where things are.

    Args:
        home: directory of the workshop, the keys, the golden repository and Dagster's storage.
        data: directory of the source files, or None for the generated sample.
        replay: file of replay clocks, or None where every clock is the wall clock.
        expectations: directory of what was agreed: contracts, sources, definitions, sign-offs.
        environment: `sandbox`, or `production`, which demands the signatures.
        postgres: connection string by system name; secret.
        ledger_url: file or URL of the ledger, where it is not in `home`; may hold a password.
        channels_file: file of receiving ends, where it is not among the keys.
        channel_values: what its variables hold, by variable; secret.
        catalogue_url: address of the catalogue's pages without a slash at its end, or "".
        site: directory that those pages are written to, or None.
        readers_repository: directory or URL that readers read from, as the pages show it; "" for `golden`.
        lineage_namespace: of jobs in lineage events.
    """

    home: Path
    data: Path | None
    replay: Path | None
    postgres: Mapping[str, str] = field(repr=False)
    expectations: Path = ROOT / "expectations"
    environment: Environment = Environment.SANDBOX
    ledger_url: str = field(default="", repr=False)
    channels_file: Path | None = None
    channel_values: Mapping[str, str] = field(default_factory=dict, repr=False)
    catalogue_url: str = ""
    site: Path | None = None
    readers_repository: str = ""
    lineage_namespace: str = "esclusa"

    @property
    def ledger(self) -> str | Path:
        """The ledger; a reader finds it beside the golden repository."""
        return self.ledger_url or self.home / "ledger.sqlite"

    @property
    def golden(self) -> Path:
        """The golden repository: the only part that consumers see."""
        return self.home / "golden"

    @property
    def keys(self) -> Path:
        """Private keys, mode 0600, outside the golden repository."""
        return self.home / "keys"

    @property
    def class_keys(self) -> Path:
        """Keys of the classes above internal, which readers of sealed columns are given."""
        return self.keys / "classes"

    @property
    def channels(self) -> Path:
        """Receiving ends of notices; private, since it leads to their secrets."""
        return self.channels_file or self.keys / "channels.yaml"

    @property
    def notices(self) -> Path:
        """The outbox: what is to be told, and what could not be."""
        return self.home / "notices"

    @property
    def workshop(self) -> Path:
        """The private side: warehouse, pins, decisions."""
        return self.home / "workshop"

    @property
    def warehouse(self) -> Path:
        """The one DuckDB file that sources land in and dbt builds in."""
        return self.workshop / "warehouse.duckdb"

    @property
    def sample(self) -> Path:
        """The generated sample, used where no data directory is given."""
        return self.home / "sample"

    @property
    def dagster(self) -> Path:
        """Dagster's own storage (DAGSTER_HOME)."""
        return self.home / "dagster"

    @property
    def dbt_target(self) -> Path:
        """dbt's manifest, compiled SQL and logs; never published."""
        return self.home / "dbt"

    @property
    def dbt_project(self) -> Path:
        """The WRITE room."""
        return ROOT / "dbt_project"

    @property
    def source_files(self) -> Path:
        """The directory that deliveries are read from."""
        return self.data or self.sample


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from environment variables.

    Args:
        environment: variable → value; the process's own where None.

    Raises:
        FileNotFoundError: a path that was named does not exist.
        ValueError: there is no such environment.
    """
    env = os.environ if environment is None else environment
    data = _existing(env, "ESCLUSA_DATA")
    promises = _existing(env, "ESCLUSA_PROMISES") or ROOT / "expectations"
    replay = env.get("ESCLUSA_REPLAY")
    return Settings(
        home=Path(env.get("ESCLUSA_HOME") or ROOT / ".esclusa").absolute(),
        data=data,
        replay=None if replay == "none" else _existing(env, "ESCLUSA_REPLAY") or promises / "replay.yaml",
        postgres={k.removeprefix(POSTGRES).lower(): v for k, v in env.items() if k.startswith(POSTGRES) and v},
        expectations=promises,
        environment=read_environment(env),
        ledger_url=env.get("ESCLUSA_LEDGER", ""),
        channels_file=_existing(env, "ESCLUSA_CHANNELS"),
        channel_values={k: v for k, v in env.items() if k.startswith(CHANNEL) and v},
        catalogue_url=env.get("ESCLUSA_CATALOGUE_URL", "").rstrip("/"),
        site=Path(env["ESCLUSA_SITE"]).absolute() if env.get("ESCLUSA_SITE") else None,
        readers_repository=env.get("ESCLUSA_REPOSITORY", ""),
        lineage_namespace=env.get("OPENLINEAGE_NAMESPACE") or "esclusa",
    )


def read_environment(env: Mapping[str, str]) -> Environment:
    """The environment that `ESCLUSA_ENVIRONMENT` names; a name that is none is refused, never guessed.

    Args:
        env: variable → value.

    Raises:
        ValueError: there is no such environment.
    """
    name = env.get("ESCLUSA_ENVIRONMENT") or Environment.SANDBOX
    if name not in list(Environment):
        raise ValueError(
            f"ESCLUSA_ENVIRONMENT={name}: required: {' or '.join(Environment)}; next: correct it or unset it"
        )
    return Environment(name)


def _existing(env: Mapping[str, str], name: str) -> Path | None:
    value = env.get(name)
    if not value:
        return None
    path = Path(value).expanduser().absolute()
    if not path.exists():
        raise FileNotFoundError(f"{name}={value}: there is no such file or directory; correct {name} or unset it")
    return path
