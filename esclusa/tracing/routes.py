"""Where each line of a picture of lineage runs: in a lane of its own, from one box to the next.

Belongs here: the points that a line passes. Does not: where boxes stand (`layers.py`), strokes (`picture.py`).
Two lines upon each other read as one of another kind: dots between dots are a solid line. So lines part where they
leave a column, keep apart through the layers in between, and arrive beside each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from esclusa.tracing.boxes import Box, Step
from esclusa.tracing.graph import Node
from esclusa.tracing.layers import Placed, Way, spread

_APART = 3.0  # of lines that meet the same column, in px, where there is room


@dataclass(frozen=True)
class Route:
    """One line.

    Args:
        how: as a step of a walk has it.
        points: that it passes, level at each.
        inner: True for a line from a box to itself: from the first point to the other, left of the box.
    """

    how: str
    points: Way
    inner: bool = False


def routes_of(boxes: Mapping[str, Box], ways: Iterable[Step], places: Placed) -> list[Route]:
    """The route of every step.

    Args:
        boxes: by name.
        ways: steps between their columns.
        places: where the boxes stand, laid out for exactly these steps.
    """
    between: dict[tuple[str, str], list[Step]] = {}
    for step in ways:
        between.setdefault((step[0][0], step[1][0]), []).append(step)

    def height(node: Node) -> float:
        return places.at[node[0]][1] + boxes[node[0]].port(node[1])

    lanes: dict[Step, Way] = {}
    for pair, steps in between.items():
        steps.sort(key=lambda step: (height(step[0]), height(step[1])))
        lanes |= zip(steps, places.ways.get(pair, ((),) * len(steps)), strict=True)
    outer = [step for step in lanes if step[0][0] != step[1][0]]
    ahead = {step: lanes[step][0][1] if lanes[step] else height(step[1]) for step in outer}
    behind = {step: lanes[step][-1][1] if lanes[step] else height(step[0]) for step in outer}
    leaves = _met(boxes, {step: step[0] for step in outer}, ahead)
    arrives = _met(boxes, {step: step[1] for step in outer}, behind)
    found = []
    for step, lane in lanes.items():
        a, b, how = step
        (xa, _), (xb, _) = places.at[a[0]], places.at[b[0]]
        if a[0] == b[0]:
            found.append(Route(how, ((xa, height(a)), (xb - 2, height(b))), inner=True))
            continue
        out, y = xa + boxes[a[0]].size[0], height(a) + leaves[step]
        run = ((out, y), (places.right[a[0]], y)) if places.right[a[0]] > out else ((out, y),)
        found.append(Route(how, (*run, *lane, (xb - 2, height(b) + arrives[step]))))
    return found


def _met(boxes: Mapping[str, Box], at: Mapping[Step, Node], toward: Mapping[Step, float]) -> dict[Step, float]:
    """Offset of each line from the middle of the column that it meets, in the order of where it goes or comes from."""
    meeting: dict[Node, list[Step]] = {}
    for step, node in at.items():
        meeting.setdefault(node, []).append(step)
    offsets: dict[Step, float] = {}
    for (thing, row), steps in meeting.items():
        steps.sort(key=lambda step: (toward[step], step))
        apart = min(_APART, boxes[thing].room(row) / len(steps))
        offsets |= zip(steps, spread(len(steps), apart), strict=True)
    return offsets
