"""One graph of everything that is promised: source tables, relations, datasets, use cases, and columns between them.

Belongs here: the graph, by the names that people use. Does not: walks (`walks.py`), pictures
(`picture.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from esclusa.errors import Misused, UnknownColumn, nearest
from esclusa.promises import Promises
from esclusa.tracing.origins import FLOWS, ROWS, Edge, Lineage, Origin

SYSTEM, SOURCE, RELATION, DATASET, USE_CASE = "system", "source", "relation", "dataset", "use case"
READS, REFERS, USES = "reads", "refers to", "uses"
_SHOWN = 12  # names that a refusal lists; of more, the nearest

Node = tuple[str, str]  # a thing, and one of its columns; "" for the thing as a whole


@dataclass(frozen=True)
class Thing:
    """What has a name in the graph.

    Args:
        kind: `system`, `source` (a table of one), `relation` (of the warehouse), `dataset` or `use case`.
        owner: who answers for it, where that is known.
    """

    name: str
    kind: str
    owner: str = ""


class Graph:
    """What comes from what.

    Args:
        promises: of a release.
        certified: dataset → its lineage as certified, which then stands for what is promised of it.
    """

    def __init__(self, promises: Promises, certified: Mapping[str, Lineage] | None = None) -> None:
        self._promises = promises
        self.lineages = {d.dataset: (certified or {}).get(d.dataset, d.lineage) for d in promises.datasets}
        self.things: dict[str, Thing] = {}
        self.reads: dict[str, dict[str, str]] = defaultdict(dict)  # thing → what it reads, and how it is tied to it
        self.flows: dict[Node, dict[Node, str]] = defaultdict(dict)  # column → what it comes from, and how
        self._columns: dict[str, dict[str, None]] = defaultdict(dict)
        for dataset in promises.datasets:  # first: of a name that two things bear, people mean the dataset
            self._add(Thing(dataset.dataset, DATASET, dataset.owner), (c.name for c in dataset.columns))
        for source in promises.sources:
            self._add(Thing(source.system, SYSTEM, source.owner))
            for table in source.tables:
                name = f"{source.system}.{table.table}"
                self._add(Thing(name, SOURCE, source.owner), (c.name for c in table.columns))
        for dataset in promises.datasets:
            self._follow(self.lineages[dataset.dataset])
            self.reads[dataset.dataset] |= dict.fromkeys(dataset.refers_to, REFERS)
        for use in promises.use_cases:
            name = f"{USE_CASE} {use.use_case}" if use.use_case in self.things else use.use_case
            self._add(Thing(name, USE_CASE, use.owner))
            self.reads[name] |= dict.fromkeys(use.datasets, USES)

    @cached_property
    def readers(self) -> Mapping[str, Mapping[str, str]]:
        """Thing → what reads it, and how it is tied to it."""
        turned: dict[str, dict[str, str]] = defaultdict(dict)
        for thing, read in self.reads.items():
            for name, tie in read.items():
                turned[name][thing] = tie
        return turned

    @cached_property
    def arrivals(self) -> Mapping[Node, Mapping[Node, str]]:
        """Column → what comes from it, and how."""
        turned: dict[Node, dict[Node, str]] = defaultdict(dict)
        for node, origins in self.flows.items():
            for origin, flow in origins.items():
                turned[origin][node] = flow
        return turned

    def origin(self, node: Node) -> Origin | None:
        """What is known of a golden column as a whole; None of anything else."""
        thing, column = node
        return self.lineages[thing].columns.get(column) if thing in self.lineages else None

    def columns(self, thing: str) -> tuple[str, ...]:
        """Columns that are known of a thing, in order; none of a use case or a system."""
        return tuple(self._columns.get(thing, ()))

    def tables(self, system: str) -> tuple[str, ...]:
        """Things of a source system."""
        return tuple(name for name, t in self.things.items() if t.kind == SOURCE and name.startswith(f"{system}."))

    def find(self, name: str) -> Node:
        """What a person means by a name.

        Args:
            name: of a dataset, a relation, a source system or table, or a use case; or `<any of these>.<column>`.

        Raises:
            UnknownColumn: the thing has no such column.
            Misused: there is no such thing; names the nearest.
        """
        name = name.removeprefix("candidate.").removeprefix("golden.")
        if name in self.things:
            return name, ""
        thing, _, column = name.rpartition(".")
        known = self.columns(thing)
        if column in known or (known and column == ROWS):
            return thing, column
        if known:
            raise UnknownColumn(
                f"{thing} has no column {column}.",
                observed=column,
                required=", ".join(known[:_SHOWN]) + (f" … ({len(known)} in all)" if len(known) > _SHOWN else ""),
                owner=self.things[thing].owner,
                remedy=nearest(column, known),
            )
        raise self._unknown(name)

    def _unknown(self, name: str) -> Misused:
        if not self._promises.datasets:
            return Misused(
                "This repository publishes no lineage.",
                observed="no promises in its catalogue",
                required="catalogue/promises.json (docs/release-format.md)",
                remedy="Whoever runs the platform publishes it with the next run: esclusa run",
            )
        columns = [f"{thing}.{column}" for thing in self._columns for column in self.columns(thing)]
        close = nearest(name, [*self.things]) or nearest(name, columns)
        datasets = ", ".join(d.dataset for d in self._promises.datasets[:_SHOWN])
        sources = ", ".join([node for node, thing in self.things.items() if thing.kind == SOURCE][:_SHOWN])
        return Misused(
            f"Nothing is named {name}.",
            observed=name,
            required=f"a dataset ({datasets}), a table of a source ({sources}) or of the warehouse, a use case; "
            "or a column of one",
            remedy=close or "esclusa catalog lists the datasets, esclusa lineage <dataset> what they come from.",
        )

    def _add(self, thing: Thing, columns: Iterable[str] = ()) -> None:
        self.things.setdefault(thing.name, thing)
        self._columns[thing.name] |= dict.fromkeys(columns)

    def _follow(self, lineage: Lineage) -> None:
        names = {r.name: lineage.dataset if r.layer == "candidate" else r.source or r.name for r in lineage.relations}
        for relation in lineage.relations:
            name = names[relation.name]
            self._add(Thing(name, SOURCE if relation.source else RELATION))
            self.reads[name] |= {names.get(read, read): READS for read in relation.reads}
        for edge in (*lineage.edges, *_unfollowed(lineage)):
            to, origin = _node(edge.to, names), _node(edge.origin, names)
            self.flows[to][origin] = min(edge.flow, self.flows[to].get(origin, edge.flow), key=FLOWS.index)
            for thing, column in (to, origin):
                if column != ROWS and thing in self.things and self.things[thing].kind == RELATION:
                    self._columns[thing].setdefault(column)


def _node(name: str, names: Mapping[str, str]) -> Node:
    schema, table, column = name.split(".", 2)
    relation = f"{schema}.{table}"
    return names.get(relation, relation), column


def _unfollowed(lineage: Lineage) -> Iterator[Edge]:
    """Of a column without steps, or on its contract's word, what is known of its sources stands for the way."""
    raw = {r.source: r.name for r in lineage.relations if r.source}
    candidate = next((r.name for r in lineage.relations if r.layer == "candidate"), f"candidate.{lineage.dataset}")
    followed = {edge.to for edge in lineage.edges}
    for column, origin in lineage.columns.items():
        to = f"{candidate}.{column}"
        ways = (
            [(FLOWS[1], origin.sources), (FLOWS[2], origin.decided_by)] if origin.declared or to not in followed else []
        )
        for flow, sources in ways:
            for source in sources:
                table, _, name = source.rpartition(".")
                yield Edge(to, f"{raw.get(table, f'raw.{table}')}.{name}", flow)
