"""The scan: personal data in columns of a pinned candidate that are not classified so.

Belongs here: which columns are scanned, in which few queries, and the finding. Does not: what personal data looks like
(`detectors.py`). Names of people in free text have no form and are not found. No value leaves this file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import duckdb

from expectations.audit.answers import speakable
from expectations.contract import Column, Contract
from expectations.pii.detectors import DETECTORS, Detector, prefilter
from expectations.rules.scope import scoped
from expectations.sql import INTEGERS, is_number, quote, text
from expectations.verdict import Finding, GateItem, State

SAMPLE = 1_000  # distinct texts per form that are looked at one by one: the same ones each time
SHORTEST, SMALLEST = len("a@b.co"), 10**7  # the shortest text and the smallest number that any detector may like
ABOVE_INTERNAL = frozenset({"confidential", "restricted"})
UNREADABLE = ("DATE", "TIME", "INTERVAL", "BOOLEAN", "UUID", "BLOB", "BIT")  # types that hold no such text
REQUIRED = "personal data only in columns classified as personal, above internal"


@dataclass(frozen=True)
class Hit:
    """Personal data in one column.

    Args:
        column, kind: which, and what.
        rows: that hold it, of those that were looked at.
        sampled: whether there may be more than were looked at.
    """

    column: str
    kind: str
    rows: int
    sampled: bool

    def __str__(self) -> str:
        return f"`{self.column}` holds {self.kind} in {'at least ' if self.sampled else ''}{self.rows:,} rows"


def scan_id(contract: Contract) -> str:
    """The id of the scan's finding."""
    return f"{contract.name}__access_no_personal_data"


def scan_digest() -> str:
    """What is looked for: SHA-256, hex."""
    asked = [(d.kind, d.form, d.chance, d.doubt, d.numeric, d.spread) for d in DETECTORS]
    return sha256(repr([SAMPLE, *asked]).encode()).hexdigest()


def scan(connection: duckdb.DuckDBPyConnection, relation: str, contract: Contract) -> Finding:
    """Look for personal data wherever the contract does not say that there is some.

    Args:
        connection: any.
        relation: SQL usable after FROM: the pinned candidate.
        contract: of the dataset; its columns that are personal (`privacy` or the tag `pii`) and above internal are
            left out.
    """
    try:
        return _finding(contract, found(connection, relation, contract))
    except duckdb.Error as error:
        return _blank(contract, State.ERROR, f"could not be scanned: {speakable(error)}")


def unscanned(contract: Contract) -> Finding:
    """The finding on a candidate that nobody scanned."""
    return _blank(contract, State.MISSING, "was not scanned for personal data")


def found(connection: duckdb.DuckDBPyConnection, relation: str, contract: Contract) -> tuple[Hit, ...]:
    """Personal data by column and kind.

    Raises:
        duckdb.Error: the relation cannot be read.
    """
    with scoped(connection, relation, contract) as scope:
        asked = {name: _detectors(engine_type) for name, engine_type in scope.types.items()}
        open_columns = {n: d for n, d in asked.items() if d and not _declared(contract, n)}
        texts = {name: _as_text(name, scope.types[name]) for name in open_columns}
        if not open_columns:
            return ()
        likely = {
            n: f"{_worth(n, scope.types[n])} AND {_like(texts[n], (one.form for one in d))}"
            for n, d in open_columns.items()
        }
        looks = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in likely.values())
        counts = connection.execute(f"SELECT {looks} FROM {relation}").fetchone() or ()
        return tuple(
            hit
            for (name, detectors), rows in zip(open_columns.items(), counts, strict=True)
            if rows
            for hit in _in_column(connection, f"{relation} WHERE {likely[name]}", name, texts[name], detectors)
        )


def _declared(contract: Contract, name: str) -> bool:
    """Whether a column may hold personal data by its contract."""
    column: Column | None = next((c for c in contract.table.columns if c.name == name), None)
    personal = column is not None and (bool(column.privacy) or "pii" in column.tags)
    return personal and column is not None and column.classification in ABOVE_INTERNAL


