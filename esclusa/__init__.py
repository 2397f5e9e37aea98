"""READ: what consumers install: find, verify, read. Imports no other room.

>>> import esclusa
>>> esclusa.trust("https://data.example.org/golden", fingerprint="…")   # once
>>> esclusa.read("renewal_risk", role="account-manager", purpose="account_review").to_pandas()
>>> esclusa.sql("from renewal_risk", role="account-manager", purpose="account_review")

Belongs here: the names that are promised to stay. Does not: code; a name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from esclusa.errors import (
    Busy,
    EsclusaError,
    Expired,
    KeyMissing,
    LedgerUnavailable,
    Misused,
    NotCertified,
    NotGenuine,
    NotIdentified,
    NotPermitted,
    NotReadable,
    QueryRefused,
    Revoked,
    RolledBack,
    Sandbox,
    Superseded,
    Tampered,
    UnknownColumn,
    Unreachable,
    Untrusted,
    Withdrawn,
)

if TYPE_CHECKING:
    from esclusa.anchor import Anchor, trust
    from esclusa.certificate import Certificate
    from esclusa.discovery import Offer, find
    from esclusa.evidence import Decision, Finding
    from esclusa.exporting import Export, export
    from esclusa.listing import Entry, Why
    from esclusa.promises import Promises
    from esclusa.reader import Release, catalog, open, read, sql, verify, why
    from esclusa.report import Check, Report
    from esclusa.supply import Need, Supply, use_cases
    from esclusa.tracing.answers import Traced, impact, lineage

__all__ = [
    "Anchor",
    "Busy",
    "Certificate",
    "Check",
    "Decision",
    "Entry",
    "EsclusaError",
    "Expired",
    "Export",
    "Finding",
    "KeyMissing",
    "LedgerUnavailable",
    "Misused",
    "Need",
    "NotCertified",
    "NotGenuine",
    "NotIdentified",
    "NotPermitted",
    "NotReadable",
    "Offer",
    "Promises",
    "QueryRefused",
    "Release",
    "Report",
    "Revoked",
    "RolledBack",
    "Sandbox",
    "Superseded",
    "Supply",
    "Tampered",
    "Traced",
    "UnknownColumn",
    "Unreachable",
    "Untrusted",
    "Why",
    "Withdrawn",
    "catalog",
    "export",
    "find",
    "impact",
    "lineage",
    "open",
    "read",
    "sql",
    "trust",
    "use_cases",
    "verify",
    "why",
]

# Where the names live that would load TUF and Arrow: opened on first use, so that `import esclusa` stays quick.
_HOMES = {
    "anchor": ("Anchor", "trust"),
    "certificate": ("Certificate",),
    "discovery": ("Offer", "find"),
    "evidence": ("Decision", "Finding"),
    "tracing.answers": ("Traced", "impact", "lineage"),
    "exporting": ("Export", "export"),
    "listing": ("Entry", "Why"),
    "promises": ("Promises",),
    "reader": ("Release", "catalog", "open", "read", "sql", "verify", "why"),
    "report": ("Check", "Report"),
    "supply": ("Need", "Supply", "use_cases"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'esclusa' has no attribute {name!r}")
    value = getattr(import_module(f"esclusa.{_HOME[name]}"), name)
    globals()[name] = value
    return value
