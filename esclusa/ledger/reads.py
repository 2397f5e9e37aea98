"""The log of reads: every read and every refusal is in the ledger before it reaches the caller; never a value.

Belongs here: what an entry says, and who is said to have read. Does not: the ledger (`ledger.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from esclusa.access import Access
from esclusa.certificate import Certificate
from esclusa.errors import EsclusaError, LedgerUnavailable, Misused
from esclusa.ledger.ledger import Ledger


@dataclass(frozen=True)
class ReadLog:
    """Entries of one request.

    Args:
        ledger: where they go.
        role, purpose: as the request says.
        caller: whom a service reads for; empty where the account that runs this process reads for itself.
    """

    ledger: Ledger
    role: str
    purpose: str
    caller: str = ""

    def served(self, certificate: Certificate, columns: Mapping[str, Access], rows: int, by: str) -> None:
        """Record that rows are about to be handed out.

        Args:
            certificate: of the dataset.
            columns: how each is handed out.
            rows: how many.
            by: `read`, `sql` or `export`; `http` where a service hands them out, `mcp` where an agent's tool does.

        Raises:
            LedgerUnavailable: it was not recorded; the rows must not be handed out.
        """
        masked = {name: access.technique for name, access in columns.items() if access.technique}
        self._append(
            "read",
            certificate.dataset,
            {"certificate": certificate.digest, "columns": list(columns), "masked": masked, "rows": rows, "by": by},
        )

    def mirrored(self, certificate: Certificate, file: str) -> None:
        """Record that a whole file is about to be handed out: every column and row of it, unmasked.

        Args:
            certificate: that vouches for it.
            file: its name, which holds its digest.

        Raises:
            LedgerUnavailable: it was not recorded; the file must not be handed out.
        """
        columns = [column.name for column in certificate.columns]
        said = {"certificate": certificate.digest, "columns": columns, "file": file, "rows": certificate.rows}
        self._append("read", certificate.dataset, {**said, "by": "mirror"})

    @contextmanager
    def refusals(self, dataset: str, columns: Sequence[str] | None = None) -> Iterator[None]:
        """Record a refusal on its way out. It stands, recorded or not.

        Args:
            dataset: what was asked for; empty where the release itself is opened.
            columns: that were asked for by name.

        Raises:
            Misused: the name is none that a ledger could hold; no dataset has it.
        """
        if not dataset.isprintable():
            raise Misused(
                "No dataset has such a name.",
                observed=repr(dataset),
                required="a name that can be printed",
                remedy="esclusa catalog lists what there is.",
            )
        try:
            yield
        except LedgerUnavailable:
            raise
        except EsclusaError as error:
            with suppress(LedgerUnavailable):
                asked = None if columns is None else list(columns)
                self._append("read-refused", dataset, {"columns": asked, "reason": type(error).__name__, "rows": 0})
            raise

    def _append(self, kind: str, dataset: str, body: Mapping[str, Any]) -> None:
        user = self.caller or account()
        self.ledger.append(kind, dataset, {"user": user, "role": self.role, "purpose": self.purpose, **body})


def account() -> str:
    """The account that the operating system runs this process under: no variable of the environment can change it."""
    if not hasattr(os, "getuid"):
        return os.getlogin()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"  # a container's user need not have a name
