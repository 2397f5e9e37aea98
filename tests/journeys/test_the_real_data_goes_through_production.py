"""Real data goes through production: refused unsigned, certified signed, refused after one word, certified again."""

from __future__ import annotations

from pathlib import Path

import mlcroissant
import pytest

import esclusa
from expectations.verdict import GateItem
from tests.journeys.conftest import Journey, settings_in
from tests.journeys.signers import Signers, appoint, in_production, reword
from tests.journeys.test_every_step_is_told_in_the_open_standard import asked, rules_of, told
from tests.openlineage import Standard

ROWS = {"qualified_leads": 8_000, "renewal_risk": 32_907, "resolution_times": 24_918}
# dataset → a definition that it names, words of it, other words
WORDS = {
    "qualified_leads": ("qualified_lead", "contact on a", "touch on a"),
    "renewal_risk": ("renewal_risk", "likely it is", "probable it is"),
    "resolution_times": ("time_to_resolution", "incident was opened", "ticket was opened"),
}


def test_the_real_data_goes_through_production(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, openlineage: Standard
) -> None:
    monkeypatch.setenv("ESCLUSA_STATE", str(tmp_path / "state"))
    keys = tmp_path / "keys"
    keys.mkdir()
    journey = Journey(in_production(settings_in(tmp_path / "home", shared_data), tmp_path, monkeypatch))
    signers = appoint(journey.settings, journey.platform.promises.contracts, keys)

    journey.run()
    for dataset in ROWS:
        why = refused_for_its_signatures(journey, dataset, signers, "has signed")
        assert why.certificate is None

    sign_and_run(journey, signers)
    for dataset, rows in ROWS.items():
        certified(journey, dataset, rows, signers)

    for term, old, new in WORDS.values():
        path = journey.settings.expectations / "definitions" / f"{term}.yaml"
        reword(path, f" {old} ", f" {new} ")
    run_gates(journey)
    for dataset, (term, _, _) in WORDS.items():
        why = refused_for_its_signatures(journey, dataset, signers, f"the definition {term} changed")
        assert why.certificate is not None, "golden goes on serving what was signed"

    sign_and_run(journey, signers)
    for dataset, rows in ROWS.items():
        certified(journey, dataset, rows, signers)
    events_are_valid(journey, openlineage)


def events_are_valid(journey: Journey, openlineage: Standard) -> None:
    """Every event of all these runs, with an assertion for each rule of the audit that a certificate rests on."""
    events = told(journey)
    assert [p for event in events for p in openlineage.problems(event)] == []
    assert {f"{e['job']['name']} {e['eventType']}" for e in events} >= {
        f"{what}.{dataset} {state}"
        for what in ("audit", "publish")
        for dataset in ROWS
        for state in ("FAIL", "COMPLETE")
    }
    for dataset in ROWS:
        certificate = journey.why(dataset).certificate
        assert certificate is not None
        assert asked(events, dataset) == sorted(rules_of(certificate))


def run_gates(journey: Journey) -> None:
    """Judge and publish again what is built."""
    journey.run(*(f"gate/{d}" for d in ROWS), *(f"golden/{d}" for d in ROWS))


def sign_and_run(journey: Journey, signers: Signers) -> None:
    """Everyone signs everything."""
    for dataset in ROWS:
        signers.sign(dataset)
    run_gates(journey)


def refused_for_its_signatures(journey: Journey, dataset: str, signers: Signers, reason: str) -> esclusa.Why:
    """The gate is shut by its signatures and by nothing else, and names who must sign, and why."""
    why = journey.why(dataset)
    assert why.candidate_refused
    assert why.decision is not None
    shutting = {f.rule: f for f in why.decision.findings}
    assert {f.item for f in shutting.values()} == {GateItem.SIGNOFF}, [f.message for f in shutting.values()]
    for role, who in signers.people[dataset].items():
        finding = shutting[f"{dataset}__signoff_{role}"]
        assert reason in finding.message
        assert f"must sign: {who}" in finding.message
    return why


def certified(journey: Journey, dataset: str, rows: int, signers: Signers) -> None:
    """The newest candidate is served, with everyone's signature."""
    why = journey.why(dataset)
    assert why.decision is not None
    told = [why.decision.message, *(f.message for f in why.decision.findings)]
    assert (why.status, why.candidate_refused) == ("certified", False), told
    assert why.certificate is not None
    assert why.certificate.rows == rows
    said = why.certificate.document["predicate"]
    assert said["environment"] == "production"
    assert {s["role"]: s["principal"] for s in said["signoffs"]} == signers.people[dataset]
    loaded_by_machines(journey, dataset, sealed=set(said["sealed"]))


def loaded_by_machines(journey: Journey, dataset: str, sealed: set[str]) -> None:
    """The reference loader takes the release's Croissant document without a word, and proves its files."""
    newest = max(
        (journey.settings.golden / "targets" / dataset).glob("*.croissant.json"), key=lambda p: p.stat().st_mtime
    )
    described = mlcroissant.Dataset(str(newest)).metadata
    assert (described.ctx.issues.errors, described.ctx.issues.warnings) == (set(), set())
    fields = {s.uuid: {f.name for f in s.fields} for s in described.record_sets}
    assert fields.get(f"{dataset}_sealed", set()) == sealed
    if not sealed:
        first = next(iter(mlcroissant.Dataset(str(newest)).records(record_set=dataset)))
        assert {name.partition("/")[2] for name in first} == fields[dataset]
