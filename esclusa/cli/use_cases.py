"""`esclusa use-cases`: what is done with golden datasets, and whether each use has what it needs now.

Belongs here: the command and its table. Does not: the states (`esclusa/supply.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from esclusa.cli.options import AsJson, Where, open_release
from esclusa.cli.plain import print_json
from esclusa.errors import Misused, nearest

if TYPE_CHECKING:
    from esclusa.supply import Need, Supply

_SHOWN = {"served": ("served", "green"), "behind": ("newer refused", "yellow")}  # any other state: it waits


def use_cases(
    name: Annotated[str, typer.Argument(help="One use case; all of them where absent.")] = "",
    repository: Where = None,
    as_json: AsJson = False,
) -> None:
    """List use cases with owner, purpose, risk tier, datasets, and whether they are served now."""
    from esclusa.supply import supplies

    found = supplies(open_release(repository))
    if name:
        known = tuple(supply.use_case.use_case for supply in found)
        found = tuple(supply for supply in found if supply.use_case.use_case == name)
        if not found:
            raise Misused(
                f"There is no use case {name}.", required=", ".join(known) or "none", remedy=nearest(name, known)
            )
    if as_json:
        print_json([{**vars(s.use_case), "state": s.state, "needs": s.needs} for s in found])
    elif found:
        _show(Console(), found)
    else:
        Console().print("No use case is published.")
    # Whoever asks of one wants to act on the answer; a list is a list.
    raise typer.Exit(1 if name and found[0].waits else 0)


def _show(console: Console, found: Sequence[Supply]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in ("use case", "risk", "owner", "datasets", "state"):
        table.add_column(header, overflow="fold")
    for column in (0, 1, 3):
        table.columns[column].no_wrap = True
    for supply in found:
        use = supply.use_case
        risk = use.risk_tier or ("exposure" if use.kind == "exposure" else "")
        name = Text.assemble((use.use_case, "bold"), (f"\n{use.purpose}" if use.purpose != use.use_case else "", "dim"))
        states = Text("\n").join(_state(need) for need in supply.needs)
        table.add_row(name, risk, use.owner, "\n".join(use.datasets), states)
    console.print(table)
    told: set[str] = set()
    for need in (need for supply in found for need in (*supply.waits, *supply.behind)):
        if need.dataset not in told:
            told.add(need.dataset)
            console.print(_reason(need))


def _state(need: Need) -> Text:
    """In one line, beside its dataset."""
    return Text(*_SHOWN.get(need.state, (need.state, "bold red")))


def _reason(need: Need) -> Text:
    since = f" since {need.since:%Y-%m-%d %H:%M} UTC" if need.since else ""
    what = f"{need.dataset}: newer refused" if need.served else f"waits for {need.dataset}: {need.state}"
    said = [f"{what}{since}: {need.reason.rstrip('.')}", f"owner: {need.owner}", f"next: {need.remedy}"]
    return Text("; ".join(said), style="yellow" if need.served else "red")
