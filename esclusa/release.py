"""One release, pinned: every question that a reader asks is answered from it, whatever is published meanwhile.

Belongs here: `Release`. Does not: the checks (`verification.py`), who may read what (`permission.py`), decoding
(`rows.py`), SQL (`query.py`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any

from esclusa.certificate import Certificate
from esclusa.chain import published_certificates
from esclusa.custody import Custody, custody_of
from esclusa.documents import digests, document
from esclusa.errors import owned_by
from esclusa.forms import As, converted, demand_form
from esclusa.latest import decided_datasets
from esclusa.ledger.ledger import Ledger
from esclusa.ledger.reads import ReadLog
from esclusa.listing import Entry, Why, explain, list_datasets
from esclusa.permission import Request, demand_environment, permitted
from esclusa.promises import Promises
from esclusa.promises_document import promises_of
from esclusa.remote import ServedRows, Service, discover
from esclusa.report import Report, report_on
from esclusa.repository import Repository
from esclusa.rows import Rows
from esclusa.settings import Settings, keyring_for, ledger_for, token_for
from esclusa.tracing.origins import LINEAGE_FILE, Lineage, read_lineage
from esclusa.verification import Vouched, vouch

PathLike = str | os.PathLike[str]


class Release:
    """One release of a golden repository, pinned: every call answers from it, whatever is published meanwhile.

    Args:
        repository: the pinned metadata.
        settings: of this reader.
    """

    def __init__(self, repository: Repository, settings: Settings) -> None:
        self._repository = repository
        self._settings = settings

    def __repr__(self) -> str:
        return f"<Release {self.version} of {self.repository}>"

    @property
    def repository(self) -> str:
        """Directory or URL of the golden repository."""
        return self._repository.location.name

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the root that this reader pinned: what another reader compares before pinning it too."""
        return self._repository.fingerprint

    @property
    def version(self) -> int:
        """Number of the release; grows with everything that is published."""
        return self._repository.version

    @property
    def alive_until(self) -> datetime:
        """When the whole repository expires unless the platform keeps it alive, UTC."""
        return self._repository.alive_until

    def read(
        self,
        dataset: str,
        *,
        role: str | None = None,
        purpose: str | None = None,
        columns: Sequence[str] | None = None,
        as_: As = "arrow",
        allow_sandbox: bool = False,
    ) -> Any:
        """Rows of a certified dataset; see `esclusa.read`."""
        demand_form(as_)
        with self.opened(dataset, self.request(role, purpose, allow_sandbox), columns) as rows:
            if as_ != "duckdb":
                return converted(rows.table(), as_)
            import duckdb

            return duckdb.from_arrow(rows.source("read"))

    def sql(
        self,
        query: str,
        *,
        role: str | None = None,
        purpose: str | None = None,
        as_: As = "arrow",
        allow_sandbox: bool = False,
    ) -> Any:
        """The result of one SELECT over certified datasets; see `esclusa.sql`."""
        from esclusa.query import run

        return run(self, query, as_, self.request(role, purpose, allow_sandbox))

    def catalog(self) -> list[Entry]:
        """Every dataset of the release; see `esclusa.catalog`."""
        return list_datasets(self._repository)

    def verify(self, subject: PathLike) -> Report:
        """Every check on a dataset or a certificate file; see `esclusa.verify`."""
        return report_on(self._repository, subject, are_parts_at_hand=self._service is None)

    def why(self, dataset: str) -> Why:
        """What a dataset's certificate and its latest decision say; see `esclusa.why`."""
        return explain(self._repository, dataset)

    def vouched(self, dataset: str) -> Vouched:
        """What vouches for a dataset: every check but the bytes of its parts. Hands out no row, and decides nothing.

        Raises:
            EsclusaError: of the first check that failed.
        """
        return vouch(self._repository, dataset, lambda *_: None)

    def certificates(self, dataset: str) -> Iterator[Certificate]:
        """Every certificate that was ever published for a dataset, newest first; none where it was always refused.

        Raises:
            Tampered, Unreachable: one of them is not the one that was named, or is not there.
        """
        known = dataset in self._repository.datasets
        return published_certificates(self._repository, dataset) if known else iter(())

    def document(self, dataset: str, name: str) -> bytes:
        """One document that travels with a certified or expired dataset, verified; see `esclusa.documents`."""
        return document(self._repository, dataset, name)

    def custody(self, certificate: Certificate, most: int | None = 5) -> Custody:
        """The chain of custody of a certificate that `why` told; see `esclusa.custody`."""
        return custody_of(self._repository, certificate, self.promises, most)

    def lineage(self, dataset: str) -> Lineage | None:
        """Where a dataset came from when it was certified; None where no certificate vouches for that.

        Raises:
            EsclusaError: nobody knows the dataset, or its evidence is broken.
        """
        found = self.why(dataset)
        if found.problem is not None:
            raise found.problem
        if found.certificate is None or f"{dataset}/{LINEAGE_FILE}" not in found.certificate.subjects:
            return None
        return read_lineage(json.loads(self.document(dataset, LINEAGE_FILE)))

    def documents(self, dataset: str) -> Mapping[str, str]:
        """The documents of a certified or expired dataset: file name → SHA-256; see `esclusa.documents`."""
        return digests(self._repository, dataset)

    @cached_property
    def promises(self) -> Promises:
        """What is promised now, certified or not; empty where the repository publishes no promises."""
        return promises_of(self._repository)

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of all datasets that the release knows: served, expired, withdrawn or refused."""
        return decided_datasets(self._repository)

    def request(self, role: str | None, purpose: str | None, allow_sandbox: bool) -> Request:
        """A request, completed by the settings.

        Args:
            role, purpose: who asks, what for; None where the caller did not say.
            allow_sandbox: accept a certificate of the sandbox also where production is read.
        """
        settings = self._settings
        production = settings.environment == "production" and not allow_sandbox
        return Request(role or settings.role, purpose or settings.purpose, production)

    @contextmanager
    def opened(self, dataset: str, request: Request, columns: Sequence[str] | None = None) -> Iterator[Rows]:
        """The rows that a request may have; every refusal up to the end of the block is recorded on its way out.

        Args:
            dataset: its name.
            request: who asks, and what for.
            columns: which are wanted; default all that are permitted.

        Raises:
            EsclusaError: of the first check that failed; nothing of the dataset is handed out then.
        """
        settings, location = self._settings, self._repository.location
        log = ReadLog(self.ledger, request.role, request.purpose, request.caller)
        with log.refusals(dataset, columns):
            vouched = self.vouched(dataset)
            demand_environment(vouched.certificate, request)
            granted = permitted(vouched, request, columns, datetime.now(UTC).date())
            with owned_by(vouched.certificate.owner):
                keyring, parts = keyring_for(settings, location), partial(self.parts, vouched)
                known = (vouched.certificate, granted, parts, keyring, settings.state, log)
                yield Rows(*known) if self._service is None else ServedRows(*known, service=self._service)

    @cached_property
    def _service(self) -> Service | None:
        """Who hands out rows of this release, where its files are not at hand."""
        location = self._repository.location
        return None if location.directory else discover(location, token_for(self._settings, location))

    @cached_property
    def ledger(self) -> Ledger:
        """Where reads of this release are recorded."""
        return ledger_for(self._settings, self._repository.location)

    def parts(self, vouched: Vouched) -> Sequence[bytes]:
        """The bytes of a dataset's parts, in row order, each hashed.

        Args:
            vouched: of this release.

        Raises:
            Tampered, Unreachable: other bytes than were certified, or none.
        """
        return [self._repository.read(vouched.role, part) for part in vouched.parts]
