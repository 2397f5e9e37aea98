"""The boxes of a picture of lineage: what each holds, how large it is, at which height a line meets it.

Belongs here: one box per thing, with those of its columns that are on the way. Does not: where it stands
(`layers.py`), how it is drawn (`picture.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from esclusa.tracing.graph import DATASET, RELATION, SOURCE, SYSTEM, USE_CASE, Graph, Node, Thing
from esclusa.tracing.origins import ROWS
from esclusa.tracing.palette import ADVANCE, NAME, SMALL

Say = Callable[[str], str]  # a text of ours in another language
Step = tuple[Node, Node, str]  # from, to, and how

PAD, LINE = 10.0, 18.0  # in px
ICON = 20.0  # width that the icon of a state takes, in px
GOLDEN, SOURCE_OF, WHICH_ROWS = "golden dataset", "source {system}", "(which rows)"
WORDS = (GOLDEN, SYSTEM, USE_CASE, SOURCE_OF, WHICH_ROWS)


@dataclass(frozen=True)
class Shown:
    """A state of a dataset, as a box shows it.

    Args:
        state: its name, for a style sheet: the class `state-<name>` sets `--tone`.
        words: for people.
        icon: what SVG draws of it, on 16 by 16 px.
        start: from when on, UTC; None for the state of now.
    """

    state: str
    words: str
    icon: str
    start: datetime | None = None


States = Callable[[Thing], Sequence[Shown]]  # those that a thing passes by itself as time goes on, that of now first


@dataclass(frozen=True)
class Box:
    """One thing, with those of its columns that are on the way.

    Args:
        asked: columns asked for; "" where the thing is.
        states: as `States` gives them.
    """

    thing: Thing
    rows: tuple[str, ...]
    asked: frozenset[str]
    states: tuple[Shown, ...]
    say: Say

    @property
    def lines(self) -> tuple[str, str]:
        """The small line, and the name."""
        thing = self.thing
        schema, _, table = thing.name.partition(".")
        if thing.kind in (DATASET, USE_CASE, SYSTEM):
            kind = self.say(GOLDEN if thing.kind == DATASET else thing.kind)
            return " · ".join(filter(None, [kind, thing.owner])), thing.name
        if thing.kind == SOURCE:
            return " · ".join(filter(None, [self.say(SOURCE_OF).format(system=schema), thing.owner])), table
        return schema, table

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in px, for the widest font."""
        small, name = self.lines
        shown = [ADVANCE * SMALL * len(small), *(ADVANCE * NAME * len(text) for text in (name, *self.names))]
        shown += [ICON + ADVANCE * SMALL * len(state.words) for state in self.states]
        return 2 * PAD + max(shown), self._head + LINE * len(self.rows) + PAD + (6 if self.rows else 0)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns as they are shown."""
        return tuple(self.say(WHICH_ROWS) if row == ROWS else row for row in self.rows)

    def port(self, row: str) -> float:
        """Height of a column's middle below the top of the box; of the box itself where it is none of its rows."""
        if row not in self.rows:
            return self.size[1] / 2
        return self._head + LINE * (self.rows.index(row) + 0.5) + 6

    def room(self, row: str) -> float:
        """Height in which lines may meet it there."""
        return LINE - 6 if row in self.rows else self.size[1] - 2 * PAD

    @property
    def _head(self) -> float:
        return PAD + LINE * (3 if self.states else 2) - 4


def boxes_of(graph: Graph, node: Node, ways: Sequence[Step], states: States | None, say: Say) -> dict[str, Box]:
    """A box for everything on the way.

    Args:
        graph: of a release.
        node: what was asked for.
        ways: as `walks.around` gives them.
        states: of datasets; None where nobody says them.
        say: as for `picture`.
    """
    rows: dict[str, set[str]] = {node[0]: {node[1]}}
    for a, b, _ in ways:
        for thing, column in (a, b):
            rows.setdefault(thing, set()).add(column)
    found = {}
    for name in sorted(rows):
        known = [column for column in (*graph.columns(name), ROWS) if column in rows[name]]
        listed = (*known, *sorted(rows[name] - {"", *known}))
        known_as = graph.things.get(name) or Thing(name, RELATION)
        asked = frozenset({node[1]} if name == node[0] else ())
        found[name] = Box(known_as, listed, asked, tuple(states(known_as)) if states else (), say)
    return _straightened(found, ways)


def _straightened(boxes: dict[str, Box], ways: Iterable[Step]) -> dict[str, Box]:
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


def _rank(boxes: Mapping[str, Box], origins: Iterable[Node], otherwise: int) -> float:
    ranks = [boxes[thing].rows.index(row) for thing, row in origins if row in boxes[thing].rows]
    return sum(ranks) / len(ranks) if ranks else float(otherwise)
