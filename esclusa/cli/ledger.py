"""`esclusa ledger`: what was recorded, and whether it can be believed.

Belongs here: both commands and their tables. Does not: the chain and its checks (`esclusa/ledger`).
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from esclusa.cli.options import AsJson, Where
from esclusa.errors import Misused, Tampered, nearest
from esclusa.ledger.ledger import KINDS, Entry, Ledger

if TYPE_CHECKING:
    from esclusa.ledger.check import LedgerReport
    from esclusa.location import Location
    from esclusa.settings import Settings

DIGEST = 64  # letters of a SHA-256, shown by its first twelve
app = typer.Typer(no_args_is_help=True, help="What was decided, released, read and revoked, in a chain of hashes.")


@app.command()
def show(
    kind: Annotated[str | None, typer.Option(help=f"Only this kind: {', '.join(KINDS)}.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Only what is about this dataset.")] = None,
    last: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 20,
    repository: Where = None,
    as_json: AsJson = False,
) -> None:
    """List entries of the ledger, the newest last."""
    if kind is not None and kind not in KINDS:
        raise Misused(
            f"The ledger has no kind {kind!r}.", required=", ".join(KINDS), remedy=nearest(kind, tuple(KINDS))
        )
    _, _, ledger = _found(repository)
    entries = deque(ledger.entries(kind, dataset), maxlen=last)
    if as_json:
        print(json.dumps([_plain(entry) for entry in entries], ensure_ascii=False, indent=1))
    elif entries:
        Console().print(_table(entries))
    else:
        Console().print(f"Nothing of that is recorded in {ledger.place}.")


@app.command()
def verify(repository: Where = None, as_json: AsJson = False) -> None:
    """Find any entry that was edited, removed, moved or inserted, and an end that was cut off."""
    from esclusa.ledger.check import check_ledger
    from esclusa.repository import Repository

    settings, location, ledger = _found(repository)
    is_own = ledger.place == str(settings.own_ledger.absolute())
    report = check_ledger(ledger, None if is_own else Repository(location, settings.state))
    if as_json:
        said = {**asdict(report), "last": _plain(report.last) if report.last else None, "ok": not report.problems}
        print(json.dumps(said, ensure_ascii=False, indent=1))
    elif report.problems:
        Console().print(_problems(report))
    elif report.last is None:
        Console().print(f"{report.place} is empty, and no certificate names an entry of it.")
    else:
        Console().print(
            f"{report.place}: {report.last.sequence:,} entries, every one follows the one before.\n"
            + (
                "A reader's own ledger: no certificate vouches for its end."
                if is_own
                else f"The entries that {report.certificates:,} certificates name are in it, and their releases."
            ),
            highlight=False,
        )
    if report.problems:
        first = report.problems[0]
        raise Tampered(
            f"The ledger {report.place} is not as it was written.",
            observed=f"{len(report.problems)} problems, the first at entry {first.sequence}: {first.what}",
            required="every entry as it was appended, none missing",
            remedy="Keep this file as evidence, restore the ledger from its backup, and verify that (docs/operate.md).",
        )


def _found(repository: str | None) -> tuple[Settings, Location, Ledger]:
    from esclusa.location import locate
    from esclusa.settings import ledger_for, load_settings

    settings = load_settings(repository)
    location = locate(settings.repository)
    return settings, location, ledger_for(settings, location)


def _table(entries: deque[Entry]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in ("entry", "at (UTC)", "kind", "dataset", "what"):
        table.add_column(header, justify="right" if header == "entry" else "left", overflow="fold")
    for entry in entries:
        said = {name: value for name, value in entry.body.items() if value not in (None, "", [], {})}
        what = ", ".join(f"{name} {_short(value)}" for name, value in said.items())
        table.add_row(str(entry.sequence), f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.kind, entry.dataset, Text(what))
    return table


def _problems(report: LedgerReport) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("entry", justify="right")
    table.add_column("problem", overflow="fold")
    for problem in report.problems:
        table.add_row(str(problem.sequence), Text(problem.what, style="red"))
    return table


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={_short(item)}" for name, item in value.items())
    if isinstance(value, list):
        return " ".join(_short(item) for item in value)
    text = str(value)
    return f"{text[:12]}…" if len(text) == DIGEST and " " not in text else text


def _plain(entry: Entry) -> dict[str, Any]:
    return {name: v.isoformat() if isinstance(v, datetime) else v for name, v in asdict(entry).items()}
