"""What the pages say is what the code does: settings, commands, exit codes, links; and no word of anyone's machine."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

import esclusa
from esclusa import settings as reader
from esclusa.cli.commands import app
from esclusa.cli.platform import PlatformCommand
from esclusa.errors import EXIT_CODES, EsclusaError
from esclusa.server import settings as service
from orchestration import settings as platform

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
PROSE = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
# Sites that a page or a message may name; an address of anything else is of somebody's own network.
PUBLIC = {
    # examples; the last is a password's in a test
    "127.0.0.1", "localhost", "example.org", "data.example.org", "id.example.org", "ada",
    "in-toto.io", "json-schema.org", "marquezproject.ai", "openlineage.io", "theupdateframework.io", "bitol.io",
    "bitol-io.github.io", "github.com", "www.apache.org",
    "modelcontextprotocol.io", "archive.ics.uci.edu", "arxiv.org", "mlcommons.org", "purl.org",
    "schema.org", "www.w3.org", "creativecommons.org", "www.kaggle.com", "www.cedarpolicy.com",
    "www.standardwebhooks.com", "www.rfc-editor.org",
}  # fmt: skip
PRIVATE = re.compile(
    r"(?<![\w.])/(?:work|root|home|Users|mnt|opt)/|cl(?:)aude|anthro(?:)pic|open(?:)ai|co(?:)pilot", re.I
)


def rows(page: str, *heading: str) -> Iterator[list[str]]:
    """Cells of the table with that heading."""
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    start = lines.index(f"| {' | '.join(heading)} |")
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


def settings_in(page: str) -> dict[str, tuple[str, str]]:
    """The settings that a page lists."""
    return {
        name.strip("`"): (default, meaning) for name, default, meaning in rows(page, "variable", "default", "meaning")
    }


def told(settings: Iterable[reader.Setting]) -> dict[str, tuple[str, str]]:
    """Settings as a page tells them."""
    return {s.variable: (s.default, s.description[0].lower() + s.description[1:].rstrip(".")) for s in settings}


OF_THE_READER = told(reader.SETTINGS)


def test_operate_lists_every_setting_with_its_default_and_meaning_and_no_other() -> None:
    assert settings_in("docs/operate.md") == {**platform.SETTINGS, **OF_THE_READER}


def test_reading_lists_every_setting_of_the_reader_and_no_other() -> None:
    assert settings_in("docs/reading.md") == OF_THE_READER


def test_service_lists_every_setting_of_the_service_and_no_other() -> None:
    assert settings_in("docs/service.md") == told(service.SETTINGS)


def test_reading_lists_every_exit_code_with_exactly_its_exceptions() -> None:
    listed = {int(code): (meaning, set(re.findall(r"`(\w+)`", names))) for code, meaning, names in
              rows("docs/reading.md", "exit code", "meaning", "exceptions")}  # fmt: skip
    assert {code: meaning for code, (meaning, _) in listed.items()} == EXIT_CODES
    for code, (_, names) in listed.items():
        for name in names:
            assert getattr(esclusa, name).exit_code == code, name
    raised = {n for n in esclusa.__all__ if isinstance(k := getattr(esclusa, n), type) and issubclass(k, EsclusaError)}
    above = {"EsclusaError", "NotReadable", "NotGenuine"}  # never raised themselves
    assert set().union(*(names for _, names in listed.values())) == raised - above


def commands(group: Any, path: str = "esclusa") -> Iterator[tuple[str, Any]]:
    """Every command with its full name, groups left out."""
    real = group._real() if isinstance(group, PlatformCommand) else group
    if not isinstance(real, TyperGroup):
        yield path, real
        return
    context = typer.Context(real)
    for name in real.list_commands(context):
        yield from commands(real.get_command(context, name), f"{path} {name}")


COMMANDS: Mapping[str, Any] = dict(commands(get_command(app)))
TARGETS = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.M)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_on_some_page(command: str) -> None:
    assert re.search(rf"\b{command}\b", PROSE)


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_of_make_is_on_some_page(target: str) -> None:
    assert re.search(rf"\bmake {target}\b", PROSE)


def test_every_command_that_a_page_shows_exists_with_its_options() -> None:
    shown = re.findall(r"(?:^\$ |`)(esclusa [a-z][^`\n#]*)", PROSE, re.M)
    assert len(shown) > 20
    for line in shown:
        words = shlex.split(line.replace("'", " ") if line.count("'") % 2 else line)
        name = max((c for c in COMMANDS if f"{line} ".startswith(f"{c} ")), key=len, default="")
        assert name or f"{line.strip()} " in {f"{c.rsplit(' ', 1)[0]} " for c in COMMANDS}, f"no such command: {line}"
        known = {opt for parameter in COMMANDS[name].params for opt in parameter.opts} if name else set()
        assert {w for w in words if w.startswith("-")} <= known, line


def test_every_make_command_that_a_page_shows_exists() -> None:
    assert set(re.findall(r"(?:^\$ |`)make ([a-z]+)", PROSE, re.M)) <= set(TARGETS)


def test_the_readme_opens_with_the_commands_that_run_and_test() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make run" in readme
    assert "make test" in readme


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = page.parent / path if path else page
        assert target.exists(), link
        titles = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M) if anchor else []
        assert not anchor or anchor in {re.sub(r"[^\w -]", "", t).lower().replace(" ", "-") for t in titles}, link


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_every_page_is_reached_from_the_readme(page: Path) -> None:
    assert f"(docs/{page.name})" in (ROOT / "README.md").read_text(encoding="utf-8")


def tracked() -> dict[str, str]:
    """Every tracked text file."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    texts = {path: path.read_bytes() for path in paths}
    return {str(p.relative_to(ROOT)): t.decode(errors="replace") for p, t in texts.items() if b"\0" not in t}


def test_no_file_names_a_machine_or_a_network_that_is_not_public() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("needs the git checkout to know which files are tracked")
    found = []
    for name, text in tracked().items():
        found += [f"{name}: {m.group()}" for m in PRIVATE.finditer(text)]
        hosts = set(re.findall(r"https?://(?:[^/\s@]*@)?([A-Za-z0-9.-]*[A-Za-z0-9])", text))
        found += [f"{name}: {host}" for host in sorted(hosts - PUBLIC)]
    assert not found
