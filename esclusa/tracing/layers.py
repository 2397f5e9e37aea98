"""Where the boxes of a layered drawing stand: left to right by layer, few crossings, lines as straight as they go.

Belongs here: positions. Does not: what a box holds, how it is drawn (`picture.py`).
Source: Sugiyama, Tagawa, Toda 1981 (layers, barycentres); isotonic regression by pooling for the heights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

GAP_X, GAP_Y = 64.0, 18.0  # between layers and between boxes of one, in px
_SWEEPS = 12
_LANE = 4.0  # between lines that pass through a layer side by side, in px: room for one stroke and some paper

Way = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Placed:
    """Where everything stands, in px from the upper left corner.

    Args:
        at: box → x and y of its upper left corner.
        right: box → x where its layer ends; up to there nothing but a level line keeps clear of wider boxes.
        ways: edge → a lane for each of its lines, the uppermost first: x and y of the points where it passes through
            the layers in between.
        width, height: of the drawing.
    """

    at: Mapping[str, tuple[float, float]]
    right: Mapping[str, float]
    ways: Mapping[tuple[str, str], tuple[Way, ...]]
    width: float
    height: float


def place(sizes: Mapping[str, tuple[float, float]], edges: Iterable[tuple[str, str]]) -> Placed:
    """Lay boxes out.

    Args:
        sizes: box → width and height, in px.
        edges: from, to, once for every line between them; without a cycle. Each leads to a layer further to the right.
    """
    lines = Counter((a, b) for a, b in edges if a != b and a in sizes and b in sizes)
    pairs = sorted(lines)
    layer_of = _layers(sizes, pairs)
    layers, links, chains = _with_bends(sizes, pairs, layer_of)
    order = _ordered(layers, links)
    tall = {box: height for box, (_, height) in sizes.items()}
    tall |= {bend: _LANE * (lines[pair] + 1) for pair, chain in chains.items() for bend in chain}
    middles = _heights(order, links, tall)
    lefts, x = [], 0.0
    widths = [max((sizes[box][0] for box in layer if box in sizes), default=0.0) for layer in order]
    for width in widths:
        lefts.append(x)
        x += width + GAP_X
    top = min((middles[box] - tall[box] / 2 for layer in order for box in layer), default=0.0)
    bottom = max((middles[box] + tall[box] / 2 for layer in order for box in layer), default=0.0)
    at = {box: (lefts[layer_of[box]], middles[box] - sizes[box][1] / 2 - top) for box in sizes}
    rights = [left + width for left, width in zip(lefts, widths, strict=True)]
    column = {box: number for number, layer in enumerate(order) for box in layer}
    ways = {
        pair: tuple(
            tuple(
                (x, middles[bend] - top + aside)
                for bend in chains[pair]
                for x in (lefts[column[bend]], rights[column[bend]])
            )
            for aside in spread(count, _LANE)
        )
        for pair, count in lines.items()
    }
    right = {box: rights[layer_of[box]] for box in sizes}
    return Placed(at, right, ways, max(x - GAP_X, 0.0), bottom - top)


def spread(count: int, apart: float) -> list[float]:
    """Offsets of things that stand side by side around a middle, the first above it.

    Args:
        apart: from one to the next, in px.
    """
    return [(number - (count - 1) / 2) * apart for number in range(count)]


def _layers(boxes: Iterable[str], pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The longest way to a box; what nothing leads to stands just before what it leads to."""
    layer = dict.fromkeys(boxes, 0)
    for _ in layer:
        moved = False
        for a, b in pairs:
            if layer[b] <= layer[a]:
                layer[b], moved = layer[a] + 1, True
        if not moved:
            break
    return layer


def _with_bends(
    boxes: Iterable[str], pairs: Sequence[tuple[str, str]], layer_of: Mapping[str, int]
) -> tuple[list[list[str]], list[tuple[str, str]], dict[tuple[str, str], list[str]]]:
    """Boxes by layer, with a bend in every layer that an edge passes through."""
    layers: list[list[str]] = [[] for _ in range(max(layer_of.values(), default=-1) + 1)]
    for box in boxes:
        layers[layer_of[box]].append(box)
    links: list[tuple[str, str]] = []
    chains: dict[tuple[str, str], list[str]] = {}
    for a, b in pairs:
        bends = [f"{a}\n{b}\n{number}" for number in range(layer_of[a] + 1, layer_of[b])]
        for number, bend in enumerate(bends, layer_of[a] + 1):
            layers[number].append(bend)
        chain = [a, *bends, b]
        links += pairwise(chain)
        chains[a, b] = bends
    return layers, links, chains


def _neighbours(links: Iterable[tuple[str, str]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for a, b in links:
        before.setdefault(b, []).append(a)
        after.setdefault(a, []).append(b)
    return before, after


def _ordered(layers: list[list[str]], links: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Sweep to and fro, each layer in the order of its neighbours' middles; the fewest crossings seen win."""
    before, after = _neighbours(links)
    order = [list(layer) for layer in layers]
    best, fewest = [list(layer) for layer in order], _crossings(order, after)
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        for layer in order if forth else reversed(order):
            rank = {box: position for row in order for position, box in enumerate(row)}
            near = before if forth else after
            weight = {box: _mean([rank[other] for other in near.get(box, [])], rank[box]) for box in layer}
            layer.sort(key=weight.__getitem__)
        crossings = _crossings(order, after)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in order], crossings
    return best


def _crossings(order: Sequence[Sequence[str]], after: Mapping[str, list[str]]) -> int:
    count = 0
    for layer, following in pairwise(order):
        rank = {box: position for position, box in enumerate(following)}
        ends = [end for a in layer for end in sorted(rank[b] for b in after.get(a, []))]
        count += sum(ends[i] > later for i in range(len(ends)) for later in ends[i + 1 :])
    return count


def _heights(
    order: Sequence[Sequence[str]], links: Sequence[tuple[str, str]], tall: Mapping[str, float]
) -> dict[str, float]:
    """The middle of each box: near the middle of its neighbours, in order, with the gap between."""
    before, after = _neighbours(links)
    middles: dict[str, float] = {}
    for layer in order:
        y = 0.0
        for box in layer:
            middles[box] = y + tall[box] / 2
            y += tall[box] + GAP_Y
        for box in layer:
            middles[box] -= (y - GAP_Y) / 2
    for sweep in range(_SWEEPS):
        near = before if sweep % 2 == 0 else after
        for layer in order if sweep % 2 == 0 else reversed(order):
            wanted = [_mean([middles[n] for n in near.get(box, [])], middles[box]) for box in layer]
            middles |= zip(layer, _apart(wanted, [tall[box] for box in layer]), strict=True)
    return middles


def _apart(wanted: Sequence[float], heights: Sequence[float]) -> list[float]:
    """As near as can be to where each wants to be, in order and without touching: least squares, by pooling."""
    offsets, offset = [], 0.0
    for number, height in enumerate(heights):
        offset += (heights[number - 1] + height) / 2 + GAP_Y if number else 0.0
        offsets.append(offset)
    pools: list[list[float]] = []  # sum, count
    for want, offset in zip(wanted, offsets, strict=True):
        pools.append([want - offset, 1.0])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += count
    placed = [total / count for total, count in pools for _ in range(int(count))]
    return [value + offset for value, offset in zip(placed, offsets, strict=True)]


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
