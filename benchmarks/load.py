"""Readers of a service, many at once: each asks, checks every answer for what it may see, thinks, and asks again.

Belongs here: the clients, and their figures. Does not: the service and what is done to it meanwhile (`readers.py`).
The model is an open one as far as 200 people are: a reader thinks for a while between two reads, so that a slow answer
does not slow down the others. Only the time from the first byte sent to the last one received is counted.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import pyarrow as pa


@dataclass(frozen=True)
class Reader:
    """One reader: who it is, what it asks for, what it may be answered.

    Args:
        token: that it shows.
        dataset: that it reads.
        asked: parameters of its requests.
        columns: that an answer has: no other, and none less.
        hidden: texts that no answer may hold.
    """

    token: str
    dataset: str
    asked: Mapping[str, str]
    columns: Sequence[str]
    hidden: Sequence[bytes] = ()


@dataclass
class Seen:
    """What the readers saw.

    Args:
        seconds: of each answer with rows.
        refused: of each refusal the dataset, when it had come (monotonic), its status.
        served: of each answer with rows the dataset, when it was asked for.
        wrong: what must not have been.
        certificates: that rows were handed out under.
    """

    seconds: list[float] = field(default_factory=list)
    refused: list[tuple[str, float, int]] = field(default_factory=list)
    served: list[tuple[str, float]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    certificates: set[str] = field(default_factory=set)

    def percentile(self, share: float) -> float:
        """Seconds that so large a share of the answers took at most."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def read_for(url: str, readers: Sequence[Reader], seconds: float, think: Callable[[], float]) -> Seen:
    """Let every reader read until the time is over.

    Args:
        url: of the service.
        readers: all at once, each over a connection of its own.
        seconds: how long.
        think: gives the seconds between two reads.
    """
    seen, end = Seen(), time.monotonic() + seconds
    await asyncio.gather(*(_read(url, reader, seen, end, think) for reader in readers))
    return seen


def thinking(mean: float, seed: int = 7) -> Callable[[], float]:
    """Seconds between half and one and a half of the mean, the same in every run."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    return lambda: mean * (0.5 + dice.random())


async def _read(url: str, reader: Reader, seen: Seen, end: float, think: Callable[[], float]) -> None:
    connection = Connection(url, reader.token)
    await asyncio.sleep(think() * random.random())  # noqa: S311 - they do not all come at once
    while time.monotonic() < end:
        begun = time.monotonic()
        try:
            status, headers, body = await connection.get(f"/v1/datasets/{reader.dataset}/rows", reader.asked)
        except (OSError, EOFError, ValueError, asyncio.IncompleteReadError) as error:
            seen.wrong.append(f"{reader.dataset}: {type(error).__name__}")
            connection.close()
        else:
            _judge(reader, seen, begun, status, headers, body)
        await asyncio.sleep(think())
    connection.close()


def _judge(reader: Reader, seen: Seen, begun: float, status: int, headers: Mapping[str, str], body: bytes) -> None:
    if status != 200:
        seen.refused.append((reader.dataset, time.monotonic(), status))
        return
    seen.seconds.append(time.monotonic() - begun)
    seen.served.append((reader.dataset, begun))
    seen.certificates.add(headers["esclusa-certificate"])
    table = pa.ipc.open_stream(body).read_all()
    if table.column_names != list(reader.columns):
        seen.wrong.append(f"{reader.dataset}: columns {table.column_names}")
    if table.num_rows != int(headers["esclusa-rows"]):
        seen.wrong.append(f"{reader.dataset}: {table.num_rows} rows of {headers['esclusa-rows']}")
    seen.wrong += [f"{reader.dataset}: a hidden value" for text in reader.hidden if text in body]


class Connection:
    """HTTP/1.1 over one connection that stays; opened anew where the service closed it while nobody asked."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._host, self._token = parts.netloc, token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, asked: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        if self._streams is None or self._streams[0].at_eof():
            self.close()
            self._streams = await asyncio.open_connection(*self._address, limit=1 << 24)
        reader, writer = self._streams
        target = f"{path}?{urlencode(asked)}"
        head_lines = (f"GET {target} HTTP/1.1", f"Host: {self._host}", f"Authorization: Bearer {self._token}", "", "")
        writer.write("\r\n".join(head_lines).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
        return int(head[0].split()[1]), headers, await reader.readexactly(int(headers.get("content-length", "0")))

    def close(self) -> None:
        """Let go."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
