"""How a source agreed to deliver a table: the `delivery` property of its source contract, typed and checked.

Belongs here: formats, modes, tolerances, and who is told when a delivery breaks them. Does not: looking at files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from expectations.contract import SourceContract, Table
from expectations.landing.refusal import DeliveryRefused

DEFAULTS: dict[str, Any] = {
    "file": "",
    "relation": "",
    "member": "",
    "delimiter": ",",
    "encoding": "utf-8",
    "header": True,
    "finalNewline": False,
    "nulls": (),
    "mode": "snapshot",
    "additive": "warn",
    "cadence": "",
    "quarantineTolerance": {"value": 0, "unit": "rows"},
}


@dataclass(frozen=True)
class Delivery:
    """One table's terms.

    Args:
        source, table: the contract that agreed them.
        format: csv, jsonl, parquet or postgres.
        file: path or glob below the data directory.
        relation: `<schema>.<table>` in Postgres.
        member: name inside a zip; empty where the zip holds only one file.
        final_newline: the last line ends with a newline, so that a file cut within its last value shows.
        nulls: texts that stand for no value.
        mode: `snapshot` replaces the table, `append` adds each new file once.
        tolerance: how many rows may be held back, in `unit` (`percent` of the delivery, or `rows`).
        additive: what a column does that was not agreed: `warn` or `block`.
        cadence: cron expression of the deliveries.
    """

    source: SourceContract
    table: Table
    format: str
    file: str
    relation: str
    member: str
    delimiter: str
    encoding: str
    header: bool
    final_newline: bool
    nulls: tuple[str, ...]
    mode: str
    tolerance: float
    unit: str
    additive: str
    cadence: str

    @property
    def name(self) -> str:
        """`<system>__<table>`: the table's name in `raw` and `quarantine`."""
        return f"{self.source.system}__{self.table.name}"

    @property
    def place(self) -> str:
        """What is delivered, before anything was looked at."""
        return f"postgres:{self.relation}" if self.format == "postgres" else self.file

    def tolerates(self, quarantined: int, delivered: int) -> bool:
        """Whether so many rows may be held back.

        Args:
            quarantined, delivered: counts of rows of one delivery.
        """
        share = quarantined if self.unit == "rows" else 100 * quarantined / delivered
        return share <= self.tolerance

    def refused(
        self, file: str, *, seen: str, agreed: str, remedy: str = "", columns: Iterable[str] = ()
    ) -> DeliveryRefused:
        """The exception to raise, with the owner and the next step filled in.

        Args:
            file: as shown to people.
            seen, agreed: the two sides.
            remedy: what the owner should do; by default deliver again as agreed.
            columns: names of the columns that it is about, where it is not about the table as a whole.
        """
        contract = f"expectations/sources/{self.source.path.name}"
        step = remedy or f"ask {self.source.owner} to deliver it again as {contract} says"
        return DeliveryRefused(
            self.source.system,
            self.table.name,
            file,
            seen,
            f"{agreed} ({contract}, version {self.source.version})",
            self.source.owner + "".join(f", {s['channel']}" for s in self.source.support[:1]),
            f"{step}, then: esclusa run",
            tuple(sorted(columns)),
        )


def delivery_of(source: SourceContract, table: str) -> Delivery:
    """The terms of one table.

    Args:
        source: the source contract.
        table: a table's name.

    Raises:
        KeyError: the contract has no such table.
        ValueError: two terms contradict each other; names file, line and key. (Single terms the loader has checked.)
    """
    agreed = source.table(table)
    terms = {**DEFAULTS, **agreed.custom["delivery"]}
    needed = "relation" if terms["format"] == "postgres" else "file"
    if not terms[needed]:
        raise ValueError(f"{source.path}:{agreed.line}: delivery.{needed}: format {terms['format']} needs it")
    if terms["format"] == "postgres" and terms["mode"] == "append":
        raise ValueError(f"{source.path}:{agreed.line}: delivery.mode: a Postgres table is read whole: snapshot")
    tolerance = terms["quarantineTolerance"]
    return Delivery(
        source=source,
        table=agreed,
        format=terms["format"],
        file=terms["file"],
        relation=terms["relation"],
        member=terms["member"],
        delimiter=terms["delimiter"],
        encoding=terms["encoding"],
        header=terms["header"],
        final_newline=terms["finalNewline"],
        nulls=tuple(terms["nulls"]),
        mode=terms["mode"],
        tolerance=float(tolerance["value"]),
        unit=tolerance["unit"],
        additive=terms["additive"],
        cadence=terms["cadence"],
    )
