"""The custom facet of a golden dataset: which certificate it is served under, and what that says.

Belongs here: the facet. Its JSON schema, with the same words, is docs/facets/CertificateDatasetFacet.json; a test
holds the two together. Does not: the certificate (`lineage/certificate.py`).
Source: OpenLineage, "Custom facets": named with a prefix, its schema at a versioned address.
"""

from __future__ import annotations

from collections import Counter

import attr
from openlineage.client.facet_v2 import DatasetFacet

from esclusa.certificate import Certificate

KEY = "esclusa_certificate"
# A URN, because no address on the web belongs to this project: where the schema lies is told in docs/lineage-events.md.
SCHEMA = "urn:esclusa:facet:certificate:1-0-0#/$defs/CertificateDatasetFacet"


@attr.define
class CertificateDatasetFacet(DatasetFacet):
    """The certificate of a golden dataset.

    Args:
        certificate: SHA-256 (hex) of its file, `targets/<dataset>/<sha>.certificate.json` of the golden repository.
        state: `certified` or `revoked`.
        environment: `sandbox` or `production`.
        contractVersion, contractDigest: the contract that was kept.
        candidateDigest: SHA-256 (hex) over what was audited.
        certifiedAt, validUntil: ISO 8601, UTC.
        clock: `now` or `replay`.
        synthetic: True where any input was generated.
        items: gate item → state.
        findings: state → number of findings.
        inputs: loads that it was built from.
        previous: SHA-256 (hex) of the certificate before this one.
    """

    certificate: str
    state: str
    environment: str
    contractVersion: str  # noqa: N815 - the words of the schema
    contractDigest: str  # noqa: N815
    candidateDigest: str  # noqa: N815
    certifiedAt: str  # noqa: N815
    validUntil: str  # noqa: N815
    clock: str
    synthetic: bool
    items: dict[str, str]
    findings: dict[str, int]
    inputs: list[dict[str, str | int]]
    previous: str | None = attr.field(default=None)

    @staticmethod
    def _get_schema() -> str:
        return SCHEMA


def certificate_facet(certificate: Certificate, state: str = "certified") -> CertificateDatasetFacet:
    """What a certificate says, as a facet.

    Args:
        certificate: as it was read.
        state: `certified` or `revoked`.
    """
    said = certificate.document["predicate"]
    wanted = ("system", "table", "fileDigest", "rows", "loadId")
    return CertificateDatasetFacet(
        certificate=certificate.digest,
        state=state,
        environment=certificate.environment,
        contractVersion=certificate.contract_version,
        contractDigest=certificate.contract_digest,
        candidateDigest=certificate.candidate_digest,
        certifiedAt=certificate.certified_at.isoformat(),
        validUntil=certificate.valid_until.isoformat(),
        clock=certificate.clock,
        synthetic=certificate.synthetic,
        items=dict(certificate.verdict["items"]),
        findings=dict(Counter(str(finding.state) for finding in certificate.findings)),
        inputs=[{key: load[key] for key in wanted} for load in said["inputs"]],
        previous=certificate.previous,
    )
