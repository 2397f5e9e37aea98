"""`catalog` and `why`: what each dataset is worth now."""

from __future__ import annotations

import pytest

import esclusa
from tests.esclusa.golden import SHUT, Golden


def test_the_catalogue_tells_every_dataset_by_its_status(golden: Golden) -> None:
    assert {entry.dataset: entry.status for entry in esclusa.catalog(**golden.at)} == {
        "customers": "certified",
        "generated": "certified",
        "gone": "withdrawn",
        "newcomer": "refused",
        "orders": "certified",
        "stale": "expired",
    }


def test_an_entry_says_what_a_reader_must_know(golden: Golden) -> None:
    entries = {entry.dataset: entry for entry in esclusa.catalog(**golden.at)}
    assert (entries["orders"].rows, entries["orders"].owner, entries["orders"].clock) == (40, "ada", "now")
    assert entries["orders"].valid_until is not None
    assert not entries["orders"].synthetic
    assert not entries["orders"].candidate_refused
    assert (entries["generated"].synthetic, entries["generated"].clock) == (True, "replay")
    assert entries["customers"].candidate_refused


def test_a_tampered_certificate_makes_its_dataset_broken_and_leaves_the_others(golden: Golden) -> None:
    golden.target("orders", "certificate.json").write_text("{}")
    entries = {entry.dataset: entry for entry in esclusa.catalog(**golden.at)}
    assert entries["orders"].status == "broken"
    assert "not the file that was published" in entries["orders"].problem
    assert entries["customers"].status == "certified"


def test_a_tampered_decision_makes_its_dataset_broken_and_leaves_the_others(golden: Golden) -> None:
    golden.target("verdicts", "customers.json").write_text("{}")
    statuses = {entry.dataset: entry.status for entry in esclusa.catalog(**golden.at)}
    assert (statuses["customers"], statuses["orders"]) == ("broken", "certified")


def test_why_of_a_certified_dataset_names_its_certificate(golden: Golden) -> None:
    reason = esclusa.why("orders", **golden.at)
    assert reason.ok
    assert reason.certificate is not None
    assert {finding.state for finding in reason.certificate.findings} == {"pass"}
    assert reason.decision is not None
    assert reason.decision.certificate == reason.certificate.digest


def test_why_of_a_refused_candidate_shows_the_finding_and_what_golden_still_serves(golden: Golden) -> None:
    reason = esclusa.why("customers", **golden.at)
    assert (reason.status, reason.ok, reason.candidate_refused) == ("certified", False, True)
    assert reason.decision is not None
    (finding,) = reason.decision.findings
    assert (finding.rule, finding.observed, finding.required) == (SHUT.rule, 12, "0 rows")
    assert (finding.owner, finding.remedy) == (SHUT.owner, SHUT.remedy)


@pytest.mark.parametrize(("dataset", "status"), [("newcomer", "refused"), ("gone", "withdrawn"), ("stale", "expired")])
def test_why_of_what_is_not_served_is_not_ok(golden: Golden, dataset: str, status: str) -> None:
    reason = esclusa.why(dataset, **golden.at)
    assert (reason.status, reason.ok) == (status, False)


def test_why_of_an_unknown_dataset_is_refused(golden: Golden) -> None:
    with pytest.raises(esclusa.NotCertified, match="No dataset named ordres"):
        esclusa.why("ordres", **golden.at)
