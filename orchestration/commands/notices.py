"""`esclusa notices`: what waits to be told, what could not be, and whether a channel works.

Belongs here: arguments and tables. Does not: sending (`notices/sending.py`).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from esclusa.errors import Misused
from orchestration.commands.platform import demand_known, plain_errors
from orchestration.notices.channels import Channel, load_channels
from orchestration.notices.notice import Kind, Notice
from orchestration.notices.outbox import Letter, Outbox, new_id
from orchestration.notices.sending import ATTEMPTS, PATIENCE_SECONDS, post, send_due
from orchestration.settings import Settings, read_settings

_UNREACHABLE = 4  # as of everything that gives no answer

notices = typer.Typer(help="What owners are told: letters that wait, dead letters, channels.")


@notices.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")] = False,
) -> None:
    """List the letters that wait, the dead ones and the channels."""
    if context.invoked_subcommand is not None:
        return
    with plain_errors():
        settings = read_settings()
        outbox, channels, named = Outbox(settings.notices), load_channels(settings), _named(settings)
    if as_json:
        letters = [_plain(x, state) for state, found in _states(outbox) for x in found]
        unknown = sorted(named.keys() - channels.keys())
        print(json.dumps({"letters": letters, "channels": sorted(channels), "withoutEnd": unknown}, indent=1))
        return
    console = Console(file=sys.stdout)
    for state, found in _states(outbox):
        if found:
            console.print(_letters(found, state))
            console.print()
    if not outbox.pending() and not outbox.dead():
        console.print("nothing waits, and there are no dead letters")
    console.print(_channels(channels, named))
    if outbox.dead():
        console.print("next: esclusa notices retry", highlight=False)


@notices.command("retry")
def retry(
    letters: Annotated[
        list[str] | None, typer.Argument(help="Letters to try again; all dead ones where absent.")
    ] = None,
) -> None:
    """Try dead letters again now, or letters that wait for their next try."""
    with plain_errors():
        settings = read_settings()
        outbox = Outbox(settings.notices)
        known = {letter.id: letter for letter in (*outbox.pending(), *outbox.dead())}
        demand_known(letters or (), known, "letter")
        wanted = [known[name] for name in letters] if letters else outbox.dead()
        now = datetime.now(UTC)
        revived = outbox.revive(wanted, now)
        done = send_due(settings, now=now)
    print(f"{revived} letters tried again: {done.sent} sent, {done.put_off + done.buried} not")
    raise typer.Exit(0 if not done.put_off + done.buried else _UNREACHABLE)


@notices.command("test")
def test(
    channel: Annotated[str, typer.Argument(help="As contracts write it, with or without its #.")],
) -> None:
    """Send a test notice on a channel and say what came back."""
    with plain_errors():
        settings = read_settings()
        channels = load_channels(settings)
        if not channels:
            raise Misused(
                "No channel has a receiving end.",
                observed="there is no file of channels",
                required="keys/channels.yaml in ESCLUSA_HOME, or ESCLUSA_CHANNELS",
                remedy="write one (docs/notifications.md)",
            )
        # A shell takes `#…` for a comment: the name without it will do.
        channel = channel if channel in channels else f"#{channel}"
        demand_known([channel], channels, "channel")
    began = time.monotonic()
    failed = post(channels[channel], _test_letter(settings, channel), PATIENCE_SECONDS)
    took = time.monotonic() - began
    Console(file=sys.stdout).print(
        f"{channel}: {failed or 'received'}, after {took:.1f} s", style="red" if failed else "green", highlight=False
    )
    raise typer.Exit(_UNREACHABLE if failed else 0)


def _test_letter(settings: Settings, channel: str) -> Letter:
    now = datetime.now(UTC)
    notice = Notice(
        kind=Kind.TEST,
        subject=channel,
        datasets=(),
        use_cases=(),
        what=f"{channel} takes notices of esclusa.",
        observed="",
        required="",
        owner="",
        remedy="nothing: somebody tries this channel",
        environment=str(settings.environment),
        link="",
        at=now,
    )
    return Letter(new_id(), channel, notice, 0, now, "")


def _states(outbox: Outbox) -> tuple[tuple[str, tuple[Letter, ...]], ...]:
    return ("waiting", outbox.pending()), ("dead", outbox.dead())


def _plain(letter: Letter, state: str) -> dict[str, Any]:
    said = {"id": letter.id, "state": state, "channel": letter.channel, "attempts": letter.attempts}
    return {**said, "due": letter.due.isoformat(), "reason": letter.reason, "notice": letter.notice.to_json()}


def _letters(found: Iterable[Letter], state: str) -> Table:
    table = _table(state, "letter", "channel", "what")
    for letter in found:
        when = (
            f"next {letter.due:%Y-%m-%d %H:%M} UTC"
            if state == "waiting"
            else f"of {letter.notice.at:%Y-%m-%d %H:%M} UTC"
        )
        tried = f"{letter.attempts} of {ATTEMPTS} tries failed, {when}" if letter.attempts else "not tried yet"
        said = "; ".join(part for part in (tried, letter.reason) if part)
        table.add_row(letter.id, Text(letter.channel), Text.assemble(letter.notice.title, (f"\n{said}", "dim")))
    table.columns[0].no_wrap = True
    return table


def _channels(channels: dict[str, Channel], named: dict[str, list[str]]) -> Table:
    table = _table("channels", "channel", "kind", "named by")
    for name in sorted(channels.keys() | named.keys()):
        kind = Text(channels[name].kind) if name in channels else Text("no receiving end", style="yellow")
        table.add_row(Text(name), kind, ", ".join(named.get(name, ())) or "no contract")
    return table


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _named(settings: Settings) -> dict[str, list[str]]:
    """Channel → contracts that name it."""
    from orchestration.promises import load_promises

    promises = load_promises(settings)
    named: dict[str, list[str]] = {}
    supports = [(name, contract.support) for name, contract in promises.contracts.items()]
    supports += [(system, source.support) for system, source in promises.sources.items()]
    for name, support in supports:
        for entry in support:
            named.setdefault(str(entry["channel"]), []).append(name)
    return {channel: sorted(set(names)) for channel, names in named.items()}
