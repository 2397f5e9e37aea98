"""`esclusa find`: what is certified and granted for a purpose, as a table or JSON.

Belongs here: the command and how its answer looks. Does not: finding (`esclusa/discovery.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from esclusa.cli.options import AsJson, Purpose, Role, Where, open_release
from esclusa.cli.plain import print_json

if TYPE_CHECKING:
    from esclusa.discovery import Offer, OfferedRole


def find(
    text: Annotated[str, typer.Argument(help="Words to look for in names, descriptions, terms and columns.")] = "",
    purpose: Purpose = None,
    role: Role = None,
    repository: Where = None,
    as_json: AsJson = False,
) -> None:
    """Find what is certified and granted for a purpose today: roles, columns, until when, how to read it."""
    from esclusa.discovery import granted_purposes, offers

    release = open_release(repository)
    asked = release.request(role, purpose, allow_sandbox=False)
    found = offers(release, purpose=asked.purpose, role=asked.role or None, text=text)
    console = Console()
    if as_json:
        print_json([{**vars(offer), "command": offer.command, "python": offer.python} for offer in found])
    elif found:
        console.print(Group(*_blocks(found)))
    else:
        said = [f"Nothing certified is granted for {asked.purpose}"]
        said += [f"to {asked.role}"] if asked.role else []
        said += [f"that mentions “{text}”"] if text.strip() else []
        granted = granted_purposes(release, asked.role or None)
        console.print(Text(f"{' '.join(said)}."))
        console.print(Text(f"Purposes that something is granted for today: {', '.join(granted) or 'none'}"))
        console.print("All there is: esclusa catalog", highlight=False)
    raise typer.Exit(0 if found else 1)


def _blocks(found: Sequence[Offer]) -> list[Table | Text]:
    blocks: list[Table | Text] = []
    for offer in found:
        fresh = f", {offer.freshness} old when certified" if offer.freshness else ""
        facts = [
            ("says", Text(offer.description)),
            ("matches", Text("; ".join(offer.reasons))),
            *(("role", _role(role)) for role in offer.roles),
            ("rows", Text(f"{offer.rows:,}{fresh}")),
            ("valid until", Text(f"{offer.valid_until.astimezone(UTC):%Y-%m-%d %H:%M} UTC")),
            ("owner", Text(offer.owner)),
            *(("caveat", Text(caveat, style="yellow")) for caveat in offer.caveats),
            *(("never for", Text(purpose, style="red")) for purpose in offer.prohibited),
            ("read it", Text(offer.command, style="green")),
        ]
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for label, value in facts:
            grid.add_row(f"  {label}", value)
        blocks += [Text(offer.dataset, style="bold"), grid]
    return blocks


def _role(role: OfferedRole) -> Text:
    shown = [f"{c.name} ({c.masked})" if c.masked else c.name for c in role.columns]
    return Text.assemble((role.role, "bold"), f", until {role.until}; reads {', '.join(shown)}")
