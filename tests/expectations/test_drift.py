"""Drift by each distance: its arithmetic, its bins and what it is compared with."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr
from scipy.stats import ks_2samp

from expectations.rules.drift import DISTANCES, FLOOR, js, ks, psi, read_bins
from expectations.rules.rule import RuleError
from expectations.verdict import State
from tests.expectations.audited import audited, column, contract, quality

EDGES = {"edges": [10, 20], "shares": [0.5, 0.3, 0.2]}


def drift(baseline: Any = None, check: str = "psi", **more: Any) -> Any:
    implementation = {"check": check, **({"baseline": baseline} if baseline else {}), **more}
    body = {"engine": "esclusa", "implementation": implementation}
    return contract(column(quality=[quality("drift", kind="custom", operator=None, bound=None, unit="", **body)]))


def test_psi_is_the_symmetric_relative_entropy() -> None:
    expected, observed = [0.2, 0.3, 0.5], [0.25, 0.35, 0.4]
    assert psi(expected, observed) == pytest.approx(
        rel_entr(observed, expected).sum() + rel_entr(expected, observed).sum()
    )


def test_psi_by_hand() -> None:
    """(0.6 − 0.5)·ln(0.6/0.5) + (0.4 − 0.5)·ln(0.4/0.5) = 0.1·ln(1.5)"""
    assert psi([0.5, 0.5], [0.6, 0.4]) == pytest.approx(0.0405465108)


def test_an_empty_bin_counts_as_the_floor() -> None:
    assert psi([0.5, 0.5], [1, 0]) == pytest.approx(psi([0.5, 0.5], [1, FLOOR]))


def test_a_distribution_as_agreed_passes_and_carries_what_was_seen() -> None:
    rows = "SELECT CASE WHEN i < 5 THEN 10 WHEN i < 8 THEN 20 ELSE 21 END::DOUBLE AS c FROM range(10) r(i)"
    finding = audited(drift(EDGES), rows)["c__drift"]
    assert (finding.state, finding.observed) == (State.PASS, 0)
    assert finding.statistics == {"edges": [10, 20], "shares": [0.5, 0.3, 0.2], "rows": 10}


def test_a_shifted_distribution_fails() -> None:
    assert audited(drift(EDGES), "SELECT 100.0::DOUBLE AS c FROM range(10)")["c__drift"].state is State.FAIL


def test_missing_values_belong_to_no_bin() -> None:
    rows = "SELECT 5::DOUBLE AS c UNION ALL SELECT 'NaN'::DOUBLE UNION ALL SELECT NULL"
    assert audited(drift(EDGES), rows)["c__drift"].statistics == {"edges": [10, 20], "shares": [1, 0, 0], "rows": 1}


def test_categories_have_a_share_for_all_others() -> None:
    baseline = {"categories": ["a", "b"], "shares": [0.5, 0.5]}
    finding = audited(drift(baseline), "SELECT unnest(['a', 'a', 'b', 'z', NULL]) AS c")["c__drift"]
    assert finding.statistics == {"categories": ["a", "b"], "shares": [0.5, 0.25, 0.25], "rows": 4}
    assert finding.observed == pytest.approx(psi([0.5, 0.5, 0], [0.5, 0.25, 0.25]))


def test_the_last_certificate_takes_the_place_of_what_was_agreed() -> None:
    last = {"edges": [10, 20], "shares": [0, 0, 1.0], "rows": 10}
    rows = "SELECT 100.0::DOUBLE AS c FROM range(10)"
    finding = audited(drift(EDGES), rows, reference={"c__drift": last})["c__drift"]
    assert (finding.state, finding.observed) == (State.PASS, 0)


def test_a_reference_with_other_bins_is_not_compared() -> None:
    last = {"edges": [1], "shares": [0, 1.0], "rows": 10}
    rows = "SELECT 100.0::DOUBLE AS c FROM range(10)"
    assert audited(drift(EDGES), rows, reference={"c__drift": last})["c__drift"].state is State.FAIL


@pytest.mark.parametrize("rows", ["SELECT 1::DOUBLE AS c", "SELECT 1::DOUBLE AS c WHERE false"])
def test_nothing_to_compare_with_shuts_the_gate(rows: str) -> None:
    assert audited(drift(), rows)["c__drift"].state is State.MISSING


def test_an_empty_column_shuts_the_gate() -> None:
    assert audited(drift(EDGES), "SELECT NULL::DOUBLE AS c")["c__drift"].state is State.MISSING


def test_outer_edges_are_open() -> None:
    assert read_bins({"edges": [0, 10, 20, 30], "shares": [0.5, 0.3, 0.2]}).marks == (10, 20)


@pytest.mark.parametrize(
    "document",
    [
        {"shares": [1.0]},
        {"edges": [2, 1], "shares": [0.5, 0.3, 0.2]},
        {"edges": [1, 2], "shares": [0.5, 0.1, 0.1]},
        {"edges": [1, 2, 3], "shares": [0.5, 0.2, 0.3, 0.0, 0.0]},
        {"categories": ["a"], "shares": [1.5, -0.5]},
        {"edges": ["a"], "shares": [0.5, 0.5]},
    ],
)
def test_what_is_no_distribution_is_refused(document: Any) -> None:
    with pytest.raises(RuleError):
        read_bins(document)


def test_edges_on_words_are_an_error_and_no_pass() -> None:
    finding = audited(drift(EDGES), "SELECT 'a' AS c")["c__drift"]
    assert finding.state is State.ERROR
    assert "categories" in finding.message


weights = st.integers(2, 12).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 50), min_size=n, max_size=n).filter(any) for _ in range(2)])
)


@settings(max_examples=100, deadline=None)
@given(weights)
def test_js_is_the_distance_that_scipy_finds(pair: tuple[list[int], list[int]]) -> None:
    expected, observed = ([w / sum(weight) for w in weight] for weight in pair)
    assert js(expected, observed) == pytest.approx(jensenshannon(expected, observed, base=2), abs=1e-7)
    assert js(expected, observed) == pytest.approx(js(observed, expected))
    assert 0 <= js(expected, observed) <= 1


values = st.lists(st.integers(0, 30).map(float) | st.floats(0, 30), min_size=1, max_size=60)


@settings(max_examples=100, deadline=None)
@given(values, values, st.lists(st.integers(1, 29), min_size=1, max_size=12, unique=True))
def test_ks_is_the_statistic_that_scipy_finds_within_the_bins(
    before: list[float], after: list[float], edges: list[int]
) -> None:
    """Between two edges the statistic may be larger, by no more than the larger share of that bin."""
    marks = [-np.inf, *sorted(map(float, edges)), np.inf]

    def shares(sample: list[float]) -> list[float]:
        inside = [sum(low < v <= high for v in sample) for low, high in pairwise(marks)]
        return [count / len(sample) for count in inside]

    expected, observed = shares(before), shares(after)
    exact, found = ks_2samp(before, after).statistic, ks(expected, observed)
    assert found <= exact + 1e-9
    assert exact - found <= max(map(max, zip(expected, observed, strict=True))) + 1e-9
    at_every_value = sorted({*before, *after})
    marks = [-np.inf, *at_every_value, np.inf]
    assert ks(shares(before), shares(after)) == pytest.approx(exact)


@pytest.mark.parametrize("check", DISTANCES)
def test_each_distance_is_nothing_on_the_agreed_shares_and_bites_on_others(check: str) -> None:
    rows = "SELECT CASE WHEN i < 5 THEN 10 WHEN i < 8 THEN 20 ELSE 21 END::DOUBLE AS c FROM range(10) r(i)"
    kept = audited(drift(EDGES, check), rows)["c__drift"]
    assert (kept.state, kept.unit, kept.threshold) == (State.PASS, "", DISTANCES[check].threshold)
    assert kept.observed == pytest.approx(0, abs=1e-9)
    moved = audited(drift(EDGES, check), "SELECT 100.0::DOUBLE AS c FROM range(10)")["c__drift"]
    assert moved.state is State.FAIL
    assert moved.observed == pytest.approx({"psi": 7.95, "js": 0.78, "ks": 0.8}[check], abs=0.01)
    assert moved.statistics == {"edges": [10, 20], "shares": [0, 0, 1], "rows": 10}


@pytest.mark.parametrize("check", DISTANCES)
def test_each_distance_is_measured_against_the_last_certificate_where_there_is_one(check: str) -> None:
    last = {"edges": [10, 20], "shares": [0, 0, 1.0], "rows": 10}
    rows = "SELECT 100.0::DOUBLE AS c FROM range(10)"
    assert audited(drift(EDGES, check), rows, reference={"c__drift": last})["c__drift"].observed == pytest.approx(0)


@pytest.mark.parametrize("check", DISTANCES)
@pytest.mark.parametrize("rows", ["SELECT NULL::DOUBLE AS c", "SELECT 'NaN'::DOUBLE AS c", "SELECT 1.0 AS c LIMIT 0"])
def test_no_value_at_all_shuts_the_gate(check: str, rows: str) -> None:
    assert audited(drift(EDGES, check), rows)["c__drift"].state is State.MISSING


def test_ks_of_categories_is_an_error_and_no_pass() -> None:
    finding = audited(drift({"categories": ["a"], "shares": [1.0]}, "ks"), "SELECT 'a' AS c")["c__drift"]
    assert finding.state is State.ERROR
    assert "use js" in finding.message


def test_a_threshold_of_its_own_takes_the_place_of_the_default() -> None:
    rows = "SELECT CASE WHEN i < 6 THEN 10 WHEN i < 8 THEN 20 ELSE 21 END::DOUBLE AS c FROM range(10) r(i)"
    assert audited(drift(EDGES, "ks", threshold=0.05), rows)["c__drift"].state is State.FAIL
    assert audited(drift(EDGES, "ks", threshold=0.2), rows)["c__drift"].state is State.PASS
