"""The latest decision on each dataset, and who to name when something is wrong with it.

Belongs here: reading the `verdicts` role; the errors of a dataset that has nothing to serve. Does not: certificates.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from esclusa.errors import EsclusaError, NotCertified, Tampered, Withdrawn, nearest
from esclusa.evidence import Decision, read_decision
from esclusa.repository import VERDICTS, Repository, Role
from esclusa.revocation import read_revocations


def decided_datasets(repository: Repository) -> tuple[str, ...]:
    """Every dataset that has a role or a decision, sorted.

    Args:
        repository: a pinned release.
    """
    names = set(repository.datasets)
    if repository.has(VERDICTS):
        listed = repository.role(VERDICTS).files
        names |= {path.removeprefix(f"{VERDICTS}/").removesuffix(".json") for path in listed}
    return tuple(sorted(names))


def decision(repository: Repository, dataset: str) -> Decision | None:
    """The latest decision on a dataset, or None where there is none.

    Args:
        repository: a pinned release.

    Raises:
        EsclusaError: its file is missing or was tampered with.
    """
    if not repository.has(VERDICTS):
        return None
    role, path = repository.role(VERDICTS), f"{VERDICTS}/{dataset}.json"
    if path not in role.files:
        return None
    try:
        return read_decision(repository.read(role, path))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Tampered(
            f"The latest decision on {dataset} cannot be read.",
            observed=f"{type(error).__name__}: {error}",
            required="a decision as docs/release-format.md describes it",
        ) from None


def demand_role(repository: Repository, dataset: str) -> Role:
    """The role of a dataset that has files to serve; it may be expired.

    Args:
        repository: a pinned release.

    Raises:
        Revoked: the certificate that it had was taken back.
        Withdrawn: its owner took it back.
        NotCertified: it was refused ever since, or nobody knows it.
    """
    withdrawn = ""
    if repository.has(dataset) and dataset in repository.datasets:
        role = repository.role(dataset)
        if role.files:
            return role
        withdrawn = str(role.said.get("withdrawn", ""))
        for revocation in read_revocations(role.said):
            if revocation.certificate == role.said.get("certificate"):
                raise revocation.error(dataset)
    last = decision(repository, dataset)
    if last is None:
        known = decided_datasets(repository)
        hint = nearest(dataset, known)
        raise NotCertified(
            f"No dataset named {dataset} is published.",
            observed=f"published: {', '.join(known) or 'nothing'}",
            required="the name of a certified dataset",
            where=repository.location.name,
            remedy=f"{hint} esclusa catalog lists what there is.".strip(),
        )
    if withdrawn or last.outcome == "withdrawn":
        raise Withdrawn(
            f"{dataset} was withdrawn on {withdrawn[:10] or f'{last.at:%Y-%m-%d}'}.",
            observed=last.message or "withdrawn by its owner",
            required="a certificate in force",
            owner=last.owner,
            remedy=last.remedy or "Ask the owner what replaces it.",
        )
    raise NotCertified(
        f"{dataset} was never certified: its latest candidate was refused at the {last.stage} on {last.at:%Y-%m-%d}.",
        observed=last.message or f"{len(last.findings)} findings shut the gate",
        required="a candidate that keeps every clause of its contract",
        owner=last.owner,
        remedy=f"esclusa why {dataset}",
    )


@contextmanager
def owner_of(repository: Repository, dataset: str) -> Iterator[None]:
    """Name the owner, from the latest decision, in errors that come before a certificate could be read.

    Args:
        repository: a pinned release.
    """
    try:
        yield
    except EsclusaError as error:
        if not error.owner:
            try:
                last = decision(repository, dataset)
            except EsclusaError:  # the first error matters more than who could not be named
                last = None
            error.owner = last.owner if last else ""
        raise
