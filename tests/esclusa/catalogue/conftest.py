"""What the tests of the pages share: a stocked golden repository, gathered once, and its pages."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import esclusa
from esclusa.catalogue.addresses import Site
from esclusa.catalogue.gathering import Catalogue, gather
from esclusa.catalogue.pages import pages_of, render
from tests.esclusa.catalogue.shelf import stock
from tests.esclusa.golden import Golden, fresh_golden


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Golden:
    """A golden repository with every state; nobody changes it."""
    golden = fresh_golden(tmp_path_factory.mktemp("stocked"))
    stock(golden)
    return golden


@pytest.fixture(scope="session")
def catalogue(stocked: Golden) -> Catalogue:
    """It, gathered."""
    return gather(esclusa.open(**stocked.at))


@pytest.fixture
def page(catalogue: Catalogue) -> Callable[..., str]:
    """HTML of a page by its path."""

    def html(path: str, language: str = "en", site: Site | None = None) -> str:
        (found,) = [page for page in pages_of(catalogue) if page.path == path]
        return render(found, catalogue, site or Site("", "https://data.example.org/golden"), language)

    return html


@pytest.fixture
def own(stocked: Golden, tmp_path: Path) -> Golden:
    """A copy that a test may change."""
    shutil.copytree(stocked.path.parent, tmp_path / "home")
    golden = Golden(tmp_path / "home" / "golden", tmp_path / "home" / "keys", tmp_path / "state")
    golden.trust()
    return golden
