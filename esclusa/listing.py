"""`catalog` and `why`: what each dataset is worth now, and what its latest decision says.

Belongs here: putting certificate and decision side by side. Does not: printing them (`cli/`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from esclusa.certificate import Certificate
from esclusa.errors import EsclusaError, NotCertified, Withdrawn
from esclusa.evidence import Decision
from esclusa.latest import decided_datasets, decision, demand_role, owner_of
from esclusa.repository import Repository
from esclusa.verification import signed_certificate


@dataclass(frozen=True)
class Why:
    """What stands behind one dataset.

    Args:
        status: `certified` (served), `expired`, `refused` (never certified), `withdrawn`, or `broken` where its
            evidence is tampered with, untrusted or missing.
        certificate: the last one published, also when expired; None where there is none or it is broken.
        decision: the latest decision, or None where none was published.
        problem: the refusal where the dataset is broken.
    """

    dataset: str
    status: str
    certificate: Certificate | None
    decision: Decision | None
    problem: EsclusaError | None

    @property
    def candidate_refused(self) -> bool:
        """True where the newest candidate was refused."""
        return self.decision is not None and self.decision.outcome == "refused"

    @property
    def ok(self) -> bool:
        """True where the dataset is served and its newest candidate was accepted."""
        return self.status == "certified" and not self.candidate_refused


@dataclass(frozen=True)
class Entry:
    """One line of the catalogue.

    Args:
        status: as in `Why`.
        rows: of the certified data, or None.
        freshness: age of the data when it was certified, with its unit, e.g. `3.2 hours`; empty where not measured.
        valid_until: UTC, or None.
        environment: `sandbox` or `production`, or empty where there is no certificate.
        synthetic: True for generated data.
        clock: `now`, `replay`, or empty.
        waived: findings that pass only because people signed for it.
        candidate_refused: True where a newer candidate was refused.
        problem: one sentence where it is broken.
    """

    dataset: str
    status: str
    rows: int | None
    freshness: str
    valid_until: datetime | None
    owner: str
    description: str
    environment: str
    synthetic: bool
    clock: str
    waived: int
    candidate_refused: bool
    problem: str


def explain(repository: Repository, dataset: str) -> Why:
    """What stands behind one dataset; checks its evidence, not the bytes of its parts.

    Args:
        repository: a pinned release.
        dataset: its name.

    Raises:
        NotCertified: nobody knows a dataset of that name.
    """
    last = None
    try:
        last = decision(repository, dataset)
        with owner_of(repository, dataset):
            role = demand_role(repository, dataset)
            certificate = signed_certificate(repository, role)
    except NotCertified as nothing:
        if last is None:
            raise
        return Why(dataset, "withdrawn" if isinstance(nothing, Withdrawn) else last.outcome, None, last, None)
    except EsclusaError as problem:
        return Why(dataset, "broken", None, last, problem)
    over = role.expired or min(role.expires, certificate.valid_until) <= datetime.now(UTC)
    return Why(dataset, "expired" if over else "certified", certificate, last, None)


def list_datasets(repository: Repository) -> list[Entry]:
    """Every dataset of a release, by name.

    Args:
        repository: a pinned release.
    """
    return [_entry(explain(repository, dataset)) for dataset in decided_datasets(repository)]


def _entry(why: Why) -> Entry:
    certificate, last = why.certificate, why.decision
    owner = certificate.owner if certificate else last.owner if last else ""
    return Entry(
        dataset=why.dataset,
        status=why.status,
        rows=certificate.rows if certificate else None,
        freshness=certificate.age if certificate else "",
        valid_until=certificate.valid_until if certificate else None,
        owner=owner or (why.problem.owner if why.problem else ""),
        description=certificate.description if certificate else "",
        environment=certificate.environment if certificate else "",
        synthetic=bool(certificate and certificate.synthetic),
        clock=certificate.clock if certificate else "",
        waived=len(certificate.waived) if certificate else 0,
        candidate_refused=why.candidate_refused,
        problem=why.problem.what if why.problem else "",
    )
