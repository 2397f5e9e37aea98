"""The workshop: the private warehouse, opened by one process at a time, and what the steps remember between runs.

Belongs here: the warehouse connection, its guard, small JSON records. Does not: what the records mean.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from expectations.sql import quote
from expectations.sql import text as literal
from lineage.files import sync
from orchestration.settings import Settings

PATIENCE_SECONDS = 900.0


class WorkshopBusy(RuntimeError):
    """Another process has held the warehouse for longer than a step should take."""


class WorkshopDamaged(RuntimeError):
    """A record of an earlier step cannot be read."""


class Workshop:
    """Access to the private side.

    Args:
        settings: where things are.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        settings.workshop.mkdir(parents=True, exist_ok=True, mode=0o700)

    @contextmanager
    def exclusive(self, patience: float = PATIENCE_SECONDS) -> Iterator[None]:
        """Hold the warehouse for this process: DuckDB refuses a second one, and a killed holder frees it at once.

        Args:
            patience: seconds to wait for another holder.

        Raises:
            WorkshopBusy: the holder did not finish in time.
        """
        path = self.settings.workshop / "warehouse.flock"
        with path.open("a+") as handle:
            _wait_for(handle.fileno(), path, patience)
            handle.truncate(0)
            handle.write(str(os.getpid()))
            handle.flush()
            yield

    @contextmanager
    def warehouse(self, patience: float = PATIENCE_SECONDS) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse, read-write, alone, in UTC and without network access to extensions.

        Args:
            patience: seconds to wait for another holder.

        Raises:
            WorkshopBusy: the holder did not finish in time.
        """
        with self.exclusive(patience), self.held(patience) as connection:
            yield connection

    @contextmanager
    def held(self, patience: float = PATIENCE_SECONDS) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse as `warehouse` opens it, for whoever holds it exclusively already.

        Args:
            patience: seconds to wait for a process that does not ask, such as the dbt of a killed step.
        """
        with self._connected(patience) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection

    def rewrite(self, compression: str = "auto") -> None:
        """Copy the warehouse into a new file and put that in its place: DuckDB keeps deleted bytes in the old one.

        Args:
            compression: DuckDB's `force_compression`; `uncompressed` lets a search for bytes see every value.

        Raises:
            WorkshopBusy: the holder of the warehouse did not finish in time.
        """
        warehouse, fresh = self.settings.warehouse, self.settings.workshop / "rewriting"
        with self.exclusive(), self._connected(PATIENCE_SECONDS) as held:
            held.execute("CHECKPOINT")
            held.close()
            shutil.rmtree(fresh, ignore_errors=True)  # of one that was killed
            fresh.mkdir(mode=0o700)
            with duckdb.connect(config=self._config()) as connection:
                connection.execute(f"SET force_compression = {literal(compression)}")
                connection.execute(f"ATTACH {literal(str(warehouse))} AS old (READ_ONLY)")
                # Views name the catalogue, which DuckDB calls as the file is called.
                connection.execute(f"ATTACH {literal(str(fresh / warehouse.name))} AS {quote(warehouse.stem)}")
                connection.execute(f"COPY FROM DATABASE old TO {quote(warehouse.stem)}")
                connection.execute(f"DETACH old; DETACH {quote(warehouse.stem)}")
            sync(fresh / warehouse.name)
            (fresh / warehouse.name).replace(warehouse)
            sync(self.settings.workshop)
            warehouse.with_name(f"{warehouse.name}.wal").unlink(missing_ok=True)
            for scratch in (fresh, self.settings.workshop / "scratch"):
                shutil.rmtree(scratch, ignore_errors=True)

    def _connected(self, patience: float) -> duckdb.DuckDBPyConnection:
        """Connect; the dbt of a step that was killed may outlive it and still hold the file."""
        deadline = time.monotonic() + patience
        while True:
            try:
                return duckdb.connect(str(self.settings.warehouse), config=self._config())
            except duckdb.IOException as error:
                if "Could not set lock" not in str(error):
                    raise
                if time.monotonic() > deadline:
                    holder = re.search(r"PID (\d+)", str(error))
                    raise _busy(holder.group(1) if holder else "unknown", patience) from None
                time.sleep(0.1)

    def _config(self) -> dict[str, str | bool | int | float | list[str]]:
        # Scratch files hold rows: they stay in the private directory.
        return {
            # A pin sorts on disk beyond this, to the same bytes; a small machine keeps room for the rest.
            "memory_limit": "2GB",
            "temp_directory": str(self.settings.workshop / "scratch"),
            "autoinstall_known_extensions": False,
            "allow_persistent_secrets": False,
        }

    def recall(self, kind: str, name: str) -> dict[str, Any] | None:
        """The record of that kind and name, or None.

        Args:
            kind: `landings`, `builds`, `decisions` …
            name: a dataset, a table or a step.
        """
        path = self._record(kind, name)
        if not path.exists():
            return None
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            raise WorkshopDamaged(
                f"{path} is cut short or was edited; required: the record as a step wrote it; "
                f"next: delete that file and run again: what it said is measured anew"
            ) from None
        return document

    def forget(self, kind: str, name: str) -> None:
        """Remove a record, if there is one."""
        self._record(kind, name).unlink(missing_ok=True)

    def remember(self, kind: str, name: str, document: Mapping[str, Any]) -> None:
        """Replace a record whole: a reader sees the old one or the new one.

        Args:
            document: JSON-compatible.
        """
        path = self._record(kind, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(json.dumps(document, ensure_ascii=False, indent=1, default=str), encoding="utf-8")
        temporary.replace(path)

    def _record(self, kind: str, name: str) -> Path:
        return self.settings.workshop / kind / f"{name}.json"


def _wait_for(descriptor: int, path: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise _busy(path.read_text().strip() or "unknown", patience) from None
            time.sleep(0.1)
        else:
            return


def _busy(holder: str, patience: float) -> WorkshopBusy:
    return WorkshopBusy(
        f"the warehouse has been held by process {holder} for more than {patience:.0f} s; required: one step at a "
        f"time; look at that run in the Dagster UI, or end the process and start again"
    )
