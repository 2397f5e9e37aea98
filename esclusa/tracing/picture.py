"""Lineage as a picture: SVG of tables, or of one column's way, that reads in light and dark and by ear.

Belongs here: strokes, words and the key to them. Does not: what a box holds (`boxes.py`), where it stands
(`layers.py`), where lines run (`routes.py`), colours (`palette.py`), what comes from what (`graph.py`).
Source: SVG 2; WAI-ARIA Graphics (role, title and description).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape

from esclusa.tracing import boxes as shapes
from esclusa.tracing.boxes import GOLDEN, LINE, PAD, Box, Say, States, Step, boxes_of
from esclusa.tracing.graph import DATASET, READS, REFERS, RELATION, SOURCE, SYSTEM, USE_CASE, Graph, Node, Thing
from esclusa.tracing.layers import Placed, Way, place
from esclusa.tracing.origins import FLOWS, ROWS
from esclusa.tracing.palette import ADVANCE, SMALL, STYLE
from esclusa.tracing.routes import routes_of
from esclusa.tracing.walks import around

Link = Callable[[Thing], str]  # where a box leads to; "" for nowhere

_MARGIN, _KEY = 16.0, 24.0  # in px; a line of the key
_BELLY = 22.0  # how far a line within a box leaves it, in px
_CLASSES = {SYSTEM: "source", SOURCE: "source", RELATION: "relation", DATASET: "dataset", USE_CASE: "use"}
_SOURCE_TABLE, _TABLE = "source", "table of the warehouse"
# The key: class of a line or of a box → what it means.
FLOW_WORDS = {"copied": "the value itself", "computed": "computed of it", "deciding": "only decides"}
REFERENCE = "only refers to it"
KIND_WORDS = {"source": _SOURCE_TABLE, "relation": _TABLE, "dataset": GOLDEN, "use": USE_CASE}
_TITLE, _NOTHING = "Lineage of {name}", "Nothing is known to lead to {name} or from it."
_COUNTED, _LEADS, _DECIDES, _ROWS_OF = (
    "{count} boxes, left to right.", "{a} leads to {b}", "{a} decides on {b}", "the rows of {name}",
)  # fmt: skip
# Every text of a picture that is ours, for whoever translates them.
WORDS = (
    *FLOW_WORDS.values(), REFERENCE, *KIND_WORDS.values(), *shapes.WORDS,
    _TITLE, _NOTHING, _COUNTED, _LEADS, _DECIDES, _ROWS_OF,
)  # fmt: skip


def picture(
    graph: Graph,
    node: Node,
    *,
    up: bool = True,
    down: bool = True,
    link: Link | None = None,
    states: States | None = None,
    alone: bool = True,
    say: Say = str,
) -> str:
    """Draw what something comes from and where it goes.

    Args:
        graph: of a release.
        node: a thing: its tables and use cases are drawn; or a column: its way is.
        up, down: which directions.
        link: where each box leads to.
        states: what each dataset is worth.
        alone: False for a page that carries `STYLE` in a style sheet of its own, and the key beside the picture.
        say: each of `WORDS` in the language of the reader, its placeholders kept.

    Returns:
        One `<svg>` element.
    """
    thing, column = node
    ways = list(around(graph, node, up=up, down=down))
    boxes = boxes_of(graph, node, ways, states, say)
    places = place({n: b.size for n, b in boxes.items()}, ((a[0], b[0]) for a, b, _ in ways))
    name = f"{thing}.{column}" if column and column != ROWS else thing
    title, described = say(_TITLE).format(name=name), _described(name, boxes, ways, say)
    mark = "l" + sha256(f"{title} {described}".encode()).hexdigest()[:8]
    key, key_width = _key(boxes, ways, say) if alone else ([], 0.0)
    width = max(places.width, key_width, 120.0) + 2 * _MARGIN
    height = places.height + 2 * _MARGIN + _KEY * len(key)
    # With links inside it is no single image to assistive technology: they could not be reached.
    role = "group" if link else "img"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="esclusa-lineage" role="{role}" '
        f'aria-labelledby="{mark}t {mark}d" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}">',
        f'<title id="{mark}t">{escape(title)}</title><desc id="{mark}d">{escape(described)}</desc>',
        *([f"<style>{STYLE}</style>"] if alone else []),
        f'<defs><marker id="{mark}m" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="5" markerHeight="5" '
        'orient="auto"><path class="tip" d="M0 .8 7.4 4 0 7.2z"/></marker></defs>',
        f'<g transform="translate({_MARGIN:.0f} {_MARGIN:.0f})">',
        *_lines(boxes, ways, places, mark),
        *(line for name, box in boxes.items() for line in _drawn(box, places.at[name], link)),
        "</g>",
        *(
            f'<g transform="translate({_MARGIN:.0f} {height - _MARGIN - _KEY * below:.0f})">{line}</g>'
            for below, line in enumerate(reversed(key))
        ),
        "</svg>",
    ]
    return "\n".join(lines)


def _described(name: str, boxes: Mapping[str, Box], ways: Sequence[Step], say: Say) -> str:
    """The picture in words, for whoever cannot see it."""
    if not ways:
        return say(_NOTHING).format(name=name)
    leads, decides = say(_LEADS), say(_DECIDES)
    said = [(decides if how == FLOWS[2] else leads).format(a=_spoken(a, say), b=_spoken(b, say)) for a, b, how in ways]
    return f"{say(_COUNTED).format(count=len(boxes))} {'; '.join(said)}."


def _spoken(node: Node, say: Say) -> str:
    thing, column = node
    return say(_ROWS_OF).format(name=thing) if column == ROWS else f"{thing}.{column}" if column else thing


def _lines(boxes: Mapping[str, Box], ways: Iterable[Step], places: Placed, mark: str) -> Iterator[str]:
    for route in routes_of(boxes, ways, places):
        kind = route.how if route.how in FLOWS else "refers" if route.how == REFERS else READS
        line = _loop(route.points) if route.inner else _curve(route.points)
        yield f'<path class="way {kind}" marker-end="url(#{mark}m)" d="{line}"/>'


def _curve(points: Way) -> str:
    """Through every point, level at each."""
    (x, y), *rest = points
    said = [f"M{x:.1f} {y:.1f}"]
    for to_x, to_y in rest:
        bend = (to_x - x) / 2
        level = f"H{to_x:.1f}" if to_y == y else ""
        said.append(level or f"C{x + bend:.1f} {y:.1f} {to_x - bend:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return "".join(said)


def _loop(points: Way) -> str:
    """From a box to itself, to the left of it."""
    (x, y), (to_x, to_y) = points
    return f"M{x:.1f} {y:.1f}C{x - _BELLY:.1f} {y:.1f} {x - _BELLY:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"


def _drawn(box: Box, at: tuple[float, float], link: Link | None) -> Iterator[str]:
    (x, y), (width, height) = at, box.size
    small, name = box.lines
    href = link(box.thing) if link else ""
    if href:
        yield f'<a href="{escape(href)}">'
    classes = f"box {_CLASSES[box.thing.kind]}{' asked' if '' in box.asked else ''}"
    yield f'<rect class="{classes}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="7"/>'
    yield f'<text class="small" x="{x + PAD:.1f}" y="{y + PAD + 9:.1f}">{escape(small)}</text>'
    yield f'<text class="name" x="{x + PAD:.1f}" y="{y + PAD + 26:.1f}">{escape(name)}</text>'
    yield from _standing(box, x + PAD, y + PAD + 2 * LINE - 5)
    for row, shown in zip(box.rows, box.names, strict=True):
        middle = y + box.port(row)
        if row in box.asked:
            yield (
                f'<rect class="mark" x="{x + 4:.1f}" y="{middle - 8.5:.1f}" width="{width - 8:.1f}" '
                f'height="{LINE - 1:.1f}" rx="4"/>'
            )
        small_class = ' class="small"' if row == ROWS else ""
        yield f'<text{small_class} x="{x + PAD:.1f}" y="{middle + 4:.1f}">{escape(shown)}</text>'
    if href:
        yield "</a>"


def _standing(box: Box, x: float, y: float) -> Iterator[str]:
    """The state of a dataset; of those that time brings, a script shows the one of now."""
    if box.states:
        yield f'<g data-by-time="" transform="translate({x:.1f} {y:.1f})">'
        for state in box.states:
            later = f' hidden="" data-from="{state.start.isoformat()}"' if state.start else ""
            icon = f'<g class="icon" transform="translate(0 1) scale(.8)">{state.icon}</g>'
            words = f'<text class="small" x="{shapes.ICON - 2:.0f}" y="11">{escape(state.words)}</text>'
            yield f'<g class="standing state-{state.state}"{later}>{icon}{words}</g>'
        yield "</g>"


def _key(boxes: Mapping[str, Box], ways: Sequence[Step], say: Say) -> tuple[list[str], float]:
    """What lines and boxes mean, of those that are there: a line of the key each; and their width in px."""
    flows = [flow for flow in FLOWS if any(how == flow for *_, how in ways)]
    kinds = [kind for kind in KIND_WORDS if any(_CLASSES[box.thing.kind] == kind for box in boxes.values())]
    lines = {flow: FLOW_WORDS[flow] for flow in flows}
    lines |= {"refers": REFERENCE} if any(how == REFERS for *_, how in ways) else {}
    strokes = [(f'<path class="way {line}" d="M0 -4h34"/>', 40, say(words)) for line, words in lines.items()]
    swatch = '<rect class="box {}" x=".5" y="-10.5" width="18" height="12" rx="3"/>'
    fills = [(swatch.format(kind), 25, say(KIND_WORDS[kind])) for kind in kinds]
    drawn, widest = [], 0.0
    for line in filter(None, (strokes, fills)):
        x, said = 0.0, []
        for sign, indent, words in line:
            text = f'<text class="small" x="{indent}">{escape(words)}</text>'
            said.append(f'<g transform="translate({x:.0f} 0)">{sign}{text}</g>')
            x += indent + ADVANCE * SMALL * len(words) + _MARGIN
        drawn.append("".join(said))
        widest = max(widest, x)
    return drawn, widest
