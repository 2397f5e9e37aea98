"""`python -m benchmarks.answers <golden>`: what an answer on the command line costs, beside a Python that does nothing.

Belongs here: each command in a process of its own, the median, the table. Does not: making the repository.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

import esclusa

BARE, IMPORT = "python -c pass", "import esclusa"
MAIN = "import sys; from esclusa.cli import main; main(sys.argv[1:])"
GOAL = 1.0  # seconds of wall clock on a machine that does nothing else


@dataclass(frozen=True)
class Cost:
    """Medians of one command: seconds of CPU and of wall clock."""

    cpu: float
    wall: float


def main() -> None:
    """Measure, show; exit with 1 where an answer takes longer than the goal."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.answers", description=__doc__)
    options.add_argument("golden", type=Path, help="directory of a golden repository that this machine trusts")
    options.add_argument("--repeat", type=int, default=9)
    chosen = options.parse_args()
    costs = {label: cost(command, chosen.repeat) for label, command in commands(chosen.golden).items()}
    show(costs)
    if any(found.wall > GOAL for found in costs.values()):
        raise SystemExit(1)


def commands(golden: Path) -> dict[str, list[str]]:
    """Label → command: every dataset's lineage and custody, one column, the impact of one source column; and the floor.

    Args:
        golden: whose datasets are asked about.
    """
    release = esclusa.open(golden)
    asked: list[tuple[str, ...]] = []
    for dataset in release.datasets:
        asked += [("lineage", dataset), ("why", dataset)]
    first = next(iter(release.promises.datasets))
    source = next(iter(release.promises.sources))
    asked.append(("lineage", f"{first.dataset}.{first.columns[-1].name}", "--up"))
    asked.append(("impact", f"{source.system}.{source.tables[0].table}.{source.tables[0].columns[0].name}"))
    run = [sys.executable, "-c", MAIN]
    told = {f"esclusa {' '.join(words)}": [*run, *words, "--repository", str(golden)] for words in asked}
    floor = {BARE: [sys.executable, "-c", "pass"], IMPORT: [sys.executable, "-c", "import esclusa"]}
    return floor | told


def cost(command: list[str], repeat: int) -> Cost:
    """The medians of a command that is run so often.

    Raises:
        subprocess.CalledProcessError: it fails otherwise than by telling of a shut gate (exit code 1).
    """
    environment = {**os.environ, "NO_COLOR": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a shell that sets it compiles everything at every start
    cpu, wall = [], []
    for _ in range(repeat):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        after, ended = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        if done.returncode > 1:
            raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        wall.append(ended - began)
    return Cost(median(cpu), median(wall))


def show(costs: dict[str, Cost]) -> None:
    """The table, each beside an interpreter that starts and ends."""
    table = Table(box=None, pad_edge=False)
    table.add_column("command", no_wrap=True)
    for header in ("CPU s", "wall s", f"wall × {BARE}"):
        table.add_column(header, justify="right")
    floor = costs[BARE].wall
    for label, found in costs.items():
        table.add_row(label, f"{found.cpu:.2f}", f"{found.wall:.2f}", f"{found.wall / floor:.0f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
