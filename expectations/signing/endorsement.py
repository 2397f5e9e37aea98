"""Endorsement: a verdict together with the signatures that it rests on: sign-offs demanded, findings waived.

Belongs here: joining them, and until when that holds. Does not: judging either (`standing.py`, `waiver.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from expectations.contract import Contract
from expectations.environment import Environment
from expectations.loader.problem import ContractError, Problem
from expectations.signing.profiles import Profiles, demand_of
from expectations.signing.register import Register
from expectations.signing.standing import check_signoffs, standings, valid_signoffs
from expectations.signing.waiver import apply_waivers, load_waivers
from expectations.verdict import Verdict


@dataclass(frozen=True)
class Endorsed:
    """A verdict and its signatures.

    Args:
        signoffs, waivers: as a certificate carries them.
        until: when the first signature that it rests on ends, UTC; None where it rests on none.
    """

    verdict: Verdict
    signoffs: tuple[Mapping[str, Any], ...]
    waivers: tuple[Mapping[str, Any], ...]
    until: datetime | None


def endorse(verdict: Verdict, contract: Contract, register: Register) -> Endorsed:
    """Add to a verdict what people signed: in production the sign-offs, everywhere the waivers.

    Args:
        verdict: on everything but signatures.
        contract: that it is on.

    Raises:
        ContractError: a waiver is none or names a rule that does not exist; profiles and contract do not fit.
    """
    signoffs: tuple[Mapping[str, Any], ...] = ()
    ends: list[datetime] = []
    if verdict.environment is Environment.PRODUCTION:
        demand, found = demand_of(contract, register.profiles), standings(contract, verdict.environment, register)
        signoffs = valid_signoffs(found)
        ends += [s.until for s in found if s.role in demand.roles and s.counts and s.until]
        verdict = replace(
            verdict,
            findings=(*verdict.findings, *check_signoffs(contract, verdict.environment, register)),
            expected_rules=verdict.expected_rules | demand.rules(contract),
        )
    rules = verdict.expected_rules | {f.rule for f in verdict.findings}
    findings, used = apply_waivers(verdict.findings, load_waivers(contract, rules, register), register.now)
    ends += [waiver.ends for waiver in used]
    waivers = tuple(waiver.statement() for waiver in used)
    return Endorsed(replace(verdict, findings=findings), signoffs, waivers, min(ends, default=None))


def demand_fit(contracts: Iterable[Contract], profiles: Profiles) -> None:
    """Refuse contracts that could never be signed.

    Args:
        contracts: of the golden datasets.

    Raises:
        ContractError: with what is wrong in each.
    """
    problems: list[Problem] = []
    for contract in contracts:
        try:
            demand_of(contract, profiles)
        except ContractError as error:
            problems += error.problems
    if problems:
        raise ContractError(profiles.path, problems)
