"""`esclusa lineage` and `esclusa impact`: what comes from what, and whom a change would reach.

Belongs here: both commands. Does not: the answers (`esclusa/tracing/answers.py`), how they look (`lineage_shown.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from esclusa.cli.options import AsJson, Where, open_release
from esclusa.cli.plain import print_json
from esclusa.errors import Misused

Up = Annotated[bool, typer.Option("--up", help="What it comes from, back to the columns of sources.")]
Down = Annotated[bool, typer.Option("--down", help="What comes from it, to the use cases.")]
Svg = Annotated[Path | None, typer.Option("--svg", help="Draw it into this file instead.")]


def lineage(
    name: Annotated[str, typer.Argument(help="Dataset, table, source or use case; or a column: <name>.<column>.")],
    up: Up = False,
    down: Down = False,
    every: Annotated[bool, typer.Option("--all", help="Follow what only decides on rows, too.")] = False,
    svg: Svg = None,
    repository: Where = None,
    as_json: AsJson = False,
) -> None:
    """Show what a dataset, table or column comes from and what comes from it; both where neither is asked for."""
    from esclusa.tracing.answers import Traced, graph_for
    from esclusa.tracing.walks import downstream, upstream

    graph, node, certified = graph_for(open_release(repository), name)
    up, down = up or not down, down or not up
    if svg is not None:
        from esclusa.tracing.picture import picture

        _write(svg, picture(graph, node, up=up, down=down))
        return
    behind = upstream(graph, node, rows=every) if up else None
    found = Traced(name, certified, graph.origin(node), behind, downstream(graph, node) if down else None)
    if as_json:
        print_json(found)
        return
    from esclusa.cli.lineage_shown import show_lineage

    show_lineage(Console(), graph, node, found)


def impact(
    name: Annotated[str, typer.Argument(help="What would change: <system>.<table> or <system>.<table>.<column>.")],
    repository: Where = None,
    as_json: AsJson = False,
) -> None:
    """Tell which datasets, use cases and owners a change would reach: of a source's table or column, or any other."""
    from esclusa.tracing.answers import impact_in

    found = impact_in(open_release(repository), name)
    if as_json:
        print_json(found)
        return
    from esclusa.cli.lineage_shown import show_impact

    show_impact(Console(), found)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Misused(
            f"{path} cannot be written.", observed=error.strerror or "", required="a file in a directory that exists"
        ) from None
    print(path)
