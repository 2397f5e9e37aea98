"""The catalogue's pages follow every release, and never stand in its way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console

from esclusa.errors import Misused
from orchestration.golden import open_golden
from orchestration.jobs.sensors import site_sensor
from orchestration.platform import Platform
from orchestration.publish import publish_release
from orchestration.run import write_site
from orchestration.site import renew_site
from tests.orchestration.small import decided


def with_site(platform: Platform, directory: Path | None) -> Platform:
    return replace(platform, settings=replace(platform.settings, site=directory))


def publish(platform: Platform, dataset: str) -> None:
    publish_release(platform, dataset, now=datetime.now(UTC), run="run-1", progress=lambda _: None)


def tick(platform: Platform) -> str:
    """What a tick of the sensor says."""
    context = dg.build_sensor_context()
    said = site_sensor(platform)(context)
    assert isinstance(said, dg.SkipReason)
    return said.skip_message or ""


def test_pages_are_written_with_a_release_and_stand_until_the_next(small: Platform, tmp_path: Path) -> None:
    made = with_site(small, tmp_path / "site")
    open_golden(made)
    decided(made, "orders")
    publish(made, "orders")
    assert "pages" in tick(made)
    assert "Certified" in (tmp_path / "site" / "datasets" / "orders.html").read_text()
    assert tick(made) == "they are as new as the release"
    decided(made, "parcels")
    publish(made, "parcels")
    assert "pages" in tick(made)
    assert (tmp_path / "site" / "datasets" / "parcels.html").exists()


def test_pages_are_written_again_after_an_hour_without_a_release(small: Platform, tmp_path: Path) -> None:
    made = with_site(small, tmp_path / "site")
    open_golden(made)
    now = datetime.now(UTC)
    assert renew_site(made.settings, now) is not None
    assert renew_site(made.settings, now + timedelta(minutes=50)) is None
    assert renew_site(made.settings, now + timedelta(minutes=61)) is not None


def test_without_a_directory_nothing_is_written(small: Platform) -> None:
    assert "ESCLUSA_SITE names no directory" in tick(with_site(small, None))


def test_a_directory_that_holds_something_else_is_refused_by_the_tick(small: Platform, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    made = with_site(small, tmp_path / "mine")
    open_golden(made)
    with pytest.raises(Misused, match="no catalogue"):
        renew_site(made.settings, datetime.now(UTC))


def test_a_run_tells_where_its_pages_are_and_goes_on_where_they_cannot_be_written(
    small: Platform, tmp_path: Path
) -> None:
    open_golden(small)
    said = StringIO()
    write_site(with_site(small, tmp_path / "site").settings, Console(file=said, width=400))
    assert said.getvalue().strip() == f"catalogue: {tmp_path / 'site' / 'index.html'}"
    (tmp_path / "site" / "catalogue.json").unlink()
    write_site(with_site(small, tmp_path / "site").settings, Console(file=said, width=400))
    assert "the catalogue's pages were not written" in said.getvalue()
