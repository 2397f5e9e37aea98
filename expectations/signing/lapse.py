"""Lapsing: which sign-offs and waivers end soon, or have ended, said before anybody is surprised by a shut gate.

Belongs here: the sentences of the daily look. Does not: when it is taken (`orchestration`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
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
        told: what, who must act, and the command.
        has_ended: False while it only warns.
    """

    told: str
    has_ended: bool


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
                people = " or ".join(holders(contract, standing.role))
                command = f"esclusa sign {contract.name} --role {standing.role} --key <ssh key>"
                said = f"{contract.name}: {standing.role}: {standing.why}; must sign: {people}; next: {command}"
                told.append(Lapse(said, standing.word == "expired"))
        named = {path.stem for path in (directory / WAIVERS / contract.name).glob("*.json")}
        for waiver in load_waivers(contract, named, register):
            left = waiver.ends - now
            if left <= _WAIVER_WARNS:
                when = f"ends with {waiver.until}" if left > timedelta() else f"ended with {waiver.until}"
                step = f"mend what it excuses, then delete {waiver_file(directory, contract.name, waiver.rule).name}"
                said = f"{contract.name}: the waiver of {waiver.rule} {when}; owner: {contract.owner}; next: {step}"
                told.append(Lapse(said, left <= timedelta()))
    return told
