"""Clocks: what time it is for a source system, now or replayed, and until when a freshness promise holds.

Belongs here: the arithmetic, and reading the replay file. Does not: measuring freshness (`audit/auditing.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from expectations.contract import Contract
from expectations.loader.document import read_document
from expectations.loader.problem import ContractError, nearest


@dataclass(frozen=True)
class Clock:
    """The time of a dataset's world.

    Args:
        kind: `now` is the wall clock; `replay` stands at a past date when a candidate is pinned, and runs from there.
        stands_at: timezone-aware UTC for a replay clock, None for `now`.
    """

    kind: Literal["now", "replay"]
    stands_at: datetime | None = None

    def __post_init__(self) -> None:
        if (self.kind == "replay") != (self.stands_at is not None):
            raise ValueError("a replay clock stands at a time, and only a replay clock does")

    def at(self, wall: datetime, pinned_at: datetime) -> datetime:
        """What this clock shows.

        Args:
            wall: wall clock, timezone-aware UTC.
            pinned_at: wall clock at which the candidate was pinned.
        """
        return wall if self.stands_at is None else self.stands_at + (wall - pinned_at)

    def wall(self, shown: datetime, pinned_at: datetime) -> datetime:
        """The wall clock at which this clock shows a time: the inverse of `at`.

        Args:
            shown: a time of this clock, timezone-aware UTC.
            pinned_at: wall clock at which the candidate was pinned.
        """
        return shown if self.stands_at is None else pinned_at + (shown - self.stands_at)


NOW = Clock("now")


def load_clocks(path: Path | None, systems: Collection[str] | None = None) -> dict[str, Clock]:
    """Read the replay file: source system → clock. A system that is not in it runs on the wall clock.

    Args:
        path: YAML mapping of system to date or time (UTC where it names no zone); None where every source is live.
        systems: the systems that exist; None skips that check.

    Raises:
        ContractError: a value is no date or time, or a system does not exist.
    """
    if path is None:
        return {}
    document = read_document(path)
    clocks, problems = {}, []
    for system, written in document.data.items():
        if systems is not None and system not in systems:
            problems.append(document.problem((system,), "no source contract has this name", nearest(system, systems)))
        try:
            stands_at = datetime.fromisoformat(written)
            utc = stands_at.replace(tzinfo=UTC) if stands_at.tzinfo is None else stands_at.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            problems.append(
                document.problem((system,), "is no date or time; required: YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS")
            )
            continue
        clocks[system] = Clock("replay", utc)
    if problems:
        raise ContractError(path, problems)
    return clocks


def dataset_clock(contract: Contract, clocks: Mapping[str, Clock]) -> Clock:
    """The clock of a dataset: the latest of its systems', and the wall clock as soon as one of them is live.

    Args:
        contract: of the dataset.
        clocks: as `load_clocks` gives them.
    """
    found = [clocks.get(use.system, NOW) for use in contract.sources] or [NOW]
    return max(found, key=lambda clock: clock.stands_at or datetime.max.replace(tzinfo=UTC))


def valid_until(contract: Contract, clock: Clock, pinned_at: datetime, newest: datetime) -> datetime:
    """The wall-clock time at which the freshness promise runs out.

    Args:
        contract: of the dataset.
        clock: the dataset's clock.
        pinned_at: wall clock (UTC) at which the candidate was pinned.
        newest: newest value (UTC) of the column that freshness is promised on; a date counts from its midnight.

    Raises:
        ValueError: the contract promises no freshness.
    """
    freshness = contract.sla("freshness")
    if freshness is None or freshness.duration is None:
        raise ValueError(
            f"{contract.name}: nothing says how long data stays valid; required: an SLA `freshness` with a duration; "
            f"owner: {contract.owner}; next: add it to {contract.path}"
        )
    return clock.wall(newest + freshness.duration, pinned_at)
