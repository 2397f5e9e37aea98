"""`esclusa dev` in processes of its own, asked over GraphQL on the loopback interface; always ended."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 400.0  # seconds; on a quiet machine a tenth of it is enough


@dataclass(frozen=True)
class Ui:
    """A web server of Dagster.

    Args:
        port: on 127.0.0.1.
        log: what its processes print.
    """

    port: int
    log: Path

    def ask(self, query: str, **variables: Any) -> Any:
        """The data that answers a query."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        address = f"http://127.0.0.1:{self.port}/graphql"
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            document = json.load(answer)
        assert "errors" not in document, document
        return document["data"]

    @property
    def answers(self) -> bool:
        """True once the server is up."""
        try:
            return bool(self.ask("{ version }"))
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


@contextmanager
def served(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator[Ui]:
    """A UI that is up, in a process group that is ended with the block.

    Args:
        command: the port is added to it.
        log: where its output goes.
    """
    port = free_port()
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, str(port)], env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    ui = Ui(port, log)
    try:
        wait_until(lambda: ui.answers or process.poll() is not None, "the UI is up")
        assert process.poll() is None, log.read_text()
        yield ui
    finally:
        end(process)


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(holds: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Ask until it holds.

    Raises:
        AssertionError: it does not in time.
    """
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, f"waited {patience:.0f} s in vain: {what}"
        time.sleep(0.25)


def end(process: subprocess.Popen[Any]) -> None:
    """End the process as Ctrl-C would, and, whatever comes, its whole group."""
    with suppress(subprocess.TimeoutExpired, ProcessLookupError):
        process.send_signal(signal.SIGINT)
        process.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
