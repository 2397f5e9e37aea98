"""`esclusa find` and `esclusa mcp`, as they are typed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from esclusa.cli import main
from tests.esclusa.golden import Golden


def typed(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    out, err = capfd.readouterr()
    return int(left.value.code or 0), " ".join(out.split()), " ".join(err.replace("│", " ").split())


@pytest.fixture(autouse=True)
def _at_the_shop(shop: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCLUSA_REPOSITORY", str(shop.path))
    monkeypatch.setenv("ESCLUSA_STATE", str(shop.state))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")


def test_what_is_found_is_told_with_roles_masks_caveats_and_how_to_read_it(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = typed(capfd, "find", "amount", "--purpose", "scoring")
    assert code == 0
    assert "model, until 2099-12-31; reads order_id, customer (hash), amount" in out
    assert "granted for scoring to model; “amount” is in its column amount" in out
    assert "never for profiling" in out
    assert "caveat SANDBOX certificate" in out
    assert "esclusa read sales --role model --purpose scoring --limit 20" in out


def test_nothing_found_is_told_with_the_purposes_that_are_granted(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = typed(capfd, "find", "whales", "--purpose", "billing", "--role", "clerk")
    assert code == 1
    assert "Nothing certified is granted for billing to clerk that mentions “whales”." in out
    assert "granted for today: billing All there is: esclusa catalog" in out


def test_without_a_purpose_the_granted_ones_are_named(capfd: pytest.CaptureFixture[str]) -> None:
    code, _, err = typed(capfd, "find")
    assert code == 2
    assert "one of: billing, scoring, testing" in err


def test_json_holds_all_of_it(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = typed(capfd, "find", "--purpose", "scoring", "--json")
    (offer,) = json.loads(out)
    assert code == 0
    assert offer["roles"][0]["columns"][1]["masked"] == "hash"
    assert offer["python"] == "esclusa.read('sales', role='model', purpose='scoring')"
    assert (typed(capfd, "find", "--purpose", "whaling", "--json"))[:2] == (1, "[]")


def test_without_its_packages_the_server_says_what_to_type(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server.stdio", None)
    code, _, err = typed(capfd, "mcp")
    assert code == 2
    assert "pip install 'esclusa[server]'" in err


def test_a_repository_that_is_not_trusted_is_told_before_the_first_message(
    shop: Golden, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCLUSA_STATE", str(shop.state.parent / "another"))
    code, out, err = typed(capfd, "mcp")
    assert (code, out) == (3, "")
    assert "esclusa trust" in err


def test_no_command_loads_a_server_before_it_is_called() -> None:
    code = (
        "import sys, esclusa.cli.commands; print(sorted({'starlette', 'mcp', 'jinja2', 'uvicorn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
