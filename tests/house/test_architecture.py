"""The architecture as tests: rooms, directions, sizes and charters."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("esclusa", "expectations", "lineage", "orchestration")
MODULES = sorted(path for room in (*ROOMS, "benchmarks") for path in (ROOT / room).rglob("*.py"))
OURS = sorted([*MODULES, *(ROOT / "tests").rglob("*.py")])
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base", "lib"}


def named(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


def test_rooms_import_only_in_the_agreed_directions() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_resolves_inside_the_repository_though_strangers_bear_its_name(room: str) -> None:
    spec = importlib.util.find_spec(room)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT)


@pytest.mark.parametrize("path", named(OURS))
def test_no_file_is_longer_than_300_lines_without_a_reason_at_its_top(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    assert lines <= 300 or "Longer than 300 lines because" in text[:600], f"{lines} lines"


@pytest.mark.parametrize("path", named(MODULES))
def test_every_module_opens_with_a_charter(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", named(MODULES))
def test_no_module_has_a_name_that_says_nothing(path: Path) -> None:
    assert path.stem not in NAMES_THAT_SAY_NOTHING


@pytest.mark.parametrize("path", named(MODULES))
def test_no_work_is_left_to_do_in_code(path: Path) -> None:
    assert not re.search(r"\b(TODO|FIXME|XXX)\b|NotImplementedError", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("room", ["esclusa", "expectations", "lineage"])
def test_policy_does_not_know_any_dataset_by_name(room: str) -> None:
    datasets = {p.stem for p in (ROOT / "expectations" / "contracts").glob("*.yaml")}
    assert datasets, "there must be contracts to look for"
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / room).rglob("*.py")
        for name in datasets
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value == name
    ]
    assert not found


def test_few_modules_hold_the_writer_of_the_golden_repository() -> None:
    """One opens it, one publishes, one revokes, one reads back what was promised; the others ask these."""
    importers = {
        str(path.relative_to(ROOT))
        for path in MODULES
        if path.is_relative_to(ROOT / "orchestration")
        and re.search(r"^\s*from lineage\.golden(\.repository| import .*repository)", path.read_text(), re.M)
    }
    assert importers == {f"orchestration/{name}.py" for name in ("golden", "publish", "recall", "released")}


@pytest.mark.parametrize("path", named([*MODULES, *sorted((ROOT / "docs").glob("*.md"))]))
def test_a_python_file_that_is_named_is_there(path: Path) -> None:
    """From the root, the room or the folder of whoever names it."""
    starts = {ROOT, path.parent, ROOT / path.relative_to(ROOT).parts[0]}
    of_readers = {"agent.py"}  # a script that a page has its reader write
    text = path.read_text(encoding="utf-8")
    named_files = {name.split("::")[0] for name in re.findall(r"`([\w/]+\.py)(?:::\w+)?[` ]", text)} - of_readers
    assert not {name for name in named_files if not any((start / name).is_file() for start in starts)}
