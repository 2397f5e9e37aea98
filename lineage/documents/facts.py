"""What is known of a release when it is certified: what its documents are written from.

Belongs here: the facts, and what follows from them in a word. Does not: how a document says them (`datasheet.py`,
`croissant.py`, `card.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from expectations.clock import Clock
from expectations.contract import Contract
from expectations.environment import Environment
from expectations.verdict import Finding, State, Verdict
from lineage.certificate import Input
from lineage.sealing import Sealed


@dataclass(frozen=True)
class Facts:
    """A release of one dataset; nothing in it is a row or a value of one.

    Args:
        contract: that it keeps.
        verdict: on exactly its candidate.
        published: the files, and the columns sealed in them.
        rows: of all files.
        inputs: every load that it was built from.
        signoffs, waivers: as the certificate carries them.
        clock: the dataset's clock.
        pinned_at, valid_until, certified_at: wall clock, UTC.
        code: revision of the code that built it.
    """

    contract: Contract
    verdict: Verdict
    published: Sealed
    rows: int
    inputs: Sequence[Input]
    signoffs: Sequence[Mapping[str, Any]]
    waivers: Sequence[Mapping[str, Any]]
    clock: Clock
    pinned_at: datetime
    valid_until: datetime
    certified_at: datetime
    code: str

    @property
    def title(self) -> str:
        """Its business name, or its name where it has none."""
        written = self.contract.document.get("schema") or [{}]
        return str(written[0].get("businessName") or self.contract.name)

    @property
    def size(self) -> int:
        """Bytes of all files, as published."""
        return sum(part.size for part in self.published.parts)

    @property
    def is_synthetic(self) -> bool:
        """Whether any input was generated."""
        return any(load.synthetic for load in self.inputs)

    @property
    def caveats(self) -> tuple[str, ...]:
        """What must be said wherever the release is shown."""
        said = []
        if self.is_synthetic:
            said.append("It is synthetic: at least one of its sources was generated, and says nothing about the world.")
        if self.verdict.environment is not Environment.PRODUCTION:
            said.append("It is certified for the sandbox: nobody has had to sign for its use in production.")
        if self.clock.kind != "now" and self.clock.stands_at is not None:
            day = f"{self.clock.stands_at:%Y-%m-%d}"
            said.append(f"It is historical: its clock stood at {day} when it was pinned, so its freshness is of then.")
        return tuple(said)

    def findings(self, *states: State) -> tuple[Finding, ...]:
        """Findings in these states; those that a waiver lets pass count as what they are."""
        return tuple(f for f in self.verdict.findings if f.state in states)


def day_of(moment: datetime) -> str:
    """A moment as a person reads it."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
