"""A publisher in a process of its own that is killed (SIGKILL) at one exact moment: no exception, no clean-up."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from lineage.golden.keys import Keys
from lineage.golden.repository import GoldenRepository

Move = Callable[[GoldenRepository, Callable[[str], None]], object]

# What reaches the disk goes through one of these: a process that dies before any of them is every way of dying.
_DURABLE = ("fsync", "link", "rename", "replace", "unlink", "mkdir")

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["pytest", "tests.golden_repository", "tests.plain_client"])  # imported once


def killed_at(moment: int, golden: Path, keys: Path, move: Move, *, system_calls: bool = False) -> bool:
    """Run a move and kill it at its n-th step; False where it was done before.

    Args:
        moment: counted from 0.
        move: a function of a module, so that the new process can import it.
        system_calls: count the calls that write to the disk instead of the named steps.
    """
    process = _PROCESSES.Process(target=_run, args=(moment, golden, keys, move, system_calls))
    process.start()
    process.join(60)
    assert process.exitcode in {0, -signal.SIGKILL}, process.exitcode
    return process.exitcode != 0


def _run(moment: int, golden: Path, keys: Path, move: Move, system_calls: bool) -> None:
    counter = count()

    def die_in_time(*_: object) -> None:
        if next(counter) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    if system_calls:
        for name in _DURABLE:
            setattr(os, name, _after(die_in_time, getattr(os, name)))
    move(GoldenRepository(golden, Keys(keys)), (lambda _: None) if system_calls else die_in_time)


def _after(first: Callable[[], None], call: Callable[..., Any]) -> Callable[..., Any]:
    def both(*arguments: Any, **options: Any) -> Any:
        first()
        return call(*arguments, **options)

    return both
