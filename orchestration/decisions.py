"""A gate's decision on one candidate, and how it is kept between the gate and the publishing step.

Belongs here: the decision's shape, whether it still holds, its record in the workshop.
Does not: how it is made (`gate.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from expectations.clauses.lineage import unraised
from expectations.clock import Clock, dataset_clock
from expectations.contract import Contract
from expectations.pii.scan import scan_digest
from expectations.rules.expansion import rules_digest
from expectations.signing.register import fingerprint
from expectations.verdict import Verdict, read_verdict
from lineage.certificate import Input
from lineage.pin import Part, Pin
from orchestration.erasure.tombstones import standing
from orchestration.promises import Promises
from orchestration.released import released_contract
from orchestration.workshop import Workshop


@dataclass(frozen=True)
class Decision:
    """What the gate decided on one candidate.

    Args:
        fingerprint: of the build that made the candidate.
        circumstances: digest of what the verdict rests on besides candidate and contract.
        inputs: the loads that it was built from.
        clock: the dataset's clock.
        pinned_at: wall clock (UTC) at which the clock was read.
        valid_until: wall clock (UTC) at which the freshness promise runs out.
        examples: rule id → masked keys of a few offending rows.
        signoffs, waivers: signatures that the verdict rests on, as a certificate carries them.
        renewed: False where an earlier decision still holds and nothing was measured again.
    """

    verdict: Verdict
    pin: Pin
    fingerprint: str
    circumstances: str
    inputs: tuple[Input, ...]
    clock: Clock
    pinned_at: datetime
    valid_until: datetime
    examples: Mapping[str, tuple[str, ...]]
    renewed: bool = True
    signoffs: tuple[Mapping[str, Any], ...] = ()
    waivers: tuple[Mapping[str, Any], ...] = ()

    @property
    def dataset(self) -> str:
        """The dataset that was judged."""
        return self.verdict.dataset

    def still_holds(self, fingerprint: str, around: str, contract: Contract, now: datetime) -> bool:
        """True while the same build under the same promises, of today, has more than half its validity left.

        A shut gate is always tried again: what shut it may be outside the candidate.
        """
        return (
            self.verdict.open
            and self.fingerprint == fingerprint
            and self.circumstances == around
            and self.verdict.audited_at.date() == now.date()  # grants and governed copies end on a day
            and self.verdict.contract_digest == contract.digest
            and self.verdict.rules_digest == rules_digest(contract)
            and all(part.path.exists() for part in self.pin.parts)
            and now < self.pinned_at + (self.valid_until - self.pinned_at) / 2
        )


def circumstances(workshop: Workshop, promises: Promises, dataset: str) -> str:
    """Digest of what a verdict rests on besides candidate and contract: clock, all contracts, the contract of the
    last release, signatures, tombstones, candidates referred to.

    Args:
        promises: in force now.
        dataset: the dataset that is judged.
    """
    contract = promises.contracts[dataset]
    clock = dataset_clock(contract, promises.clocks)
    referred = {name: recall_decision(workshop, name) for name in referred_datasets(contract, promises.contracts)}
    facts = {
        "environment": str(workshop.settings.environment),
        "scan": scan_digest(),
        "clock": [clock.kind, _iso(clock.stands_at)],
        "sources": {system: source.digest for system, source in promises.sources.items()},
        "contracts": {name: other.digest for name, other in promises.contracts.items()},
        "unraised": list(unraised(contract, released_contract(workshop.settings, dataset))),
        "erased": standing(workshop.settings, contract),
        "signatures": fingerprint(workshop.settings.expectations, dataset),
        "referred": {name: found.pin.digest if found else None for name, found in referred.items()},
    }
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def referred_datasets(contract: Contract, datasets: Iterable[str]) -> tuple[str, ...]:
    """The other datasets that a contract's references name.

    Args:
        datasets: all that there are.
    """
    named = {path.partition(".")[0] for column in contract.table.columns for path in column.relationships}
    return tuple(sorted(named & set(datasets) - {contract.name}))


def remember_decision(workshop: Workshop, decision: Decision) -> None:
    """Keep a decision for the publishing step and for the next run."""
    parts = [{**asdict(p), "path": str(p.path.relative_to(workshop.settings.workshop))} for p in decision.pin.parts]
    workshop.remember(
        "decisions",
        decision.dataset,
        {
            "verdict": decision.verdict.to_json(),
            "pin": {**asdict(decision.pin), "parts": parts},
            "fingerprint": decision.fingerprint,
            "circumstances": decision.circumstances,
            "inputs": [{**asdict(i), "landed_at": i.landed_at.isoformat()} for i in decision.inputs],
            "clock": {"kind": decision.clock.kind, "standsAt": _iso(decision.clock.stands_at)},
            "pinnedAt": decision.pinned_at.isoformat(),
            "validUntil": decision.valid_until.isoformat(),
            "examples": {rule: list(keys) for rule, keys in decision.examples.items()},
            "signoffs": list(decision.signoffs),
            "waivers": list(decision.waivers),
        },
    )


def recall_decision(workshop: Workshop, dataset: str) -> Decision | None:
    """The last decision on a dataset, or None; whether its gate is open is computed again from the findings."""
    document = workshop.recall("decisions", dataset)
    try:
        return None if document is None else _decision(workshop, document)
    except (KeyError, TypeError, ValueError):  # of another version, or edited: the gate decides again
        return None


def _decision(workshop: Workshop, document: Mapping[str, Any]) -> Decision:
    held = document["pin"]
    parts = tuple(Part(**{**p, "path": workshop.settings.workshop / p["path"]}) for p in held["parts"])
    stands_at = document["clock"]["standsAt"]
    return Decision(
        verdict=read_verdict(document["verdict"]),
        pin=Pin(**{**held, "parts": parts, "columns": tuple(held["columns"])}),
        fingerprint=document["fingerprint"],
        circumstances=document["circumstances"],
        inputs=tuple(Input(**{**i, "landed_at": datetime.fromisoformat(i["landed_at"])}) for i in document["inputs"]),
        clock=Clock(document["clock"]["kind"], datetime.fromisoformat(stands_at) if stands_at else None),
        pinned_at=datetime.fromisoformat(document["pinnedAt"]),
        valid_until=datetime.fromisoformat(document["validUntil"]),
        examples={rule: tuple(keys) for rule, keys in document["examples"].items()},
        signoffs=tuple(document["signoffs"]),
        waivers=tuple(document["waivers"]),
    )


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
