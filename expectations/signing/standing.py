"""Standing: what each role's sign-off is worth now, as findings of the gate item `signoff`.

Belongs here: everything that can be wrong with a sign-off, each in its own words.
Does not: the document (`signoff.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from expectations.contract import Contract
from expectations.environment import Environment
from expectations.loader.problem import ContractError
from expectations.signing.profiles import Demand, demand_of, distinct_rule, holders, role_rule
from expectations.signing.register import Register, moment, read_signed
from expectations.signing.signature import PublicKey, SignatureInvalid
from expectations.signing.signoff import (
    NAMESPACE,
    REVOCATION_SCHEMA,
    Signoff,
    earlier,
    file_of,
    folder,
    read_signoff,
)
from expectations.verdict import OPENING, Finding, GateItem, State


@dataclass(frozen=True)
class Standing:
    """What became of one role's sign-off.

    Args:
        state: `pass`, `warn` shortly before its end; any other shuts the gate.
        word: the same for people: `signed`, `missing`, `void`, `expired` …
        why: a sentence; empty where it is signed and far from its end.
        signoff, signature, key: where they could be read.
        until: when it ends, UTC.
    """

    role: str
    state: State
    word: str
    why: str
    signoff: Signoff | None = None
    signature: bytes = b""
    key: PublicKey | None = None
    until: datetime | None = None

    @property
    def counts(self) -> bool:
        """True where it opens the gate."""
        return self.state in OPENING


def standings(contract: Contract, environment: Environment, register: Register) -> tuple[Standing, ...]:
    """Every role that must sign, then every other one that did.

    Args:
        contract: as it reads now.

    Raises:
        ContractError: profiles and contract do not fit.
    """
    demand = demand_of(contract, register.profiles)
    here = folder(register.directory, contract, environment)
    held = {str(m["role"]) for m in contract.team if m.get("role")}
    more = sorted(role for role in held - set(demand.roles) if (here / file_of(role)).is_file())
    return tuple(_standing(contract, environment, role, demand, register) for role in (*demand.roles, *more))


def check_signoffs(contract: Contract, environment: Environment, register: Register) -> tuple[Finding, ...]:
    """The findings of the gate item `signoff`: one a role that must sign, one that different people did.

    Args:
        contract: as it reads now.

    Raises:
        ContractError: profiles and contract do not fit.
    """
    demand, found = demand_of(contract, register.profiles), standings(contract, environment, register)
    roles = [_role_finding(contract, environment, s) for s in found if s.role in demand.roles]
    return (*roles, _distinct_finding(contract, demand, found))


def valid_signoffs(found: Sequence[Standing]) -> tuple[Mapping[str, Any], ...]:
    """The sign-offs that count, as a certificate carries them: enough for an outsider to verify each.

    Args:
        found: of one contract.
    """
    return tuple(
        {
            "role": s.role,
            "principal": s.signoff.said["principal"],
            "signedAt": s.signoff.said["signedAt"],
            "validUntil": s.until.isoformat(),
            "document": s.signoff.raw.decode(),
            "signature": s.signature.decode(),
            "publicKey": s.key.text,
        }
        for s in found
        if s.counts and s.signoff and s.key and s.until
    )


def _standing(contract: Contract, environment: Environment, role: str, demand: Demand, register: Register) -> Standing:
    path = folder(register.directory, contract, environment) / file_of(role)
    if not path.exists():
        before = earlier(register.directory, contract, environment, role)
        if before is None:
            return Standing(role, State.MISSING, "missing", "nobody has signed")
        why = before.elsewhere(contract, environment) or "the contract changed"
        who, day = before.said["principal"], before.said["signedAt"][:10]
        return Standing(role, State.FAIL, "void", f"the sign-off of {who} of {day} is void: {why}", before)
    try:
        signoff = read_signoff(path)
    except ContractError as error:
        return Standing(role, State.ERROR, "unreadable", f"the sign-off cannot be read: {error.problems[0]}")
    if elsewhere := signoff.elsewhere(contract, environment):
        return Standing(role, State.FAIL, "over another digest", f"{path.name} is no sign-off of this: {elsewhere}")
    if signoff.said["role"] != role:
        why = f"{path.name} was signed as {signoff.said['role']}"
        return Standing(role, State.FAIL, "of another role", why, signoff)
    return _weighed(contract, signoff, demand, register)


def _weighed(contract: Contract, signoff: Signoff, demand: Demand, register: Register) -> Standing:
    """A sign-off of the right contract, environment and role: its signature, its signer, its dates."""
    role, who, now = str(signoff.said["role"]), str(signoff.said["principal"]), register.now
    try:
        key, signature = register.signer(signoff.raw, signoff.signature, NAMESPACE)
    except SignatureInvalid as error:
        state, word = (State.FAIL, "signature invalid") if signoff.signature.exists() else (State.MISSING, "unsigned")
        return Standing(role, state, word, f"the signature {error}", signoff)
    if register.is_future(signoff.signed_at):
        why = f"dated {signoff.said['signedAt']}, which is in the future"
        return Standing(role, State.FAIL, "future date", why, signoff)
    until = min(signoff.valid_until, signoff.signed_at + demand.valid)
    signed = Standing(role, State.PASS, "signed", "", signoff, signature, key, until)
    objection = register.objection(key, who, NAMESPACE, signoff.signed_at, signoff.signature)
    if objection:
        return replace(signed, state=State.FAIL, word=objection.word, why=f"signed {objection.why}")
    if who not in holders(contract, role):
        why = f"signed by {who}, who does not hold the role {role} in the contract's team"
        return replace(signed, state=State.FAIL, word="of another role", why=why)
    if signoff.revocation.exists():
        return replace(signed, state=State.FAIL, word="revoked", why=_revoked(contract, signoff, register))
    if until <= now:
        return replace(signed, state=State.FAIL, word="expired", why=f"the sign-off of {who} ended on {until:%Y-%m-%d}")
    if until - demand.warn <= now:
        why = f"the sign-off of {who} ends on {until:%Y-%m-%d}, in {(until - now).days} days"
        return replace(signed, state=State.WARN, word="ends soon", why=why)
    return signed


def _revoked(contract: Contract, signoff: Signoff, register: Register) -> str:
    """Who took it back, and why. A revocation that proves nothing shuts the gate too, and says so."""
    path = signoff.revocation
    try:
        raw, document = read_signed(path, REVOCATION_SCHEMA)
        key, _ = register.signer(raw, path.with_name(f"{path.name}.sig"), NAMESPACE)
    except (ContractError, SignatureInvalid):
        return f"{path.name} revokes it, and cannot be verified"
    said = document.data
    signature = path.with_name(f"{path.name}.sig")
    objection = register.objection(key, said["principal"], NAMESPACE, moment(said["revokedAt"]), signature)
    in_team = said["principal"] in {m["username"] for m in contract.team}
    if objection or not in_team or said["signoff"] != signoff.digest:
        return f"{path.name} revokes it, and cannot be verified"
    return f"revoked by {said['principal']} on {said['revokedAt'][:10]}: {said['reason']}"


def _role_finding(contract: Contract, environment: Environment, standing: Standing) -> Finding:
    people = " or ".join(holders(contract, standing.role))
    required = f"a signature of {people} as {standing.role} under contract {contract.version} as it reads"
    message = f"{contract.name}: {standing.role}: {standing.why}; required: {required}; must sign: {people}"
    return Finding(
        rule=role_rule(contract, standing.role),
        item=GateItem.SIGNOFF,
        state=standing.state,
        observed=standing.why or standing.word,
        required=required,
        description=f"{people} signed this contract as {standing.role} for {environment}",
        owner=people,
        message=message if standing.why else "",
        remedy=f"esclusa sign {contract.name} --role {standing.role} --key <ssh key>" if standing.why else "",
    )


def _distinct_finding(contract: Contract, demand: Demand, found: Sequence[Standing]) -> Finding:
    """Different people, different keys: one key that is listed under two names is one person."""
    people, keys = defaultdict(list), defaultdict(list)
    for standing in (s for s in found if s.counts):
        assert standing.signoff is not None
        assert standing.key is not None
        people[str(standing.signoff.said["principal"])].append(standing.role)
        keys[standing.key.fingerprint].append(standing.role)
    twice = [f"{who} signed as {' and '.join(roles)}" for who, roles in people.items() if len(roles) > 1]
    twice += [f"one key signed as {' and '.join(roles)}: {key}" for key, roles in keys.items() if len(roles) > 1]
    number = min(len(people), len(keys))
    state = State.FAIL if twice else State.PASS if number >= demand.quorum else State.MISSING
    seen = "; ".join(twice) or f"{number} of {demand.quorum} people have signed"
    required = f"{demand.quorum} people, each with a key of their own"
    shut = state is not State.PASS
    return Finding(
        rule=distinct_rule(contract),
        item=GateItem.SIGNOFF,
        state=state,
        observed=number,
        required=required,
        threshold=float(demand.quorum),
        unit="people",
        description="Different people signed, each with a key of their own",
        owner=contract.owner,
        message=f"{contract.name}: {seen}; required: {required}; owner: {contract.owner}" if shut else "",
        remedy=f"esclusa checklist {contract.name}" if shut else "",
    )
