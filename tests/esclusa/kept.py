"""A ledger that tests may do anything to, as whoever owns its database could."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass

import psycopg

from esclusa.ledger.ledger import Ledger

GUARDS = ("ledger_no_update", "ledger_no_delete", "ledger_in_turn")
FIELDS = ("sequence", "at", "kind", "dataset", "body", "previous", "hash")


@dataclass(frozen=True)
class Kept:
    """A ledger, and the hands of whoever owns its database."""

    address: str

    @property
    def ledger(self) -> Ledger:
        """Opened anew, as by another process."""
        return Ledger(self.address)

    def sql(self, *statements: str) -> None:
        """Run statements as the owner of the database."""
        if "://" in self.address:
            with psycopg.connect(self.address) as connection:
                for statement in statements:
                    connection.execute(statement)
        else:
            with closing(sqlite3.connect(self.address)) as connection, connection:
                for statement in statements:
                    connection.execute(statement)

    def unguarded(self, *statements: str) -> None:
        """Run statements after taking the guards away."""
        if "://" in self.address:
            self.sql("alter table ledger disable trigger all", *statements)
        else:
            self.sql(*(f"drop trigger if exists {guard}" for guard in GUARDS), *statements)

    def problems(self, *heads: tuple[int, str]) -> list[tuple[int, str]]:
        """(entry, first word) of each problem."""
        return [(p.sequence, p.what.split()[0].strip(":")) for p in self.ledger.verify(heads)]
