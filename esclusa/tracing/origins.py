"""Lineage of one dataset as the platform found it: relations, and which column comes from which.

Belongs here: the types of `lineage.json`, and reading it (docs/release-format.md). Does not: questions asked of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

LINEAGE_FILE = "lineage.json"
ROWS = "*"  # in place of a column: which rows there are, and any column where those are not known before it runs
FLOWS = ("copied", "computed", "deciding")  # the value itself, something worked out of it, or only a decision


@dataclass(frozen=True)
class Origin:
    """Where one golden column comes from; source columns read `<system>.<table>.<column>`.

    Args:
        sources: those that its values come from; none for a constant or a count of rows.
        decided_by: those that only decide which value it has.
        declared: why lineage cannot follow it, by the word of whoever declared its sources; or empty.
        uncertain: why what is said of it may be wrong, or empty.
    """

    sources: tuple[str, ...] = ()
    decided_by: tuple[str, ...] = ()
    declared: str = ""
    uncertain: str = ""


@dataclass(frozen=True)
class Relation:
    """One table of the warehouse on the way.

    Args:
        name: `<schema>.<table>`.
        layer: `raw`, `staging`, `intermediate` or `candidate`.
        reads: relations that its query reads.
        source: `<system>.<table>` of a table that was landed, else empty.
    """

    name: str
    layer: str
    reads: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Edge:
    """One step between two relations.

    Args:
        to, origin: `<schema>.<table>.<column>`; the column is `*` for the rows as such.
        flow: one of `FLOWS`.
    """

    to: str
    origin: str
    flow: str


@dataclass(frozen=True)
class Lineage:
    """Where a dataset comes from.

    Args:
        columns: golden column → its origin.
        rows: what decides which rows there are.
        relations: the candidate and everything above it.
        edges: the steps between them.
    """

    dataset: str
    columns: Mapping[str, Origin]
    rows: Origin
    relations: tuple[Relation, ...]
    edges: tuple[Edge, ...]

    @property
    def used(self) -> frozenset[str]:
        """Every source column that the dataset uses, be it only to decide on its rows."""
        origins = (*self.columns.values(), self.rows)
        return frozenset(name for origin in origins for name in (*origin.sources, *origin.decided_by))


def by_table(columns: Iterable[str]) -> dict[str, list[str]]:
    """Source columns, as people list them: table → its columns.

    Args:
        columns: as `<system>.<table>.<column>`.
    """
    tables: dict[str, list[str]] = {}
    for name in columns:
        table, _, column = name.rpartition(".")
        tables.setdefault(table, []).append(column)
    return tables


def read_lineage(document: Mapping[str, Any]) -> Lineage:
    """Lineage from its JSON.

    Args:
        document: as `docs/release-format.md` describes `lineage.json`.

    Raises:
        KeyError, TypeError: it is not that.
    """
    return Lineage(
        dataset=document["dataset"],
        columns={name: _origin(entry) for name, entry in document["columns"].items()},
        rows=_origin(document["rows"]),
        relations=tuple(
            Relation(entry["name"], entry["layer"], tuple(entry["reads"]), entry.get("source", ""))
            for entry in document["relations"]
        ),
        edges=tuple(Edge(entry["to"], entry["from"], entry["flow"]) for entry in document["edges"]),
    )


def _origin(entry: Mapping[str, Any]) -> Origin:
    return Origin(
        sources=tuple(entry.get("from", ())),
        decided_by=tuple(entry.get("decidedBy", ())),
        declared=entry.get("declared", ""),
        uncertain=entry.get("uncertain", ""),
    )
