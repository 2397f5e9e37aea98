"""Clocks: live, replayed, mixed; and when a promise of freshness runs out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from expectations.clock import NOW, Clock, dataset_clock, load_clocks, valid_until
from expectations.loader import ContractError, load_sources
from tests.expectations.promised import orders

ROOM = Path(__file__).resolve().parents[2] / "expectations"
PINNED = datetime(2026, 11, 22, 12, tzinfo=UTC)
THEN = datetime(2017, 2, 17, tzinfo=UTC)
REPLAY = Clock("replay", THEN)


def clocks(tmp_path: Path, text: str) -> dict[str, Clock]:
    """The clocks of a replay file with that text."""
    path = tmp_path / "replay.yaml"
    path.write_text(text)
    return load_clocks(path, {"shop", "depot"})


def test_a_live_clock_shows_the_wall_clock() -> None:
    assert NOW.at(PINNED + timedelta(hours=3), PINNED) == PINNED + timedelta(hours=3)


def test_a_replay_clock_stands_at_its_date_when_pinned_and_runs_with_the_wall_clock() -> None:
    assert REPLAY.at(PINNED, PINNED) == THEN
    assert REPLAY.at(PINNED + timedelta(hours=30), PINNED) == THEN + timedelta(hours=30)
    assert REPLAY.wall(REPLAY.at(PINNED + timedelta(hours=30), PINNED), PINNED) == PINNED + timedelta(hours=30)


def test_a_clock_without_its_date_or_with_one_too_many_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="replay clock"):
        Clock("replay")
    with pytest.raises(ValueError, match="replay clock"):
        Clock("now", THEN)


def test_the_replay_file_gives_dates_and_times_in_utc(tmp_path: Path) -> None:
    found = clocks(tmp_path, "shop: 2017-02-17\ndepot: 2017-02-17T02:30:00+02:00\n")
    assert found == {"shop": REPLAY, "depot": Clock("replay", THEN + timedelta(minutes=30))}
    assert load_clocks(None) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shopp: 2017-02-17\n", "did you mean shop?"),
        ("shop: yesterday\n", "replay.yaml:1: shop: is no date or time"),
        ("shop: 2017-02-30\n", "is no date or time"),
        ("shop: 2017\n", "is no date or time"),
        ("shop:\n", "is no date or time"),
        ("shop: 0001-01-01T00:00:00+23:00\n", "is no date or time"),
        ("shop: 2017-02-17\nshop: 2018-02-17\n", "twice"),
    ],
)
def test_a_replay_file_that_says_no_time_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ContractError) as caught:
        clocks(tmp_path, text)
    assert said in str(caught.value)


def test_a_dataset_stands_at_the_latest_of_its_systems_clocks_and_is_live_if_any_is() -> None:
    contract = orders()
    both = replace(contract, sources=(*contract.sources, replace(contract.sources[0], system="depot")))
    later = Clock("replay", THEN + timedelta(days=1))
    assert dataset_clock(contract, {"shop": REPLAY}) == REPLAY
    assert dataset_clock(both, {"shop": REPLAY, "depot": later}) == later
    assert dataset_clock(both, {"shop": REPLAY}) == NOW
    assert dataset_clock(both, {"shop": REPLAY, "depot": NOW}) == NOW
    assert dataset_clock(replace(contract, sources=()), {"shop": REPLAY}) == NOW


def test_a_live_dataset_is_valid_until_its_newest_value_is_too_old() -> None:
    newest = PINNED - timedelta(hours=5)
    assert valid_until(orders(), NOW, PINNED, newest) == newest + timedelta(hours=24)


def test_a_replayed_dataset_is_valid_as_long_after_pinning_as_it_would_have_been_then() -> None:
    newest = THEN - timedelta(hours=5)
    assert valid_until(orders(), REPLAY, PINNED, newest) == PINNED + timedelta(hours=19)


def test_stale_data_is_already_expired_when_pinned() -> None:
    assert valid_until(orders(), REPLAY, PINNED, THEN - timedelta(days=3)) < PINNED


def test_without_a_freshness_promise_nothing_is_valid() -> None:
    with pytest.raises(ValueError, match=r"owner: sales\.owner; next: add it to"):
        valid_until(replace(orders(), slas=()), NOW, PINNED, PINNED)


def test_the_replay_file_of_this_repository_names_only_systems_that_exist() -> None:
    systems = load_sources(ROOM / "sources").keys()
    assert load_clocks(ROOM / "replay.yaml", systems).keys() == systems
