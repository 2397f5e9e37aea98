"""`make bench`: what the gate costs beside its floor and its rivals, on one table, in one run.

Belongs here: a process for each step, the checks that make a time count, the table. Does not: the steps (`steps.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks import dbt
from benchmarks.orders import KEPT, contract
from expectations.rules.expansion import rules_of

MEGABYTE = 1024  # ru_maxrss counts kilobytes


@dataclass(frozen=True)
class Figures:
    """What a step took: seconds of CPU and wall clock without starting Python, and the process's peak memory in MB."""

    cpu: float
    wall: float
    peak: float
    failed: frozenset[str]


def main() -> None:
    """Build, check, measure, show."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.bench", description=__doc__)
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--repeat", type=int, default=3, help="the median of so many runs is shown")
    options.add_argument("--keep", type=Path, help="build here and keep the files; a second run builds nothing")
    chosen = options.parse_args()
    if chosen.keep:
        bench(chosen.keep, chosen.rows, chosen.repeat)
    else:
        with tempfile.TemporaryDirectory(prefix="esclusa-bench-") as directory:
            bench(Path(directory), chosen.rows, chosen.repeat)


def bench(directory: Path, rows: int, repeat: int) -> None:
    """Measure every step on `rows` whole rows; exit with 1 where a way to audit misses a broken rule."""
    console = Console()
    whole, broken = directory / f"whole-{rows}", directory / f"broken-{min(rows, 100_000)}"
    for place, count in ((whole, rows), (broken, min(rows, 100_000))):
        if not (place / "warehouse.duckdb").exists():
            console.print(f"building {count:,} rows in {place}")
            place.mkdir(parents=True)
            module("build", place, str(count), *(["broken"] if place is broken else []))
    console.print("pinning")
    pinned = step("pin", whole)
    step("pin", broken)
    check(console, broken, whole)
    figures = {"pin: sort, write, hash": pinned}
    timed = {
        "hash scan of the 20 columns (floor)": "hash_scan",
        "audit: 40 rules, planned": "audit",
        "audit with a unique string key besides": "audit_opaque",
        "one query per rule": "one_by_one",
        "dbt test": "dbt",
        "SHA-256 of the pinned files": "hash_files",
        "certify and publish": "publish",
        "reader: verify": "verify",
    }
    for label, name in timed.items():
        console.print(f"measuring: {label}")
        figures[label] = middle([run(name, whole) for _ in range(1 if name in {"dbt", "publish"} else repeat)])
    show(console, figures, rows, floor=figures["hash scan of the 20 columns (floor)"])


def check(console: Console, broken: Path, whole: Path) -> None:
    """A time counts only where exactly the broken rules are reported, and none on the whole table."""
    for name in ("audit", "audit_opaque", "one_by_one", "dbt"):
        rules = rules_of(contract(opaque=name == "audit_opaque"))
        wanted = frozenset(rule.id for rule in rules) - KEPT
        found, clean = run(name, broken).failed, run(name, whole).failed
        if found != wanted or clean:
            wrong = sorted((found ^ wanted) | clean)
            console.print(f"{name} does not tell broken rules from kept ones: {', '.join(wrong)}")
            sys.exit(1)
        console.print(f"{name}: reports exactly the {len(wanted)} rules that are broken, and none where none is")


def run(name: str, directory: Path) -> Figures:
    """One run of a step."""
    return dbt_test(directory) if name == "dbt" else step(name, directory)


def step(name: str, directory: Path) -> Figures:
    """One run of a step of `steps.py`."""
    output, peak = module(name, directory)
    seen = json.loads(output)
    return Figures(seen["cpu"], seen["wall"], peak, frozenset(seen["failed"]))


def module(name: str, directory: Path, *more: str) -> tuple[str, float]:
    """Run `benchmarks.steps` in a process of its own: what it says, and its peak memory in MB."""
    command = [sys.executable, "-m", "benchmarks.steps", name, str(directory), *more]
    output, usage, _ = child(command, directory, check=True)
    return output, usage.ru_maxrss / MEGABYTE


def dbt_test(directory: Path) -> Figures:
    """`dbt test` as people run it: the whole command, Python's start and parsing included."""
    project = dbt.write(directory)
    base = ["--project-dir", str(project), "--profiles-dir", str(project), "--quiet"]
    executable = str(Path(sys.executable).with_name("dbt"))
    child([executable, "run", *base], project, check=True)
    _, usage, wall = child([executable, "test", *base], project, check=False)
    return Figures(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / MEGABYTE, frozenset(dbt.failed(project)))


def child(command: list[str], directory: Path, *, check: bool) -> tuple[str, os.struct_rusage, float]:  # type: ignore[name-defined]
    """Run a command to its end: standard output, resources used, wall seconds."""
    root = Path(__file__).resolve().parents[1]
    environment = {**os.environ, "DBT_LOG_PATH": str(directory / "logs"), "DO_NOT_TRACK": "1"}
    started = time.monotonic()
    with subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if check and process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return output, usage, time.monotonic() - started


def middle(runs: list[Figures]) -> Figures:
    """The median of each figure."""
    return Figures(median(r.cpu for r in runs), median(r.wall for r in runs), max(r.peak for r in runs), runs[0].failed)


def show(console: Console, figures: dict[str, Figures], rows: int, floor: Figures) -> None:
    """The table."""
    table = Table(title=f"{rows:,} rows × 20 columns, 40 rules, 2 threads")
    for heading in ("step", "CPU s", "wall s", "CPU × floor", "peak MB"):
        table.add_column(heading, justify="left" if heading == "step" else "right")
    for label, seen in figures.items():
        table.add_row(label, f"{seen.cpu:.2f}", f"{seen.wall:.2f}", f"{seen.cpu / floor.cpu:.2f}", f"{seen.peak:.0f}")
    console.print(table)


if __name__ == "__main__":
    main()
