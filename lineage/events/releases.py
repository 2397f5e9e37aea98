"""Releases: what was published, held back, or taken back.

Belongs here: the golden repository's moves as events. Does not: publishing (`lineage/golden/repository.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from openlineage.client.event_v2 import OutputDataset
from openlineage.client.facet_v2 import DatasetFacet

from esclusa.certificate import Certificate
from expectations.contract import Column, Contract
from expectations.privacy import TECHNIQUES
from lineage.events import facets
from lineage.events.certificate_facet import KEY, certificate_facet
from lineage.events.places import Atlas
from lineage.events.runs import Event, Root, Work, ended, told


def publication(contract: Contract, root: Root, began: datetime, ended: datetime) -> Work:
    """The publication of a dataset as one run of its job."""
    text = f"Publishes {contract.name} in the golden repository, if its gate let the candidate through."
    return Work(f"publish.{contract.name}", "PUBLISH", root, began, ended, text, contract.owner)


def revocation(contract: Contract, root: Root, at: datetime) -> Work:
    """The revocation of a certificate: a root run.

    Args:
        contract: of its dataset.
        root: its run.
        at: when it was over.
    """
    text = f"Takes a certificate of {contract.name} back, for ever."
    return Work(root.job, "REVOKE", root, root.began, at, text, contract.owner)


def published(contract: Contract, certificate: Certificate, work: Work, atlas: Atlas) -> list[Event]:
    """A candidate that is golden now.

    Args:
        contract: of the dataset.
        certificate: that it is served under.
        work: the run.
        atlas: names datasets.
    """
    candidate = atlas.relation(f"candidate.{contract.name}")
    tags, digest = _tags(contract, certificate), certificate.candidate_digest
    described = facets.described(candidate, contract.table, contract.owner, tags=tags, version=digest)
    origin = facets.as_input(candidate, described)
    change = facets.Change.CREATE if certificate.previous is None else facets.Change.OVERWRITE
    return told(work, inputs=[origin], outputs=[_golden(contract, certificate, change, atlas)])


def held_back(work: Work, message: str) -> list[Event]:
    """A candidate that was not published: golden keeps what it has.

    Args:
        message: why, as consumers are told.
    """
    return told(work, problem=message)


def revoked(
    contract: Contract,
    taken_back: Certificate,
    served: Mapping[str, tuple[Contract, Certificate]],
    work: Work,
    atlas: Atlas,
    *,
    is_gone: bool,
) -> Event:
    """The end of a revocation.

    Args:
        contract: of its dataset.
        taken_back: the certificate.
        served: dataset → contract and certificate of what is served again instead.
        work: the run.
        atlas: names datasets.
        is_gone: nothing of the dataset is served any more.
    """
    outputs = [_golden(again, certificate, facets.Change.OVERWRITE, atlas) for again, certificate in served.values()]
    if contract.name not in served:
        change = facets.Change.DROP if is_gone else None
        outputs.append(_golden(contract, taken_back, change, atlas, "revoked"))
    return ended(work, outputs=outputs)


def withdrawn(contract: Contract, atlas: Atlas) -> OutputDataset:
    """A golden dataset that is served no more."""
    place = atlas.published(contract.name)
    made = facets.described(place, contract.table, contract.owner, tags=facets.tags_of(contract))
    made["lifecycleStateChange"] = facets.changed(facets.Change.DROP)
    return facets.as_output(place, made)


def _tags(contract: Contract, certificate: Certificate) -> dict[str, str]:
    made = {"synthetic": "true"} if certificate.synthetic else {}
    return {**facets.tags_of(contract), "environment": certificate.environment, **made}


def _golden(
    contract: Contract,
    certificate: Certificate,
    change: facets.Change | None,
    atlas: Atlas,
    state: str = "certified",
) -> OutputDataset:
    place, table = atlas.published(contract.name), contract.table
    parts = sum(1 for name in certificate.subjects if name.endswith(".parquet"))
    made: dict[str, DatasetFacet] = {
        **facets.described(place, table, contract.owner, tags=_tags(contract, certificate), version=certificate.digest),
        "columnLineage": facets.copied(
            atlas.relation(f"candidate.{contract.name}"),
            {c.name: (c.name, _is_masked(c)) for c in table.columns},
        ),
        "dataQualityMetrics": facets.holds(certificate.rows, certificate.size, parts, certificate.certified_at),
        "storage": facets.stored("tuf", "parquet"),
        "symlinks": facets.lies_at(atlas.directory(contract.name)),
        KEY: certificate_facet(certificate, state),
    }
    if change is not None:
        made["lifecycleStateChange"] = facets.changed(change)
    counted = facets.written(certificate.rows, certificate.size, parts)
    return facets.as_output(place, made, None if state == "revoked" else counted)


def _is_masked(column: Column) -> bool:
    """True where something else is published in the place of a column's values."""
    technique = str(column.privacy.get("technique", ""))
    return any(argument in column.privacy for argument in TECHNIQUES.get(technique, {}))
