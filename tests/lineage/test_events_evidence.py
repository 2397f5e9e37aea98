"""The file of a run: what was appended is there, whole and in order, whatever happens to the process."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from lineage.events.evidence import KEPT_DAYS, Evidence, began, lines
from lineage.events.runs import Work, begun, ended
from tests.lineage.told import BEGAN, ENDED, ROOT

WORK = Work("land.shop__sales", "LOAD", ROOT, BEGAN, ENDED)
START, END = begun(WORK), ended(WORK)


def test_events_of_a_run_are_in_one_private_file_in_their_order(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path / "events")
    evidence.append(ROOT, [START])
    evidence.append(ROOT, [END])
    (path,) = evidence.files()
    assert path.name == f"20260301T060000-{ROOT.run}.ndjson"
    assert [json.loads(line) for line in path.read_bytes().splitlines()] == [START, END]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert began(path) == BEGAN


def test_half_a_line_of_a_killed_process_spoils_nothing(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path)
    evidence.append(ROOT, [START])
    (path,) = evidence.files()
    with path.open("ab") as stream:
        stream.write(lines([END])[:50])
    evidence.append(ROOT, [END])
    assert [json.loads(line) for line in path.read_bytes().splitlines()] == [START, END]


def test_files_are_in_the_order_in_which_runs_began(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path)
    later = replace(ROOT, run="00000000-5d0a-4c7e-9a52-0f6c2d1b7a10", began=BEGAN + timedelta(seconds=1))
    evidence.append(later, [START])
    evidence.append(ROOT, [START])
    assert evidence.files() == [evidence.file_of(ROOT.run), evidence.file_of(later.run)]


def test_a_run_that_began_is_known_until_it_ends(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path)
    evidence.begin(ROOT)
    assert list(Evidence(tmp_path).unended()) == [ROOT]
    evidence.end(ROOT)
    evidence.end(ROOT)
    assert list(evidence.unended()) == []


def test_only_files_past_their_time_are_let_go(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path)
    evidence.begin(ROOT)
    evidence.append(ROOT, [START])
    assert evidence.let_go(BEGAN + timedelta(days=KEPT_DAYS)) == 0
    assert list(evidence.unended()) == [ROOT]
    assert evidence.let_go(BEGAN + timedelta(days=KEPT_DAYS, seconds=1)) == 1
    assert (evidence.files(), list(evidence.unended())) == ([], [])


def test_a_disk_that_takes_only_a_part_of_a_line_gets_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, content: write(handle, bytes(content[:100])))
    evidence = Evidence(tmp_path)
    evidence.append(ROOT, [START, END])
    (path,) = evidence.files()
    assert path.read_bytes() == lines([START, END])


def test_the_same_events_give_the_same_bytes() -> None:
    assert lines([START, END]) == lines([dict(reversed(START.items())), END])
