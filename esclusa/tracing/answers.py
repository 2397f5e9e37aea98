"""Lineage and impact by name, from the newest release: what `esclusa lineage` and `esclusa impact` ask.

Belongs here: choosing the graph that answers. Does not: the walks (`walks.py`), printing (`cli/lineage.py`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from esclusa.tracing.graph import DATASET, Graph, Node
from esclusa.tracing.origins import Origin
from esclusa.tracing.walks import Branch, Impact, downstream, reached_by, upstream

if TYPE_CHECKING:
    from esclusa.release import Release

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class Traced:
    """Where something comes from and where it goes.

    Args:
        name: as it was asked for.
        certified: True where a certificate states it; else it is what is promised now.
        origin: of a golden column, its source columns; else None.
        up, down: both ways; None where it was not asked for.
    """

    name: str
    certified: bool
    origin: Origin | None
    up: Branch | None
    down: Branch | None


def lineage(
    name: str, *, rows: bool = False, repository: PathLike | None = None, state: PathLike | None = None
) -> Traced:
    """What a dataset, a table, a column or a use case comes from, and what comes from it.

    Args:
        name: of a dataset, a table of the warehouse, a source system or its table, a use case; or `<name>.<column>`.
        rows: follow what only decides on rows, too.
        repository, state: as for `esclusa.read`.

    Raises:
        Misused, UnknownColumn: there is nothing of that name; names the nearest.
        EsclusaError: the release, or the evidence of the dataset, is refused.
    """
    from esclusa.reader import open as open_newest

    release = open_newest(repository, state=state)
    graph, node, certified = graph_for(release, name)
    return Traced(name, certified, graph.origin(node), upstream(graph, node, rows=rows), downstream(graph, node))


def impact(name: str, *, repository: PathLike | None = None, state: PathLike | None = None) -> Impact:
    """Which datasets, use cases and owners a change would reach, by what is promised now.

    Args:
        name: what would change, as for `lineage`.
        repository, state: as for `esclusa.read`.

    Raises:
        Misused, UnknownColumn: there is nothing of that name; names the nearest.
        EsclusaError: the release is refused.
    """
    from esclusa.reader import open as open_newest

    return impact_in(open_newest(repository, state=state), name)


def impact_in(release: Release, name: str) -> Impact:
    """The same of a release that is open.

    Args:
        release: pinned.
        name: what would change.
    """
    graph = Graph(release.promises)
    node = graph.find(name)
    status = {entry.dataset: entry.status for entry in release.catalog()}
    return reached_by(graph, release.promises, node, lambda dataset: status.get(dataset, "never decided"))


def graph_for(release: Release, name: str) -> tuple[Graph, Node, bool]:
    """What answers about a name: what is promised, and of a dataset what its certificate states, where there is one.

    Args:
        release: pinned.
        name: as for `lineage`.

    Returns:
        The graph, the node in it, and True where a certificate states its lineage.
    """
    graph = Graph(release.promises)
    node = graph.find(name)
    thing = node[0]
    if graph.things[thing].kind != DATASET or thing not in release.datasets:
        return graph, node, False
    certified = release.lineage(thing)
    return (Graph(release.promises, {thing: certified}) if certified else graph), node, certified is not None
