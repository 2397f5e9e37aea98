"""`python -m benchmarks.readers`: 200 readers of one service while releases are published and a certificate is revoked.

Belongs here: the service, what is done to it, what must hold, the table. Does not: the readers (`load.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import esclusa
from benchmarks.load import Reader, Seen, read_for, thinking
from esclusa.ledger.ledger import Ledger
from esclusa.server.tokens import TokenFile
from expectations.contract import Role
from tests.golden_repository import READER, certified, open_small

ROWS = 5000
THINK = 2.0  # seconds between two reads of one reader, on average
EVERY = 5.0  # seconds between two releases
CLERK = Role("clerk", "read", ("billing",), ("ada",), date(2099, 12, 31), {"deny": ["customer"]}, 1)
MODEL = Role("model", "read", ("scoring",), ("ada",), date(2099, 12, 31), {"mask": {"customer": "hash"}}, 1)
COLUMNS = ("order_id", "customer", "amount", "note")


@dataclass(frozen=True)
class Result:
    """What came of a run.

    Args:
        idle: one reader alone.
        loaded: all of them, while releases were published.
        wrong: what must not have been; empty where all held.
        releases: that were published meanwhile.
        peak: memory of the service, MB.
        entries: reads in the ledger.
    """

    idle: Seen
    loaded: Seen
    wrong: list[str]
    releases: int
    peak: float
    entries: int

    @property
    def ratio(self) -> float:
        """The 95th percentile under load, against the median of a reader alone."""
        return self.loaded.percentile(0.95) / self.idle.percentile(0.5)

    @property
    def ratio_of_tails(self) -> float:
        """The 95th percentiles, under load and alone."""
        return self.loaded.percentile(0.95) / self.idle.percentile(0.95)


def run(home: Path, count: int, seconds: float, think: float = THINK) -> Result:
    """Serve, read, publish, revoke, and compare what was seen with what was due.

    Args:
        home: an empty directory.
        count: of readers.
        seconds: how long.
        think: seconds between two reads of one reader, on average.
    """
    build(home)
    readers = make_readers(home, count)
    with serving(home) as (url, process):
        idle = Seen()
        for reader in readers[:4]:  # one of each kind, one after the other: nobody else asks
            alone = asyncio.run(read_for(url, [reader], seconds / 12, lambda: 0.05))
            idle.seconds += alone.seconds
            idle.wrong += alone.wrong
        with publishing(home, seconds) as told:
            loaded = asyncio.run(read_for(url, readers, seconds, thinking(think)))
        peak = _peak(process.pid)
    revoked_from, revoked_by, releases = told
    wrong = [*idle.wrong, *loaded.wrong]
    for name, at, status in loaded.refused:
        if (name, status) != ("doomed", 410) or at < revoked_from:
            wrong.append(f"{name}: status {status}")
    wrong += [f"{name}: served though revoked" for name, at in loaded.served if name == "doomed" and at > revoked_by]
    entries = sum(1 for entry in Ledger(home / "ledger.sqlite").entries("read"))
    if entries < len(loaded.seconds) + len(idle.seconds):
        wrong.append(f"{len(loaded.seconds) + len(idle.seconds)} answers, {entries} entries")
    return Result(idle, loaded, wrong, int(releases), peak, entries)


def build(home: Path) -> None:
    """A golden repository of two datasets: one that goes on, one whose certificate will be revoked."""
    publish(home, "orders", 0)
    publish(home, "doomed", 0)
    esclusa.trust(home / "golden", state=home / "state")


def publish(home: Path, dataset: str, number: int) -> None:
    """A new certificate over new rows."""
    writer = open_small(home / "golden", home / "keys")
    rows = [
        {"order_id": f"{number}-{i:06}", "customer": f"customer-{i % 97}", "amount": i * 1.5, "note": "leave it here"}
        for i in range(ROWS)
    ]
    made = certified(writer, dataset, rows, now=datetime.now(UTC), roles=(READER, CLERK, MODEL))
    writer.publish([made])


def make_readers(home: Path, count: int) -> list[Reader]:
    """Readers with a token each: whole, without a column, with it masked, and of what will be revoked."""
    file = TokenFile(home / "tokens.json")
    kinds: list[dict[str, Any]] = [
        {"dataset": "orders", "asked": {"role": "tester", "purpose": "testing"}, "columns": COLUMNS},
        {
            "dataset": "orders",
            "asked": {"role": "clerk", "purpose": "billing"},
            "columns": tuple(name for name in COLUMNS if name != "customer"),
            "hidden": (b"customer-",),
        },
        {
            "dataset": "orders",
            "asked": {"role": "model", "purpose": "scoring"},
            "columns": COLUMNS,
            "hidden": (b"customer-",),
        },
        {"dataset": "doomed", "asked": {"role": "tester", "purpose": "testing"}, "columns": COLUMNS},
    ]
    tomorrow, readers = datetime.now(UTC) + timedelta(days=1), []
    for number in range(count):
        kind = kinds[number % len(kinds)]
        token, _ = file.add(f"reader-{number}", [kind["asked"]["role"]], [], False, tomorrow)
        readers.append(Reader(token, **kind))
    return readers


@contextmanager
def serving(home: Path, port: int = 8641) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """`esclusa serve` in a process of its own, as people run it."""
    environment = {**os.environ, "ESCLUSA_STATE": str(home / "state"), "ESCLUSA_SERVE_RATE": "1000"}
    command = [sys.executable, "-c", "from esclusa.cli import main; main()", "serve", "--port", str(port)]
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--repository", str(home / "golden")], env=environment, stdout=log, stderr=log
        )
        try:
            wait_until_ready(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.terminate()
            process.wait(60)


def wait_until_ready(url: str) -> None:
    """Return once the service answers that it is ready."""
    end = time.monotonic() + 120
    while True:
        try:
            with urlopen(f"{url}/readyz", timeout=5):  # noqa: S310 - our own address
                return
        except (URLError, OSError):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


@contextmanager
def publishing(home: Path, seconds: float) -> Iterator[list[float]]:
    """A publisher in a process of its own; afterwards: when it began to revoke, when that was done, its releases."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=publisher, args=(home, seconds, theirs))
    process.start()
    told: list[float] = []
    try:
        ours.recv()  # its packages are loaded
        yield told
        told += ours.recv()
    finally:
        process.join(60)


