"""The load of one file: read, judged row by row, split between `raw` and `quarantine`, and weighed as a whole.

Belongs here: the balance of rows, the tolerance. Does not: transactions (`landing`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from expectations.erasure.tombstones import Tombstones
from expectations.landing.arrival import Arrival, readable
from expectations.landing.delivery import Delivery
from expectations.landing.header import compare
from expectations.landing.rawtables import RawTables, Stamp
from expectations.landing.reader import DELIVERED, Reader
from expectations.landing.refusal import DeliveryRefused

if TYPE_CHECKING:
    from expectations.landing.rowrules import RowRules

INSTANTS = ("date", "timestamp")


class Load:
    """One file on its way in.

    Args:
        tables: where it goes.
        delivery, rules: the terms.
        arrival, stamp: the file, and what its rows are stamped with.
        tombstones: of those who were erased: their rows are counted and dropped.

    Attributes:
        delivered, accepted, quarantined, erased: rows; the first is the sum of the others.
        broken: rows that break each rule.
        differences: what was delivered beyond the agreement and let pass.
    """

    def __init__(
        self,
        tables: RawTables,
        delivery: Delivery,
        rules: RowRules,
        arrival: Arrival,
        stamp: Stamp,
        tombstones: Tombstones,
    ) -> None:
        self.arrival = arrival
        self.stamp = stamp
        self.delivered = self.accepted = self.quarantined = self.erased = 0
        self.broken: Counter[str] = Counter()
        self.differences: tuple[str, ...] = ()
        self._tables = tables
        self._delivery = delivery
        self._rules = rules
        self._tombstones = tombstones

    def run(self, scratch: Path, progress: Callable[[str], None]) -> None:
        """Read the file to its end.

        Args:
            scratch: a directory that the caller removes.
            progress: told each step in a few words.

        Raises:
            DeliveryRefused: the file is not what was agreed.
            RuntimeError: rows were lost between reading and writing; a fault of ours.
        """
        path = readable(self._delivery, self.arrival, scratch)
        reader = Reader(self._delivery, self.arrival, path, scratch)
        try:
            self.differences = compare(self._delivery, self.arrival.file, reader.header)
            for frame in reader.frames():
                self._split(frame)
                progress(f"{self._delivery.name}: {self.delivered:,} rows read, {self.quarantined:,} held back")
            self._weigh(reader)
        finally:
            reader.close()
        self.accepted, self.quarantined = self._tables.count(self.stamp)
        if self.accepted + self.quarantined + self.erased != self.delivered:
            raise RuntimeError(
                f"{self._delivery.name}: {self.delivered:,} rows were read, but {self.accepted:,} accepted, "
                f"{self.quarantined:,} held back and {self.erased:,} dropped because somebody was erased"
            )

    def _split(self, read: pl.DataFrame) -> None:
        gone = self._tombstones.mask(self._delivery.source.system, self._delivery.table, read, DELIVERED)
        frame = read.filter(~gone)
        self.delivered += read.height
        self.erased += read.height - frame.height
        broken = self._rules.broken(frame)
        rows = frame.with_row_index()
        self._tables.accept(rows.join(broken, on="index", how="anti", maintain_order="left"), self.stamp)
        self._tables.hold_back(rows.join(broken, on="index", maintain_order="left"), self.stamp)
        self.broken.update(broken["_rules"].explode().to_list())
        self.quarantined += broken.height

    def _weigh(self, reader: Reader) -> None:
        if not self.delivered:
            seen = "a header and no rows" if self._delivery.header else "no rows"
            raise self._delivery.refused(self.arrival.file, seen=seen, agreed="at least one row")
        if self._delivery.tolerates(self.quarantined, self.delivered):
            return
        raise self._above(reader)

    def _above(self, reader: Reader) -> DeliveryRefused:
        share = 100 * self.quarantined / self.delivered
        rules = [f"{rule} {rows:,}" for rule, rows in self.broken.most_common(5)]
        if len(self.broken) > len(rules):
            rules.append(f"{len(self.broken) - len(rules)} rules more")
        seen = f"{self.quarantined:,} of {self.delivered:,} rows ({share:.3g} %) break a row rule: {', '.join(rules)}"
        unit = "% of the rows" if self._delivery.unit == "percent" else "rows"
        agreed = f"at most {self._delivery.tolerance:g} {unit}"
        for (written, wanted), columns in self._forms(reader).items():
            names = ", ".join(f"`{column}`" for column in columns)
            seen += f"; {names} written as {written}"
            agreed += f"; {names} as {wanted}"
        return self._delivery.refused(self.arrival.file, seen=seen, agreed=agreed, columns=self._breaking())

    def _breaking(self) -> set[str]:
        """The columns whose rules were broken; none where a rule of the table as a whole was."""
        columns = {column.name for column in self._delivery.table.columns}
        held = {rule.partition("__")[0] for rule in self.broken}
        return held if held <= columns else set()

    def _forms(self, reader: Reader) -> dict[tuple[str, str], list[str]]:
        """Columns that are written in another date format than agreed, by (format seen, format agreed)."""
        forms: dict[tuple[str, str], list[str]] = {}
        for column in self._delivery.table.columns:
            suspect = {f"{column.name}__type", f"{column.name}__minimum"} & set(self.broken)
            if suspect and column.physical_type in INSTANTS:
                written, wanted = reader.form_of(column.name), str(column.options.get("format"))
                if written and written != wanted:
                    forms.setdefault((written, wanted), []).append(column.physical_name)
        return forms
