"""Edges between columns: what comes from what, and how much of it arrives.

Belongs here: the words of column lineage. Does not: finding edges (`query.py`), following them (`columns.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

Node = tuple[str, str]  # relation, or a part of a query, and one of its columns
ROWS = "<rows>"  # which rows there are: what where, join, group, distinct, order and limit decide
EVERY = "<every column>"  # for what could be any of them


class Flow(IntEnum):
    """How much of a column's value arrives; along a chain the weakest link counts, which is the largest number."""

    KEPT = 1  # the value itself: selected, cast, chosen among others, held in a list or in a longer text
    REWORKED = 2  # worked out from it, and may still hold it whole: a list sorted, a text filled in
    COMPUTED = 3  # worked out from it, and holds it no more: compared, counted, added up, hashed
    DECIDING = 4  # it decided which value, or which rows; nothing of it is in the result


@dataclass
class Traced:
    """What one query does.

    Args:
        columns: the columns that it makes, in order; empty where that is not known before it runs.
        edges: node → what it comes from, and how much of it arrives.
        doubts: node → why its edges may be wrong.
    """

    columns: tuple[str, ...] = ()
    edges: dict[Node, dict[Node, Flow]] = field(default_factory=dict)
    doubts: dict[Node, str] = field(default_factory=dict)

    def add(self, node: Node, origin: Node, flow: Flow) -> None:
        """One more edge; of two between the same nodes the fuller counts."""
        origins = self.edges.setdefault(node, {})
        origins[origin] = min(flow, origins.get(origin, flow))