def _detectors(engine_type: str) -> Sequence[Detector]:
    """What may stand in a column of a type."""
    if engine_type.startswith(UNREADABLE) and not engine_type.endswith("[]"):
        return ()
    return [d for d in DETECTORS if d.numeric] if is_number(engine_type) else DETECTORS


def _as_text(name: str, engine_type: str) -> str:
    if engine_type == "VARCHAR":
        return quote(name)
    cast = f"CAST({quote(name)} AS VARCHAR)"
    whole = is_number(engine_type) and engine_type not in INTEGERS
    return rf"regexp_replace({cast}, '\.0+$', '')" if whole else cast


def _worth(name: str, engine_type: str) -> str:
    """Condition, cheaper than any expression, that a value is long enough to be worth a look."""
    if is_number(engine_type):
        return f"{quote(name)} >= {SMALLEST}"
    return f"strlen({_as_text(name, engine_type)}) >= {SHORTEST}"


def _like(sql: str, forms: Iterable[str]) -> str:
    return f"regexp_matches({sql}, {text(prefilter(forms))})"


def _in_column(
    connection: duckdb.DuckDBPyConnection, likely: str, name: str, sql: str, detectors: Sequence[Detector]
) -> Iterator[Hit]:
    """One query for the distinct texts of a column that any detector may like, a sample per form.

    Args:
        likely: SQL usable after FROM: the rows that hold such texts.
    """
    forms = list(dict.fromkeys(d.form for d in detectors))
    first = f"arg_min({{'v': v, 'n': n}}, hash(v), {SAMPLE})"
    wanted = ", ".join(f"{first} FILTER (WHERE {_like('v', [form])})" for form in forms)
    looks = f"SELECT {sql} AS v, count(*) AS n FROM {likely} GROUP BY 1"
    row: Sequence[Any] = connection.execute(f"SELECT {wanted} FROM ({looks})").fetchone() or ()
    samples = {form: {one["v"]: one["n"] for one in sample or ()} for form, sample in zip(forms, row, strict=True)}
    hits: dict[str, Hit] = {}
    for detector in detectors:
        texts = samples[detector.form]
        rows = _convincing(detector, texts)
        if rows > (hits[detector.kind].rows if detector.kind in hits else 0):
            hits[detector.kind] = Hit(name, detector.kind, rows, len(texts) == SAMPLE)
    yield from hits.values()


def _convincing(detector: Detector, texts: Mapping[str, int]) -> int:
    """Rows that hold what a detector looks for; none where that is no more than chance."""
    looks = {part for whole in texts for part in detector.looks(whole)}
    hits = [part for part in sorted(looks) if detector.check(part)]
    if not detector.convinces(hits, len(looks)):
        return 0
    return sum(rows for whole, rows in texts.items() if not detector.looks(whole).isdisjoint(hits))


def _finding(contract: Contract, hits: Sequence[Hit]) -> Finding:
    if not hits:
        return _blank(contract, State.PASS, "", observed=0)
    columns = sorted({hit.column for hit in hits})
    seen = "; ".join(map(str, hits))
    return _blank(contract, State.FAIL, seen, observed=len(hits), column=columns[0] if len(columns) == 1 else None)


def _blank(
    contract: Contract, state: State, seen: str, *, observed: int | None = None, column: str | None = None
) -> Finding:
    remedy = (
        f"mask, generalise or drop the column, or classify it in {contract.path} (tag `pii` or property `privacy`, and "
        f"confidential or restricted), then: esclusa run --only {contract.name}"
    )
    return Finding(
        rule=scan_id(contract),
        item=GateItem.ACCESS,
        state=state,
        observed=observed,
        required=REQUIRED,
        description="No column holds personal data that is not classified so",
        owner=contract.owner,
        message=f"{contract.name}: {seen}; required: {REQUIRED}; owner: {contract.owner}" if seen else "",
        remedy="" if state is State.PASS else remedy,
        threshold=0.0,
        unit="count",
        column=column,
        engine="sql",
    )
