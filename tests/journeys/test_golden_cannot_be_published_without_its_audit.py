"""Publishing follows an open verdict on exactly this candidate under exactly this contract; nothing else opens it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.contract import Contract
from tests.journeys.conftest import Journey

DATASET = "qualified_leads"


def edit_decision(journey: Journey, change: Callable[[dict[str, Any]], None]) -> None:
    path: Path = journey.settings.workshop / "decisions" / f"{DATASET}.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def refused(journey: Journey, because: str, contract: Contract | None = None) -> None:
    platform = journey.platform
    if contract is not None:
        contracts = {**platform.promises.contracts, DATASET: contract}
        platform = replace(platform, promises=replace(platform.promises, contracts=contracts))
    version_of_data = journey.why(DATASET).certificate
    journey.run(f"golden/{DATASET}", platform=platform)
    why = journey.why(DATASET)
    assert why.candidate_refused
    assert why.decision is not None
    assert because in why.decision.message
    assert why.certificate == version_of_data


def test_materialising_golden_alone_publishes_nothing_that_was_not_audited(journey: Journey) -> None:
    (journey.settings.workshop / "decisions" / f"{DATASET}.json").unlink()
    refused(journey, "never audited")


def test_a_verdict_on_an_older_build_does_not_open_the_gate(journey: Journey) -> None:
    with duckdb.connect(str(journey.settings.warehouse)) as connection:
        connection.execute("UPDATE raw.olist__leads SET _file_digest = 'another delivery'")
    refused(journey, "never audited")


def test_a_verdict_under_another_contract_does_not_open_the_gate(journey: Journey) -> None:
    contract = journey.platform.promises.contracts[DATASET]
    refused(journey, "contract changed", replace(contract, digest="0" * 64))


def test_a_verdict_edited_to_say_open_is_computed_again_from_its_findings(journey: Journey) -> None:
    def spoil(document: dict[str, Any]) -> None:
        document["verdict"]["findings"][0]["state"] = "fail"
        document["verdict"]["open"] = True

    edit_decision(journey, spoil)
    refused(journey, "shut the gate")


@pytest.mark.parametrize("state", ["error", "missing"])
def test_a_rule_that_errored_or_was_skipped_shuts_the_gate(journey: Journey, state: str) -> None:
    edit_decision(journey, lambda d: d["verdict"]["findings"][0].update(state=state))
    refused(journey, "shut the gate")


def test_zero_rules_is_not_a_pass(journey: Journey) -> None:
    edit_decision(journey, lambda d: d["verdict"].update(findings=[], expectedRules=[]))
    refused(journey, "shut the gate")


def test_a_rule_without_an_answer_shuts_the_gate(journey: Journey) -> None:
    edit_decision(journey, lambda d: d["verdict"]["findings"].pop())
    refused(journey, "shut the gate")


def test_a_verdict_under_another_clock_does_not_open_the_gate(journey: Journey) -> None:
    platform = journey.platform
    live = replace(platform, promises=replace(platform.promises, clocks={}))
    journey.run(f"golden/{DATASET}", platform=live)
    why = journey.why(DATASET)
    assert why.candidate_refused
    assert why.decision is not None
    assert "signatures changed since" in why.decision.message
