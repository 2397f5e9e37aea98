"""Rows as bytes, kept for the next reader who may have exactly the same.

Belongs here: encoding, and a bounded cache of what was encoded. Does not: the decision, which is made for every request
and is part of the key that an answer is found under.
Source: Arrow IPC streaming format; Apache Parquet.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import count
from threading import Lock, Semaphore
from weakref import WeakValueDictionary

import pyarrow as pa
import pyarrow.parquet as pq

from esclusa.errors import Busy, Misused
from esclusa.server.calling import turn
from esclusa.server.service import AT_ONCE

BATCH = 65_536  # rows of one record batch


@dataclass(frozen=True)
class Answer:
    """One encoded answer.

    Args:
        body: the bytes.
        rows: how many are in it.
    """

    body: pa.Buffer
    rows: int


class Answers:
    """Encoded answers, the least used dropped first.

    Args:
        kept: bytes that are kept at most.
        largest: bytes of one answer at most.
        memory: turns at holding a dataset in it; `AT_ONCE` of them.
    """

    def __init__(self, kept: int, largest: int, memory: Semaphore) -> None:
        self._kept, self._largest, self._memory = kept, largest, memory
        self.held = 0  # bytes that are kept
        self._living: WeakValueDictionary[int, Answer] = WeakValueDictionary()  # kept, or still on their way
        self._numbers = count()
        self.hits = 0
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._turn = Lock()
        self._making: WeakValueDictionary[Hashable, Lock] = (
            WeakValueDictionary()
        )  # as long as somebody holds or awaits it

    def find(self, key: Hashable, form: str, make: Callable[[], pa.Table]) -> Answer:
        """The answer under a key; made once, whoever asks at the same time.

        Args:
            key: everything that the bytes depend on.
            form: `arrow` or `parquet`.
            make: gives the rows.

        Raises:
            Misused: it is larger than one answer may be.
            Busy: there is no room for it, or its turn does not come in time.
        """
        with self._turn:
            known = self._answers.get(key)
            if known is not None:
                self.hits += 1
                self._answers.move_to_end(key)
                return known
            making = self._making.setdefault(key, Lock())
        with turn(making):
            known = self._answers.get(key)  # another request may have made it meanwhile
            if known is None:
                with turn(self._memory):
                    self._demand_room()
                    known = self._encoded(make(), form)
                self._keep(key, known)
            return known

    def _encoded(self, table: pa.Table, form: str) -> Answer:
        self._demand_small(table.nbytes)
        sink = pa.BufferOutputStream()
        if form == "parquet":
            pq.write_table(table, sink, compression="zstd")
        else:
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table, max_chunksize=BATCH)
        body = sink.getvalue()
        self._demand_small(body.size)
        answer = Answer(body, table.num_rows)
        with self._turn:
            self._living[next(self._numbers)] = answer
        return answer

    def _demand_room(self) -> None:
        """Refuse to make another answer while those that slow callers still fetch, and those kept, fill the memory."""
        with self._turn:
            living = sum(answer.body.size for answer in self._living.values())
        if living > self._kept + AT_ONCE * self._largest:
            raise Busy(
                "The service holds as many answers as its memory allows.",
                observed=f"{living:,} bytes on their way or kept",
                required="callers that fetch what they asked for",
                remedy="Try again in a few seconds, or ask for fewer rows.",
            )

    def _demand_small(self, size: int) -> None:
        if size > self._largest:
            raise Misused(
                "The answer is larger than this service hands out at once.",
                observed=f"{size:,} bytes",
                required=f"at most {self._largest:,} bytes",
                remedy="Ask for fewer columns, or for the rows in pieces: limit and offset.",
            )

    def _keep(self, key: Hashable, answer: Answer) -> None:
        with self._turn:
            if answer.body.size > self._kept // 4:  # one large answer must not push out all others
                return
            self._answers[key] = answer
            self.held += answer.body.size
            while self.held > self._kept:
                _, dropped = self._answers.popitem(last=False)
                self.held -= dropped.body.size
