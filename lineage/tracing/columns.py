"""Column lineage: the source columns that a golden column comes from, and where a source's column is carried to.

Belongs here: the chain of queries and the questions asked of it. Does not: one query (`query.py`), running dbt or
reading its manifest (`orchestration/columns.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter

from lineage.tracing.edges import EVERY, ROWS, Flow, Node
from lineage.tracing.links import links
from lineage.tracing.query import trace

GOLDEN = "golden"  # schema under which the published copy of a dataset goes
_OWN = "_"  # columns that the landing adds begin so; they are no column of the source


@dataclass(frozen=True, order=True)
class SourceColumn:
    """A column of a source system's table, by the names of its source contract."""

    system: str
    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.system}.{self.table}.{self.column}"


@dataclass(frozen=True)
class LandedTable:
    """A table of a source as it lies in the warehouse.

    Args:
        relation: `<schema>.<table>`.
        system, table: what the source contract calls it.
        columns: its columns, those that the landing adds included.
    """

    relation: str
    system: str
    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Model:
    """A query of dbt's.

    Args:
        relation: `<schema>.<table>` that it makes.
        sql: as dbt compiled it.
        reads: relations that dbt knows it reads.
        dataset: the golden dataset that it is the candidate of, or "".
    """

    relation: str
    sql: str
    reads: tuple[str, ...]
    dataset: str = ""


