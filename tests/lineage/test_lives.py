"""How long what is signed lives, and what keeping the repository alive prolongs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tuf.api.exceptions import ExpiredMetadataError
from tuf.api.metadata import Metadata, Timestamp

from lineage.golden.keys import Keys
from lineage.golden.repository import GoldenRepository
from tests.golden_repository import certified, open_small, publish_small
from tests.plain_client import PlainClient

ROWS = {"leads": [{"id": 1, "name": "a"}], "orders": [{"id": 2, "name": "b"}]}
OTHER = [{"id": 9, "name": "z"}]


def names(golden: GoldenRepository) -> set[str]:
    return {path.name for path in (golden.path / "metadata").iterdir()}


class Clock:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(tmp_path: Path, clock: Clock) -> GoldenRepository:
    golden = GoldenRepository(tmp_path / "g", Keys.create(tmp_path / "k", tmp_path / "g"), now=clock)
    golden.create()
    golden.publish([certified(golden, "orders", OTHER, now=clock.at, valid_for=timedelta(days=900))])
    return golden


def expiry(golden: GoldenRepository, role: str) -> datetime:
    paths = sorted((golden.path / "metadata").glob(f"*.{role}.json"), key=lambda p: int(p.name.partition(".")[0]))
    path = paths[-1] if paths else golden.path / "metadata" / f"{role}.json"
    return Metadata[Timestamp].from_bytes(path.read_bytes()).signed.expires


def test_each_role_expires_when_it_should(timed: GoldenRepository, clock: Clock) -> None:
    lives = {
        "root": timedelta(days=365),
        "targets": timedelta(days=365),
        "snapshot": timedelta(days=30),
        "verdicts": timedelta(days=30),
        "timestamp": timedelta(hours=24),
        "orders": timedelta(days=900),
    }
    start = clock.at.replace(microsecond=0)
    assert {role: expiry(timed, role) - start for role in lives} == lives


@pytest.mark.parametrize(
    ("days", "signed_again"),
    [
        (0.9, set()),
        (14, set()),
        (16, {"snapshot", "verdicts"}),
        (200, {"snapshot", "verdicts", "targets", "root"}),
    ],
)
def test_keep_alive_signs_the_timestamp_and_what_is_past_half_its_life(
    timed: GoldenRepository, clock: Clock, days: float, signed_again: set[str]
) -> None:
    before = names(timed)
    clock.at += timedelta(days=days)
    timed.keep_alive()
    assert {name.split(".")[1] for name in names(timed) - before} == signed_again
    assert expiry(timed, "timestamp") - clock.at > timedelta(hours=23, minutes=59)
    assert expiry(timed, "orders") < clock.at + timedelta(days=900)


def test_a_withdrawal_outlives_the_certificate(timed: GoldenRepository, clock: Clock) -> None:
    timed.withdraw("orders", owner="ada", message="no")
    clock.at += timedelta(days=200)
    timed.keep_alive()
    assert expiry(timed, "orders") - clock.at > timedelta(days=364)


def test_a_repository_that_nobody_keeps_alive_is_refused(tmp_path: Path) -> None:
    then = datetime.now(UTC) - timedelta(hours=25)
    golden = publish_small(tmp_path / "g", tmp_path / "k", ROWS, timedelta(days=9), now=then)
    client = PlainClient.told_of(golden.path, tmp_path / "client")
    with pytest.raises(ExpiredMetadataError, match="timestamp"):
        client.rows(ROWS)
    open_small(tmp_path / "g", tmp_path / "k").keep_alive()
    assert client.rows(ROWS) == ROWS


def test_a_dataset_expires_with_its_certificate_and_takes_no_other_with_it(tmp_path: Path) -> None:
    then = datetime.now(UTC) - timedelta(hours=2)
    publish_small(tmp_path / "g", tmp_path / "k", {"orders": OTHER}, timedelta(hours=1), now=then)
    golden = publish_small(tmp_path / "g", tmp_path / "k", {"leads": OTHER})
    golden.keep_alive()
    client = PlainClient.told_of(golden.path, tmp_path / "client")
    assert client.rows(["leads"]) == {"leads": OTHER}
    with pytest.raises(ExpiredMetadataError, match="orders"):
        client.rows(["orders"])
