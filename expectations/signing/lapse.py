"""Lapsing: which sign-offs and waivers end soon, or have ended, said before anybody is surprised by a shut gate.

Belongs here: the sentences of the daily look. Does not: when it is taken (`orchestration`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from expectations.contract import Contract
from expectations.environment import Environment
from expectations.signing.profiles import holders
from expectations.signing.register import WAIVERS, CommittedAt, open_register
from expectations.signing.standing import standings
from expectations.signing.waiver import load_waivers, waiver_file

_WAIVER_WARNS = timedelta(days=7)
_LAPSING = ("ends soon", "expired")


@dataclass(frozen=True)
class Lapse:
    """A sign-off or a waiver at its end.

    Args:
        of: which: the role that signed, or the waiver of a rule.
        what: one sentence, without the dataset.
        ends: its last day, UTC.
        people: who must act, `must sign: …` or `owner: …` without the label.
        label: that label.
        remedy: the command.
        has_ended: False while it only warns.
    """

    dataset: str
    of: str
    what: str
    ends: date
    people: str
    label: str
    remedy: str
    has_ended: bool

    @property
    def told(self) -> str:
        """What, who must act, and the command."""
        return f"{self.dataset}: {self.what}; {self.label}: {self.people}; next: {self.remedy}"


def lapsing(
    contracts: Iterable[Contract], directory: Path, now: datetime, committed_at: CommittedAt = lambda _: None
) -> list[Lapse]:
    """What ends soon or has ended, each with who must act and the command; empty where nothing does.

    Args:
        contracts: of the golden datasets.
        directory: of the promises.
        now: wall clock, UTC.
        committed_at: as in `Register`.

    Raises:
        ContractError: a file is not what it must be.
    """
    register = open_register(directory, now, committed_at)
    told = []
    for contract in contracts:
        for standing in standings(contract, Environment.PRODUCTION, register):
            if standing.word in _LAPSING:
                assert standing.until is not None
                told.append(
                    Lapse(
                        dataset=contract.name,
                        of=f"sign-off as {standing.role}",
                        what=f"{standing.role}: {standing.why}",
                        ends=standing.until.date(),
                        people=" or ".join(holders(contract, standing.role)),
                        label="must sign",
                        remedy=f"esclusa sign {contract.name} --role {standing.role} --key <ssh key>",
                        has_ended=standing.word == "expired",
                    )
                )
        named = {path.stem for path in (directory / WAIVERS / contract.name).glob("*.json")}
        for waiver in load_waivers(contract, named, register):
            left = waiver.ends - now
            if left <= _WAIVER_WARNS:
                when = f"ends with {waiver.until}" if left > timedelta() else f"ended with {waiver.until}"
                told.append(
                    Lapse(
                        dataset=contract.name,
                        of=f"waiver of {waiver.rule}",
                        what=f"the waiver of {waiver.rule} {when}",
                        ends=waiver.until,
                        people=contract.owner,
                        label="owner",
                        remedy="mend what it excuses, then delete "
                        + waiver_file(directory, contract.name, waiver.rule).name,
                        has_ended=left <= timedelta(),
                    )
                )
    return told
