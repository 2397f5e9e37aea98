"""Edges between relations: what the parts of each query come to, from its columns to those of what it reads.

Belongs here: leaving the parts out. Does not: finding edges (`query.py`), asking about them (`columns.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lineage.tracing.edges import EVERY, Flow, Node

Edges = Mapping[Node, Mapping[Node, Flow]]


def links(edges: Edges, columns: Mapping[str, tuple[str, ...]], starts: Iterable[Node]) -> dict[Node, dict[Node, Flow]]:
    """Every edge between relations at and above some nodes; along the parts of a query the weakest flow counts.

    Args:
        edges: node → what it comes from, parts of queries included.
        columns: relation → its columns; none where they are known only when its query runs.
        starts: columns of relations.
    """
    found: dict[Node, dict[Node, Flow]] = {}
    ahead = list(starts)
    while ahead:
        node = ahead.pop()
        if node not in found:
            found[node] = _direct(edges, columns, node)
            ahead += found[node]
    return found


def _direct(edges: Edges, columns: Mapping[str, tuple[str, ...]], start: Node) -> dict[Node, Flow]:
    flows: dict[Node, Flow] = {}
    ahead = [(start, Flow.KEPT)]
    while ahead:
        node, carried = ahead.pop()
        for origin, flow in edges.get(node, {}).items():
            arriving = max(carried, flow)
            if origin not in flows or arriving < flows[origin]:
                flows[origin] = arriving
                if not _stands(columns, origin):
                    ahead.append((origin, arriving))
    return {origin: flow for origin, flow in flows.items() if _stands(columns, origin) and origin != start}


def _stands(columns: Mapping[str, tuple[str, ...]], node: Node) -> bool:
    """True for a relation's own column, or its rows; any column of one whose columns are known is each of them."""
    relation, column = node
    return relation in columns and (column != EVERY or not columns[relation])
