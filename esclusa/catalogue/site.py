"""A static site: every page in every language, the documents, the assets; written beside the old one, then moved over.

Belongs here: which files there are, and writing them. Does not: what a page says (`pages.py`), serving (`served.py`).
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from esclusa.catalogue.addresses import Site, file_name
from esclusa.catalogue.gathering import Catalogue, gather
from esclusa.catalogue.linked_data import listed
from esclusa.catalogue.pages import assets, pages_of, render
from esclusa.catalogue.texts import LANGUAGES
from esclusa.errors import Misused
from esclusa.release import Release

MARK = "catalogue.json"  # a directory with it is a site that may be replaced


def files_of(catalogue: Catalogue, site: Site) -> Iterator[tuple[str, bytes]]:
    """Every file of a site: its path relative to the site's root, its bytes.

    Args:
        catalogue: gathered.
        site: where it will be found.
    """
    pages = tuple(pages_of(catalogue))
    for language in LANGUAGES:
        for page in pages:
            yield page.address(language), render(page, catalogue, site, language).encode()
    for dataset in catalogue.datasets:
        for name, data in dataset.documents.items():
            yield f"datasets/{file_name(dataset.name)}/{name}", data
    for name, data in assets().items():
        yield f"assets/{name}", data
    yield MARK, (json.dumps(listed(catalogue, site), ensure_ascii=False, indent=1) + "\n").encode()
    if site.url:
        urls = (f"{site.url}/{page.address(language)}\n" for page in pages for language in LANGUAGES)
        yield "sitemap.txt", "".join(urls).encode()


@dataclass(frozen=True)
class Built:
    """What was written.

    Args:
        index: the first page.
        pages: in all languages.
        datasets: that they are about.
        release: that they show.
        data_url: golden repository that snippets read from.
    """

    index: str
    pages: int
    datasets: int
    release: int
    data_url: str


def build_site(release: Release, directory: Path, *, url: str = "", data_url: str = "") -> Built:
    """Write a release as a static site; readers of an older one never meet half of the new.

    Args:
        release: pinned.
        directory: new, empty, or a site that was written before: that is replaced whole.
        url: address that the site will have; empty where nobody knows.
        data_url: golden repository that snippets read from; default where the release was read from.

    Raises:
        Misused: the directory holds something else.
        EsclusaError: the release, or what it promises, is refused; nothing is written then.
    """
    directory = directory.absolute()
    if directory.exists() and any(directory.iterdir()) and not (directory / MARK).is_file():
        raise Misused(
            f"{directory} holds files that are no catalogue: nothing was written.",
            observed=f"no {MARK} in it",
            required="a new directory, an empty one, or a catalogue that was written before",
            remedy="Name another one: esclusa catalog build --output <directory>",
        )
    catalogue = gather(release)
    site = Site(url.rstrip("/"), data_url.rstrip("/") or catalogue.repository)
    directory.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        draft.chmod(0o755)
        for name, data in files_of(catalogue, site):
            file = draft / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        _replace(directory, draft)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    pages = len(tuple(pages_of(catalogue))) * len(LANGUAGES)
    return Built(str(directory / "index.html"), pages, len(catalogue.datasets), catalogue.version, site.data_url)


def _replace(directory: Path, draft: Path) -> None:
    if not directory.exists():
        draft.rename(directory)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    directory.rename(old / "site")
    draft.rename(directory)
    shutil.rmtree(old, ignore_errors=True)
