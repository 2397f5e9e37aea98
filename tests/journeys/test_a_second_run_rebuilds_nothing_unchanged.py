"""What did not change is neither landed, built, pinned nor published again; what changed is, and nothing else."""

from __future__ import annotations

from pathlib import Path

from orchestration.sample import generate
from tests.journeys.conftest import Journey


def states(directory: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(directory)): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def rebuilt(journey: Journey) -> set[str]:
    """Steps of one run that did their work again."""
    result = journey.run()
    assert result.success
    done = set()
    for event in result.get_asset_materialization_events():
        metadata = event.materialization.metadata
        told = ("unchanged", "rebuilt", "measured again", "published anew")
        flags = {name: metadata[name].value for name in told if name in metadata}
        if flags.get("unchanged") is False or flags.get("measured again") or flags.get("published anew"):
            done.add("/".join(event.materialization.asset_key.path))
        if event.materialization.asset_key.path[0] == "candidate" and flags.get("rebuilt") is not False:
            done.add("/".join(event.materialization.asset_key.path))
    return done


def test_a_second_run_does_nothing_again_and_leaves_golden_as_it_is(journey: Journey) -> None:
    golden, pins = states(journey.settings.golden), states(journey.settings.workshop / "pins")
    assert rebuilt(journey) == set()
    assert states(journey.settings.golden) == golden
    assert states(journey.settings.workshop / "pins") == pins


def test_a_new_delivery_of_one_source_rebuilds_only_what_it_feeds(journey: Journey, tmp_path: Path) -> None:
    generate(tmp_path / "other", seed=11)
    name = Path("online_retail") / "onlineretail.parquet"
    (tmp_path / "other" / name).replace(journey.settings.source_files / name)
    assert rebuilt(journey) == {
        "raw/online_retail__invoice_lines",
        "candidate/renewal_risk",
        "gate/renewal_risk",
        "golden/renewal_risk",
    }
