"""Commands of signers: look at the checklist, sign, take a signature back, waive a finding.

Belongs here: arguments, what is checked before anything is written, writing it.
Does not: policy (`expectations.signing`).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from esclusa.errors import EsclusaError, Misused
from esclusa.ledger.ledger import Ledger
from expectations.contract import Contract
from expectations.environment import Environment
from expectations.signing import waiver as waivers
from expectations.signing.profiles import holders
from expectations.signing.register import Register
from expectations.signing.signature import PublicKey, signing_key
from expectations.signing.signoff import NAMESPACE, file_of, folder, new_revocation, new_signoff, read_signoff
from expectations.verdict import GateItem
from orchestration.checklist import Checklist, show
from orchestration.checklist import checklist as gather
from orchestration.commands.platform import demand_known, plain_errors
from orchestration.settings import read_settings
from orchestration.signing import demand_key, ssh_signature

DatasetArgument = Annotated[str, typer.Argument(help="Name of the dataset.")]
EnvironmentOption = Annotated[Environment, typer.Option(help="Where the signature is to count.")]
KeyOption = Annotated[Path, typer.Option(help="Private SSH key, or the .pub file of a key that ssh-agent holds.")]
AsOption = Annotated[str, typer.Option("--as", help="Username in the contract's team, where several hold the role.")]


def checklist(dataset: DatasetArgument, environment: EnvironmentOption = Environment.PRODUCTION) -> None:
    """The six gate items with their evidence, who has signed, who must."""
    with plain_errors():
        _shown(dataset, environment)


def sign(
    dataset: DatasetArgument,
    role: Annotated[str, typer.Option(help="Role in the contract's team that is signed as.")],
    key: KeyOption,
    principal: AsOption = "",
    environment: EnvironmentOption = Environment.PRODUCTION,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the sign-off of that role back.")] = False,
    reason: Annotated[str, typer.Option(help="Why it is taken back.")] = "",
) -> None:
    """Sign a contract as it reads, after its checklist; or take a signature back."""
    with plain_errors(EsclusaError):
        demand_key(key)  # before a page that one would have to scroll back over
        found, ledger = _shown(dataset, environment)
        demand_known([role], {str(m["role"]) for m in found.contract.team if m.get("role")}, "role in the team")
        if revoke:
            _revoke(found, ledger, role, principal, key, reason)
        else:
            _sign(found, ledger, role, principal, key)
        print(f"next: commit it, then: esclusa run --only {dataset}")


def waive(
    dataset: DatasetArgument,
    rule: Annotated[str, typer.Argument(help="Id of the finding.")],
    role: Annotated[str, typer.Option(help="owner; or security, for a finding of access.")],
    key: KeyOption,
    reason: Annotated[str, typer.Option(help="Why it may pass; shown wherever the dataset is.")] = "",
    until: Annotated[str, typer.Option(help="Its last day, YYYY-MM-DD.")] = "",
    principal: AsOption = "",
) -> None:
    """Let one failing finding pass until a day; the second signer leaves out reason and day."""
    with plain_errors(EsclusaError):
        found, ledger = _gathered(dataset, Environment.PRODUCTION)
        register, path = found.register, waivers.waiver_file(found.register.directory, dataset, rule)
        demand_known([rule], found.items.keys(), f"rule of {dataset}")
        demand_known([role], waivers.SIGNERS, "signer of a waiver")
        raw = _waiver_text(found, path, reason, until)
        who = _person(found.contract, holders(found.contract, role), principal, role)
        signature, _ = _signature(raw, key, waivers.NAMESPACE, who, register, f"Sign this waiver as {role}, {who}?")
        body = {"rule": rule, "role": role, "principal": who, "document": sha256(raw).hexdigest()}
        ledger.append("waiver", dataset, body)
        if not path.exists() or path.read_bytes() != raw:
            for other in waivers.SIGNERS:  # what was signed under the former text is worth nothing
                waivers.signature_file(path, other).unlink(missing_ok=True)
        _write({waivers.signature_file(path, role): signature, path: raw})
        print(f"waiver of {rule} signed as {role} by {who}: {_here(path)}")
        lacking = [r for r in waivers.needed(found.items[rule]) if not waivers.signature_file(path, r).exists()]
        step = f"esclusa waive {dataset} {rule} --role {lacking[0]} --key <ssh key>" if lacking else "commit it"
        print(f"next: {step}, then: esclusa run --only {dataset}")


def _sign(found: Checklist, ledger: Ledger, role: str, principal: str, key: Path) -> None:
    contract, register, environment = found.contract, found.register, found.environment
    who = _person(contract, holders(contract, role), principal, role)
    raw = new_signoff(
        contract, environment, role=role, principal=who, now=register.now, demand=found.demand, seen=found.seen()
    )
    signature, public = _signature(raw, key, NAMESPACE, who, register, f"Sign this contract as {role}, {who}?")
    for other in found.standings:
        if other.counts and other.role != role and other.signoff and other.key:
            twice = "person" if other.signoff.said["principal"] == who else "key" if other.key == public else ""
            if twice:
                raise Misused(
                    f"{contract.name}: the same {twice} has signed as {other.role}.",
                    observed=f"{who}, {public.fingerprint}",
                    required="another person with another key for each role",
                    remedy=f"have somebody else sign as {role}",
                )
    path = folder(register.directory, contract, environment) / file_of(role)
    _record(ledger, contract, raw, action="signed", role=role, principal=who, environment=str(environment))
    _write({path.with_name(f"{path.name}.sig"): signature, path: raw})
    print(f"signed as {role} by {who}: {_here(path)}")


def _revoke(found: Checklist, ledger: Ledger, role: str, principal: str, key: Path, reason: str) -> None:
    contract, register, environment = found.contract, found.register, found.environment
    path = folder(register.directory, contract, environment) / file_of(role)
    if not path.exists():
        raise Misused(
            f"{contract.name}: nobody has signed as {role}.",
            observed=f"no {path}",
            required="a sign-off under the contract as it reads",
            remedy=f"esclusa checklist {contract.name}",
        )
    if not reason:
        raise Misused("A signature is taken back for a reason.", required="--reason", remedy='add: --reason "<why>"')
    signoff = read_signoff(path)
    everybody = [str(member["username"]) for member in contract.team]
    who = _person(contract, everybody if principal else holders(contract, role), principal, role)
    raw = new_revocation(signoff, principal=who, reason=reason, now=register.now)
    signature, _ = _signature(raw, key, NAMESPACE, who, register, f"Take the sign-off as {role} back, {who}?")
    _record(ledger, contract, raw, action="revoked", role=role, principal=who, environment=str(environment))
    target = signoff.revocation
    _write({target.with_name(f"{target.name}.sig"): signature, target: raw})
    print(f"revoked by {who}: {_here(target)}")


def _gathered(dataset: str, environment: Environment) -> tuple[Checklist, Ledger]:
    settings = read_settings()
    demand_known([dataset], {p.stem for p in (settings.expectations / "contracts").glob("*.yaml")}, "dataset")
    return gather(settings, dataset, environment, datetime.now(UTC).replace(microsecond=0)), Ledger(settings.ledger)


def _shown(dataset: str, environment: Environment) -> tuple[Checklist, Ledger]:
    found, ledger = _gathered(dataset, environment)
    show(Console(file=sys.stdout), found)
    return found, ledger


def _person(contract: Contract, people: Sequence[str], named: str, role: str) -> str:
    """Who signs: the one who is named, or the only one who can be meant."""
    if named:
        demand_known([named], people, f"member of the team of {contract.name} with the role {role},")
    elif len(people) != 1:
        raise Misused(
            f"{contract.name}: several people hold the role {role}.",
            observed=", ".join(people),
            required="the name of the one who signs",
            remedy="add: --as <username>",
        )
    return named or people[0]


def _signature(
    raw: bytes, key: Path, namespace: str, who: str, register: Register, question: str
) -> tuple[bytes, PublicKey]:
    """A signature that would count today, and its key; refused before anything is written otherwise."""
    may_ask = sys.stdin.isatty() and sys.stdout.isatty()
    if may_ask and not typer.confirm(question):
        raise Misused("Nothing was signed.", observed="no", required="yes")
    signature = ssh_signature(raw, key, namespace, may_ask=may_ask)
    public = signing_key(raw, signature, namespace)
    objection = register.signers.objection(public, who, namespace, register.now)
    if objection:
        line = f'{who} namespaces="esclusa-*" {public.text}'
        raise Misused(
            f"Nothing was signed: the key does not speak for {who}.",
            observed=f"signed {objection.why}",
            required=f"a key that {register.signers.path} gives to {who}",
            remedy=f"have somebody else add this line to it, in a reviewed commit: {line}",
        )
    return signature, public


def _waiver_text(found: Checklist, path: Path, reason: str, until: str) -> bytes:
    """The text that is there where nothing new is said; else a new one, within what the profile allows."""
    now, contract, rule = found.register.now, found.contract, path.stem
    if path.exists() and not (reason or until):
        return path.read_bytes()
    try:
        last = date.fromisoformat(until)
    except ValueError:
        last = date.min
    longest = now.date() + found.demand.longest_waiver
    if not now.date() <= last <= longest or len(reason) < waivers.SHORTEST_REASON:
        raise Misused(
            f"{contract.name}: a waiver needs a reason and an end.",
            observed=f"--reason {reason!r} --until {until or '(none)'}",
            required=f"a reason of {waivers.SHORTEST_REASON} letters or more, and a day until {longest}",
            remedy=f'add: --reason "<why>" --until {longest}',
        )
    fresh = waivers.new_waiver(contract.name, rule, reason=reason, until=last, now=now)
    if found.items[rule] is GateItem.SIGNOFF or rule.partition("__")[2] in waivers.NEVER:
        raise Misused(f"{rule} cannot be waived.", required="a finding of the six items that is not law")
    return fresh


def _record(ledger: Ledger, contract: Contract, raw: bytes, **said: str) -> None:
    """What cannot be recorded does not happen: the ledger comes before the file."""
    ledger.append(
        "signoff", contract.name, {**said, "contractDigest": contract.digest, "document": sha256(raw).hexdigest()}
    )


def _here(path: Path) -> Path:
    """As somebody types it who stands in the checkout."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _write(files: Mapping[Path, bytes]) -> None:
    """Put each file in its place whole."""
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.draft")
        draft.write_bytes(content)
        draft.replace(path)
