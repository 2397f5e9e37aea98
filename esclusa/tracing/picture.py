"""Lineage as a picture: SVG of tables, or of one column's way, that reads in light and dark and by ear.

Belongs here: boxes, lines and words. Does not: where boxes stand (`layers.py`), what comes from what
(`graph.py`). Every colour is a custom property `--lineage-…`; a page that sets none gets ours.
Source: SVG 2; WAI-ARIA Graphics (role, title and description).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from html import escape

from esclusa.tracing.graph import DATASET, READS, REFERS, RELATION, SOURCE, SYSTEM, USE_CASE, Graph, Node, Thing
from esclusa.tracing.layers import Placed, place
from esclusa.tracing.origins import FLOWS, ROWS
from esclusa.tracing.walks import around

Link = Callable[[Thing], str]  # where a box leads to; "" for nowhere
Say = Callable[[str], str]  # a text of ours in another language

_NAME, _SMALL = 12.5, 11.0  # font sizes in px
_ADVANCE = 0.62  # of a letter, in em: no common monospaced font is wider, and the small words are set narrower
_PAD, _LINE, _MARGIN = 10.0, 18.0, 16.0
_CLASSES = {SYSTEM: "source", SOURCE: "source", DATASET: "dataset", USE_CASE: "use"}
_FLOW_WORDS = {"copied": "the value itself", "computed": "computed of it", "deciding": "only decides"}
_DATASET, _SOURCE, _WHICH_ROWS = "golden dataset", "source {system}", "(which rows)"
_TITLE, _NOTHING = "Lineage of {name}", "Nothing is known to lead to {name} or from it."
_COUNTED, _LEADS, _DECIDES, _ROWS_OF = (
    "{count} boxes, left to right.", "{a} leads to {b}", "{a} decides on {b}", "the rows of {name}",
)  # fmt: skip
# Every text of a picture that is ours, for whoever translates them.
WORDS = (
    *_FLOW_WORDS.values(), _DATASET, SYSTEM, USE_CASE, _SOURCE, _WHICH_ROWS,
    _TITLE, _NOTHING, _COUNTED, _LEADS, _DECIDES, _ROWS_OF,
)  # fmt: skip

_COLOURS = {  # name → light, dark
    "ink": ("#16202c", "#e8eef4"),
    "muted": ("#546273", "#9fb0c0"),
    "paper": ("#ffffff", "#141a21"),
    "line": ("#8592a1", "#74849a"),
    "edge": ("#c3ccd6", "#3a4756"),
    "source": ("#e8f1fb", "#16293d"),
    "dataset": ("#e2f4ea", "#123325"),
    "use": ("#f1eafb", "#2a2140"),
    "accent": ("#14784a", "#4cc38a"),
}
_SANS = "system-ui,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif"
_MONO = "ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace"
_RULES = {
    "text": f"fill:var(--ink);font:{_NAME}px {_MONO}",
    ".small": f"fill:var(--muted);font:{_SMALL}px {_SANS}",
    ".box": "fill:var(--paper);stroke:var(--edge)",
    ".source": "fill:var(--source)",
    ".dataset": "fill:var(--dataset)",
    ".use": "fill:var(--use)",
    ".asked": "stroke:var(--accent);stroke-width:2",
    ".mark": "fill:var(--accent);opacity:.16",
    ".way": "fill:none;stroke:var(--line);stroke-width:1.4",
    ".computed": "stroke-dasharray:7 3",
    ".deciding": "stroke-dasharray:1.5 4;stroke-linecap:round",
    ".refers": "stroke-dasharray:1.5 4;stroke-linecap:round",
    ".tip": "fill:var(--line)",
    "a:focus-visible .box": "stroke:var(--accent);stroke-width:3",
}


def _palette(column: int) -> str:
    return "".join(f"--{name}:var(--lineage-{name},{colours[column]});" for name, colours in _COLOURS.items())


STYLE = (
    f".esclusa-lineage{{max-width:100%;height:auto;{_palette(0)}}}"
    f"@media (prefers-color-scheme:dark){{.esclusa-lineage{{{_palette(1)}}}}}"
    + "".join(f".esclusa-lineage {selector}{{{rule}}}" for selector, rule in _RULES.items())
)


@dataclass(frozen=True)
class _Box:
    """One thing, with those of its columns that are on the way."""

    thing: Thing
    rows: tuple[str, ...]
    asked: frozenset[str]  # columns asked for; "" where the thing is
    say: Say

    @property
    def lines(self) -> tuple[str, str]:
        """The small line, and the name."""
        thing = self.thing
        schema, _, table = thing.name.partition(".")
        if thing.kind in (DATASET, USE_CASE, SYSTEM):
            kind = self.say(_DATASET if thing.kind == DATASET else thing.kind)
            return " · ".join(filter(None, [kind, thing.owner])), thing.name
        if thing.kind == SOURCE:
            return " · ".join(filter(None, [self.say(_SOURCE).format(system=schema), thing.owner])), table
        return schema, table

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in px, for the widest font."""
        small, name = self.lines
        shown = [_ADVANCE * _SMALL * len(small), *(_ADVANCE * _NAME * len(text) for text in (name, *self.names))]
        return 2 * _PAD + max(shown), 2 * _PAD + _LINE * (2 + len(self.rows)) + (6 if self.rows else 0) - 4

    @property
    def names(self) -> tuple[str, ...]:
        """The columns as they are shown."""
        return tuple(self.say(_WHICH_ROWS) if row == ROWS else row for row in self.rows)

    def port(self, row: str) -> float:
        """Height of a column's middle below the top of the box; of the box itself where it is none of its rows."""
        if row not in self.rows:
            return self.size[1] / 2
        return _PAD + _LINE * (2.5 + self.rows.index(row)) + 2


