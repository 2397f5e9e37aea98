"""Waivers: one named finding passes until a day, because its owner signed for it; of access, security too.

Belongs here: the document, whether it counts, what it does to findings. Does not: sign-offs (`standing.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from expectations.contract import Contract
from expectations.loader.document import Document
from expectations.loader.problem import ContractError, Problem, nearest
from expectations.loader.vocabulary import DAY
from expectations.signing.profiles import demand_of, holders
from expectations.signing.register import MOMENT, WAIVERS, Register, moment, read_signed, write_document, written
from expectations.signing.signature import PublicKey, SignatureInvalid
from expectations.verdict import Finding, GateItem, State

NAMESPACE = "esclusa-waiver"
TYPE = "urn:esclusa:waiver:v1"
SIGNERS = ("owner", "security")  # roles whose signature a waiver can bear
NEVER = frozenset({"retention_no_erased_subject"})  # clauses that no owner may set aside: deletion is law
SHORTEST_REASON = 10  # letters
_TEXT = {"type": "string", "minLength": 1, "maxLength": 2000}
_KEYS = {
    "type": {"const": TYPE},
    "dataset": _TEXT,
    "rule": _TEXT,
    "reason": {**_TEXT, "minLength": SHORTEST_REASON},
    "issuedAt": MOMENT,
    "until": DAY,
}
SCHEMA = {"type": "object", "properties": _KEYS, "required": list(_KEYS), "additionalProperties": False}


@dataclass(frozen=True)
class Signed:
    """One signature that counts, under a waiver."""

    role: str
    principal: str
    key: PublicKey
    signature: bytes


@dataclass(frozen=True)
class Waiver:
    """A waiver as it was read.

    Args:
        raw: the bytes that were signed.
        until: its last day, UTC.
        signed: the signatures that count, by role.
        objections: why others do not, and what else speaks against it.
    """

    path: Path
    raw: bytes
    rule: str
    reason: str
    until: date
    signed: Mapping[str, Signed]
    objections: tuple[str, ...]

    @property
    def ends(self) -> datetime:
        """The end of its last day, UTC."""
        return datetime.combine(self.until, time.max, UTC)

    @property
    def by(self) -> str:
        """Who signed, for people."""
        return " and ".join(f"{s.principal} ({role})" for role, s in self.signed.items()) or "nobody"

    def refusal(self, finding: Finding, now: datetime) -> str:
        """Why it does not let a finding pass; empty where it does.

        Args:
            finding: that it names.
            now: wall clock, UTC.
        """
        if finding.state is not State.FAIL:
            return "only a measured failure is waived, not what was never measured"
        return self.weakness(finding.item, now)

    def weakness(self, item: GateItem, now: datetime) -> str:
        """Why it counts for nothing, whatever is found; empty where it counts.

        Args:
            item: that the rule belongs to.
            now: wall clock, UTC.
        """
        if item is GateItem.SIGNOFF:
            return "a missing signature is not waived: whoever must sign, signs"
        if self.rule.partition("__")[2] in NEVER:
            return "this one is law, and nobody's to waive"
        if self.objections:
            return "; ".join(self.objections)
        if self.ends <= now:
            return f"it ended on {self.until}"
        lacking = [role for role in needed(item) if role not in self.signed]
        return f"{' and '.join(lacking)} has not signed it" if lacking else ""

    def statement(self) -> dict[str, Any]:
        """As a certificate carries it: enough for an outsider to verify."""
        return {
            "rule": self.rule,
            "reason": self.reason,
            "until": str(self.until),
            "document": self.raw.decode(),
            "signatures": [
                {
                    "role": role,
                    "principal": s.principal,
                    "signature": s.signature.decode(),
                    "publicKey": s.key.text,
                }
                for role, s in self.signed.items()
            ],
        }


def needed(item: GateItem) -> tuple[str, ...]:
    """Roles that must sign a waiver of a finding of that item."""
    return SIGNERS if item is GateItem.ACCESS else SIGNERS[:1]


def waiver_file(directory: Path, dataset: str, rule: str) -> Path:
    """Where the waiver of a finding lies.

    Args:
        directory: of the promises.
    """
    return directory / WAIVERS / dataset / f"{rule}.json"


def signature_file(waiver: Path, role: str) -> Path:
    """Where the signature of a role under a waiver lies."""
    return waiver.with_name(f"{waiver.stem}.{role}.sig")


def new_waiver(dataset: str, rule: str, *, reason: str, until: date, now: datetime) -> bytes:
    """The document that is to be signed.

    Args:
        until: its last day, UTC.
        now: wall clock, UTC.
    """
    return write_document(
        {
            "type": TYPE,
            "dataset": dataset,
            "rule": rule,
            "reason": reason,
            "issuedAt": written(now),
            "until": str(until),
        }
    )


def load_waivers(contract: Contract, rules: Collection[str], register: Register) -> tuple[Waiver, ...]:
    """Every waiver of a dataset, also those that do not count: whoever looks is told why.

    Args:
        contract: of the dataset.
        rules: ids that its verdict answers.

    Raises:
        ContractError: a file is no waiver, or one still running names a rule that does not exist.
    """
    found: list[Waiver] = []
    problems: list[Problem] = []
    for path in sorted((register.directory / WAIVERS / contract.name).glob("*.json")):
        try:
            raw, document = read_signed(path, SCHEMA)
            waiver = _read(contract, raw, document, register)
        except ContractError as error:
            problems += error.problems
            continue
        if waiver.rule not in rules and waiver.ends > register.now:
            problems.append(no_such_rule(document, waiver.rule, rules))
        found.append(waiver)
    if problems:
        raise ContractError(register.directory / WAIVERS / contract.name, problems)
    return tuple(found)


def no_such_rule(document: Document, rule: str, rules: Collection[str]) -> Problem:
    """What is said of a waiver whose rule does not exist."""
    return document.problem(("rule",), f"the contract has no rule {rule}", nearest(rule, rules))


def apply_waivers(
    findings: Iterable[Finding], waivers: Sequence[Waiver], now: datetime
) -> tuple[tuple[Finding, ...], tuple[Waiver, ...]]:
    """The findings with those waived that may be, and the waivers that it took.

    Args:
        waivers: of the dataset, all of them.
        now: wall clock, UTC.
    """
    by_rule = {w.rule: w for w in waivers}
    result, used = [], []
    for finding in findings:
        waiver = by_rule.get(finding.rule)
        if waiver is None or finding.opens:
            result.append(finding)
        elif why := waiver.refusal(finding, now):
            result.append(replace(finding, message=f"{finding.message}; its waiver does not count: {why}".lstrip("; ")))
        else:
            said = f"waived until {waiver.until} by {waiver.by}: {waiver.reason}; {finding.message}"
            result.append(replace(finding, state=State.WARN, message=said))
            used.append(waiver)
    return tuple(result), tuple(used)


def _read(contract: Contract, raw: bytes, document: Document, register: Register) -> Waiver:
    path, said = document.path, document.data
    rule, issued = str(said["rule"]), moment(said["issuedAt"])
    if said["dataset"] != contract.name or rule != path.stem:
        required = f"required: the names of its folder and file, {contract.name} and {path.stem}"
        raise ContractError(path, [document.problem(("rule",), f"is for {said['dataset']}, {rule}; {required}")])
    try:
        until = date.fromisoformat(said["until"])
    except ValueError:
        raise ContractError(path, [document.problem(("until",), "is no day; required: YYYY-MM-DD")]) from None
    signed: dict[str, Signed] = {}
    objections = []
    longest = demand_of(contract, register.profiles).longest_waiver
    if register.is_future(issued):
        objections.append(f"it is dated {said['issuedAt']}, which is in the future")
    elif until > issued.date() + longest:
        objections.append(f"it runs until {until}, longer than the {longest.days} days that its profile allows")
    for role in SIGNERS:
        signature = signature_file(path, role)
        if not signature.exists():
            continue
        try:
            signed[role] = _signed(contract, role, raw, signature, issued, register)
        except SignatureInvalid as error:
            objections.append(f"the signature of {role} {error}")
    for attribute in ("principal", "key"):
        if len({getattr(s, attribute) for s in signed.values()}) < len(signed):
            objections.append(f"owner and security signed with the same {attribute}")
    return Waiver(path, raw, rule, str(said["reason"]), until, signed, tuple(objections))


def _signed(contract: Contract, role: str, raw: bytes, path: Path, issued: datetime, register: Register) -> Signed:
    """Who signed in a role: the holder of it whom the key speaks for.

    Raises:
        SignatureInvalid: nobody whose signature counts.
    """
    key, signature = register.signer(raw, path, NAMESPACE)
    why = f"is of nobody: no one in the team holds the role {role}"
    for person in holders(contract, role):
        objection = register.objection(key, person, NAMESPACE, issued, path)
        if objection is None:
            return Signed(role, person, key, signature)
        why = f"was made {objection.why}"
    raise SignatureInvalid(why)
