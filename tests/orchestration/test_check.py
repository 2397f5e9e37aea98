"""`esclusa check`: what a reviewer is shown, and its exit code."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from esclusa.cli.commands import app
from orchestration import check
from orchestration.manifest import Manifest
from orchestration.settings import ROOT
from tests.expectations.promised import FIXTURES
from tests.orchestration.small import document

WIDE = {"COLUMNS": "400"}


def git(directory: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    subprocess.run(["git", "-C", str(directory), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shop's promises, committed once; dbt's project is replaced by two datasets on the shop's one table."""
    directory = tmp_path / "promises"
    shutil.copytree(FIXTURES, directory)
    profiles = (ROOT / "expectations" / "profiles.yaml").read_text()
    (directory / "profiles.yaml").write_text(profiles.replace("[owner, operations, security]", "[owner]"))
    git(directory, "init", "-q")
    git(directory, "add", "-A")
    git(directory, "commit", "-q", "-m", "agreed")
    monkeypatch.setenv("ESCLUSA_PROMISES", str(directory))
    monkeypatch.setenv("ESCLUSA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(check, "load_manifest", lambda settings: Manifest(_project()))
    return directory


def _project() -> dict[str, Any]:
    made = document()
    made["sources"]["source.small.raw.shop__sales"]["identifier"] = "shop__orders"
    written = {
        "stg_shop": "select id, amount, note from raw.shop__orders",
        "orders": "select id, amount from staging.stg_shop",
        "refunds": "select id, note from staging.stg_shop",
    }
    for node in made["nodes"].values():
        node["compiled_code"] = written.get(node["name"], "select 1 as one")
    return made


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, (old, text.count(old))
    path.write_text(text.replace(old, new))


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["check", *arguments], env=WIDE)
    return done.exit_code, " ".join(done.output.split())


def test_without_a_release_everything_is_new(room: Path) -> None:
    code, said = run()
    assert code == 0
    assert "contract orders 1.2.0: not in release yet" in said
    assert "no problem found" in said


def test_what_did_not_change_is_not_shown(room: Path) -> None:
    code, said = run("--against", "HEAD")
    assert code == 0
    assert "demanded" not in said
    assert "sign-off of orders for production: " in said
    assert "owner missing" in said


def test_a_weaker_promise_under_the_same_version_is_refused_with_class_readers_and_version(room: Path) -> None:
    edit(room / "contracts" / "orders.yaml", "mustBeLessThan: 5,", "mustBeLessThan: 9,")
    code, said = run("orders", "--against", "HEAD")
    assert code == 1
    assert "weakening schema.orders.properties.country.quality.known.mustBeLessThan: 5 → 9" in said
    assert "role planner" in said
    assert "major demanded, none raised: 1.2.0 → 1.2.0; required: 2.0.0 or later" in said


def test_a_version_raised_as_demanded_passes(room: Path) -> None:
    edit(room / "contracts" / "orders.yaml", "mustBeLessThan: 5,", "mustBeLessThan: 9,")
    edit(room / "contracts" / "orders.yaml", "version: 1.2.0", "version: 2.0.0")
    code, said = run("--against", "HEAD")
    assert code == 0
    assert "major demanded, major raised: 1.2.0 → 2.0.0" in said


def test_a_version_that_falls_is_refused(room: Path) -> None:
    edit(room / "contracts" / "orders.yaml", "What the buyer asked for.", "What the buyer wrote.")
    edit(room / "contracts" / "orders.yaml", "version: 1.2.0", "version: 1.1.9")
    code, said = run("--against", "HEAD")
    assert code == 1
    assert "patch demanded, lowered: 1.2.0 → 1.1.9; required: 1.2.1 or later" in said


def test_a_source_s_change_names_the_datasets_that_use_the_column_and_no_others(room: Path) -> None:
    edit(room / "sources" / "shop.yaml", 'physicalType: "decimal(18,2)"', 'physicalType: "decimal(20,2)"')
    code, said = run("--against", "HEAD")
    assert code == 1
    assert "source shop against HEAD" in said
    assert "weakening schema.orders.properties.amount.physicalType: decimal(18,2) → decimal(20,2)" in said
    assert "dataset orders" in said
    assert "refunds" not in said


def test_a_definition_s_changed_word_demands_its_next_version(room: Path) -> None:
    path = room / "definitions" / "order.yaml"
    words = next(line for line in path.read_text().splitlines() if line.startswith("description"))
    edit(path, words, words.replace("A basket", "Any basket"))
    code, said = run("--against", "HEAD")
    assert code == 1
    assert "definition order against HEAD" in said
    assert "required: 3 or later" in said
    assert "dataset orders" in said


def test_every_problem_of_every_file_is_told_with_file_line_and_field(room: Path) -> None:
    edit(room / "sources" / "shop.yaml", "format: csv", "format: cvs")
    edit(room / "definitions" / "order.yaml", "businessName", "businessname")
    code, said = run()
    assert code == 2
    assert "shop.yaml:23" in said
    assert "order.yaml:" in said


def test_an_unknown_revision_and_an_unknown_dataset_are_refused_by_name(room: Path) -> None:
    code, said = run("--against", "nowhere")
    assert (code, "--against nowhere: there is no such revision" in said) == (2, True)
    code, said = run("order")
    assert (code, "did you mean orders?" in said) == (2, True)


def test_the_hook_for_pre_commit_runs_a_command_that_exists() -> None:
    hook = (ROOT / ".pre-commit-hooks.yaml").read_text()
    assert "entry: esclusa check --against HEAD" in hook
    assert "pass_filenames: false" in hook
