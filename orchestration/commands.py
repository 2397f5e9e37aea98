"""Commands of the platform, listed by `esclusa` and loaded when called.

Belongs here: arguments and exit codes. Does not: what the commands do; each imports its own room when it runs.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from orchestration.settings import ROOT, Settings, read_settings

DataOption = Annotated[Path | None, typer.Option(help="Directory of the source files; a generated sample where absent.")]


def run(
    data: DataOption = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this dataset and what it needs; repeatable.")] = None,
) -> None:
    """Land, build, audit, certify and publish; ends with a table."""
    console = Console()
    with _plain_errors(console):
        settings = _settings(data)
        _quiet()
        from orchestration.run import run as run_everything

        raise typer.Exit(run_everything(settings, tuple(only or ()), console))