class ColumnLineage:
    """What comes from where.

    Args:
        edges: node → what it comes from, and how much of it arrives.
        doubts: node → why its edges may be wrong.
        columns: relation → its columns; none where they are known only when its query runs.
        leaves: tables of sources, by relation.
        golden: dataset → relation of its candidate.
    """

    def __init__(
        self,
        edges: Mapping[Node, Mapping[Node, Flow]],
        doubts: Mapping[Node, str],
        columns: Mapping[str, tuple[str, ...]],
        leaves: Mapping[str, LandedTable],
        golden: Mapping[str, str],
    ) -> None:
        self._edges, self._doubts = edges, doubts
        self._columns, self._leaves, self._golden = columns, leaves, golden

    @property
    def datasets(self) -> tuple[str, ...]:
        """The golden datasets that it knows."""
        return tuple(sorted(self._golden))

    def columns(self, dataset: str) -> tuple[str, ...]:
        """Columns that the dataset's query makes; none where that is known only when it runs."""
        return self._columns[self._golden[dataset]]

    def sources(self, dataset: str, column: str) -> frozenset[SourceColumn]:
        """The source columns that a golden column's values come from; none for a constant and for a count of rows.

        Args:
            dataset: a golden dataset.
            column: one of its columns.

        Raises:
            KeyError: there is no such dataset.
        """
        return self._of_sources(self._reached(self._node(dataset, column), weakest=Flow.COMPUTED))

    def deciding(self, dataset: str, column: str) -> frozenset[SourceColumn]:
        """The source columns that decide which value a golden column has: conditions, windows, what a count counts.

        Args, raises: as for `sources`, whose columns are not repeated here.
        """
        reached = self._reached(self._node(dataset, column), weakest=Flow.DECIDING)
        return self._of_sources(reached) - self.sources(dataset, column)

    def feeding(self, dataset: str) -> frozenset[SourceColumn]:
        """Every source column that the dataset uses: for values, and in where, join, group, order, window.

        Args, raises: as for `sources`.
        """
        return self._of_sources(self._reached(*self._nodes(dataset), weakest=Flow.DECIDING))

    def tables(self, dataset: str) -> frozenset[tuple[str, str]]:
        """(system, table) of every source table that the dataset reads, be it only for its number of rows."""
        reached = self._reached(*self._nodes(dataset), weakest=Flow.DECIDING)
        return frozenset((leaf.system, leaf.table) for r, _ in reached if (leaf := self._leaves.get(r)))

    def rows_decided_by(self, dataset: str) -> frozenset[SourceColumn]:
        """The source columns that decide which rows the dataset has: where, join, group, distinct, limit.

        Args, raises: as for `sources`.
        """
        return self._of_sources(self._reached((self._golden[dataset], ROWS), weakest=Flow.DECIDING))

    def links(self, dataset: str) -> Mapping[Node, Mapping[Node, Flow]]:
        """Every edge between relations above a dataset: column, or rows → what it comes from, and how.

        Args, raises: as for `sources`.
        """
        relation = self._golden[dataset]
        starts = [node for node in self._nodes(dataset) if node != (relation, EVERY) or not self._columns[relation]]
        return links(self._edges, self._columns, starts)

    def source_of(self, relation: str) -> LandedTable | None:
        """The source's table that lies under this name in the warehouse, or None."""
        return self._leaves.get(relation)

    def carriers(self, source: SourceColumn) -> frozenset[tuple[str, str, str]]:
        """(schema, table, column) of everything that may hold the values of a source column: itself where it landed,
        each relation of the warehouse, and, under the schema `golden`, each golden dataset.

        What compares, counts, adds up or hashes it is not among them. Where lineage is uncertain, what may carry it is.

        Args:
            source: the column.
        """
        return frozenset(self._carriers(source))

    @cached_property
    def uncertain(self) -> Mapping[str, Mapping[str, str]]:
        """Dataset → column → why what is said of it may be wrong; under `*`, of which rows there are."""
        return {dataset: dict(self._doubtful(dataset)) for dataset in self.datasets}

    def _doubtful(self, dataset: str) -> Iterator[tuple[str, str]]:
        relation = self._golden[dataset]
        columns = self._columns[relation]
        for shown, column, weakest in [
            *((c, c, Flow.DECIDING) for c in columns),
            *([] if columns else [("*", EVERY, Flow.DECIDING)]),
            ("*", ROWS, Flow.DECIDING),
        ]:
            doubts = sorted(
                self._doubts[node]
                for node in self._reached((relation, column), weakest=weakest)
                if node in self._doubts
            )
            if doubts:
                yield shown, doubts[0]

    def _carriers(self, source: SourceColumn) -> Iterator[tuple[str, str, str]]:
        landed = next((t for t in self._leaves.values() if (t.system, t.table) == (source.system, source.table)), None)
        if landed is None:
            return
        found = {(landed.relation, source.column)}
        ahead = list(found)
        while ahead:
            node = ahead.pop()
            for arriving, flow in self._arriving.get(node, {}).items():
                keeps = flow <= Flow.REWORKED or (arriving in self._doubts and flow is Flow.COMPUTED)
                if keeps and arriving not in found:
                    found.add(arriving)
                    ahead.append(arriving)
        golden = {relation: dataset for dataset, relation in self._golden.items()}
        for relation, column in found:
            names = self._columns.get(relation) or () if column == EVERY else (column,)
            if relation in self._columns and (column != EVERY or not names):
                shown = "*" if column == EVERY else column
                schema, _, table = relation.partition(".")
                yield schema, table, shown
                if relation in golden:
                    yield GOLDEN, golden[relation], shown

    @cached_property
    def _arriving(self) -> Mapping[Node, Mapping[Node, Flow]]:
        turned: dict[Node, dict[Node, Flow]] = defaultdict(dict)
        for node, origins in self._edges.items():
            for origin, flow in origins.items():
                turned[origin][node] = flow
        return turned

    def _node(self, dataset: str, column: str) -> Node:
        relation = self._golden[dataset]
        name = column.lower()
        return (relation, name if name in self._columns[relation] else EVERY)

    def _nodes(self, dataset: str) -> list[Node]:
        relation = self._golden[dataset]
        return [(relation, EVERY), (relation, ROWS), *((relation, c) for c in self._columns[relation])]

    def _reached(self, *nodes: Node, weakest: Flow) -> set[Node]:
        found, ahead = set(nodes), list(nodes)
        while ahead:
            for origin, flow in self._edges.get(ahead.pop(), {}).items():
                if flow <= weakest and origin not in found:
                    found.add(origin)
                    ahead.append(origin)
        return found

    def _of_sources(self, nodes: Iterable[Node]) -> frozenset[SourceColumn]:
        return frozenset(
            SourceColumn(leaf.system, leaf.table, column)
            for relation, column in nodes
            if (leaf := self._leaves.get(relation)) and column not in {ROWS, EVERY} and not column.startswith(_OWN)
        )


def column_lineage(models: Iterable[Model], tables: Iterable[LandedTable]) -> ColumnLineage:
    """Follow every column through a chain of queries.

    Args:
        models: every query of the chain, in any order.
        tables: what the chain begins with.
    """
    by_relation = {model.relation: model for model in models}
    leaves = {table.relation: table for table in tables}
    columns = {relation: tuple(c.lower() for c in table.columns) for relation, table in leaves.items()}
    edges: dict[Node, Mapping[Node, Flow]] = {
        (relation, EVERY): {(relation, column): Flow.KEPT for column in names} for relation, names in columns.items()
    }
    doubts: dict[Node, str] = {}
    order = TopologicalSorter({r: set(m.reads) & by_relation.keys() for r, m in by_relation.items()})
    for relation in order.static_order():
        model = by_relation[relation]
        traced = trace(relation, model.sql, columns, leaves, model.reads)
        edges |= traced.edges
        doubts |= traced.doubts
        columns[relation] = traced.columns
    golden = {model.dataset: model.relation for model in by_relation.values() if model.dataset}
    return ColumnLineage(edges, doubts, columns, leaves, golden)
