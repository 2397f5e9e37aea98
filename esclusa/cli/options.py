"""What several commands take, and how they open a release.

Belongs here: options whose words are the same everywhere. Does not: the commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from esclusa.reader import Release

Where = Annotated[
    str | None, typer.Option("--repository", "-r", help="Golden repository: directory or URL [$ESCLUSA_REPOSITORY].")
]
Role = Annotated[str | None, typer.Option("--role", help="In which you read [$ESCLUSA_ROLE].")]
Purpose = Annotated[str | None, typer.Option("--purpose", help="What you read for [$ESCLUSA_PURPOSE].")]
AllowSandbox = Annotated[bool, typer.Option("--allow-sandbox", help="In production too, accept a sandbox certificate.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


def open_release(repository: str | None) -> Release:
    """The newest release; TUF and Arrow are loaded here and not with the command line.

    Args:
        repository: as the option gave it.
    """
    from esclusa.reader import open as open_newest

    return open_newest(repository)