def picture(
    graph: Graph,
    node: Node,
    *,
    up: bool = True,
    down: bool = True,
    link: Link | None = None,
    style: bool = True,
    say: Say = str,
) -> str:
    """Draw what something comes from and where it goes.

    Args:
        graph: of a release.
        node: a thing: its tables and use cases are drawn; or a column: its way is.
        up, down: which directions.
        link: where each box leads to.
        style: False for a page that carries `STYLE` in a style sheet of its own.
        say: each of `WORDS` in the language of the reader, its placeholders kept.

    Returns:
        One `<svg>` element.
    """
    thing, column = node
    ways = list(around(graph, node, up=up, down=down))
    boxes = _boxes(graph, node, ways, say)
    places = place({n: b.size for n, b in boxes.items()}, ((a[0], b[0]) for a, b, _ in ways))
    name = f"{thing}.{column}" if column and column != ROWS else thing
    title = say(_TITLE).format(name=name)
    return _svg(title, _described(name, boxes, ways, say), boxes, ways, places, link, style, say)


def _boxes(graph: Graph, node: Node, ways: Sequence[tuple[Node, Node, str]], say: Say) -> dict[str, _Box]:
    rows: dict[str, set[str]] = {node[0]: {node[1]}}
    for a, b, _ in ways:
        for thing, column in (a, b):
            rows.setdefault(thing, set()).add(column)
    found = {}
    for name in sorted(rows):
        known = [column for column in (*graph.columns(name), ROWS) if column in rows[name]]
        listed = (*known, *sorted(rows[name] - {"", *known}))
        box = graph.things.get(name) or Thing(name, RELATION)
        found[name] = _Box(box, listed, frozenset({node[1]} if name == node[0] else ()), say)
    return _straightened(found, ways)


def _straightened(boxes: dict[str, _Box], ways: Iterable[tuple[Node, Node, str]]) -> dict[str, _Box]:
    """Columns of the warehouse's own tables in the order of what they come from; contracts keep their order."""
    origins: dict[Node, list[Node]] = {}
    for a, b, _ in ways:
        if a[0] != b[0]:
            origins.setdefault(b, []).append(a)
    for _ in boxes:  # as often as a chain can be long
        for name, box in boxes.items():
            if box.thing.kind == RELATION:
                rank = {row: _rank(boxes, origins.get((name, row), ()), at) for at, row in enumerate(box.rows)}
                order = sorted(box.rows, key=lambda row, rank=rank: (row == ROWS, rank[row]))  # type: ignore[misc]
                boxes[name] = replace(box, rows=tuple(order))
    return boxes


def _rank(boxes: Mapping[str, _Box], origins: Iterable[Node], otherwise: int) -> float:
    ranks = [boxes[thing].rows.index(row) for thing, row in origins if row in boxes[thing].rows]
    return sum(ranks) / len(ranks) if ranks else float(otherwise)


def _described(name: str, boxes: Mapping[str, _Box], ways: Sequence[tuple[Node, Node, str]], say: Say) -> str:
    """The picture in words, for whoever cannot see it."""
    if not ways:
        return say(_NOTHING).format(name=name)
    leads, decides = say(_LEADS), say(_DECIDES)
    said = [(decides if how == FLOWS[2] else leads).format(a=_spoken(a, say), b=_spoken(b, say)) for a, b, how in ways]
    return f"{say(_COUNTED).format(count=len(boxes))} {'; '.join(said)}."


def _spoken(node: Node, say: Say) -> str:
    thing, column = node
    return say(_ROWS_OF).format(name=thing) if column == ROWS else f"{thing}.{column}" if column else thing


