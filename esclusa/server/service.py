"""What every part of the service stands on: the release in force, who calls, and the one way to rows.

Belongs here: `Service` and `Extension`, which pages and tools for agents are written against. Does not: HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Semaphore
from typing import TYPE_CHECKING

from esclusa.errors import EsclusaError, Misused
from esclusa.ledger.reads import ReadLog
from esclusa.location import locate
from esclusa.permission import Request
from esclusa.server.callers import Caller, Callers
from esclusa.server.pinned import Current, Pinned
from esclusa.server.settings import ServerSettings, load_server_settings
from esclusa.server.tokens import TokenFile
from esclusa.settings import Settings, ledger_for

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from esclusa.rows import Rows

AT_ONCE = 2  # datasets whose files are in memory at once: what bounds the memory of answers that are made


@dataclass(frozen=True)
class Service:
    """One service over one golden repository. Everything here blocks: call it from a thread.

    Args:
        directory: of the golden repository.
        settings: of its reader.
        limits: of the service.
        current: the release in force.
        callers: who may call.
        memory: turns at holding the files of a dataset in it, taken around every decoding.
    """

    directory: Path
    settings: Settings
    limits: ServerSettings
    current: Current
    callers: Callers
    memory: Semaphore = field(default_factory=lambda: Semaphore(AT_ONCE))

    @property
    def release(self) -> Pinned:
        """The release in force now; ask anew for every request.

        Raises:
            EsclusaError: the release itself is refused.
        """
        return self.current.release()

    @property
    def production(self) -> bool:
        """True where what was certified in a sandbox is refused."""
        return self.settings.environment == "production"

    def warm(self) -> None:
        """Do once, before the first caller waits for it, what every first read needs: engines loaded, proofs made."""
        import cedarpy  # noqa: F401 - loaded for those who come
        import duckdb  # noqa: F401
        import pyarrow.dataset  # noqa: F401

        with suppress(EsclusaError):
            release = self.release
            for dataset in release.datasets:
                with suppress(EsclusaError):
                    release.vouched(dataset)

    @contextmanager
    def opened(
        self, caller: Caller, dataset: str, role: str, purpose: str, columns: Sequence[str] | None = None
    ) -> Iterator[Rows]:
        """The rows that a caller may have: by its own rights first, then by the contract; refusals are recorded.

        Args:
            caller: as `callers.identify` told.
            dataset: its name.
            role, purpose: as the request says; empty where it says nothing.
            columns: which are wanted; default all that are permitted.

        Raises:
            EsclusaError: as `Release.opened`, and NotPermitted where the caller may not take that role or purpose.
        """
        request = Request(role, purpose, self.production, caller.name)
        log = ReadLog(self.current.ledger, role, purpose, caller.name)
        with log.refusals(dataset, columns):
            caller.demand(role, purpose)
            release = self.release
        with release.opened(dataset, request, columns) as rows:
            yield rows


@dataclass(frozen=True)
class Extension:
    """A part of the service that lives in a package of its own.

    Args:
        routes: of Starlette, in order.
        lifespan: is entered before the first request and left after the last.
    """

    routes: Sequence[BaseRoute]
    lifespan: Callable[[], AbstractAsyncContextManager[None]] | None = field(default=None)


def open_service(settings: Settings, limits: ServerSettings | None = None) -> Service:
    """A service over the repository of the settings.

    Args:
        settings: of its reader.
        limits: of the service; default those of the environment.

    Raises:
        Misused: the repository is no directory, or a limit is none.
    """
    location = locate(settings.repository)
    if location.directory is None:
        raise Misused(
            "A service hands out the golden repository of its own machine.",
            observed=location.name,
            required="a directory",
            remedy="esclusa serve --repository .esclusa/golden",
        )
    limits = limits or load_server_settings(location.directory)
    current = Current(location, settings, ledger_for(settings, location, shared=True))
    callers = Callers(TokenFile(limits.tokens), limits.provider, limits.rate)
    return Service(location.directory, settings, limits, current, callers)
