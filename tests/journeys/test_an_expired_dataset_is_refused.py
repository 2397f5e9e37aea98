"""Promise: a promise that ran out is refused by itself; when the platform dies, everything is."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import esclusa
from tests.esclusa.golden import ORDERS, fresh_golden
from tests.golden_repository import publish_small


def test_a_dataset_is_served_until_its_promise_ends_and_not_a_moment_longer(tmp_path: Path) -> None:
    golden = fresh_golden(tmp_path)
    golden.publish({"brief": ORDERS}, valid_for=timedelta(seconds=4))
    release = esclusa.open(**golden.at)
    assert release.read("brief").num_rows == 40
    time.sleep(4.1)
    for read in (release.read, lambda name: esclusa.read(name, **golden.at)):
        with pytest.raises(esclusa.Expired, match="certificate of brief has expired") as refused:
            read("brief")
        assert refused.value.owner == "ada"
        assert "valid until" in refused.value.observed
        assert read("orders").num_rows == 40


def test_an_expired_dataset_is_shown_as_such_and_its_neighbours_are_served(tmp_path: Path) -> None:
    golden = fresh_golden(tmp_path)
    with pytest.raises(esclusa.Expired):
        esclusa.read("stale", **golden.at)
    assert {e.status for e in esclusa.catalog(**golden.at) if e.dataset == "stale"} == {"expired"}
    report = esclusa.verify("stale", **golden.at)
    assert isinstance(report.error, esclusa.Expired)
    assert esclusa.read("orders", **golden.at).num_rows == 40


def test_an_expired_dataset_that_was_also_edited_is_tampered_with(tmp_path: Path) -> None:
    """An expired role is still held to its signature: expiry is no way around it."""
    golden = fresh_golden(tmp_path)
    golden.target("stale", "certificate.json").write_text("{}")
    with pytest.raises(esclusa.Tampered):
        esclusa.read("stale", **golden.at)
    role = max((golden.path / "metadata").glob("*.stale.json"))
    role.write_bytes(role.read_bytes().replace(b"stale/certificate", b"stale/Certificate"))
    with pytest.raises(esclusa.Tampered):
        esclusa.read("stale", **golden.at)


def test_a_repository_that_nobody_keeps_alive_is_refused_as_a_whole(tmp_path: Path) -> None:
    path, keys, state = tmp_path / "golden", tmp_path / "keys", tmp_path / "state"
    long_ago = datetime.now(UTC) - timedelta(days=3)
    publish_small(path, keys, {"orders": ORDERS}, timedelta(days=9), now=long_ago)
    esclusa.trust(path, state=state)
    with pytest.raises(esclusa.Expired, match="no longer kept alive"):
        esclusa.read("orders", repository=path, state=state)
    publish_small(path, keys, {}).keep_alive()
    assert esclusa.read("orders", repository=path, state=state).num_rows == 40


def test_keeping_the_platform_alive_prolongs_no_promise(tmp_path: Path) -> None:
    """Signing a timestamp again says that the platform lives, not that its data is fresh."""
    golden = fresh_golden(tmp_path)
    golden.publish({"brief": ORDERS}, valid_for=timedelta(seconds=2))
    time.sleep(2.1)
    golden.writer().keep_alive()
    with pytest.raises(esclusa.Expired, match="certificate of brief"):
        esclusa.read("brief", **golden.at)
