"""What column lineage found of a dataset, as the gate reads it.

Belongs here: the shape of the evidence. Does not: finding it (`lineage/tracing`), judging it (`clauses/lineage.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Origin:
    """Where one golden column comes from; source columns read `<system>.<table>.<column>`.

    Args:
        values: the source columns that its values come from; none for a constant or a count of rows.
        deciding: those that only decide which value it has.
    """

    values: frozenset[str] = frozenset()
    deciding: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Origins:
    """Where one dataset comes from.

    Args:
        columns: golden column → its origin, of every column that the dataset's query makes.
        used: every source column that the dataset uses, be it only to decide on its rows.
        tables: every source table that it reads, as `<system>.<table>`.
        doubts: column → why what was found may be wrong; under `*`, of which rows there are.
    """

    columns: Mapping[str, Origin]
    used: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()
    doubts: Mapping[str, str] = field(default_factory=dict)

    def concerned(self, table: str, columns: frozenset[str] = frozenset()) -> bool:
        """Whether a difference in a source table reaches the dataset.

        Args:
            table: `<system>.<table>`.
            columns: the columns that differ; none where the table does as a whole.
        """
        return bool(self.used & {f"{table}.{c}" for c in columns}) if columns else table in self.tables
