"""`esclusa revoke`: take a certificate back and see who read it.

Belongs here: arguments and the table of readers. Does not: the moves (`recall.py`).
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestration.commands.platform import plain_errors
from orchestration.settings import read_settings


def revoke(
    certificate: Annotated[str, typer.Argument(help="SHA-256 of a certificate, its file, or a dataset.")],
    reason: Annotated[str, typer.Option(help="Why; published, so name no person and no value.")],
    rollback: Annotated[bool, typer.Option("--rollback", help="Serve the last good release again.")] = False,
    requester: Annotated[str, typer.Option(help="Who asks for it, published; default this account.")] = "",
) -> None:
    """Take a certificate back at once, and list everyone who read under it."""
    console = Console(file=sys.stdout)
    with plain_errors():
        from esclusa.ledger.reads import account
        from orchestration import recall
        from orchestration.notices.sending import send_within
        from orchestration.platform import load_platform
        from orchestration.telling.relaying import relayed

        settings = read_settings()
        with relayed(settings):
            done = recall.revoke(
                load_platform(settings),
                certificate,
                reason=reason,
                requester=requester or account(),
                rollback=rollback,
            )
        send_within(settings)  # whoever reads is told now, and not when a daemon looks
    console.print(f"[red]revoked[/red] certificate {done.certificate[:12]}… of {done.dataset}", highlight=False)
    for name, again in done.again.items():
        console.print(f"{name}: golden serves certificate {again[:12]}… again", highlight=False)
    if done.serving is None:
        console.print(f"{done.dataset}: withdrawn; nothing is served until its candidate or contract is mended")
    elif not done.again:
        console.print(f"{done.dataset}: golden goes on serving certificate {done.serving[:12]}…", highlight=False)
    if not done.readers:
        console.print("nobody read it, as far as the ledger knows")
        return
    table = Table(title="who read it", title_justify="left", show_edge=False, pad_edge=False)
    for heading in ("user", "role", "purpose", "reads", "first (UTC)", "last (UTC)"):
        table.add_column(heading, justify="right" if heading == "reads" else "left", overflow="fold")
    for reader in done.readers:
        moments = (f"{moment:%Y-%m-%d %H:%M}" for moment in (reader.first, reader.last))
        table.add_row(reader.user, reader.role, reader.purpose, f"{reader.reads:,}", *moments)
    console.print(table)
