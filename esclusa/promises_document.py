"""`catalogue/promises.json`: what a release promises, from the file that its role `catalogue` lists.

Belongs here: reading it (docs/release-format.md). Does not: the types (`promises.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from esclusa.errors import Tampered
from esclusa.promises import (
    Channel,
    Context,
    Grant,
    PromisedColumn,
    PromisedDataset,
    Promises,
    Source,
    SourceColumn,
    SourceTable,
    Statement,
    Term,
    UseCase,
)
from esclusa.repository import CATALOGUE, Repository
from esclusa.tracing.origins import read_lineage

PROMISES_PATH = f"{CATALOGUE}/promises.json"


def promises_of(repository: Repository) -> Promises:
    """What a release promises; nothing where the repository has no role `catalogue` yet.

    Args:
        repository: a pinned release.

    Raises:
        EsclusaError: the document is missing, was tampered with, or cannot be read.
    """
    if not repository.has(CATALOGUE):
        return Promises()
    role = repository.role(CATALOGUE)
    return read_promises(repository.read(role, PROMISES_PATH)) if PROMISES_PATH in role.files else Promises()


def read_promises(data: bytes) -> Promises:
    """Promises from their JSON.

    Args:
        data: the file, its digest checked before.

    Raises:
        Tampered: it is not that.
    """
    try:
        return _promises(json.loads(data), sha256(data).hexdigest())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Tampered(
            "What is promised cannot be read.",
            observed=f"{type(error).__name__}: {error}",
            required=f"{PROMISES_PATH} as docs/release-format.md describes it",
            remedy="Update esclusa if the repository's format is newer, or ask the publisher.",
        ) from None


def _promises(document: Mapping[str, Any], digest: str) -> Promises:
    return Promises(
        tuple(map(_dataset, document["datasets"])),
        tuple(map(_source, document["sources"])),
        tuple(map(_term, document["terms"])),
        tuple(map(_use_case, document["useCases"])),
        digest,
    )


def _dataset(d: Mapping[str, Any]) -> PromisedDataset:
    promised, context = d["promises"], d["context"]
    return PromisedDataset(
        dataset=d["dataset"],
        title=d["title"],
        owner=d["owner"],
        domain=d["domain"],
        purpose=d["purpose"],
        usage=d["usage"],
        limitations=d["limitations"],
        grain=d["grain"],
        version=d["version"],
        status=d["status"],
        release=d["release"],
        terms=tuple(d["terms"]),
        systems=tuple(d["systems"]),
        refers_to=tuple(d["refersTo"]),
        tags=tuple(d["tags"]),
        prohibited=tuple(d["prohibited"]),
        support=tuple(Channel(c["channel"], c["tool"], c["url"], c["scope"]) for c in d["support"]),
        grants=tuple(
            Grant(r["role"], r["description"], tuple(r["purposes"]), _day(r["expires"]), tuple(r["approvers"]))
            for r in d["roles"]
        ),
        risk_tier=d["riskTier"],
        columns=tuple(_column(c) for c in d["columns"]),
        freshness=promised.get("freshness", ""),
        retention=promised.get("retention", ""),
        frequency=promised.get("frequency", ""),
        context=Context(
            context["instructions"],
            tuple(Statement(s["question"], s["answer"]) for s in context["verifiedStatements"]),
            tuple(context["constraints"]),
        ),
        lineage=read_lineage(d["lineage"]),
    )


def _column(c: Mapping[str, Any]) -> PromisedColumn:
    said = (c["name"], c["title"], c["type"], c["description"], c["classification"])
    return PromisedColumn(*said, bool(c["key"]), bool(c["required"]), tuple(c["terms"]))


def _source(s: Mapping[str, Any]) -> Source:
    tables = (
        SourceTable(
            t["table"],
            t["description"],
            tuple(SourceColumn(c["name"], c["type"], c["description"], c["classification"]) for c in t["columns"]),
        )
        for t in s["tables"]
    )
    said = (s["system"], s["owner"], s["description"], s["version"])
    return Source(*said, tuple(s["agreedBy"]), _day(s["agreedOn"]), tuple(tables))


def _term(t: Mapping[str, Any]) -> Term:
    said = (t["term"], t["title"], t["description"], int(t["version"]))
    return Term(*said, tuple(t["agreedBy"]), _day(t["agreedOn"]), tuple(t["datasets"]))


def _use_case(u: Mapping[str, Any]) -> UseCase:
    said = (u["useCase"], u["kind"], u["title"], u["owner"], u["purpose"], u["riskTier"], u["description"], u["url"])
    return UseCase(*said, tuple(u["datasets"]), u.get("role", ""))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
