"""A request to erase on its way through its steps: what each of them needs to know.

Belongs here: the request, its subject and its account. Does not: the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from esclusa.keyring import Keyring
from expectations.erasure.requests import Request
from expectations.erasure.subject import Subject
from expectations.privacy import SECRET, bound, protected
from expectations.sql import quote
from lineage.class_keys import secret
from orchestration.columns import lineage_of
from orchestration.erasure.holdings import Place, places_of
from orchestration.platform import Platform
from orchestration.rebuild import Rebuild


@dataclass
class Work:
    """A request on its way.

    Args:
        account: what was found, removed and proven so far; kept with the request after each step.
        now: wall clock, UTC.
        build: takes datasets from raw to golden.
        compression: of the rewritten warehouse.
    """

    platform: Platform
    subject: Subject
    request: Request
    account: dict[str, Any]
    now: datetime
    progress: Callable[[str], None]
    build: Rebuild
    compression: str

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every column that carries the subject's key."""
        return places_of(self.subject, lineage_of(self.platform))

    @cached_property
    def keyring(self) -> Keyring:
        """What opens sealed columns."""
        return Keyring.open(self.platform.settings.keys / "classes")

    def published(self, dataset: str, columns: Collection[str]) -> list[Subject]:
        """The subject as a dataset may show it: its value, and its keyed pseudonyms."""
        found = [self.subject]
        for column in self.platform.promises.contracts[dataset].table.columns:
            made = protected(column, "VARCHAR") if column.privacy.get("technique") == "hmac" else None
            if made is not None and column.name in columns:
                values = bound(made.parameters, {SECRET: secret(self.platform.settings.keys, SECRET)})
                row = f"(SELECT $subject AS {quote(column.name)})"
                with duckdb.connect() as connection:
                    shown = connection.execute(
                        f"SELECT {made.sql} FROM {row}", {**values, "subject": self.subject.value}
                    ).fetchone()
                assert shown is not None
                found.append(replace(self.subject, value=str(shown[0])))
        return found

    @property
    def found(self) -> bool:
        """Whether anything held the subject."""
        return bool(self.account["tables"] or self.account["files"])

    def name_of(self, path: Path) -> str:
        """A file below the platform's directory."""
        return str(path.relative_to(self.platform.settings.home))
