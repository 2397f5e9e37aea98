"""The `esclusa` command.

Belongs here: its entry point, and how an error leaves it. Does not: commands (`commands.py`), printing (`render.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from esclusa.errors import EsclusaError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with a code of `esclusa.errors.EXIT_CODES`.

    Args:
        arguments: default those of the process.
    """
    from esclusa.cli.commands import app

    try:
        app(None if arguments is None else list(arguments), prog_name="esclusa")
    except EsclusaError as error:
        from esclusa.cli.render import show_error

        show_error(error)
        sys.exit(error.exit_code)
