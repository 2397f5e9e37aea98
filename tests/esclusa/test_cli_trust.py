"""`esclusa trust`: the fingerprint that two people compare, and whether anybody did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from esclusa.cli import main
from tests.esclusa.golden import Golden, fresh_golden


@pytest.fixture
def unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Golden:
    """A repository that this machine was never told to trust."""
    golden = fresh_golden(tmp_path, trusted=False)
    monkeypatch.setenv("ESCLUSA_STATE", str(golden.state))
    monkeypatch.setenv("COLUMNS", "160")
    return golden


def trust(golden: Golden, *arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(("trust", str(golden.path), *arguments))
    return int(left.value.code or 0)


def test_trust_shows_the_fingerprint_that_two_people_compare(
    unknown: Golden, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trust(unknown, "--json") == 0
    fingerprint = json.loads(capsys.readouterr().out)["fingerprint"]
    assert trust(unknown) == 0
    said = capsys.readouterr().out
    assert fingerprint in said
    assert "Not compared" not in said, "it was pinned before"
    assert trust(unknown, "--fingerprint", "0" * 64) == 3


@pytest.mark.parametrize("compared", [True, False])
def test_trust_says_whether_anybody_compared_the_fingerprint(
    unknown: Golden, capsys: pytest.CaptureFixture[str], compared: bool
) -> None:
    root = ["--root", str(unknown.path / "metadata" / "1.root.json")] if compared else []
    assert trust(unknown, *root) == 0
    assert ("Not compared" in capsys.readouterr().out) is not compared
