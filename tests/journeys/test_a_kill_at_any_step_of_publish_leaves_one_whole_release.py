"""Promise: whenever a publisher dies, readers see the old or the new release, whole; and the next publish heals."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from lineage.files import TEMPORARY
from lineage.golden.book import versioned
from lineage.golden.decision import decision
from lineage.golden.release import PUBLISH_STEPS
from lineage.golden.repository import DatasetRelease, GoldenRepository
from tests.golden_repository import certified, open_small, publish_small
from tests.killed_publisher import killed_at
from tests.plain_client import PlainClient

DATASETS = ("leads", "orders", "returns")
OLD = {"leads": [{"id": 1, "release": "old"}], "orders": [{"id": 1, "release": "old"}]}
NEW = {name: [{"id": 1, "release": "new"}] for name in DATASETS}
NEXT = {"orders": [{"id": 1, "release": "next"}]}


@dataclass(frozen=True)
class Stage:
    """A repository with the old release in force, and the new one certified."""

    home: Path
    releases: list[DatasetRelease]

    def copy(self, home: Path) -> Stage:
        shutil.copytree(self.home, home)
        return Stage(home, self.releases)

    @property
    def golden(self) -> Path:
        return self.home / "golden"

    @property
    def keys(self) -> Path:
        return self.home / "keys"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    home = tmp_path_factory.mktemp("stage") / "home"
    repository = publish_small(home / "golden", home / "keys", OLD)
    now = datetime.now(UTC)
    return Stage(home, [certified(repository, name, NEW[name], now=now, group="all") for name in DATASETS])


def publish_new(releases: list[DatasetRelease], repository: GoldenRepository, on_step: Callable[[str], None]) -> object:
    refused = decision("invoices", "refused", at=datetime.now(UTC), owner="ada", message="two rows have no number")
    return repository.publish(releases, {"invoices": refused}, files={"promises.json": b"{}"}, on_step=on_step)


def in_force(client: PlainClient) -> set[str]:
    """The versioned metadata files that the release refers to."""
    named = {f"{meta.version}.{name}" for name, meta in client.snapshot.meta.items()}
    return named | {f"{client.snapshot.version}.snapshot.json"}


def there(golden: Path) -> set[str]:
    """The versioned metadata files that exist, roots apart, and whatever is half-written."""
    versions = {path.name for _, role, path in versioned(golden / "metadata") if role != "root"}
    return versions | {path.name for path in golden.rglob(f"{TEMPORARY}*")}


@pytest.mark.parametrize("system_calls", [False, True], ids=["at each step", "at each call that writes to the disk"])
def test_a_kill_leaves_the_old_or_the_new_release_and_the_next_publish_heals(
    stage: Stage, tmp_path: Path, system_calls: bool
) -> None:
    seen: list[str] = []
    for moment in count():
        now = stage.copy(tmp_path / str(moment))
        client = PlainClient.told_of(now.golden, now.home / "client")
        assert client.rows(DATASETS) == {**OLD, "returns": None}
        released = there(now.golden)

        killed = killed_at(moment, now.golden, now.keys, partial(publish_new, now.releases), system_calls=system_calls)

        rows = client.rows(DATASETS)
        assert rows in ({**OLD, "returns": None}, NEW), f"moment {moment}: {rows}"
        seen.append("new" if rows == NEW else "old")
        released |= in_force(client)
        publish_small(now.golden, now.keys, NEXT)
        assert client.rows(DATASETS) == {**rows, **NEXT}
        assert there(now.golden) == released | in_force(client), "nothing is left that was never released"
        shutil.rmtree(now.home)
        if not killed:
            break
    assert seen == sorted(seen, reverse=True), "old, old, … until one step, and new from then on"
    assert {"old", "new"} == set(seen)
    if not system_calls:
        assert len(seen) - 1 == len(steps_of(stage.copy(tmp_path / "steps")))


def test_every_step_that_is_named_was_one_to_be_killed_at(stage: Stage, tmp_path: Path) -> None:
    assert set(steps_of(stage.copy(tmp_path / "steps"))) == set(PUBLISH_STEPS)


def steps_of(stage: Stage) -> list[str]:
    visited: list[str] = []
    publish_new(stage.releases, open_small(stage.golden, stage.keys), visited.append)
    return visited


def test_a_publisher_killed_twice_in_a_row_still_leaves_a_whole_release(stage: Stage, tmp_path: Path) -> None:
    now = stage.copy(tmp_path / "twice")
    client = PlainClient.told_of(now.golden, now.home / "client")
    released = there(now.golden)
    before_the_flip = steps_of(stage.copy(tmp_path / "steps")).index("timestamp in force")
    for moment in (before_the_flip, before_the_flip - 1):
        assert killed_at(moment, now.golden, now.keys, partial(publish_new, now.releases))
        assert client.rows(DATASETS) == {**OLD, "returns": None}
    publish_new(now.releases, open_small(now.golden, now.keys), lambda _: None)
    assert client.rows(DATASETS) == NEW
    assert client.decision("invoices")["outcome"] == "refused"
    assert there(now.golden) == released | in_force(client)
