"""A static site: what is written, what is replaced, what is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import esclusa
from esclusa.catalogue.site import build_site
from esclusa.errors import Misused, Untrusted
from tests.esclusa.golden import Golden


def test_a_site_holds_every_page_in_both_languages_documents_assets_and_a_list_for_machines(
    stocked: Golden, tmp_path: Path
) -> None:
    built = build_site(esclusa.open(**stocked.at), tmp_path / "site")
    files = {str(path.relative_to(tmp_path / "site")) for path in (tmp_path / "site").rglob("*") if path.is_file()}
    assert {"index.html", "es/index.html", "datasets/late.html", "es/shut.html", "assets/catalogue.css"} <= files
    assert {"datasets/sales/certificate.json", "datasets/sales/datasheet.md"} <= files
    assert len([name for name in files if name.endswith(".html")]) == built.pages
    assert not [name for name in files if name.endswith((".parquet", ".pem"))]
    listed = json.loads((tmp_path / "site" / "catalogue.json").read_text())
    states = {entry["dataset"]: entry["state"] for entry in listed["datasets"]}
    assert (states["sales"], states["late"], states["stale"]) == ("certified", "refused", "expired")
    assert all((tmp_path / "site" / entry["page"]).is_file() for entry in listed["datasets"])


def test_an_older_site_is_replaced_whole_and_what_is_no_site_is_left_alone(stocked: Golden, tmp_path: Path) -> None:
    release = esclusa.open(**stocked.at)
    build_site(release, tmp_path / "site")
    (tmp_path / "site" / "datasets" / "forgotten.html").write_text("old")
    build_site(release, tmp_path / "site")
    assert not (tmp_path / "site" / "datasets" / "forgotten.html").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(Misused, match="no catalogue"):
        build_site(release, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "site"]


def test_a_release_that_is_not_trusted_writes_nothing(stocked: Golden, tmp_path: Path) -> None:
    with pytest.raises(Untrusted):
        build_site(esclusa.open(stocked.path, state=tmp_path / "state"), tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_broken_dataset_is_shown_as_such_and_hides_no_other(own: Golden, tmp_path: Path) -> None:
    certificate = own.target("orders", "certificate.json")
    certificate.write_bytes(certificate.read_bytes().replace(b"a", b"b"))
    build_site(esclusa.open(**own.at), tmp_path / "site")
    assert "Not genuine" in (tmp_path / "site" / "datasets" / "orders.html").read_text()
    assert "Certified" in (tmp_path / "site" / "datasets" / "sales.html").read_text()


def test_an_address_makes_links_for_search_engines(stocked: Golden, tmp_path: Path) -> None:
    release = esclusa.open(**stocked.at)
    build_site(release, tmp_path / "site", url="https://data.example.org/site/", data_url="https://data.example.org/g")
    page = (tmp_path / "site" / "es" / "shut.html").read_text()
    assert '<link rel="canonical" href="https://data.example.org/site/es/shut.html">' in page
    assert "https://data.example.org/site/shut.html" in (tmp_path / "site" / "sitemap.txt").read_text()
    assert (
        "repository=&#39;https://data.example.org/g&#39;" in (tmp_path / "site" / "datasets" / "sales.html").read_text()
    )
