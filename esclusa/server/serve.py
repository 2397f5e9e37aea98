"""Listening: uvicorn around the service, and what whoever started it is told.

Belongs here: addresses, TLS, workers, the end. Does not: the application (`app.py`).
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from rich.console import Console
from starlette.types import ASGIApp

from esclusa.errors import Misused
from esclusa.server.app import create_app
from esclusa.server.logs import CONFIG
from esclusa.server.service import Service, open_service
from esclusa.settings import load_settings

DRAIN = 30  # seconds that answers in work have to end after SIGTERM


@dataclass(frozen=True)
class Listening:
    """Where and how a service listens.

    Args:
        host, port: address.
        certfile, keyfile: of TLS, PEM; both or none.
        workers: processes.
    """

    host: str
    port: int
    certfile: Path | None = None
    keyfile: Path | None = None
    workers: int = 1

    @property
    def is_loopback(self) -> bool:
        """True where only this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def url(self) -> str:
        """Where clients find it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certfile else 'http'}://{host}:{self.port}"

    def demand_whole(self) -> None:
        """Refuse half a TLS.

        Raises:
            Misused: one of certificate and key is missing, or is no file.
        """
        given = [path for path in (self.certfile, self.keyfile) if path is not None]
        if len(given) == 1 or not all(path.is_file() for path in given):
            raise Misused(
                "TLS needs a certificate and its key.",
                observed=", ".join(map(str, given)),
                required="two files, PEM",
                remedy="esclusa serve --certfile chain.pem --keyfile key.pem",
            )


def serve_until_told(listening: Listening, repository: str | None) -> None:
    """Serve until SIGTERM or Ctrl-C; answers in work are finished.

    Args:
        listening: where.
        repository: directory of the golden repository; default from the settings.

    Raises:
        EsclusaError: it cannot be served at all.
    """
    listening.demand_whole()
    service = open_service(load_settings(repository))
    service.release  # noqa: B018 - what is wrong with the repository is told now, not to the first caller
    announce(Console(), service, listening)
    os.environ["ESCLUSA_REPOSITORY"] = str(service.directory)  # for `application`, also in other processes
    uvicorn.run(
        "esclusa.server.serve:application",
        factory=True,
        host=listening.host,
        port=listening.port,
        workers=listening.workers,
        ssl_certfile=listening.certfile,
        ssl_keyfile=listening.keyfile,
        timeout_graceful_shutdown=DRAIN,
        server_header=False,
        access_log=False,
        log_config=CONFIG,
    )


def application() -> ASGIApp:
    """The service of this process's settings; what uvicorn's workers call."""
    return create_app(open_service(load_settings()))


def announce(console: Console, service: Service, listening: Listening) -> None:
    """Say where it listens, and how to be let in.

    Args:
        service: what is served.
        listening: where.
    """
    console.print(f"esclusa serves {service.directory} on {listening.url}", highlight=False)
    console.print("Rows need a token: esclusa tokens add <name> --role <role> --expires 30d", highlight=False)
    if not listening.is_loopback and listening.certfile is None:
        console.print(
            f"Warning: {listening.host} can be reached from other machines, and without TLS tokens and rows can be "
            "read on their way. Give --certfile and --keyfile, or let a proxy with TLS stand before it.",
            style="bold yellow",
            highlight=False,
        )
