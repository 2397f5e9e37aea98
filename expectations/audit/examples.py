"""Examples: keys of a few rows that break a rule, masked, for a person who has to find them.

Belongs here: which rows, and how their keys are shown. Does not: whether the rule holds (`auditing.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import duckdb

from expectations.contract import Contract
from expectations.retention import erasure_keys
from expectations.rules.expansion import Rule, RuleError, rules_of
from expectations.rules.kinds import KINDS
from expectations.rules.scope import EPOCH, scoped
from expectations.sql import quote
from expectations.verdict import Finding

OPEN_CLASSES = frozenset({"public", "internal"})


def examples(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    contract: Contract,
    finding: Finding | Rule | str,
    limit: int = 5,
    *,
    clock_at: datetime = EPOCH,
    relations: Mapping[str, str] | None = None,
) -> list[str]:
    """Keys of a few rows that break a rule; a query of its own, to be asked only when the rule fails.

    Args:
        connection, relation, contract, clock_at, relations: as in `audit.audit`.
        finding: the finding, the rule or its id.
        limit: at most so many keys.

    Returns:
        `column=value, …` of the primary key, values masked to their ends unless the column is public or internal; empty
        where no single row breaks the rule, or the dataset has no key.
    """
    wanted = finding if isinstance(finding, str) else finding.rule if isinstance(finding, Finding) else finding.id
    rule = next((r for r in rules_of(contract) if r.id == wanted and r.kind in KINDS), None)
    broken = KINDS[rule.kind].broken if rule else None
    if rule is None or broken is None or not contract.table.key:
        return []
    keys = [quote(name) for name in contract.table.key]
    shown = ", ".join(f"CAST({key} AS VARCHAR)" for key in keys)
    try:
        with scoped(connection, relation, contract, clock_at, relations) as scope:
            rows = connection.execute(
                f"SELECT {shown} FROM (SELECT * FROM {relation}) AS candidate WHERE {broken(rule, scope)} "
                f"ORDER BY {', '.join(keys)} LIMIT {int(limit)}"
            ).fetchall()
    except (RuleError, KeyError, duckdb.Error):
        return []  # the finding itself says why the rule could not be evaluated
    keys_of_people = erasure_keys(contract)  # whoever may be erased must not stay in a record of checks
    labels = [
        (name, "" if name in keys_of_people else contract.table.column(name).classification)
        for name in contract.table.key
    ]
    return [
        ", ".join(f"{name}={_masked(v, label)}" for (name, label), v in zip(labels, row, strict=True)) for row in rows
    ]


def _masked(value: str | None, classification: str) -> str:
    if value is None or classification in OPEN_CLASSES:
        return str(value)
    return f"{value[0]}…{value[-1]}" if len(value) > 3 else "…"
