"""Encoded answers: made once, the least used dropped, and never more of them than memory was set aside for."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from esclusa.errors import Busy, Misused
from esclusa.server.answers import ENCODERS, Answers


def table(rows: int = 100) -> pa.Table:
    return pa.table({"n": list(range(rows))})


def test_who_asks_at_the_same_time_shares_one_answer() -> None:
    answers, made = Answers(1 << 20, 1 << 20), []
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
    size = Answers(1 << 20, 1 << 20).find("x", "arrow", table).body.size
    answers = Answers(4 * size, 1 << 20)
    for key in ("a", "b", "c", "d", "a", "e"):
        answers.find(key, "arrow", table)
    assert list(answers._answers) == ["c", "d", "a", "e"]
    assert answers.held == 4 * size
    answers.find("large", "arrow", lambda: table(1000))
    assert "large" not in answers._answers


def test_an_answer_larger_than_one_may_be_is_refused_with_what_to_do() -> None:
    with pytest.raises(Misused, match="larger than this service") as refused:
        Answers(1 << 20, 100).find("key", "arrow", table)
    assert "limit and offset" in refused.value.remedy


def test_while_slow_callers_fill_the_memory_no_other_answer_is_made() -> None:
    answers = Answers(1, 2000)
    held = [answers.find(n, "arrow", table) for n in range(4)]
    assert sum(answer.body.size for answer in held) > 1 + ENCODERS * 2000
    with pytest.raises(Busy, match="memory"):
        answers.find("one more", "arrow", table)
    held.clear()
    assert answers.find("one more", "arrow", table).rows == 100


def test_a_failure_to_make_one_is_the_next_askers_turn() -> None:
    answers = Answers(1 << 20, 1 << 20)

    def fails() -> pa.Table:
        raise Misused("no")

    with pytest.raises(Misused):
        answers.find("key", "arrow", fails)
    assert answers.find("key", "arrow", table).rows == 100
    assert not answers._making