def _svg(
    title: str,
    described: str,
    boxes: Mapping[str, _Box],
    ways: Sequence[tuple[Node, Node, str]],
    places: Placed,
    link: Link | None,
    style: bool,
    say: Say,
) -> str:
    flows = [flow for flow in FLOWS if any(how == flow for *_, how in ways)]
    legend = _legend(flows, say)
    width = max(places.width, 150.0 * len(flows), 120.0) + 2 * _MARGIN
    height = places.height + 2 * _MARGIN + (30 if legend else 0)
    mark = "l" + sha256(f"{title} {described}".encode()).hexdigest()[:8]
    # With links inside it is no single image to assistive technology: they could not be reached.
    role = "group" if link else "img"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="esclusa-lineage" role="{role}" '
        f'aria-labelledby="{mark}t {mark}d" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}">',
        f'<title id="{mark}t">{escape(title)}</title><desc id="{mark}d">{escape(described)}</desc>',
        *([f"<style>{STYLE}</style>"] if style else []),
        f'<defs><marker id="{mark}m" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path class="tip" d="M0 .8 7.4 4 0 7.2z"/></marker></defs>',
        f'<g transform="translate({_MARGIN:.0f} {_MARGIN:.0f})">',
        *_lines(boxes, ways, places, mark),
        *(line for name, box in boxes.items() for line in _drawn(box, places.at[name], link)),
        "</g>",
        *([f'<g transform="translate({_MARGIN:.0f} {height - _MARGIN:.0f})">{legend}</g>'] if legend else []),
        "</svg>",
    ]
    return "\n".join(lines)


def _lines(
    boxes: Mapping[str, _Box], ways: Iterable[tuple[Node, Node, str]], places: Placed, mark: str
) -> Iterator[str]:
    for (a, row_a), (b, row_b), how in ways:
        (xa, ya), (xb, yb) = places.at[a], places.at[b]
        if a == b:
            top, bottom = ya + boxes[a].port(row_a), ya + boxes[b].port(row_b)
            loop = f"M{xa:.1f} {top:.1f}C{xa - 22:.1f} {top:.1f} {xa - 22:.1f} {bottom:.1f} {xa - 2:.1f} {bottom:.1f}"
            yield f'<path class="way {how}" marker-end="url(#{mark}m)" d="{loop}"/>'
            continue
        start = (xa + boxes[a].size[0], ya + boxes[a].port(row_a))
        points = [start, *places.ways.get((a, b), ()), (xb - 2, yb + boxes[b].port(row_b))]
        kind = how if how in FLOWS else "refers" if how == REFERS else READS
        yield f'<path class="way {kind}" marker-end="url(#{mark}m)" d="{_curve(points)}"/>'


def _curve(points: Sequence[tuple[float, float]]) -> str:
    """Through every point, level at each."""
    (x, y), *rest = points
    said = [f"M{x:.1f} {y:.1f}"]
    for to_x, to_y in rest:
        bend = (to_x - x) / 2
        said.append(f"C{x + bend:.1f} {y:.1f} {to_x - bend:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return "".join(said)


def _drawn(box: _Box, at: tuple[float, float], link: Link | None) -> Iterator[str]:
    (x, y), (width, height) = at, box.size
    small, name = box.lines
    href = link(box.thing) if link else ""
    if href:
        yield f'<a href="{escape(href)}">'
    classes = f"box {_CLASSES.get(box.thing.kind, '')}{' asked' if '' in box.asked else ''}"
    yield f'<rect class="{classes}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="7"/>'
    yield f'<text class="small" x="{x + _PAD:.1f}" y="{y + _PAD + 9:.1f}">{escape(small)}</text>'
    yield f'<text x="{x + _PAD:.1f}" y="{y + _PAD + 26:.1f}">{escape(name)}</text>'
    for row, shown in zip(box.rows, box.names, strict=True):
        middle = y + box.port(row)
        if row in box.asked:
            yield (
                f'<rect class="mark" x="{x + 4:.1f}" y="{middle - 8.5:.1f}" width="{width - 8:.1f}" '
                f'height="{_LINE - 1:.1f}" rx="4"/>'
            )
        small_class = ' class="small"' if row == ROWS else ""
        yield f'<text{small_class} x="{x + _PAD:.1f}" y="{middle + 4:.1f}">{escape(shown)}</text>'
    if href:
        yield "</a>"


def _legend(flows: Sequence[str], say: Say) -> str:
    return "".join(
        f'<path class="way {flow}" d="M{150 * n} -4h34"/>'
        f'<text class="small" x="{150 * n + 40}">{escape(say(_FLOW_WORDS[flow]))}</text>'
        for n, flow in enumerate(flows)
    )
