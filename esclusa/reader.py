"""Reading: the functions that open the newest release for a single call.

Belongs here: their names and promises. Does not: what a release answers (`release.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from esclusa.errors import Superseded
from esclusa.forms import As
from esclusa.ledger.reads import ReadLog
from esclusa.listing import Entry, Why
from esclusa.location import locate
from esclusa.release import PathLike, Release
from esclusa.report import Report
from esclusa.repository import Repository
from esclusa.settings import ledger_for, load_settings

__all__ = ["Release", "catalog", "open", "read", "sql", "verify", "why"]


def open(repository: PathLike | None = None, *, state: PathLike | None = None) -> Release:
    """Pin the newest release, to read several datasets that belong together.

    Args:
        repository: directory or http(s) URL; default `ESCLUSA_REPOSITORY`.
        state: directory of state; default `ESCLUSA_STATE`.

    Raises:
        Untrusted, RolledBack, Tampered, Expired, Unreachable: the release itself is refused.
    """
    settings = load_settings(repository, state)
    location = locate(settings.repository)
    log = ReadLog(ledger_for(settings, location), settings.role, settings.purpose)
    with log.refusals(""):
        return Release(Repository(location, settings.state), settings)


def read(
    dataset: str,
    *,
    role: str | None = None,
    purpose: str | None = None,
    columns: Sequence[str] | None = None,
    as_: As = "arrow",
    allow_sandbox: bool = False,
    repository: PathLike | None = None,
    state: PathLike | None = None,
) -> Any:
    """Rows of a certified dataset, from the newest release, after every check; the read is recorded in the ledger.

    Args:
        dataset: its name.
        role: in which you read, as the contract names it; default `ESCLUSA_ROLE`.
        purpose: what for, as the contract names it; default `ESCLUSA_PURPOSE`.
        columns: which, in which order; default all that role and purpose permit, some of them perhaps masked.
        as_: `arrow` (pyarrow.Table), `pandas` (DataFrame, Arrow-backed), `polars` (DataFrame) or `duckdb` (relation).
        allow_sandbox: accept what was certified in a sandbox also where `ESCLUSA_ENVIRONMENT` is `production`.
        repository: directory or http(s) URL; default `ESCLUSA_REPOSITORY`.
        state: directory of state; default `ESCLUSA_STATE`.

    Raises:
        NotPermitted: role, purpose or a column is not granted.
        NotCertified, Withdrawn, Expired, Sandbox: there is nothing to hand out now.
        Tampered, RolledBack, Untrusted: what is there is not what was published.
        KeyMissing: a column is sealed, and its key is not here.
        LedgerUnavailable: the read could not be recorded.
        UnknownColumn: the dataset has no such column.
        Unreachable: no answer, or a file is missing.
    """
    asked: dict[str, Any] = {"role": role, "purpose": purpose, "columns": columns, "as_": as_}
    try:
        return open(repository, state=state).read(dataset, **asked, allow_sandbox=allow_sandbox)
    except Superseded:  # a service released another certificate between two questions: the newest is what was meant
        return open(repository, state=state).read(dataset, **asked, allow_sandbox=allow_sandbox)


def sql(
    query: str,
    *,
    role: str | None = None,
    purpose: str | None = None,
    as_: As = "arrow",
    allow_sandbox: bool = False,
    repository: PathLike | None = None,
    state: PathLike | None = None,
) -> Any:
    """The result of one SELECT (DuckDB's dialect) over datasets of one release, each checked first.

    Columns that role and purpose are denied do not exist for it, and masked ones are masked before it sees them.

    Args:
        query: names datasets as tables; it can read nothing else and write nothing.
        role, purpose, as_, allow_sandbox, repository, state: as for `read`.

    Raises:
        QueryRefused: not one read-only SELECT, or DuckDB refuses it.
        EsclusaError: as for `read`.
    """
    release = open(repository, state=state)
    return release.sql(query, role=role, purpose=purpose, as_=as_, allow_sandbox=allow_sandbox)


def catalog(*, repository: PathLike | None = None, state: PathLike | None = None) -> list[Entry]:
    """Every dataset: certified or not, rows, freshness, valid until, owner.

    Args:
        repository, state: as for `read`.
    """
    return open(repository, state=state).catalog()


def verify(subject: PathLike, *, repository: PathLike | None = None, state: PathLike | None = None) -> Report:
    """Every check on a dataset, or on a certificate file that someone kept.

    Args:
        subject: a dataset's name, or the path of a certificate file. An old certificate is trusted when the chain of
            `previous` digests leads from the current one to it.
        repository, state: as for `read`.

    Raises:
        EsclusaError: the release itself is refused; what is wrong with the subject is in the report.
    """
    return open(repository, state=state).verify(subject)


def why(dataset: str, *, repository: PathLike | None = None, state: PathLike | None = None) -> Why:
    """Why a dataset is certified, refused, expired or withdrawn: certificate, latest decision, findings.

    Args:
        dataset: its name.
        repository, state: as for `read`.

    Raises:
        NotCertified: nobody knows a dataset of that name.
    """
    return open(repository, state=state).why(dataset)
