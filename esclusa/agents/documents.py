"""Documents of a dataset as resources: contract, datasheet, certificate, lineage and whatever else travels with it.

Belongs here: their addresses, which are listed, reading one. Does not: what they say.
Source: Model Context Protocol 2025-06-18, "Resources"; RFC 6570 (URI templates), level 1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from esclusa.agents.desk import Desk
from esclusa.documents import documents
from esclusa.errors import NotCertified
from esclusa.verification import Vouched

_BASE = "esclusa://datasets/"
_URI = re.compile(rf"{_BASE}(?P<dataset>[^/?#]+)/(?P<kind>[^/?#]+)")


@dataclass(frozen=True)
class Kind:
    """A kind of document.

    Args:
        name: in its address.
        file: beside the data; of the certificate, which is known already, none.
        title, says: for whoever chooses what to read.
        media_type: of the file.
    """

    name: str
    file: str
    title: str
    says: str
    media_type: str

    @property
    def template(self) -> str:
        """Addresses of all documents of this kind."""
        return f"{_BASE}{{dataset}}/{self.name}"


_JSON = "application/json"
CERTIFICATE = Kind(
    "certificate", "", "Certificate", "What the gate signed: rules, inputs, signatures (in-toto).", _JSON
)
KINDS = (
    Kind("contract", "contract.yaml", "Contract", "The whole promise, as certified (ODCS).", "application/yaml"),
    Kind("datasheet", "datasheet.md", "Datasheet", "Motivation, composition, uses and limits.", "text/markdown"),
    CERTIFICATE,
    Kind("lineage", "lineage.json", "Lineage", "Which source columns each column comes from.", _JSON),
    Kind("croissant", "croissant.json", "Croissant", "Metadata for machine learning.", "application/ld+json"),
)
_BY_NAME = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True)
class Listed:
    """A document that the caller may read now."""

    uri: str
    dataset: str
    kind: Kind


def uri_of(dataset: str, kind: str) -> str:
    """The address of a document.

    Args:
        dataset: its name.
        kind: name of its kind.
    """
    return f"{_BASE}{quote(dataset, safe='')}/{kind}"


def uris_of(vouched: Vouched) -> list[str]:
    """Addresses of the documents that a dataset has.

    Args:
        vouched: a certified dataset.
    """
    return [uri_of(vouched.certificate.dataset, kind.name) for kind in _kinds_of(vouched)]


def listed(desk: Desk) -> list[Listed]:
    """Documents of every dataset that the caller may read for any of its purposes, by dataset.

    Args:
        desk: of the call.
    """
    return [
        Listed(uri_of(dataset, kind.name), dataset, kind)
        for dataset in desk.datasets()
        for kind in _kinds_of(desk.release.vouched(dataset))
    ]


def read(desk: Desk, uri: str) -> tuple[bytes, str]:
    """One document, verified, and its media type.

    Args:
        desk: of the call.
        uri: as listed, or made from a template.

    Raises:
        EsclusaError: there is no such document, or the caller may not read its dataset for any of its purposes.
    """
    found = _URI.fullmatch(uri)
    kind = _BY_NAME.get(unquote(found["kind"])) if found else None
    if found is None or kind is None:
        raise NotCertified(
            "There is no such document.",
            observed=uri[:200],
            required=f"one of: {', '.join(kind.template for kind in KINDS)}",
            remedy="Take an address from resources/list, or from the documents of get_context.",
        )
    dataset = unquote(found["dataset"], errors="replace")
    desk.demand_allowed(dataset)
    if kind is CERTIFICATE:
        statement = desk.release.vouched(dataset).certificate.document
        return json.dumps(statement, ensure_ascii=False, indent=1).encode(), kind.media_type
    return desk.release.document(dataset, kind.file), kind.media_type


def _kinds_of(vouched: Vouched) -> Sequence[Kind]:
    dataset = vouched.certificate.dataset
    known = documents(vouched.certificate.subjects, dataset)
    return [kind for kind in KINDS if kind is CERTIFICATE or kind.file in known]
