"""Retention: how long each table's rows are kept, what becomes of them then, and who holds them back.

Belongs here: the policy that a contract states, and its SQL. Does not: when it is enforced (orchestration), the audit
of the oldest row (`rules/kinds.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb

from expectations.contract import Contract, Sla, SourceContract, Table
from expectations.sql import literal, quote

ANONYMISE = "anonymise"


@dataclass(frozen=True)
class Hold:
    """A legal hold: while it stands, nothing of the table is deleted.

    Args:
        reason, by, since: why, by whom, from which day on; shown wherever retention is.
    """

    reason: str
    by: str
    since: date

    def __str__(self) -> str:
        return f"legal hold since {self.since} by {self.by}: {self.reason}"


@dataclass(frozen=True)
class Policy:
    """What a contract says of the age of one table's rows.

    Args:
        column: holds the time that counts.
        duration: a row older than this is over age; one of exactly this age is not.
        action: `delete` or `anonymise`.
        personal: columns that `anonymise` empties.
        owner: who is asked.
        hold: wins over everything else.
    """

    table: str
    column: str
    duration: timedelta
    action: str
    personal: tuple[str, ...]
    owner: str
    hold: Hold | None = None

    def cutoff(self, clock_at: datetime) -> datetime:
        """The oldest time that may be kept.

        Args:
            clock_at: what the table's clock shows, timezone-aware UTC.
        """
        return clock_at - self.duration

    def over_age(self, clock_at: datetime) -> str:
        """SQL condition over a row: it is past its time, and something is still to be done about it.

        Args:
            clock_at: as for `cutoff`. The session's time zone is UTC.
        """
        aged = f"TRY_CAST({quote(self.column)} AS TIMESTAMP) < {literal(self.cutoff(clock_at), 'TIMESTAMP')}"
        if self.action != ANONYMISE:
            return aged
        return f"{aged} AND ({' OR '.join(f'{quote(c)} IS NOT NULL' for c in self.personal)})"


@dataclass(frozen=True)
class Removed:
    """What was found past its time.

    Args:
        rows: how many.
        oldest: of their times, UTC; None where there were none.
    """

    rows: int
    oldest: datetime | None


def policy_of(sla: Sla, table: Table, owner: str) -> Policy | None:
    """The policy of a table, or None where nothing was agreed: nothing is ever deleted by default.

    Args:
        sla: of name `retention`, on that table.
        owner: who answers for the table.
    """
    deletion: Mapping[str, Any] = sla.custom.get("deletion", {})
    if sla.duration is None or not sla.column or "action" not in deletion:
        return None
    return Policy(table.name, sla.column, sla.duration, deletion["action"], personal(table), owner, hold_of(sla))


def policies(agreed: Contract | SourceContract) -> dict[str, Policy]:
    """Table → policy, of every table of a contract that has one.

    Args:
        agreed: of a dataset, or of a source system.
    """
    tables = agreed.tables if isinstance(agreed, SourceContract) else (agreed.table,)
    found = {
        table.name: policy_of(sla, table, agreed.owner)
        for table in tables
        for sla in agreed.slas
        if sla.name == "retention" and sla.element.startswith(f"{table.name}.")
    }
    return {name: policy for name, policy in found.items() if policy is not None}


def hold_of(sla: Sla) -> Hold | None:
    """The legal hold that a retention is under, or None."""
    written = sla.custom.get("deletion", {}).get("legalHold")
    if not isinstance(written, Mapping):
        return None
    return Hold(written["reason"], written["by"], date.fromisoformat(written["since"]))


def personal(table: Table) -> tuple[str, ...]:
    """Columns that hold personal data, as the contract classifies them."""
    return tuple(c.name for c in table.columns if c.privacy or "pii" in c.tags)


def find(connection: duckdb.DuckDBPyConnection, relation: str, policy: Policy, condition: str) -> Removed:
    """How many rows meet a condition, and the oldest of their times.

    Args:
        relation: SQL usable after FROM, with the policy's column.
        condition: as `Policy.over_age`.
    """
    oldest = f"min(TRY_CAST({quote(policy.column)} AS TIMESTAMP))"
    row = connection.execute(f"SELECT count(*), {oldest} FROM {relation} WHERE {condition}").fetchone()
    assert row is not None
    return Removed(row[0], row[1].replace(tzinfo=UTC) if row[1] else None)


def remove(connection: duckdb.DuckDBPyConnection, relation: str, policy: Policy, clock_at: datetime) -> Removed:
    """Delete or anonymise what is over age, and nothing else; nothing at all under a hold.

    Args:
        connection: read-write, in UTC.
        relation: a table, quoted.
        clock_at: what its clock shows.

    Returns:
        What was over age; under a hold, what was kept although it was.
    """
    condition = policy.over_age(clock_at)
    found = find(connection, relation, policy, condition)
    if found.rows and policy.hold is None:
        if policy.action == ANONYMISE:
            emptied = ", ".join(f"{quote(column)} = NULL" for column in policy.personal)
            connection.execute(f"UPDATE {relation} SET {emptied} WHERE {condition}")
        else:
            connection.execute(f"DELETE FROM {relation} WHERE {condition}")
    return found


def erasure_days(contracts: Iterable[Contract], default: int = 30) -> int:
    """Days within which an erasure must be done: the strictest of these contracts.

    Args:
        contracts: of the datasets that carry the subject.
        default: a month, where none says anything (GDPR Art. 12(3)).
    """
    stated = [
        sla.custom["deletion"]["erasure"]["maxDays"]
        for contract in contracts
        for sla in contract.slas
        if "maxDays" in sla.custom.get("deletion", {}).get("erasure", {})
    ]
    return min(stated, default=default)


def erasure_keys(contract: Contract) -> tuple[str, ...]:
    """Columns of a golden dataset that identify whom an erasure is about.

    Args:
        contract: of the dataset.
    """
    named = {sla.custom.get("deletion", {}).get("erasure", {}).get("key") for sla in contract.slas}
    return tuple(c.name for c in contract.table.columns if c.name in named or c.privacy.get("erasureKey"))
