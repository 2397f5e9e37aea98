"""A whole platform in a temporary directory: the sample certified once, and a copy of it for every journey."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock

import esclusa
from orchestration.definitions import build_definitions
from orchestration.golden import open_golden
from orchestration.jobs.schedules import EVERYTHING
from orchestration.platform import Platform, load_platform
from orchestration.sample import generate
from orchestration.settings import Settings, read_settings

CONSUMERS = {  # dataset → a role that reads it, and what for
    "qualified_leads": ("sales-planner", "sales_planning"),
    "renewal_risk": ("account-manager", "account_review"),
    "resolution_times": ("service-manager", "service_review"),
}


@dataclass(frozen=True)
class Journey:
    """One platform that a test may do anything to.

    Args:
        settings: of the copy.
    """

    settings: Settings

    @property
    def platform(self) -> Platform:
        """Promises and manifest as they are on disk now."""
        return load_platform(self.settings)

    def run(self, *assets: str, platform: Platform | None = None, job: str = EVERYTHING) -> dg.ExecuteInProcessResult:
        """Run a job, or some assets of it (`gate/renewal_risk`), as Dagster would."""
        loaded = platform or self.platform
        open_golden(loaded)
        resolved = build_definitions(loaded).resolve_job_def(job)
        with dg.DagsterInstance.ephemeral() as instance:
            return resolved.execute_in_process(
                instance=instance,
                asset_selection=[dg.AssetKey(a.split("/")) for a in assets] or None,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                raise_on_error=False,
            )

    def why(self, dataset: str) -> esclusa.Why:
        """What a consumer is told."""
        return esclusa.why(dataset, repository=self.settings.golden)

    def read(self, dataset: str) -> pa.Table:
        """What a consumer reads in a role that the contract grants everything it needs."""
        role, purpose = CONSUMERS[dataset]
        table: pa.Table = esclusa.read(dataset, role=role, purpose=purpose, repository=self.settings.golden)
        return table

    @property
    def version(self) -> int:
        """Version of the release in force."""
        return esclusa.open(self.settings.golden).version


def settings_in(home: Path, data: Path) -> Settings:
    """Settings of a platform that keeps everything in one directory."""
    return replace(read_settings({}), home=home, data=data)


def leave_out_last_row(path: Path) -> None:
    """A next delivery of a Parquet file."""
    table = pq.read_table(path)
    pq.write_table(table.slice(0, table.num_rows - 1), path)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated sample; never written to."""
    directory = tmp_path_factory.mktemp("sample") / "data"
    generate(directory)
    return directory


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory, sample: Path, worker_id: str) -> Path:
    """A home in which the sample was certified once, by whichever worker comes first; never written to."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    home, done = shared / "certified", shared / "certified.done"
    with FileLock(shared / "certified.lock"):
        if not done.exists():
            certify_sample(sample, home)
            done.touch()
    return home


def certify_sample(sample: Path, home: Path) -> None:
    """Run everything once on the sample, in a home of its own."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(sample, home / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESCLUSA_STATE", str(home / "state"))
        journey = Journey(settings_in(home, home / "data"))
        journey.run()
        entries = {entry.dataset: entry.status for entry in esclusa.catalog(repository=journey.settings.golden)}
        assert entries == dict.fromkeys(CONSUMERS, "certified")


@pytest.fixture
def journey(certified: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journey:
    """A copy of the certified home, with a reader of its own."""
    return journey_from(certified, tmp_path / "home", monkeypatch)


def journey_from(certified: Path, home: Path, patch: pytest.MonkeyPatch) -> Journey:
    """Copy a home and pin its root for a reader that has seen nothing yet."""
    shutil.copytree(certified, home, ignore=shutil.ignore_patterns("state"))
    patch.setenv("ESCLUSA_STATE", str(home / "state"))
    made = Journey(settings_in(home, home / "data"))
    esclusa.trust(made.settings.golden, root=made.settings.golden / "metadata" / "1.root.json")
    return made


@pytest.fixture
def now() -> datetime:
    """Wall clock, UTC."""
    return datetime.now(UTC)
