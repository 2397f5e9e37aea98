"""How lineage and impact look: trees and tables that hold at 80 columns.

Belongs here: rich trees of our types. Does not: finding the answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from esclusa.cli.render import STYLES
from esclusa.tracing.answers import Traced
from esclusa.tracing.graph import DATASET, Graph, Node
from esclusa.tracing.origins import by_table
from esclusa.tracing.walks import REFERRED, Branch, Impact, Reach

_HOW = {"deciding": "decided by", "copied": "copied from", "computed": "computed of"}
_TO = {"deciding": "decides on", "copied": "copied to", "computed": "computed into"}
_TIED = {"reads": "read by", "uses": "used by", "refers to": "referred to by"}
REPEATED, CLOSED = "↑", "…"
_MARKS = {REPEATED: Text("shown above", style="dim"), CLOSED: Text("followed with --all", style="dim")}
_LISTED = 6  # columns of a dataset that a line lists


def show_lineage(console: Console, graph: Graph, node: Node, found: Traced) -> None:
    """Where something comes from and where it goes.

    Args:
        graph: of a release.
        node: what was asked for, in it.
        found: the answer.
    """
    marks: set[str] = set()
    if found.up is not None:
        console.print(_tree(found.up, "comes from", _HOW, marks))
    if found.down is not None:
        console.print(_tree(found.down, "goes to", {**_TO, **_TIED}, marks))
    notes = [(mark, meaning) for mark, meaning in _MARKS.items() if mark in marks]
    notes += _notes(graph, node, certified=found.certified) if found.up is not None else []
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in notes:
        grid.add_row(f"  {label}", text)
    console.print(grid)


def _tree(branch: Branch, heading: str, how: Mapping[str, str], marks: set[str]) -> Tree:
    tree = Tree(_name(branch, "bold").append(f" {heading}", style="dim"))
    if not branch.branches:
        tree.add(Text("nothing that is known here", style="dim"))
    _grow(tree, branch, how, marks)
    return tree


def _grow(tree: Tree, branch: Branch, how: Mapping[str, str], marks: set[str]) -> None:
    for child in branch.branches:
        label = Text.assemble((f"{how.get(child.how, child.how)} ", "dim"))
        label.append_text(_name(child, "green" if child.kind == DATASET else ""))
        if mark := REPEATED if child.repeated else CLOSED if child.closed else "":
            label.append(f" {mark}", style="dim")
            marks.add(mark)
        if child.owner and child.whole:
            label.append(f"  {child.owner}", style="dim")
        _grow(tree.add(label), child, how, marks)


def _name(branch: Branch, style: str) -> Text:
    return Text.assemble((branch.name, style), ", which rows it has" if branch.rows else "")


def _notes(graph: Graph, node: Node, *, certified: bool) -> Iterator[tuple[str, Text]]:
    thing, column = node
    lineage = graph.lineages.get(thing)
    if lineage is None:
        return
    if column and (origin := graph.origin(node)) is not None:
        if origin.sources or not origin.decided_by:
            yield "values from", Text(_names(graph, origin.sources) or "a constant or a count")
        if origin.decided_by:
            yield "decided by", Text(_names(graph, origin.decided_by))
        if origin.declared:
            yield "declared", Text(origin.declared, style="yellow")
        if origin.uncertain:
            yield "uncertain", Text(origin.uncertain, style="yellow")
    else:
        yield "columns", Text(f"{len(lineage.columns)}, one at a time: esclusa lineage {thing}.<column>")
        if declared := [name for name, origin in lineage.columns.items() if origin.declared]:
            yield "declared", Text(", ".join(declared), style="yellow")
        doubted = [name for name, origin in lineage.columns.items() if origin.uncertain]
        if doubted or lineage.rows.uncertain:
            yield (
                "uncertain",
                Text(", ".join([*doubted, *(["rows"] if lineage.rows.uncertain else [])]), style="yellow"),
            )
    yield "stated", Text("in its certificate" if certified else "as promised now; no certificate states it")


def _names(graph: Graph, columns: tuple[str, ...]) -> str:
    """Source columns by table, with the table's owner."""
    tables = by_table(columns)
    known = {table: graph.things[table].owner for table in tables if table in graph.things}
    owned = {table: f" (owner {known[table]})" if known.get(table) else "" for table in tables}
    return "\n".join(f"{table}{owned[table]}: {', '.join(names)}" for table, names in tables.items())


def show_impact(console: Console, impact: Impact) -> None:
    """Whom a change would reach.

    Args:
        impact: of one column, table, system, relation or dataset.
    """
    owned = f", owner {impact.owner}" if impact.owner else ""
    console.print(Text.assemble((impact.subject, "bold"), f" ({impact.kind}{owned})"))
    if not impact.reached:
        console.print("No dataset would be reached: nothing that is promised reads it.")
    for reach in impact.reached:
        console.print(_reach(reach))
    if impact.owners:
        console.print(Text.assemble(("\nowners to tell  ", "dim"), ", ".join(impact.owners)))


def _reach(reach: Reach) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    status = (reach.status, STYLES.get(reach.status, "dim"))
    grid.add_row(Text(f"\n{reach.dataset}", style="bold"), Text.assemble("\n", status, f", {_owner(reach)}"))
    if reach.how == REFERRED:
        grid.add_row(Text("  by reference", style="dim"), "its rows refer to rows of a dataset that is reached")
    if reach.columns:
        grid.add_row(Text("  values of", style="dim"), _some(reach.columns))
    if reach.decided:
        grid.add_row(Text("  choice of", style="dim"), _some(reach.decided))
    if reach.rows:
        grid.add_row(Text("  rows", style="dim"), "which rows there are")
    for use in reach.use_cases:
        said = f"{use.owner}, {use.purpose}" if use.purpose else use.owner
        grid.add_row(Text("  use case", style="dim"), f"{use.title or use.use_case} ({said})")
    return grid


def _owner(reach: Reach) -> str:
    return " ".join(filter(None, [reach.owner, reach.support[0] if reach.support else ""]))


def _some(columns: tuple[str, ...]) -> str:
    more = f" and {len(columns) - _LISTED} more" if len(columns) > _LISTED else ""
    return f"{', '.join(columns[:_LISTED])}{more}"
