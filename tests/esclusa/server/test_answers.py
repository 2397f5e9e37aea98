"""Encoded answers: made once, the least used dropped, and never more of them than memory was set aside for."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from esclusa.errors import Busy, Misused
from esclusa.server.answers import Answers
from esclusa.server.calling import Call, begin
from esclusa.server.service import AT_ONCE


def cache(kept: int = 1 << 20, largest: int = 1 << 20) -> Answers:
    return Answers(kept, largest, threading.Semaphore(AT_ONCE))


def table(rows: int = 100) -> pa.Table:
    return pa.table({"n": list(range(rows))})


def test_who_asks_at_the_same_time_shares_one_answer() -> None:
    answers, made = cache(), []
    begun = threading.Barrier(8)

    def make() -> pa.Table:
        made.append(1)
        return table()

    def ask(_: int) -> int:
        begun.wait()
        return answers.find("key", "arrow", make).rows

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [100] * 8
    assert len(made) == 1


def test_the_least_used_is_dropped_and_what_is_too_large_is_not_kept() -> None:
    size = cache().find("x", "arrow", table).body.size
    answers = cache(kept=4 * size)
    for key in ("a", "b", "c", "d", "a", "e"):
        answers.find(key, "arrow", table)
    assert list(answers._answers) == ["c", "d", "a", "e"]
    assert answers.held == 4 * size
    answers.find("large", "arrow", lambda: table(1000))
    assert "large" not in answers._answers


def test_an_answer_larger_than_one_may_be_is_refused_with_what_to_do() -> None:
    with pytest.raises(Misused, match="larger than this service") as refused:
        cache(largest=100).find("key", "arrow", table)
    assert "limit and offset" in refused.value.remedy


def test_while_slow_callers_fill_the_memory_no_other_answer_is_made() -> None:
    answers = cache(1, 2000)
    held = [answers.find(n, "arrow", table) for n in range(4)]
    assert sum(answer.body.size for answer in held) > 1 + AT_ONCE * 2000
    with pytest.raises(Busy, match="memory"):
        answers.find("one more", "arrow", table)
    held.clear()
    assert answers.find("one more", "arrow", table).rows == 100


def test_a_failure_to_make_one_is_the_next_askers_turn() -> None:
    answers = cache()

    def fails() -> pa.Table:
        raise Misused("no")

    with pytest.raises(Misused):
        answers.find("key", "arrow", fails)
    assert answers.find("key", "arrow", table).rows == 100
    assert not answers._making


def test_what_is_counted_as_kept_is_kept_also_where_one_fails_while_others_wait_for_it() -> None:
    answers, failing, fail = cache(), threading.Event(), threading.Event()
    made = []

    def fails() -> pa.Table:
        failing.set()
        fail.wait()
        raise Misused("no")

    def make() -> pa.Table:
        made.append(1)
        time.sleep(0.1)
        return table()

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(answers.find, "key", "arrow", fails)
        failing.wait()
        waiting = pool.submit(answers.find, "key", "arrow", make)
        time.sleep(0.05)
        fail.set()
        while not made:
            time.sleep(0.001)
        late = pool.submit(answers.find, "key", "arrow", make)
        assert waiting.result() is late.result()
        assert isinstance(first.exception(), Misused)
    assert len(made) == 1
    assert answers.held == sum(answer.body.size for answer in answers._answers.values()) > 0


@pytest.mark.parametrize("key", ["the same", "another"])
def test_whose_turn_does_not_come_in_time_is_told_so(key: str) -> None:
    answers, begun, end = cache(), threading.Semaphore(0), threading.Event()

    def slow() -> pa.Table:
        begun.release()
        end.wait()
        return table()

    def ask_in_a_hurry() -> None:
        begin(Call(until=time.monotonic() + 0.05))
        answers.find(key, "arrow", table)

    with ThreadPoolExecutor(AT_ONCE + 1) as pool:
        at_work = [pool.submit(answers.find, name, "arrow", slow) for name in ("the same", *range(1, AT_ONCE))]
        for _ in at_work:
            begun.acquire()
        with pytest.raises(Busy, match="at once"):
            pool.submit(ask_in_a_hurry).result()
        end.set()
        assert [done.result().rows for done in at_work] == [100] * AT_ONCE
    assert answers.find(key, "arrow", table).rows == 100