def publisher(home: Path, seconds: float, pipe: Any) -> None:
    """Publish every few seconds, and revoke at half-time."""
    writer = open_small(home / "golden", home / "keys")
    doomed = writer.certificate("doomed")
    assert doomed is not None
    begun, number, revoked = time.monotonic(), 0, (0.0, 0.0)
    pipe.send("ready")
    while time.monotonic() < begun + seconds - 1:
        time.sleep(min(EVERY, seconds / 5))
        number += 1
        publish(home, "orders", number)
        if not revoked[0] and time.monotonic() > begun + seconds / 2:
            at = time.monotonic()
            writer.revoke("doomed", doomed, by="ada", reason="computed from a test extract")
            revoked = (at, time.monotonic())
    pipe.send([*revoked, number])


def _peak(pid: int) -> float:
    """The most memory that a process ever held, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Run, show, and fail where something was wrong."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.readers", description=__doc__)
    options.add_argument("--readers", type=int, default=200)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--think", type=float, default=THINK, help="seconds between two reads of one reader")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="esclusa-readers-") as directory:
        result = run(Path(directory), chosen.readers, chosen.seconds, chosen.think)
    for name, seen in (("one reader alone", result.idle), (f"{chosen.readers} readers", result.loaded)):
        figures = ", ".join(f"p{share * 100:g} {seen.percentile(share) * 1000:.1f} ms" for share in (0.5, 0.95, 0.99))
        print(f"{name}: {len(seen.seconds):,} answers, {figures}")
    print(f"p95 under load / median alone: {result.ratio:.2f}; p95 / p95: {result.ratio_of_tails:.2f}")
    print(f"{result.releases} releases, {len(result.loaded.certificates)} certificates read under, 1 revoked")
    print(f"{len(result.loaded.refused)} refusals, all due; {result.entries:,} reads in the ledger")
    print(f"peak memory of the service: {result.peak:.0f} MB")
    if result.wrong:
        sys.exit(f"{len(result.wrong)} things were wrong, the first: {result.wrong[0]}")


if __name__ == "__main__":
    main()
