"""The typed use case: an AI system that reads golden datasets, for one purpose, in one role.

Belongs here: its shape, and what a contract answers to somebody who asks for a purpose. Does not: reading YAML
(`loader/use_cases.py`), whether its datasets are served now (the reader knows: `esclusa/supply.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from expectations.contract import Contract
from expectations.loader.custom import listed
from expectations.loader.problem import nearest


@dataclass(frozen=True)
class UseCase:
    """What somebody does with golden datasets: one file of `use_cases/`.

    Args:
        name: the file's stem; contracts name it in `aiUse.useCases`.
        title: the same for people.
        owner: who answers for it.
        purpose: what it reads for, as the contracts of its datasets grant it.
        role: in which it reads.
        risk_tier: `minimal`, `limited` or `high`.
        datasets: that it needs, all of them.
        url: where it is described or runs, or "".
    """

    name: str
    title: str
    owner: str
    purpose: str
    role: str
    risk_tier: str
    datasets: tuple[str, ...]
    description: str
    url: str
    path: Path


def ungranted(contract: Contract, purpose: str, role: str) -> Iterator[tuple[str, str, str | None]]:
    """Why a contract does not let a role read for a purpose: (`purpose` or `role`, sentence, nearest name).

    Args:
        contract: of the dataset.
        purpose, role: as somebody wrote them.
    """
    by_role = {r.name: r.purposes for r in contract.roles}
    purposes = sorted({p for granted in by_role.values() for p in granted})
    if purpose in listed(contract.custom.get("aiUse", {}).get("prohibited", ())):
        yield "purpose", f"{contract.name} must not be used for {purpose}: its contract prohibits it", None
    elif purpose not in purposes:
        shown = ", ".join(purposes) or "none"
        message = f"no role of {contract.name} reads for {purpose}; required: one of {shown}"
        yield "purpose", message, nearest(purpose, purposes)
    elif role not in by_role:
        message = f"{contract.name} has no role {role}; required: one of {', '.join(by_role)}"
        yield "role", message, nearest(role, by_role)
    elif purpose not in by_role[role]:
        fitting = [name for name, granted in by_role.items() if purpose in granted]
        message = f"{role} does not read {contract.name} for {purpose}; required: {' or '.join(fitting)}"
        yield "role", message, None
