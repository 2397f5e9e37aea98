"""A broken re-delivery of a source is refused in its own words, and raw keeps what the last good one brought."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree

import duckdb
import pytest

from expectations.landing import DeliveryRefused, land
from expectations.loader import load_source
from orchestration.sample import FAULTS, break_delivery, generate

OLIST = load_source(Path(__file__).resolve().parents[2] / "expectations" / "sources" / "olist.yaml")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
HELD = (
    "from raw.olist__leads order by all",
    "from quarantine.olist__leads order by all",
    "from meta.loads order by all",
)
# What the refusal must say that was seen; a column that was only added is landed without it, and told.
SEEN = {
    "absent": "no such file",
    "empty": "an empty file (0 bytes)",
    "header-only": "a header and no rows",
    "html": "an HTML or XML page",
    "pivot": "a pivot or report export: 14 columns",
    "missing": "column `origin` is missing",
    "renamed": "column `mql_id` is missing, `mql_identifier` is new: renamed?",
    "semicolons": "separated by semicolon, not by comma",
    "dates": "`first_contact_date` written as %m/%d/%Y",
    "truncated": "cut short",
    "packed": "cut short",
    "utf-16": "text in UTF-16",
    "latin-1": "bytes that are not utf-8",
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sample."""
    directory = tmp_path_factory.mktemp("sample") / "data"
    generate(directory, scale=0.1)
    return directory


@pytest.fixture
def warehouse(sample: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse in which the good leads have landed."""
    with duckdb.connect() as connection:
        land(connection, OLIST, "leads", sample, now=NOW)
        yield connection


@pytest.mark.parametrize("kind", SEEN)
def test_a_broken_delivery_is_refused_and_raw_keeps_what_it_had(
    kind: str, sample: Path, warehouse: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    before = [warehouse.execute(query).fetchall() for query in HELD]
    broken = copytree(sample, tmp_path / "data")
    break_delivery(broken, kind)
    with pytest.raises(DeliveryRefused) as refusal:
        land(warehouse, OLIST, "leads", broken, now=NOW)
    assert SEEN[kind] in refusal.value.seen
    assert refusal.value.owner == "partner.sales, #funnel-data"
    assert [warehouse.execute(query).fetchall() for query in HELD] == before
    assert before[0]
    assert land(warehouse, OLIST, "leads", sample, now=NOW).unchanged


def test_every_kind_of_broken_delivery_is_tried() -> None:
    assert set(SEEN) == set(FAULTS) - {"extra"}
