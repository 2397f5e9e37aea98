"""`esclusa serve`: what it takes, and what it says before it listens.

Belongs here: the command. Does not: the service (`esclusa/server/`), which is loaded when the command is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from esclusa.cli.options import Where
from esclusa.errors import Misused


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    repository: Where = None,
    certfile: Annotated[Path | None, typer.Option(help="Certificate chain of TLS, PEM.")] = None,
    keyfile: Annotated[Path | None, typer.Option(help="Private key of TLS, PEM.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes; each keeps its own limits and cache.")] = 1,
) -> None:
    """Serve certified data, the catalogue and tools for agents over HTTP; ends with Ctrl-C or SIGTERM."""
    try:
        from esclusa.server.serve import Listening, serve_until_told
    except ModuleNotFoundError as missing:
        raise Misused(
            "`esclusa serve` needs packages that are not installed here.",
            observed=f"no package {missing.name}",
            required="the extra `server`",
            remedy="pip install 'esclusa[server]'",
        ) from None
    serve_until_told(Listening(host, port, certfile, keyfile, workers), repository)
