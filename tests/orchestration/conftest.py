"""The platforms of this room's tests: a small one made by hand, and the real one read once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.platform import Platform, load_platform
from orchestration.settings import read_settings
from tests.orchestration.small import small_platform


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The promises and the models of this repository, in an empty home; nothing ran yet."""
    home = tmp_path_factory.mktemp("real")
    return load_platform(replace(read_settings({}), home=home, data=home))


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Three datasets that are published apart, before any gate."""
    monkeypatch.setenv("ESCLUSA_STATE", str(tmp_path / "state"))
    return small_platform(tmp_path / "home")


@pytest.fixture
def grouped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """The same datasets in one release `trade`."""
    monkeypatch.setenv("ESCLUSA_STATE", str(tmp_path / "state"))
    return small_platform(tmp_path / "home", release="trade")
