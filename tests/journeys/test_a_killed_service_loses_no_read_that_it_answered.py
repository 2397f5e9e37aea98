"""Promise: a service that is killed under load and started again has every read that it answered in its ledger."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from benchmarks.load import Connection, Reader
from benchmarks.readers import build, make_readers, serving
from esclusa.ledger.ledger import Ledger

READERS, KILLS, SECONDS = 20, 2, 1.0
PORT = 8642


async def read_on(url: str, readers: list[Reader], counts: list[int], answered: set[tuple[str, int]]) -> None:
    """Read as fast as it goes; every read asks for one row more than its reader ever did: so each is known again."""

    async def read(number: int, reader: Reader) -> None:
        connection = Connection(url, reader.token)
        path = f"/v1/datasets/{reader.dataset}/rows"
        try:
            while True:
                counts[number] += 1
                limit = counts[number]
                status, _, _ = await connection.get(path, {**reader.asked, "limit": str(limit)})
                assert status == 200
                answered.add((f"token:reader-{number}", limit))
        except (OSError, EOFError):
            connection.close()

    await asyncio.gather(*(read(number, reader) for number, reader in enumerate(readers)))


def test_a_killed_service_loses_no_read_that_it_answered(tmp_path: Path) -> None:
    build(tmp_path)
    readers = make_readers(tmp_path, READERS)
    answered: set[tuple[str, int]] = set()
    counts = [0] * READERS

    async def until_killed(url: str, pid: int) -> None:
        reading = asyncio.create_task(read_on(url, readers, counts, answered))
        await asyncio.sleep(SECONDS)
        os.kill(pid, signal.SIGKILL)
        await reading

    for _ in range(KILLS):
        with serving(tmp_path, PORT) as (url, process):
            before = len(answered)
            asyncio.run(until_killed(url, process.pid))
            process.wait(30)
            assert len(answered) > before + READERS, "it was under load when it was killed"
    ledger = Ledger(tmp_path / "ledger.sqlite")
    recorded = {(entry.body["user"], entry.body["rows"]) for entry in ledger.entries("read")}
    assert not answered - recorded
    assert not ledger.verify()
