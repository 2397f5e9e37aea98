"""The chain of a dataset's certificates: each names the one before, the newest is named by the dataset's role.

Belongs here: walking it. Does not: judging a certificate (`verification.py`), signatures.
"""

from __future__ import annotations

from collections.abc import Iterator

from esclusa.certificate import Certificate, read_certificate
from esclusa.repository import Repository
from esclusa.verification import certificate_path


def published_certificates(repository: Repository, dataset: str) -> Iterator[Certificate]:
    """Every certificate that was ever published for a dataset, newest first; served, superseded or taken back.

    What the chain names by digest needs no key: keys may have changed since.

    Args:
        repository: a pinned release.
        dataset: one that has a role.

    Raises:
        Tampered, Unreachable: one of them is not the one that was named, or is not there.
    """
    said = repository.role(dataset).said
    digest = said.get("newest") or said.get("certificate")
    while digest:
        certificate = read_certificate(repository.superseded(certificate_path(dataset), str(digest)))
        yield certificate
        digest = certificate.previous
