"""Finding: which certified datasets may be used for a purpose today, the best match first.

Belongs here: what an offer is, and what keeps a dataset from being offered. Does not: matching words
(`matching.py`), the decision on a read (`permission.py`): an offer is no permission, every read is decided anew.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from esclusa.access import DENIED, Grant, decide, read_policies
from esclusa.certificate import Certificate
from esclusa.errors import EsclusaError, Misused
from esclusa.matching import Field, Match, match
from esclusa.permission import demand_environment
from esclusa.promises import Promises
from esclusa.reader import Release
from esclusa.reader import open as open_release
from esclusa.verification import Vouched

PathLike = str | os.PathLike[str]
Roles = str | Collection[str] | None


@dataclass(frozen=True)
class OfferedColumn:
    """A column that a role may read.

    Args:
        masked: technique of the mask that the role reads it through; empty where it reads what is published.
    """

    name: str
    type: str
    description: str
    classification: str
    masked: str


@dataclass(frozen=True)
class OfferedRole:
    """A role that may read a dataset for the purpose today.

    Args:
        until: last day of the grant, ISO.
        approvers: who approved it; comma-separated.
        columns: those that it reads, in the dataset's order; the others it is denied.
    """

    role: str
    until: str
    approvers: str
    columns: tuple[OfferedColumn, ...]


@dataclass(frozen=True)
class Offer:
    """A certified dataset that may be used for a purpose today.

    Args:
        purpose: that was asked for.
        reasons: why it matches, a sentence each.
        roles: that may read it for this purpose, in the contract's order; never empty.
        rows: of the certified data.
        freshness: age of the data when it was certified, with its unit; empty where not measured.
        valid_until: when certificate or metadata runs out, whichever is first, UTC.
        caveats: what must be said wherever it is shown.
        prohibited: purposes that nobody may use it for.
    """

    dataset: str
    title: str
    description: str
    owner: str
    purpose: str
    reasons: tuple[str, ...]
    roles: tuple[OfferedRole, ...]
    rows: int
    freshness: str
    valid_until: datetime
    caveats: tuple[str, ...]
    prohibited: tuple[str, ...]

    @property
    def command(self) -> str:
        """The command that reads it in the first of its roles."""
        return shlex.join(
            ["esclusa", "read", self.dataset, "--role", self.roles[0].role, "--purpose", self.purpose, "--limit", "20"]
        )

    @property
    def python(self) -> str:
        """The expression that reads it in the first of its roles."""
        return f"esclusa.read({self.dataset!r}, role={self.roles[0].role!r}, purpose={self.purpose!r})"


def find(
    text: str = "",
    *,
    purpose: str | None = None,
    role: str | None = None,
    repository: PathLike | None = None,
    state: PathLike | None = None,
) -> list[Offer]:
    """What is certified and granted for a purpose today, from the newest release; see `offers`.

    Args:
        text: words to look for; empty finds all.
        purpose: what for; default `ESCLUSA_PURPOSE`.
        role: in which; default `ESCLUSA_ROLE`, any role where that is not set.
        repository, state: as for `esclusa.read`.

    Raises:
        Misused: no purpose was said.
    """
    release = open_release(repository, state=state)
    asked = release.request(role, purpose, allow_sandbox=False)
    return offers(release, purpose=asked.purpose, role=asked.role or None, text=text)


def offers(release: Release, *, purpose: str, role: Roles = None, text: str = "") -> list[Offer]:
    """Datasets that are certified, unexpired, of the environment that is read, and granted for a purpose today.

    What is not offered is not named: why a dataset that someone knows of is missing tells `Release.why`.

    Args:
        release: pinned.
        purpose: what for, as the contracts name it.
        role: in which, or in one of which; any role where None.
        text: words of which at least one must be found in what is written about a dataset; empty offers all.

    Returns:
        By words found, then points, then name.

    Raises:
        Misused: no purpose was said.
    """
    if not purpose:
        raise Misused(
            "Datasets are found for a purpose.",
            observed="purpose (none)",
            required=f"one of: {', '.join(granted_purposes(release, role)) or 'nothing is granted today'}",
            remedy="Say it: --purpose, purpose=, or ESCLUSA_PURPOSE.",
        )
    today, ranked = datetime.now(UTC).date(), []
    for vouched in _vouched(release):
        roles = readable_in(vouched, purpose, role, today)
        found = match(text, _fields(vouched.certificate, release.promises)) if text.strip() else Match(0, 0, ())
        if roles and (found.words or not text.strip()):
            offer = _offer(release, vouched, purpose, roles, found)
            ranked.append((-found.words, -found.points, offer.dataset, offer))
    return [offer for *_, offer in sorted(ranked, key=lambda entry: entry[:3])]


def granted_purposes(release: Release, role: Roles = None) -> tuple[str, ...]:
    """Every purpose that something certified may be used for today, sorted.

    Args:
        release: pinned.
        role: in which, or in one of which; any role where None.
    """
    today = datetime.now(UTC).date()
    return tuple(sorted({grant.purpose for vouched in _vouched(release) for grant in _grants(vouched, role, today)}))


def _vouched(release: Release) -> Iterator[Vouched]:
    """What is certified, unexpired, whole, and of the environment that is read; the rest is passed over."""
    request = release.request(None, None, allow_sandbox=False)
    for dataset in release.datasets:
        try:
            vouched = release.vouched(dataset)
            demand_environment(vouched.certificate, request)
            read_policies(vouched.policies)
        except EsclusaError:
            continue
        yield vouched


def _grants(vouched: Vouched, role: Roles, today: date) -> list[Grant]:
    policies, roles = read_policies(vouched.policies), {role} if isinstance(role, str) else role
    return [
        grant
        for grant in policies.grants
        if grant.until >= today.isoformat()
        and (roles is None or grant.role in roles)
        and grant.purpose not in policies.prohibited
    ]


def readable_in(vouched: Vouched, purpose: str, role: Roles, today: date) -> tuple[OfferedRole, ...]:
    """Roles that the policies let read at least one column: a grant that is written down may still be forbidden.

    Args:
        vouched: a certified dataset.
        purpose: what for.
        role: in which, or in one of which; any role where None.
        today: of the grants, UTC.
    """
    certificate, found = vouched.certificate, []
    names = [column.name for column in certificate.columns]
    for grant in _grants(vouched, role, today):
        if grant.purpose != purpose:
            continue
        access = decide(vouched.policies, certificate.dataset, grant.role, purpose, names, today)
        columns = tuple(
            OfferedColumn(c.name, c.type, c.description, c.classification, access[c.name].technique)
            for c in certificate.columns
            if access[c.name] != DENIED
        )
        if columns:
            found.append(OfferedRole(grant.role, grant.until, grant.approvers, columns))
    return tuple(found)


def _offer(release: Release, vouched: Vouched, purpose: str, roles: tuple[OfferedRole, ...], found: Match) -> Offer:
    certificate = vouched.certificate
    caveats = list(certificate.caveats)
    if release.why(certificate.dataset).candidate_refused:
        caveats.append("a newer candidate was refused: this is the last one that kept its contract")
    promised = release.promises.dataset(certificate.dataset)
    granted = f"granted for {purpose} to {', '.join(role.role for role in roles)}"
    return Offer(
        dataset=certificate.dataset,
        title=(promised and promised.title) or certificate.dataset,
        description=certificate.description,
        owner=certificate.owner,
        purpose=purpose,
        reasons=(granted, *found.reasons),
        roles=roles,
        rows=certificate.rows,
        freshness=certificate.age,
        valid_until=min(vouched.role.expires, certificate.valid_until),
        caveats=tuple(caveats),
        prohibited=read_policies(vouched.policies).prohibited,
    )


def _fields(certificate: Certificate, promises: Promises) -> list[Field]:
    """What is written about a dataset, by what it is worth: certified, and where there is one, promised now."""
    fields = [
        Field("name", certificate.dataset, 6),
        Field("description", certificate.description, 3),
        Field("owner", certificate.owner, 2),
    ]
    for column in certificate.columns:
        fields.append(Field(f"column {column.name}", column.name, 3))
        fields.append(Field(f"description of {column.name}", column.description, 1))
    promised = promises.dataset(certificate.dataset)
    if promised is None:
        return fields
    meant = dict.fromkeys([*promised.terms, *(term for column in promised.columns for term in column.terms)])
    terms = [term for term in map(promises.term, meant) if term]
    return [
        *fields,
        Field("title", promised.title, 6),
        *(Field(f"term {term.title}", term.title, 5) for term in terms),
        *(Field(f"definition of {term.title}", term.description, 2) for term in terms),
        *(Field("tags", tag, 4) for tag in promised.tags),
        Field("domain", promised.domain, 3),
        Field("usage", promised.usage, 2),
        *(Field(f"column {column.name}", column.title, 3) for column in promised.columns),
    ]
