"""Each kind of broken delivery stops at its source's step, in words; golden serves the same rows until it is mended."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

import esclusa
from orchestration.platform import Platform
from orchestration.sample import FAULTS, break_delivery
from orchestration.sample.faults import LEADS
from tests.journeys.conftest import Journey, journey_from, leave_out_last_row

SOURCE, DATASET = "raw/olist__leads", "qualified_leads"
STEP = "land_olist__leads"
LET_PASS = {"extra"}  # the source contract says `additive: warn`
INVOICES = Path("online_retail") / "onlineretail.parquet"


def refusal_of(result: dg.ExecuteInProcessResult) -> dg.Failure:
    """What the source's step said when it failed."""
    said = result.failure_data_for_node(STEP)
    assert said is not None
    assert said.user_failure_data is not None, said.error
    return dg.Failure(said.user_failure_data.description, said.user_failure_data.metadata)


@pytest.fixture(scope="module")
def bad_days(certified: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """One home for all kinds: a refusal leaves raw and golden as they were."""
    with pytest.MonkeyPatch.context() as patch:
        yield journey_from(certified, tmp_path_factory.mktemp("bad_days") / "home", patch)


@pytest.fixture(scope="module")
def platform(bad_days: Journey) -> Platform:
    """Its promises and manifest, read once."""
    return bad_days.platform


@pytest.mark.parametrize("kind", sorted(FAULTS.keys() - LET_PASS))
def test_a_broken_delivery_is_refused_in_words_and_golden_serves_the_rows_before(
    kind: str, bad_days: Journey, platform: Platform, sample: Path
) -> None:
    leads = bad_days.settings.source_files / LEADS
    before = bad_days.read(DATASET)
    shutil.copyfile(sample / LEADS, leads)
    break_delivery(bad_days.settings.source_files, kind)

    result = bad_days.run(SOURCE, platform=platform)
    assert not result.success
    refusal = refusal_of(result)
    told = {label: str(refusal.metadata[label].value) for label in ("seen", "agreed", "owner", "next")}
    assert all(told.values())
    assert all(text in str(refusal.description) for text in told.values())
    assert platform.promises.sources["olist"].owner in told["owner"]
    (lamp,) = [e for e in result.get_asset_check_evaluations() if e.check_name == "delivery_accepted"]
    assert not lamp.passed
    assert lamp.description == refusal.description

    why = bad_days.why(DATASET)
    assert why.candidate_refused
    assert why.decision is not None
    assert (why.decision.stage, why.decision.message) == ("landing", refusal.description)
    assert why.status == "certified"
    assert bad_days.read(DATASET).equals(before)


def test_mending_the_delivery_and_running_again_clears_the_refusal(journey: Journey, sample: Path) -> None:
    before = journey.read(DATASET)
    break_delivery(journey.settings.source_files, "missing")
    journey.run(SOURCE)
    assert not journey.why(DATASET).ok
    shutil.copyfile(sample / LEADS, journey.settings.source_files / LEADS)
    assert journey.run(SOURCE, f"gate/{DATASET}", f"golden/{DATASET}").success
    assert journey.why(DATASET).ok
    assert journey.read(DATASET).equals(before)


def test_the_datasets_of_other_sources_are_untouched_and_go_on(journey: Journey) -> None:
    """One run over everything, with the leads broken and one invoice delivery that changed."""
    golden = journey.settings.golden
    before = {e.dataset: e for e in esclusa.catalog(repository=golden)}
    break_delivery(journey.settings.source_files, "renamed")
    leave_out_last_row(journey.settings.source_files / INVOICES)

    result = journey.run()
    assert not result.success
    assert journey.why(DATASET).candidate_refused
    after = {e.dataset: e for e in esclusa.catalog(repository=golden)}
    assert after["resolution_times"] == before["resolution_times"]
    assert journey.why("renewal_risk").ok
    newer, older = after["renewal_risk"].valid_until, before["renewal_risk"].valid_until
    assert newer is not None
    assert older is not None
    assert newer > older, "a changed delivery beside a broken one is certified anew"


def test_a_column_that_was_only_added_is_told_and_let_pass(journey: Journey) -> None:
    break_delivery(journey.settings.source_files, "extra")
    result = journey.run(SOURCE)
    assert result.success
    (told,) = [e for e in result.get_asset_check_evaluations() if e.check_name == "agreed_schema"]
    assert not told.passed
    assert told.severity is dg.AssetCheckSeverity.WARN
    assert "campaign" in str(told.description)
    assert not journey.why(DATASET).candidate_refused
