"""Reading: rows of certified datasets, from one pinned release, out of the very bytes that were hashed.

Belongs here: `Release` and the functions that open one for a single call. Does not: the checks
(`verification.py`), SQL (`query.py`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from esclusa.certificate import Certificate
from esclusa.errors import UnknownColumn, nearest, owned_by
from esclusa.forms import As, converted, demand_form
from esclusa.latest import decided_datasets
from esclusa.listing import Entry, Why, explain, list_datasets
from esclusa.location import locate
from esclusa.report import Report, report_on
from esclusa.repository import Repository
from esclusa.settings import load_settings
from esclusa.verification import vouch

if TYPE_CHECKING:
    import pyarrow.dataset

PathLike = str | os.PathLike[str]


class Verified(NamedTuple):
    """A dataset that passed every check: its certificate, its rows not yet decoded, the columns wanted of them."""

    certificate: Certificate
    data: pyarrow.dataset.Dataset
    columns: list[str]


class Release:
    """One release of a golden repository, pinned: every call answers from it, whatever is published meanwhile.

    Args:
        repository: the pinned metadata.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def __repr__(self) -> str:
        return f"<Release {self.version} of {self.repository}>"

    @property
    def repository(self) -> str:
        """Directory or URL of the golden repository."""
        return self._repository.location.name

    @property
    def version(self) -> int:
        """Number of the release; grows with everything that is published."""
        return self._repository.version

    @property
    def alive_until(self) -> datetime:
        """When the whole repository expires unless the platform keeps it alive, UTC."""
        return self._repository.alive_until

    def read(self, dataset: str, *, columns: Sequence[str] | None = None, as_: As = "arrow") -> Any:
        """Rows of a certified dataset; see `esclusa.read`."""
        demand_form(as_)
        _, data, names = self.verified(dataset, columns)
        if as_ != "duckdb":
            return converted(data.to_table(names), as_)
        import duckdb

        return duckdb.from_arrow(data).project(*[duckdb.ColumnExpression(name) for name in names])

    def sql(self, query: str, *, as_: As = "arrow") -> Any:
        """The result of one SELECT over certified datasets; see `esclusa.sql`."""
        from esclusa.query import run

        return run(self, query, as_)

    def catalog(self) -> list[Entry]:
        """Every dataset of the release; see `esclusa.catalog`."""
        return list_datasets(self._repository)

    def verify(self, subject: PathLike) -> Report:
        """Every check on a dataset or a certificate file; see `esclusa.verify`."""
        return report_on(self._repository, subject)

    def why(self, dataset: str) -> Why:
        """What a dataset's certificate and its latest decision say; see `esclusa.why`."""
        return explain(self._repository, dataset)

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of all datasets that the release knows: served, expired, withdrawn or refused."""
        return decided_datasets(self._repository)

    def verified(self, dataset: str, columns: Sequence[str] | None = None) -> Verified:
        """A dataset as an Arrow dataset over memory: bytes read once, hashed, and scanned from there.

        Args:
            dataset: its name.
            columns: which will be wanted; default all.

        Raises:
            EsclusaError: of the first check that failed; nothing of the dataset is returned then.
        """
        import pyarrow as pa
        import pyarrow.dataset as ds

        vouched = vouch(self._repository, dataset, lambda *_: None)
        known = [column.name for column in vouched.certificate.columns]
        wanted = known if columns is None else list(columns)
        _demand_columns(vouched.certificate, wanted)
        with owned_by(vouched.certificate.owner):
            parts = [self._repository.read(vouched.role, part) for part in vouched.parts]
        form = ds.ParquetFileFormat()
        fragments = [form.make_fragment(pa.BufferReader(part)) for part in parts]  # type: ignore[arg-type] # stubs
        schema = fragments[0].physical_schema
        data = ds.FileSystemDataset(fragments, schema=schema, format=form)
        return Verified(vouched.certificate, data, wanted)


def open(repository: PathLike | None = None, *, state: PathLike | None = None) -> Release:
    """Pin the newest release, to read several datasets that belong together.

    Args:
        repository: directory or http(s) URL; default `ESCLUSA_REPOSITORY`.
        state: directory of state; default `ESCLUSA_STATE`.

    Raises:
        Untrusted, RolledBack, Tampered, Expired, Unreachable: the release itself is refused.
    """
    settings = load_settings(repository, state)
    return Release(Repository(locate(settings.repository), settings.state))


def read(
    dataset: str,
    *,
    columns: Sequence[str] | None = None,
    as_: As = "arrow",
    repository: PathLike | None = None,
    state: PathLike | None = None,
) -> Any:
    """Rows of a certified dataset, from the newest release, after every check.

    Args:
        dataset: its name.
        columns: which, in which order; default all.
        as_: `arrow` (pyarrow.Table), `pandas` (DataFrame, Arrow-backed), `polars` (DataFrame) or `duckdb` (relation).
        repository: directory or http(s) URL; default `ESCLUSA_REPOSITORY`.
        state: directory of state; default `ESCLUSA_STATE`.

    Raises:
        NotCertified, Withdrawn, Expired: there is nothing to hand out now.
        Tampered, RolledBack, Untrusted: what is there is not what was published.
        UnknownColumn: the dataset has no such column.
        Unreachable: no answer, or a file is missing.
    """
    return open(repository, state=state).read(dataset, columns=columns, as_=as_)


def sql(query: str, *, as_: As = "arrow", repository: PathLike | None = None, state: PathLike | None = None) -> Any:
    """The result of one SELECT (DuckDB's dialect) over datasets of one release, each checked first.

    Args:
        query: names datasets as tables; it can read nothing else and write nothing.
        as_: as for `read`.
        repository, state: as for `read`.

    Raises:
        QueryRefused: not one read-only SELECT, or DuckDB refuses it.
        EsclusaError: as for `read`.
    """
    return open(repository, state=state).sql(query, as_=as_)


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


def _demand_columns(certificate: Certificate, wanted: Sequence[str]) -> None:
    known = tuple(column.name for column in certificate.columns)
    if unknown := [name for name in wanted if name not in known]:
        raise UnknownColumn(
            f"{certificate.dataset} has no column {', '.join(unknown)}.",
            observed=f"asked for: {', '.join(unknown)}",
            required=f"of: {', '.join(known)}",
            owner=certificate.owner,
            remedy=nearest(unknown[0], known),
        )
