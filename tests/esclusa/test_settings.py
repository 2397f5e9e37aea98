"""Arguments before environment before default."""

from __future__ import annotations

from pathlib import Path

import pytest

from esclusa.errors import Misused
from esclusa.location import locate
from esclusa.settings import SETTINGS, load_settings


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
