"""Whether a ledger is the one that certificates grew beside: its chain, the heads they name, what the repository shows.

Belongs here: asking all three. Does not: the chain itself (`ledger.py`), certificates (`chain.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from esclusa.certificate import Certificate
from esclusa.chain import published_certificates
from esclusa.ledger.ledger import Entry, Ledger, Problem
from esclusa.repository import Repository
from esclusa.revocation import read_revocations


@dataclass(frozen=True)
class LedgerReport:
    """What `esclusa ledger verify` found.

    Args:
        place: of the ledger, without secrets.
        last: its last entry, or None where it is empty or cannot be read.
        certificates: how many name an entry of it; superseded and revoked ones too.
        problems: by sequence; empty where it holds.
    """

    place: str
    last: Entry | None
    certificates: int
    problems: tuple[Problem, ...]


def check_ledger(ledger: Ledger, repository: Repository | None) -> LedgerReport:
    """Check a ledger.

    Args:
        repository: whose certificates name its entries; None for a reader's own ledger, which none names.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
        EsclusaError: a certificate of the repository is not the one that was published.
    """
    named = [] if repository is None else [c for c in _certificates(repository) if c.ledger is not None]
    problems = ledger.verify(head for c in named if (head := c.ledger))
    if repository is not None and not problems:  # else its entries are not to be relied on
        problems = tuple(_unrecorded(ledger, repository, named))
    return LedgerReport(ledger.place, None if problems else ledger.head(), len(named), problems)


def _certificates(repository: Repository) -> list[Certificate]:
    return [c for dataset in repository.datasets for c in published_certificates(repository, dataset)]


def _unrecorded(ledger: Ledger, repository: Repository, named: list[Certificate]) -> Iterator[Problem]:
    """What happened after the last head that a certificate names, and shows in the repository: an end was cut off."""
    last = ledger.head()
    end = (last.sequence if last else 0) + 1
    released = {
        (entry.dataset, entry.body.get("candidate"), entry.body.get("certifiedAt"))
        for entry in ledger.entries(kind="release")
    }
    for c in named:
        if (c.dataset, c.candidate_digest, c.certified_at.isoformat()) not in released:
            yield Problem(end, f"missing: the release of certificate {c.digest[:12]}… of {c.dataset}: cut off")
    revoked = {(entry.dataset, entry.body.get("certificate")) for entry in ledger.entries(kind="revocation")}
    for dataset in repository.datasets:
        for taken in read_revocations(repository.role(dataset).said):
            if (dataset, taken.certificate) not in revoked:
                yield Problem(end, f"missing: the revocation of certificate {taken.certificate[:12]}…: cut off")
