"""Settings: the environment before the default; what was named and is not there is said, not replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.settings import ROOT, SETTINGS, read_settings


def test_the_defaults_lie_in_the_checkout() -> None:
    settings = read_settings({})
    assert settings.home == ROOT / ".esclusa"
    assert settings.data is None
    assert settings.source_files == settings.sample
    assert settings.replay == ROOT / "expectations" / "replay.yaml"
    assert settings.postgres == {}


def test_the_environment_comes_before_the_default(tmp_path: Path) -> None:
    replay = tmp_path / "clocks.yaml"
    replay.touch()
    env = {"ESCLUSA_HOME": f"{tmp_path}/home", "ESCLUSA_DATA": str(tmp_path), "ESCLUSA_REPLAY": str(replay)}
    settings = read_settings(env)
    assert (settings.home, settings.source_files, settings.replay) == (tmp_path / "home", tmp_path, replay)


def test_replay_none_puts_every_source_on_the_wall_clock() -> None:
    assert read_settings({"ESCLUSA_REPLAY": "none"}).replay is None


@pytest.mark.parametrize("name", ["ESCLUSA_DATA", "ESCLUSA_REPLAY"])
def test_a_path_that_is_not_there_is_refused_by_the_name_of_its_variable(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=f"{name}=.*absent: there is no such file or directory; correct {name}"):
        read_settings({name: str(tmp_path / "absent")})


def test_an_empty_variable_counts_as_unset() -> None:
    assert read_settings(dict.fromkeys(("ESCLUSA_HOME", "ESCLUSA_DATA", "ESCLUSA_REPLAY"), "")) == read_settings({})


def test_a_connection_string_is_kept_by_system_and_never_shown() -> None:
    settings = read_settings({"ESCLUSA_POSTGRES_CRM": "postgresql://reader:secret@db/crm"})
    assert settings.postgres["crm"] == "postgresql://reader:secret@db/crm"
    assert "secret" not in repr(settings)


def test_golden_and_the_private_side_share_no_directory(tmp_path: Path) -> None:
    settings = read_settings({"ESCLUSA_HOME": str(tmp_path)})
    for private in (settings.keys, settings.workshop, settings.dagster, settings.dbt_target, settings.sample):
        assert not private.is_relative_to(settings.golden)
        assert not settings.golden.is_relative_to(private)


def test_every_variable_that_the_platform_reads_is_in_its_table() -> None:
    text = (ROOT / "orchestration" / "settings.py").read_text()
    code = text[text.index("def read_settings") :]
    assert all(name in code for name in SETTINGS if "<" not in name)
    for path in (ROOT / "orchestration").rglob("*.py"):
        read = [line for line in path.read_text().splitlines() if "environ.get(" in line or "getenv(" in line]
        assert not read, f"{path.name} reads the environment beside settings.py: {read}"
