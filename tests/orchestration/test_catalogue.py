"""Promises are told with every release and refusal, and by every look at the gates that finds them changed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import esclusa
from esclusa.tracing.origins import read_lineage
from orchestration.catalogue import catalogue_files
from orchestration.golden import open_golden, wake
from orchestration.platform import Platform
from orchestration.publish import publish_release
from orchestration.refusals import refuse
from tests.golden_repository import open_small
from tests.orchestration.small import decided


def publish(platform: Platform, release: str) -> bool:
    (outcome,) = publish_release(platform, release, now=datetime.now(UTC), run="run-1", progress=lambda _: None)
    return outcome.published


def opened(platform: Platform) -> esclusa.Release:
    return esclusa.open(platform.settings.golden)


def promising(platform: Platform, purpose: str) -> Platform:
    """The same platform after an edit that no gate needs to look at."""
    contracts = {n: replace(c, description={"purpose": purpose}) for n, c in platform.promises.contracts.items()}
    return replace(platform, promises=replace(platform.promises, contracts=contracts))


def purposes(platform: Platform) -> set[str]:
    return {d.purpose for d in opened(platform).promises.datasets}


def test_a_release_tells_the_promises_of_every_dataset_certified_or_not(small: Platform) -> None:
    decided(small, "orders")
    assert publish(small, "orders")
    told = opened(small).promises
    assert [d.dataset for d in told.datasets] == ["orders", "parcels", "refunds"]
    assert opened(small).datasets == ("orders",)


def test_a_refusal_tells_them_too(small: Platform) -> None:
    refuse(small, ["orders"], stage="build", message="dbt stopped", remedy="dbt build", now=datetime.now(UTC))
    assert len(opened(small).promises.datasets) == 3


def test_what_changed_is_told_at_the_next_look_and_what_did_not_is_not_told_again(small: Platform) -> None:
    decided(small, "orders")
    publish(small, "orders")
    before = opened(small).version
    wake(small, open_golden(small))
    assert opened(small).version == before
    changed = promising(small, "Another purpose.")
    wake(changed, open_golden(changed))
    assert opened(small).version == before + 1
    assert purposes(small) == {"Another purpose."}


def test_a_refusal_that_stands_still_tells_promises_that_changed(small: Platform) -> None:
    said = {"stage": "build", "message": "dbt stopped", "remedy": "dbt build", "now": datetime.now(UTC)}
    refuse(small, ["orders"], **said)
    refuse(promising(small, "Another purpose."), ["orders"], **said)
    assert purposes(small) == {"Another purpose."}


def test_a_repository_that_ran_out_is_renewed_and_told(small: Platform) -> None:
    open_golden(small)
    past = open_small(small.settings.golden, small.settings.keys, datetime.now(UTC) - timedelta(days=2))
    past.keep_alive()
    with pytest.raises(esclusa.Expired):
        opened(small)
    wake(small, open_golden(small))
    assert len(opened(small).promises.datasets) == 3


def test_promises_are_the_same_bytes_each_time(small: Platform) -> None:
    assert catalogue_files(small) == catalogue_files(small)


def test_a_dataset_carries_the_lineage_of_its_certification(small: Platform) -> None:
    decided(small, "orders")
    publish(small, "orders")
    release = opened(small)
    lineage = read_lineage(json.loads(release.document("orders", "lineage.json")))
    assert lineage.columns.keys() == {"id", "amount"}
    assert lineage == release.promises.datasets[0].lineage
    certificate = release.why("orders").certificate
    assert certificate is not None
    assert "orders/lineage.json" in certificate.subjects
    assert release.verify("orders").ok


def test_the_real_project_s_lineage_reaches_sources_and_doubts_nothing(real: Platform) -> None:
    document = json.loads(catalogue_files(real)["promises.json"])
    for dataset in document["datasets"]:
        lineage = read_lineage(dataset["lineage"])
        agreed = {
            f"{s['system']}.{t['table']}.{c['name']}"
            for s in document["sources"] for t in s["tables"] for c in t["columns"]
        }  # fmt: skip
        assert lineage.used
        assert lineage.used <= agreed
        assert not lineage.rows.uncertain
        assert not any(origin.uncertain for origin in lineage.columns.values())
        assert {r.layer for r in lineage.relations} == {"raw", "staging", "intermediate", "candidate"}
