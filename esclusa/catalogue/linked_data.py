"""The catalogue for machines: `catalogue.json`, and a description of a dataset that search engines read.

Belongs here: both formats. Does not: pages; documents that travel with a dataset.
Source: schema.org `Dataset`, as search engines for data take it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from esclusa.catalogue.addresses import Site, file_name
from esclusa.catalogue.datasets import DOCUMENTS, Dataset
from esclusa.catalogue.gathering import Catalogue

FORMAT = 1


def listed(catalogue: Catalogue, site: Site) -> dict[str, Any]:
    """`catalogue.json`: every dataset, whether it can be read, for what, and where its page and documents are.

    Args:
        catalogue: gathered.
        site: where it will be found.
    """
    return {
        "format": FORMAT,
        "repository": site.data_url,
        "fingerprint": catalogue.fingerprint,
        "release": catalogue.version,
        "at": _iso(catalogue.at),
        "aliveUntil": _iso(catalogue.alive_until),
        "datasets": [_entry(dataset) for dataset in catalogue.datasets],
    }


def _entry(dataset: Dataset) -> dict[str, Any]:
    name, now, certificate = file_name(dataset.name), dataset.standing, dataset.certificate
    return {
        "dataset": dataset.name,
        "title": dataset.title,
        "description": dataset.purpose,
        "state": now.state,
        "since": _iso(now.since),
        "validUntil": _iso(now.until),
        "why": dataset.why.decision.message if dataset.shut and dataset.why.decision else "",
        "owner": dataset.owner,
        "rows": certificate.rows if certificate else None,
        "caveats": list(certificate.caveats) if certificate else [],
        "terms": list(dataset.promised.terms) if dataset.promised else [],
        "classifications": list(dataset.classifications),
        "grants": [
            {"role": g.role, "purpose": g.purpose, "until": g.until, "approvers": list(g.approvers)}
            for g in dataset.open_grants
        ],
        "prohibited": list(dataset.prohibited),
        "page": f"datasets/{name}.html",
        "documents": {document: f"datasets/{name}/{document}" for document in dataset.documents},
    }


def described(dataset: Dataset, site: Site, address: str) -> dict[str, Any]:
    """A dataset as schema.org tells it.

    Args:
        dataset: any.
        site, address: where its page will be found.
    """
    certificate, name = dataset.certificate, file_name(dataset.name)
    base = f"{site.url}/datasets/{name}" if site.url else name
    document: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": dataset.title,
        "identifier": dataset.name,
        "description": dataset.purpose or dataset.title,
        "creator": {"@type": "Organization", "name": dataset.owner},
        "creativeWorkStatus": dataset.standing.state,
        "keywords": list(dataset.promised.terms) if dataset.promised else [],
        "conditionsOfAccess": ", ".join(f"{g.role}: {g.purpose}" for g in dataset.open_grants),
        "variableMeasured": [
            {"@type": "PropertyValue", "name": c.name, "description": c.description} for c in dataset.columns
        ],
        "distribution": [
            {"@type": "DataDownload", "encodingFormat": DOCUMENTS[d], "contentUrl": f"{base}/{d}"}
            for d in dataset.documents
        ],
    }
    if site.url:
        document["url"] = f"{site.url}/{address}"
    if certificate:
        document |= {"version": certificate.contract_version, "dateModified": _iso(certificate.certified_at)}
        document["expires"] = _iso(certificate.valid_until)
    return document


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
