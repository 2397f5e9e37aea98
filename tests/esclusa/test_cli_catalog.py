"""`esclusa catalog`: a table, or a site; quick, and plain about what it needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from esclusa.cli import main
from esclusa.errors import Misused
from tests.esclusa.golden import Golden


def typed(golden: Golden, *words: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code in (0, None)


@pytest.fixture(autouse=True)
def here(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCLUSA_STATE", str(golden.state))
    monkeypatch.setenv("ESCLUSA_REPOSITORY", str(golden.path))


def test_a_site_is_written_where_it_is_told(golden: Golden, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed(golden, "catalog", "build", "--output", str(tmp_path / "site"))
    said = capsys.readouterr().out
    assert "pages on 6 datasets" in said
    assert said.strip().endswith(str(tmp_path / "site" / "index.html"))
    assert (tmp_path / "site" / "datasets" / "orders.html").is_file()


@pytest.mark.parametrize(("options", "warned"), [((), True), (("--data-url", "https://data.example.org/g"), False)])
def test_pages_whose_snippets_read_from_this_machine_are_written_with_a_warning(
    golden: Golden, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], warned: bool
) -> None:
    typed(golden, "catalog", "build", "--output", str(tmp_path / "site"), *options)
    said = capsys.readouterr()
    assert "pages on 6 datasets" in said.out
    assert ("--data-url" in said.err and str(golden.path) in said.err) is warned


def test_it_says_the_same_to_machines(golden: Golden, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed(golden, "catalog", "build", "--output", str(tmp_path / "site"), "--json")
    assert json.loads(capsys.readouterr().out)["datasets"] == 6


def test_the_repository_may_be_named_before_or_after_the_word(
    golden: Golden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCLUSA_REPOSITORY", str(tmp_path / "nowhere"))
    typed(golden, "catalog", "--repository", str(golden.path), "build", "--output", str(tmp_path / "before"))
    typed(golden, "catalog", "build", "--repository", str(golden.path), "--output", str(tmp_path / "after"))
    assert (tmp_path / "before" / "index.html").is_file()
    assert (tmp_path / "after" / "index.html").is_file()


def test_without_the_extra_it_says_what_to_install(
    golden: Golden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("esclusa.catalogue")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(SystemExit) as ended:
        main(["catalog", "build", "--output", str(tmp_path / "site")])
    assert ended.value.code == Misused.exit_code
    assert "pip install 'esclusa[server]'" in capsys.readouterr().err


def test_the_table_loads_nothing_that_only_pages_need() -> None:
    code = "import sys, esclusa.cli.commands; sys.exit(bool({'jinja2', 'babel', 'markdown_it'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
