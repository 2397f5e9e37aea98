"""The checklist: what a signer sees before signing: six items with the evidence of the last audit, then who signed.

Belongs here: gathering it and showing it. Does not: signing (`commands/signing.py`), deciding (`expectations.signing`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from esclusa.cli.render import STYLES
from esclusa.errors import Misused
from expectations.contract import Contract
from expectations.environment import Environment
from expectations.readiness import CLAUSES, expected_rules
from expectations.rules.expansion import rules_of
from expectations.signing.profiles import Demand, demand_of, holders
from expectations.signing.register import Register
from expectations.signing.standing import Standing, standings
from expectations.signing.waiver import Waiver, load_waivers
from expectations.verdict import GateItem, State, demanded_items
from orchestration.decisions import Decision, recall_decision
from orchestration.promises import load_promises
from orchestration.settings import Settings
from orchestration.signing import register_at
from orchestration.workshop import Workshop

SIX = demanded_items(Environment.SANDBOX)


@dataclass(frozen=True)
class Checklist:
    """What is known when somebody is asked to sign.

    Args:
        evidence: the last audit under this very contract, or None.
        standings: of every role that must sign, and of others that did.
        waivers: of the dataset, also those that do not count.
    """

    contract: Contract
    environment: Environment
    register: Register
    demand: Demand
    evidence: Decision | None
    standings: tuple[Standing, ...]
    waivers: tuple[Waiver, ...]

    @property
    def items(self) -> dict[str, GateItem]:
        """Every rule that can be named → its gate item."""
        known = {rule.id: rule.item for rule in rules_of(self.contract)}
        known |= {clause.rule(self.contract): clause.item for clause in CLAUSES}
        return known | {f.rule: f.item for f in (self.evidence.verdict.findings if self.evidence else ())}

    def seen(self) -> dict[str, Any]:
        """What a sign-off says of the evidence that was shown.

        Raises:
            Misused: there is none: nobody signs what nobody has audited.
        """
        if self.evidence is None:
            raise Misused(
                f"{self.contract.name}: there is no evidence to sign for.",
                observed="no audit under the contract and the definitions as they read now",
                required="an audit, read before it is signed",
                remedy=f"esclusa run --only {self.contract.name}",
            )
        verdict = self.evidence.verdict
        return {
            "auditedAt": verdict.audited_at.isoformat(),
            "candidateDigest": verdict.candidate_digest,
            "items": {str(item): str(verdict.item_state(item)) for item in SIX},
        }


def checklist(settings: Settings, dataset: str, environment: Environment, now: datetime) -> Checklist:
    """Gather it.

    Args:
        dataset: name of a dataset that has a contract.
        environment: that signatures are asked for.
        now: wall clock, UTC.

    Raises:
        expectations.loader.ContractError: a file is not what it must be.
    """
    contract = load_promises(settings).contracts[dataset]
    register = register_at(settings, now)
    last = recall_decision(Workshop(settings), dataset)
    evidence = last if last is not None and last.verdict.contract_digest == contract.digest else None
    findings = evidence.verdict.findings if evidence else ()
    return Checklist(
        contract=contract,
        environment=environment,
        register=register,
        demand=demand_of(contract, register.profiles),
        evidence=evidence,
        standings=standings(contract, environment, register),
        waivers=load_waivers(contract, expected_rules(contract) | {f.rule for f in findings}, register),
    )


def show(console: Console, found: Checklist) -> None:
    """Print it.

    Args:
        console: at least 80 columns wide.
    """
    contract = found.contract
    terms = ", ".join(f"{use.term} v{use.version}" for use in contract.terms)
    console.print(f"[bold]{contract.name}[/bold] {contract.version}, for {found.environment}", highlight=False)
    console.print(f"contract    {contract.digest}\ndefinitions {terms}", highlight=False)
    if found.evidence is None:
        console.print(
            f"[red]No audit[/red] under this contract as it reads; next: esclusa run --only {contract.name}\n",
            highlight=False,
        )
    else:
        _show_evidence(console, found, found.evidence)
    _show_signatures(console, found)
    for waiver in found.waivers:
        console.print(_waiver_line(found, waiver), highlight=False, markup=False, soft_wrap=True)


def _show_evidence(console: Console, found: Checklist, evidence: Decision) -> None:
    verdict = evidence.verdict
    console.print(
        f"evidence    audit of {verdict.audited_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {evidence.pin.rows:,} rows\n"
        f"candidate   {verdict.candidate_digest}\n",
        highlight=False,
    )
    table = _table("gate item", "state", "findings", "not passed")
    for number, item in enumerate(SIX, 1):
        findings = [f for f in verdict.findings if f.item is item]
        others = [f.rule for f in findings if f.state is not State.PASS]
        table.add_row(f"{number} {item}", _state(verdict.item_state(item)), str(len(findings)), "\n".join(others))
    console.print(table)
    for finding in verdict.findings:
        if finding.state is not State.PASS and finding.item is not GateItem.SIGNOFF:
            said = finding.message or f"{finding.description}: observed {finding.seen}, required {finding.required}"
            console.print(f"\n{finding.rule}: {said}", highlight=False, markup=False, soft_wrap=True)
    console.print()


def _show_signatures(console: Console, found: Checklist) -> None:
    days = found.demand.valid.days
    table = _table(f"sign-off, {days} days", "state", "who", "until")
    for standing in found.standings:
        who = standing.signoff.said["principal"] if standing.signoff else ""
        until = f"{standing.until:%Y-%m-%d}" if standing.until and standing.counts else ""
        people = " or ".join(holders(found.contract, standing.role))
        table.add_row(standing.role, _state(standing.state, standing.word), who if standing.counts else people, until)
    console.print(table)
    console.print()
    for standing in found.standings:
        if standing.why:
            command = f"esclusa sign {found.contract.name} --role {standing.role} --key <ssh key>"
            line = f"{standing.role}: {standing.why}; next: {command}"
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _waiver_line(found: Checklist, waiver: Waiver) -> str:
    why = waiver.weakness(found.items.get(waiver.rule, GateItem.QUALITY), found.register.now)
    state = f"does not count: {why}" if why else f"until {waiver.until}, signed by {waiver.by}"
    return f"waiver of {waiver.rule}: {state}: {waiver.reason}"


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _state(state: State, word: str = "") -> Text:
    return Text(word or str(state), style=STYLES[state])
