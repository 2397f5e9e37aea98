"""Documents that travel with a dataset: contract, policies, lineage and whatever else its certificate vouches for.

Belongs here: handing one out, verified. Does not: rows (`reader.py`), what a document says.
"""

from __future__ import annotations

from collections.abc import Mapping

from esclusa.errors import Misused, Tampered, nearest, owned_by
from esclusa.latest import demand_role, owner_of
from esclusa.repository import Repository
from esclusa.verification import certificate_path, signed_certificate

ROWS = ".parquet"
CERTIFICATE = "certificate.json"


def document(repository: Repository, dataset: str, name: str) -> bytes:
    """One document of a dataset that is certified, or was until it expired.

    Args:
        repository: a pinned release.
        dataset: its name.
        name: of the file, e.g. `lineage.json`.

    Raises:
        NotCertified, Withdrawn: the dataset has no certificate.
        Misused: its certificate vouches for no such document.
        Tampered, Untrusted, Unreachable: it is not what was certified.
    """
    with owner_of(repository, dataset):
        role = demand_role(repository, dataset)
        certificate = signed_certificate(repository, role)
    path = f"{dataset}/{name}"
    if path == certificate_path(dataset):
        return repository.read(role, path)
    with owned_by(certificate.owner):
        known = documents(certificate.subjects, dataset)
        if name not in known:
            rows = " Its rows are read with esclusa read." if name.endswith(ROWS) else ""
            raise Misused(
                f"{dataset} has no document {name}.",
                observed=f"certified on {certificate.certified_at:%Y-%m-%d} with {', '.join(known)}",
                required="one of these names",
                remedy=f"{nearest(name, known)}{rows}".strip(),
            )
        listed = role.files.get(path)
        if listed is None or listed.hashes.get("sha256") != certificate.subjects[path]:
            raise Tampered(
                f"{path} is not the file that the certificate vouches for.",
                observed=listed.hashes.get("sha256", "") if listed else "not listed",
                required=certificate.subjects[path],
                remedy=f"Rely on nothing of it and tell the owner; esclusa verify {dataset}",
            )
        return repository.read(role, path)


def digests(repository: Repository, dataset: str) -> Mapping[str, str]:
    """The documents of a dataset that is certified, or was until it expired: file name → SHA-256 (hex), sorted.

    Args:
        repository: a pinned release.
        dataset: its name.

    Raises:
        NotCertified, Withdrawn: the dataset has no certificate.
        Tampered, Untrusted, Unreachable: its certificate is not genuine.
    """
    with owner_of(repository, dataset):
        role = demand_role(repository, dataset)
        certificate = signed_certificate(repository, role)
    listed = {name: certificate.subjects[f"{dataset}/{name}"] for name in documents(certificate.subjects, dataset)}
    return dict(sorted({**listed, CERTIFICATE: certificate.digest}.items()))


def documents(subjects: Mapping[str, str], dataset: str) -> tuple[str, ...]:
    """Names of the documents among the files of a certificate, sorted; its Parquet files are none.

    Args:
        subjects: path → digest of every file.
        dataset: that they are of.
    """
    names = (path.removeprefix(f"{dataset}/") for path in sorted(subjects))
    return tuple(name for name in names if not name.endswith(ROWS))
