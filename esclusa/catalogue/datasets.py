"""One dataset as its pages show it: certificate, latest decision, what is promised, who may read what for what.

Belongs here: joining what a release says of a dataset, in the shape of the pages. Does not: rows; words; HTML.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from esclusa.access import DENIED, Access, Policies, decide, read_policies
from esclusa.catalogue.evidence import Item, items_of
from esclusa.catalogue.history import KEPT, Point, Series, series_of
from esclusa.catalogue.standing import Standing, standing
from esclusa.certificate import Certificate
from esclusa.custody import Custody
from esclusa.errors import EsclusaError
from esclusa.listing import Why
from esclusa.promises import Channel, PromisedDataset
from esclusa.release import Release
from esclusa.tracing.origins import Lineage, read_lineage

# Documents that a page links to, where the release has them: name → media type.
DOCUMENTS = {
    "certificate.json": "application/json",
    "contract.yaml": "application/yaml",
    "policies.cedar": "text/plain",
    "datasheet.md": "text/markdown",
    "croissant.json": "application/ld+json",
    "README.md": "text/markdown",
    "lineage.json": "application/json",
    "openlineage.ndjson": "application/x-ndjson",
}


@dataclass(frozen=True)
class ShownColumn:
    """One column: as certified, else as promised.

    Args:
        sealed: class of the key that opens it where it is published encrypted; else empty.
    """

    name: str
    title: str
    type: str
    description: str
    classification: str
    key: bool
    required: bool
    terms: tuple[str, ...]
    sealed: str


@dataclass(frozen=True)
class ShownGrant:
    """One role and purpose, and how it may read each column.

    Args:
        until: last day, ISO.
        lapsed: True where that day has passed.
        columns: column → access; empty where nothing is certified yet.
    """

    role: str
    purpose: str
    until: str
    approvers: tuple[str, ...]
    description: str
    lapsed: bool
    columns: Mapping[str, Access]

    def kept(self, state: str) -> Mapping[str, Access]:
        """Columns that it may read `read`, `masked`, or not at all, `denied`."""
        return {name: access for name, access in self.columns.items() if access.state == state}


@dataclass(frozen=True)
class Dataset:
    """One dataset.

    Args:
        why: its certificate, also an expired one, and its latest decision.
        standing: its state when the catalogue was gathered.
        promised: what its contract promises now, or None where nobody published that.
        chain: its certificates, newest first.
        grants: in the contract's order.
        prohibited: purposes that nobody may read it for.
        series: rule → what it measured.
        custody: what its certificate rests on; None where there is none, or its record is broken.
        lineage: as certified, else as promised; None where nobody followed it.
        documents: name → bytes, of `DOCUMENTS`.
    """

    name: str
    why: Why
    standing: Standing
    promised: PromisedDataset | None
    chain: tuple[Certificate, ...]
    columns: tuple[ShownColumn, ...]
    grants: tuple[ShownGrant, ...]
    prohibited: tuple[str, ...]
    series: Mapping[str, Series]
    custody: Custody | None
    lineage: Lineage | None
    documents: Mapping[str, bytes]

    @property
    def title(self) -> str:
        """Its name for people."""
        return (self.promised.title if self.promised else "") or self.name

    @property
    def certificate(self) -> Certificate | None:
        """The one in force or the last one that was; None where it was never certified or taken back."""
        return self.why.certificate

    @property
    def last_certificate(self) -> Certificate | None:
        """Its newest certificate, also one that was taken back; None where it was never certified."""
        return self.certificate or next(iter(self.chain), None)

    @property
    def owner(self) -> str:
        """Who answers for it."""
        known = (self.certificate, self.why.decision, self.promised, self.why.problem)
        return next((source.owner for source in known if source and source.owner), "")

    @property
    def purpose(self) -> str:
        """What it is for, in a sentence or two."""
        return (self.promised.purpose if self.promised else "") or (
            self.certificate.description if self.certificate else ""
        )

    @property
    def open_grants(self) -> tuple[ShownGrant, ...]:
        """Grants that have not lapsed."""
        return tuple(grant for grant in self.grants if not grant.lapsed)

    @property
    def support(self) -> tuple[Channel, ...]:
        """Where to ask."""
        if self.promised:
            return self.promised.support
        newest = self.last_certificate
        said = newest.document["predicate"].get("support", ()) if newest else ()
        return tuple(Channel(*(str(c.get(name, "")) for name in ("channel", "tool", "url", "scope"))) for c in said)

    @property
    def shut(self) -> bool:
        """True where it is not served, or its newest candidate was refused."""
        return not self.standing.served or self.why.candidate_refused

    @property
    def evidence(self) -> tuple[Item, ...]:
        """What its certificate rests on."""
        return items_of(self.certificate.findings) if self.certificate else ()

    @property
    def rows(self) -> Series:
        """How many rows its certificates counted."""
        return Series(tuple(Point(c.certified_at, c.rows, "pass") for c in reversed(self.chain)))

    @property
    def classifications(self) -> tuple[str, ...]:
        """Classes of its columns."""
        return tuple(sorted({column.classification for column in self.columns if column.classification}))


def read_dataset(release: Release, name: str, promised: PromisedDataset | None, now: datetime) -> Dataset:
    """Everything that a release says of a dataset; what is broken or missing is left out, never guessed.

    Args:
        release: pinned.
        name: of a dataset that it knows.
        promised: what its contract promises now.
        now: UTC.
    """
    why = release.why(name)
    documents = _documents(release, name)
    chain = _chain(release, why)
    policies = documents.get("policies.cedar", b"").decode()
    known = read_policies(policies) if policies else None
    last = why.decision
    return Dataset(
        name=name,
        why=why,
        standing=standing(why, now),
        promised=promised,
        chain=chain,
        columns=_columns(why.certificate, promised),
        grants=_grants(why.certificate, policies, known, promised, now.date()),
        prohibited=known.prohibited if known else promised.prohibited if promised else (),
        series=series_of(chain, last.findings if last else (), last.at if last else None),
        custody=_custody(release, why),
        lineage=_lineage(documents, promised),
        documents=documents,
    )


def _documents(release: Release, name: str) -> dict[str, bytes]:
    found = {}
    for document in DOCUMENTS:
        try:
            found[document] = release.document(name, document)
        except EsclusaError:  # not every release has every document, and a broken dataset has none
            continue
    return found


def _lineage(documents: Mapping[str, bytes], promised: PromisedDataset | None) -> Lineage | None:
    if "lineage.json" in documents:
        return read_lineage(json.loads(documents["lineage.json"]))
    return promised.lineage if promised else None


def _chain(release: Release, why: Why) -> tuple[Certificate, ...]:
    try:
        return tuple(islice(release.certificates(why.dataset), KEPT))
    except EsclusaError:  # never certified, or an older certificate is gone: the one in force still stands
        return (why.certificate,) if why.certificate else ()


def _custody(release: Release, why: Why) -> Custody | None:
    try:
        return release.custody(why.certificate, most=0) if why.certificate else None
    except EsclusaError:
        return None


def _columns(certificate: Certificate | None, promised: PromisedDataset | None) -> tuple[ShownColumn, ...]:
    said = {column.name: column for column in promised.columns} if promised else {}
    if certificate is None:
        return tuple(
            ShownColumn(c.name, c.title, c.type, c.description, c.classification, c.key, c.required, c.terms, "")
            for c in said.values()
        )
    keys: Any = certificate.document["predicate"].get("primaryKey", ())
    return tuple(
        ShownColumn(
            name=column.name,
            title=said[column.name].title if column.name in said else "",
            type=column.type,
            description=column.description,
            classification=column.classification,
            key=column.name in keys,
            required=column.name in said and said[column.name].required,
            terms=said[column.name].terms if column.name in said else (),
            sealed=certificate.sealed.get(column.name, ""),
        )
        for column in certificate.columns
    )


def _grants(
    certificate: Certificate | None,
    policies: str,
    known: Policies | None,
    promised: PromisedDataset | None,
    today: date,
) -> tuple[ShownGrant, ...]:
    roles = {grant.role: grant for grant in promised.grants} if promised else {}
    if certificate is None or known is None:
        return tuple(
            ShownGrant(r.role, p, _iso(r.expires), r.approvers, r.description, _iso(r.expires) < today.isoformat(), {})
            for r in roles.values()
            for p in r.purposes
        )
    names = [column.name for column in certificate.columns]
    return tuple(
        ShownGrant(
            role=grant.role,
            purpose=grant.purpose,
            until=grant.until,
            approvers=tuple(name.strip() for name in grant.approvers.split(",")),
            description=roles[grant.role].description if grant.role in roles else "",
            lapsed=grant.until < today.isoformat(),
            columns={
                **dict.fromkeys(names, DENIED),
                **decide(policies, certificate.dataset, grant.role, grant.purpose, names, today),
            },
        )
        for grant in known.grants
        if grant.purpose not in known.prohibited
    )


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
