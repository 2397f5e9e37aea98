"""Arguments before environment before default."""

from __future__ import annotations

from pathlib import Path

import pytest

from esclusa.errors import Misused
from esclusa.location import locate
from esclusa.settings import SETTINGS, ledger_for, load_settings
from tests.postgres import PASSWORD, Server


def test_an_argument_wins_over_the_environment_and_the_environment_over_the_default() -> None:
    environment = {"ESCLUSA_REPOSITORY": "https://data.example.org/golden", "ESCLUSA_STATE": "/var/state"}
    assert load_settings("there", "memory", environment).repository == "there"
    assert load_settings(None, None, environment).repository == "https://data.example.org/golden"
    assert load_settings(None, None, environment).state == Path("/var/state")
    assert load_settings(None, None, {}).repository == ".esclusa/golden"
    assert load_settings(None, None, {}).state.is_absolute()


def test_every_variable_that_is_read_is_in_the_table_and_the_other_way_round() -> None:
    class Watched(dict[str, str]):
        def get(self, key: str, default: str = "") -> str:  # type: ignore[override]
            asked.add(key)
            return default

    asked: set[str] = set()
    load_settings(None, None, Watched())
    assert asked == {setting.variable for setting in SETTINGS}


def test_a_directory_is_the_same_place_however_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert locate("golden") == locate(str(tmp_path / "golden")) == locate("./x/../golden")
    assert locate("https://data.example.org/golden/") == locate("https://data.example.org/golden")


@pytest.mark.parametrize("url", ["https://ada:secret@example.org/g", "https://example.org/g?sig=secret"])
def test_an_address_that_holds_a_secret_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Misused) as refused:
        locate(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("repository", "named", "place"),
    [
        ("home/golden", "", "home/ledger.sqlite"),
        ("https://data.example.org/golden", "", "state/ledger.sqlite"),
        ("gone/golden", "", "state/ledger.sqlite"),
        ("home/golden", "elsewhere.sqlite", "elsewhere.sqlite"),
    ],
)
def test_reads_are_recorded_beside_a_local_repository_else_in_the_readers_own_ledger(
    repository: str, named: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home" / "golden").mkdir(parents=True)
    settings = load_settings(repository, tmp_path / "state", {"ESCLUSA_LEDGER": named})
    assert ledger_for(settings, locate(repository)).place == str(tmp_path / place)


def test_the_address_of_a_ledger_is_not_shown_where_settings_are(postgres: Server) -> None:
    settings = load_settings("golden", "state", {"ESCLUSA_LEDGER": postgres.url})
    assert PASSWORD not in repr(settings)
    place = ledger_for(settings, locate("golden")).place
    assert place == f"127.0.0.1:{postgres.port}/postgres"
