"""Listening: uvicorn around the service, and what whoever started it is told.

Belongs here: addresses, TLS, workers, the end. Does not: the application (`app.py`).
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from socket import AF_INET, AF_INET6, create_server, socket

import uvicorn
from rich.console import Console
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from esclusa.errors import Misused
from esclusa.location import is_loopback
from esclusa.server.app import create_app
from esclusa.server.heads import Heads
from esclusa.server.logs import CONFIG
from esclusa.server.own_user import let_in
from esclusa.server.service import Service, open_service
from esclusa.settings import load_settings

SWITCH = 0.0005  # seconds that one thread computes before another may: who proves a release keeps no answer waiting
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
        return is_loopback(self.host)

    @property
    def url(self) -> str:
        """Where clients find it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certfile else 'http'}://{host}:{self.port}"

    def bind(self) -> socket:
        """The address, taken.

        Raises:
            Misused: it cannot be had.
        """
        family = AF_INET6 if ":" in self.host else AF_INET
        try:
            bound = create_server((self.host, self.port), family=family)
        except OSError as error:
            raise Misused(
                f"{self.host}:{self.port} cannot be listened on.",
                observed=error.strerror or type(error).__name__,
                required="an address of this machine and a free port",
                remedy=f"End what listens there, or choose another port: esclusa serve --port {self.port + 1}",
            ) from None
        bound.set_inheritable(True)  # for the workers
        return bound

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
    is_for_own_user = listening.is_loopback and not service.production
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, _leave)
    bound = listening.bind()  # before anybody is let in: a second start on this port takes nothing from the first
    with bound, let_in(service, listening.url) if is_for_own_user else nullcontext(False) as is_let_in:
        # For `application`, also in other processes: what is served, and that the announced address is one of its own.
        os.environ["ESCLUSA_REPOSITORY"] = str(service.directory)
        os.environ["ESCLUSA_SERVE_HOSTS"] = ",".join(sorted(service.limits.hosts | {listening.host.lower()}))
        config = uvicorn.Config(
            "esclusa.server.serve:application",
            factory=True,
            workers=listening.workers,
            ssl_certfile=listening.certfile,
            ssl_keyfile=listening.keyfile,
            timeout_graceful_shutdown=DRAIN,
            server_header=False,
            access_log=False,
            log_config=CONFIG,
            http=Heads,
        )
        server = _Announcing(config, partial(announce, Console(), service, listening, is_let_in))
        if listening.workers == 1:
            server.run(sockets=[bound])
        else:
            server.tell()
            Multiprocess(config, sockets=[bound]).run()


class _Announcing(uvicorn.Server):
    """Says where it listens once it does."""

    def __init__(self, config: uvicorn.Config, tell: Callable[[], None]) -> None:
        super().__init__(config)
        self.tell = tell

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """As uvicorn's."""
        await super().startup(sockets)
        self.tell()


def _leave(*_: object) -> None:
    """uvicorn raises the signal again once the last answer is sent: it ends the process in order, not at once."""
    raise SystemExit(0)


def application() -> ASGIApp:
    """The service of this process's settings; what uvicorn's workers call."""
    sys.setswitchinterval(SWITCH)
    return create_app(open_service(load_settings()))


def announce(console: Console, service: Service, listening: Listening, is_let_in: bool) -> None:
    """Say where it listens, and how to be let in.

    Args:
        service: what is served.
        listening: where.
        is_let_in: this user's own client needs no token of its own.
    """
    lines = [f"esclusa serves {service.directory} on {listening.url}; Ctrl-C ends it"]
    if is_let_in:
        lines.append(f"Your own reads need nothing more: export ESCLUSA_REPOSITORY={listening.url}")
    where = f"--repository {shlex.quote(str(service.directory))}"  # also where the line above was typed before
    lines.append(f"Other callers need a token: esclusa tokens add <name> --role <role> --expires 30d {where}")
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
    if not listening.is_loopback and listening.certfile is None:
        console.print(
            f"Warning: {listening.host} can be reached from other machines, and without TLS tokens and rows can be "
            "read on their way. Give --certfile and --keyfile, or let a proxy with TLS stand before it.",
            style="bold yellow",
            highlight=False,
        )
