"""Commands of the platform: listed from the package's entry points, imported only when called.

Belongs here: their one-line help, and what is said where the platform is absent. Does not: what they do.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from esclusa.errors import Misused

GROUP = "esclusa.commands"
PANEL = "Platform (from a checkout, with the extra `platform`)"
# The way of a reader: find, read, ask why, follow, take away, set up, serve. Typer alone would list groups last.
OWN = [
    "catalog",
    "find",
    "read",
    "sql",
    "why",
    "verify",
    "lineage",
    "impact",
    "docs",
    "export",
    "use-cases",
    "trust",
    "serve",
    "mcp",
    "tokens",
    "ledger",
]
# Written here and not beside the code, so that `esclusa --help` imports none of it; a test holds both lists together.
HELP = {
    "run": "Land, build, audit, certify and publish; ends with a table.",
    "dev": "Dagster UI and daemon on the same definitions; ends with Ctrl-C.",
    "check": "Lint every promise, classify what changed, and say which version, signatures and readers it concerns.",
    "revoke": "Take a certificate back at once, and list everyone who read under it.",
    "erase": "Erase a person from everything that is kept, prove it, and sign a receipt that does not name them.",
    "keys": "Rotate the keys that sign the golden repository, and those that seal columns.",
    "sample": "Generate sample data, labelled synthetic wherever it shows.",
    "checklist": "The six gate items with their evidence, who has signed, who must.",
    "sign": "Sign a contract as it reads, after its checklist; or take a signature back.",
    "waive": "Let one failing finding pass until a day; the second signer leaves out reason and day.",
    "notices": "What owners are told: letters that wait, dead letters, channels.",
}


class PlatformCommand(TyperCommand):
    """Stands for a command until it is called; then the real one takes over.

    Args:
        entry: where the real one is.
    """

    def __init__(self, entry: EntryPoint) -> None:
        super().__init__(entry.name, help=HELP.get(entry.name, ""), rich_help_panel=PANEL)
        self._entry = entry

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse the arguments by the real command, whose context then runs it."""
        return self._real().make_context(info_name, args, parent=parent, **extra)

    def _real(self) -> Any:
        try:
            loaded = self._entry.load()
        except (ImportError, AttributeError) as error:
            raise Misused(
                f"`esclusa {self.name}` belongs to the platform, which is not installed here.",
                observed=f"{type(error).__name__}: {error}",
                required="a checkout of the repository, with the platform's packages",
                remedy="pip install 'esclusa[platform]', and work in a checkout; `make run` there sets up both.",
            ) from error
        if isinstance(loaded, typer.Typer):
            return get_group(loaded)  # a group even of one command: `esclusa keys rotate`
        single = typer.Typer(add_completion=False)
        single.command(self.name)(loaded)
        return get_command(single)


class Commands(TyperGroup):
    """The client's own commands, then those of the platform."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the help page."""
        own = super().list_commands(ctx)
        platform = [entry.name for entry in entry_points(group=GROUP)]
        return [*sorted(own, key=[*OWN, *own].index), *sorted(platform, key=[*HELP, *platform].index)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command by name; one of the platform comes as its stand-in."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        return next((PlatformCommand(entry) for entry in entry_points(group=GROUP, name=cmd_name)), None)
