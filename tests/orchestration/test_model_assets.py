"""What becomes of a build that did not make every candidate: what is missing is refused, what was made goes on."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

import esclusa
from orchestration.assets.models import _tell_what_is_missing
from orchestration.builds import Build
from orchestration.golden import open_golden
from orchestration.platform import Platform

FAMILY = ("orders", "refunds")
CONTEXT: Any = SimpleNamespace(log=logging.getLogger(__name__))


@pytest.fixture
def lamps(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Candidate → what its gate's lamps are told of it (`test_lamps.py` shows how they stand then)."""
    kept: dict[str, str] = {}

    def keep(context: object, failed: dg.AssetKey, why: str, said: object) -> None:
        kept[failed.to_user_string()] = why

    monkeypatch.setattr("orchestration.assets.models.keep_lamps", keep)
    return kept


def refused(platform: Platform) -> dict[str, str]:
    """Dataset → stage at which its newest candidate was refused."""
    open_golden(platform)
    entries = esclusa.catalog(repository=platform.settings.golden)
    whys = [esclusa.why(entry.dataset, repository=platform.settings.golden) for entry in entries]
    return {why.dataset: why.decision.stage for why in whys if why.candidate_refused and why.decision}


def test_a_family_without_its_only_candidates_fails_its_step_and_says_why(
    small: Platform, lamps: dict[str, str]
) -> None:
    build = Build("", dict.fromkeys(FAMILY, "model stg_shop (error)"), {})
    with pytest.raises(
        dg.Failure, match=r"orders: dbt built no candidate: model stg_shop \(error\); owner: ada; next:"
    ):
        _tell_what_is_missing(CONTEXT, small, FAMILY, build)
    assert refused(small) == {"orders": "build", "refunds": "build"}
    assert lamps.keys() == {"candidate/orders", "candidate/refunds"}
    assert "dbt built no candidate" in lamps["candidate/orders"]


def test_one_missing_candidate_does_not_stop_the_other_of_its_family(small: Platform, lamps: dict[str, str]) -> None:
    _tell_what_is_missing(CONTEXT, small, FAMILY, Build("", {"refunds": "model refunds (error)"}, {}))
    assert refused(small) == {"refunds": "build"}
    assert lamps.keys() == {"candidate/refunds"}


def test_nothing_is_refused_where_everything_was_made(small: Platform, lamps: dict[str, str]) -> None:
    _tell_what_is_missing(CONTEXT, small, FAMILY, Build("", {}, {}))
    assert refused(small) == {}
    assert not lamps
