"""`esclusa check`: the promises read as a reviewer reads them, before anybody signs or runs anything.

Belongs here: arguments, the tables, the exit code. Does not: what is compared with what (`check.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from expectations.change.classes import ChangeClass
from expectations.environment import Environment
from expectations.signing.standing import standings
from orchestration.check import RELEASE, Checked, Promised, check, lint, lint_exposures
from orchestration.commands.platform import demand_known, plain_errors
from orchestration.settings import Settings, read_settings
from orchestration.signing import register_at

STYLES = {ChangeClass.BREAKING: "red", ChangeClass.WEAKENING: "red", ChangeClass.PERMISSIVE: "yellow"}


def check_promises(
    datasets: Annotated[list[str] | None, typer.Argument(help="Datasets to look at; all of them where absent.")] = None,
    against: Annotated[
        str, typer.Option(help="`release`, the contract of the last release; or a git revision.")
    ] = RELEASE,
) -> None:
    """Lint every promise, classify what changed, and say which version, signatures and readers it concerns."""
    console = Console(file=sys.stdout, soft_wrap=not sys.stdout.isatty())
    with plain_errors():
        settings = read_settings()
        promised = lint(settings.expectations)
        exposures = lint_exposures(settings, promised)
        demand_known(datasets or (), set(promised.contracts), "dataset")
        names = tuple(datasets or promised.contracts)
        checked = check(settings, promised, names, against)
        files = f"{len(promised.contracts)} contracts, {len(promised.sources)} source contracts"
        counted = f"{files}, {len(promised.glossary)} definitions, {len(promised.use_cases)} use cases"
        counted += f", {exposures} exposures"
        console.print(f"{counted}: no problem found", highlight=False)
        for doubt in promised.doubts(datetime.now(UTC).date()):
            console.print(Text(f"warning: {doubt}", style="yellow"))
        for one in checked:
            _show(console, one, against)
        _show_signoffs(console, settings, promised, names)
    raise typer.Exit(0 if all(one.holds for one in checked) else 1)


def _show(console: Console, one: Checked, against: str) -> None:
    if not one.before:
        console.print(f"\n{one.what} {one.name} {one.after}: not in {against} yet", highlight=False)
    elif one.changes:
        console.print(f"\n{one.what} {one.name} against {against}", style="bold", highlight=False)
        table = Table(box=None, pad_edge=False)
        for heading in ("class", "what changed", "it is", "who reads it"):
            table.add_column(heading, overflow="fold")
        for change, affected in one.changes:
            kind = Text(str(change.kind), style=STYLES.get(change.kind, ""))
            table.add_row(kind, Text(str(change)), Text(change.meaning), Text(", ".join(affected) or "nobody"))
        console.print(table)
        console.print(Text(_said_of_version(one), style="green" if one.holds else "red"))


def _said_of_version(one: Checked) -> str:
    made = "lowered" if one.made is None else f"{one.made} raised"
    demanded = f"{one.demanded} demanded, {made}: {one.before} → {one.after}"
    return demanded if one.holds else f"{demanded}; required: {one.least} or later"


def _show_signoffs(console: Console, settings: Settings, promised: Promised, names: Iterable[str]) -> None:
    register = register_at(settings, datetime.now(UTC))
    console.print()
    for name in names:
        found = standings(promised.contracts[name], Environment.PRODUCTION, register)
        said = ", ".join(f"{standing.role} {standing.word}" for standing in found)
        console.print(f"sign-off of {name} for production: {said}", highlight=False)
