"""Questions asked of the graph: what something comes from, what comes from it, whom a change would reach.

Belongs here: the walks and their answers. Does not: the graph (`graph.py`), printing (`cli/lineage.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from esclusa.promises import Promises, UseCase
from esclusa.tracing.graph import DATASET, REFERS, RELATION, SYSTEM, USE_CASE, Graph, Node, Thing
from esclusa.tracing.origins import FLOWS, ROWS

VALUE, DECIDING, REFERRED = "value", "deciding", "referred to"
Following = Callable[[Graph, Node], Iterable[tuple[Node, str]]]


@dataclass(frozen=True)
class Branch:
    """One place on the way, and what lies behind it.

    Args:
        name: of the thing, or `<thing>.<column>`; for its rows as such, of the thing.
        kind, owner: of the thing.
        whole: True for a thing, False for a column of it or its rows.
        rows: True for its rows as such.
        how: how it is tied to the place before: `copied`, `computed`, `deciding`, `reads`, `refers to`, `uses`.
        repeated: True where what lies behind it is shown elsewhere in the same tree.
        closed: True where it was not followed: it only decides on rows.
    """

    name: str
    kind: str
    owner: str
    how: str
    whole: bool
    rows: bool
    repeated: bool
    closed: bool
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class Reach:
    """How a change would reach one dataset.

    Args:
        owner, support: who answers for it, and where they are asked.
        status: as in `esclusa.Why`, or `never decided`.
        how: `value`, `deciding` or `referred to`: the fullest of its ways.
        columns: those whose values would change.
        decided: those of which another value might be chosen.
        rows: True where other rows might be there.
        use_cases: what would feel it.
    """

    dataset: str
    owner: str
    support: tuple[str, ...]
    status: str
    how: str
    columns: tuple[str, ...]
    decided: tuple[str, ...]
    rows: bool
    use_cases: tuple[UseCase, ...]


@dataclass(frozen=True)
class Impact:
    """Whom a change would reach.

    Args:
        subject, kind, owner: what would change, and who answers for it.
        reached: datasets, by how fully.
        owners: of everything that is reached, sorted.
    """

    subject: str
    kind: str
    owner: str
    reached: tuple[Reach, ...]
    owners: tuple[str, ...]


def upstream(graph: Graph, node: Node, *, rows: bool = False) -> Branch:
    """What something comes from, back to source columns.

    Args:
        graph: of a release.
        node: as `Graph.find` gives it.
        rows: follow what only decides on rows, too.
    """
    return _tree(graph, node, _behind, rows=rows)


def downstream(graph: Graph, node: Node) -> Branch:
    """What comes from something, to the use cases.

    Args, returns: as for `upstream`; rows are followed.
    """
    return _tree(graph, node, _ahead, rows=True)


def around(graph: Graph, node: Node, *, up: bool, down: bool) -> Iterator[tuple[Node, Node, str]]:
    """Every step on the ways that lead to something and from it: from, to, and how; rows as such are not followed up.

    Args:
        graph, node: as for `upstream`.
        up, down: which ways.
    """
    found: dict[tuple[Node, Node], str] = {}
    for asked, following in ((up, _behind), (down, _ahead)):
        seen, ahead = {node}, [node] if asked else []
        while ahead:
            at = ahead.pop()
            if following is _behind and at[1] == ROWS and at != node:
                continue
            for other, how in following(graph, at):
                found[(other, at) if following is _behind else (at, other)] = how
                if other not in seen:
                    seen.add(other)
                    ahead.append(other)
    yield from ((a, b, how) for (a, b), how in sorted(found.items()))


def reached_by(graph: Graph, promises: Promises, node: Node, status_of: Callable[[str], str]) -> Impact:
    """Whom a change would reach: of a column, a table, a whole system, a relation or a dataset.

    Args:
        graph: of what is promised.
        promises: of the same release.
        node: as `Graph.find` gives it.
        status_of: dataset → what it is worth now.
    """
    flows = _reached(graph, _starts(graph, node))
    subject = graph.things[node[0]]
    direct = {d for d in _things_ahead(graph, node) if d != node[0]} if not node[1] else set()
    found = list(_reaches(graph, promises, flows, direct, subject, status_of))
    named = {r.dataset for r in found} | ({subject.name} if subject.kind == DATASET else set())
    referring = [d for d in promises.datasets if set(d.refers_to) & named and d.dataset not in named]
    found += [_reach(promises, d.dataset, status_of, REFERRED) for d in referring]
    rank = (VALUE, DECIDING, REFERRED)
    found.sort(key=lambda r: (rank.index(r.how), r.dataset))
    uses = [u for r in found for u in r.use_cases]
    if subject.kind == DATASET:
        uses += promises.uses(subject.name)
    owners = sorted({r.owner for r in found} | {u.owner for u in uses} - {""})
    return Impact(".".join(filter(None, node)), subject.kind, subject.owner, tuple(found), tuple(owners))


def _tree(graph: Graph, start: Node, following: Following, *, rows: bool) -> Branch:
    seen: set[Node] = set()

    def branch(node: Node, how: str) -> Branch:
        thing, column = node
        ahead = sorted(following(graph, node), key=_by_how)
        closed = bool(ahead) and column == ROWS and not rows and node != start
        repeated = bool(ahead) and node in seen and not closed
        seen.add(node)
        known = graph.things.get(thing) or Thing(thing, RELATION)
        name = thing if column in ("", ROWS) else f"{thing}.{column}"
        branches = () if repeated or closed else tuple(branch(*step) for step in ahead)
        return Branch(name, known.kind, known.owner, how, not column, column == ROWS, repeated, closed, branches)

    return branch(start, "")


def _by_how(step: tuple[Node, str]) -> tuple[int, Node]:
    return (FLOWS.index(step[1]) if step[1] in FLOWS else -1, step[0])


def _behind(graph: Graph, node: Node) -> Iterator[tuple[Node, str]]:
    thing, column = node
    if column:
        yield from graph.flows.get(node, {}).items()
    else:
        yield from (((read, ""), tie) for read, tie in graph.reads.get(thing, {}).items())


def _ahead(graph: Graph, node: Node) -> Iterator[tuple[Node, str]]:
    thing, column = node
    if column:
        yield from graph.arrivals.get(node, {}).items()
    if not column and graph.things[thing].kind == SYSTEM:
        yield from (((table, ""), "holds") for table in graph.tables(thing))
    if not column or graph.things[thing].kind == DATASET:
        yield from (((reader, ""), tie) for reader, tie in graph.readers.get(thing, {}).items())


def _starts(graph: Graph, node: Node) -> list[Node]:
    thing, column = node
    if column:
        return [node]
    things = graph.tables(thing) if graph.things[thing].kind == SYSTEM else (thing,)
    return [(name, known) for name in things for known in (*graph.columns(name), ROWS)]


def _reached(graph: Graph, starts: Iterable[Node]) -> dict[Node, int]:
    """Column → the weakest flow on the fullest way to it, as an index of `FLOWS`."""
    found = dict.fromkeys(starts, 0)
    ahead = list(found)
    while ahead:
        node = ahead.pop()
        for arriving, flow in graph.arrivals.get(node, {}).items():
            carried = max(found[node], FLOWS.index(flow))
            if carried < found.get(arriving, len(FLOWS)):
                found[arriving] = carried
                ahead.append(arriving)
    return found


def _things_ahead(graph: Graph, node: Node) -> set[str]:
    """Everything that reads a thing, be it only for its number of rows."""
    things = {thing for thing, _ in _starts(graph, node)}
    ahead = list(things)
    while ahead:
        for reader, tie in graph.readers.get(ahead.pop(), {}).items():
            if tie != REFERS and graph.things[reader].kind != USE_CASE and reader not in things:
                things.add(reader)
                ahead.append(reader)
    return things


def _reaches(
    graph: Graph,
    promises: Promises,
    flows: Mapping[Node, int],
    direct: set[str],
    subject: Thing,
    status_of: Callable[[str], str],
) -> Iterator[Reach]:
    deciding = FLOWS.index("deciding")
    for dataset in promises.datasets:
        name = dataset.dataset
        mine = {column: flow for (thing, column), flow in flows.items() if thing == name}
        if name == subject.name or not (mine or name in direct):
            continue
        values = tuple(c for c in graph.columns(name) if mine.get(c, deciding) < deciding)
        decided = tuple(c for c in graph.columns(name) if mine.get(c) == deciding)
        how = VALUE if values else DECIDING
        yield _reach(promises, name, status_of, how, values, decided, rows=ROWS in mine or not mine)


def _reach(
    promises: Promises,
    name: str,
    status_of: Callable[[str], str],
    how: str,
    values: tuple[str, ...] = (),
    decided: tuple[str, ...] = (),
    *,
    rows: bool = False,
) -> Reach:
    dataset = promises.dataset(name)
    assert dataset is not None
    support = tuple(channel.channel for channel in dataset.support if channel.channel)
    return Reach(name, dataset.owner, support, status_of(name), how, values, decided, rows, promises.uses(name))
