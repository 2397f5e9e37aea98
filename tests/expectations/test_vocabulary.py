"""docs/contracts.md and the tables it describes: each says what the other says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jsonschema import Draft201909Validator
from ruamel.yaml import YAML

from expectations.loader import ContractError, load_contract
from expectations.loader.checks import CHECKS
from expectations.loader.vocabulary import (
    CLASSIFICATIONS,
    CUSTOM_PROPERTIES,
    ENGINES,
    METRICS,
    SEVERITIES,
    SLA_NAMES,
    STATUSES,
    TIME_UNITS,
    UNITS,
    Schema,
)
from expectations.pii.detectors import DETECTORS
from expectations.readiness import CLAUSES
from expectations.rules.drift import DISTANCES
from expectations.rules.expansion import OPERATORS
from tests.expectations.promised import CONTRACT, changed, glossary
from tests.expectations.variations import judged

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "contracts.md").read_text()
QUOTED = re.compile(r"`([^`]+)`")


def section(title: str) -> str:
    """The text under a heading of the page."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of a section's table, without its heading."""
    lines = [line for line in section(title).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def keys(value: Schema) -> set[str]:
    """The keys of a property's value, or of each item of its list."""
    return set(value.get("properties") or value.get("items", {}).get("properties", {}))


def test_the_page_lists_our_properties_each_with_its_keys_and_no_others() -> None:
    written = {
        (place, name.strip("`")): (set(QUOTED.findall(k)), says) for place, name, k, says in rows("Our properties")
    }
    assert written == {(p.place, p.name): (keys(p.value), p.meaning) for p in CUSTOM_PROPERTIES}


def test_the_page_lists_the_clauses_of_the_gate_and_no_others() -> None:
    written = [(item, rule.strip("`"), severity, says) for item, rule, severity, says in rows("The gate")]
    assert sorted(written) == sorted((str(c.item), c.id, c.severity, c.description) for c in CLAUSES)


def test_the_page_names_every_word_that_a_rule_may_use() -> None:
    words = {*METRICS, *SEVERITIES, *ENGINES, *CHECKS, *(u for units in UNITS.values() for u in units)}
    words |= {argument for arguments in METRICS.values() for argument in arguments}
    assert [word for word in words if not re.search(rf"\b{word}\b", section("Rules"))] == []
    assert next(iter(OPERATORS)) in section("Rules")
    assert list(OPERATORS)[-1] in section("Rules")


def test_the_page_names_every_promise_unit_of_time_classification_and_status() -> None:
    promises = set(QUOTED.findall(section("Promises (`slaProperties`)").replace("\n", " ")))
    assert promises >= {*SLA_NAMES, *TIME_UNITS}
    assert set(QUOTED.findall(section("Columns"))) >= set(CLASSIFICATIONS)
    assert ", ".join(STATUSES) in PAGE


def test_the_error_on_the_page_is_the_error_that_one_gets(tmp_path: Path) -> None:
    with pytest.raises(ContractError) as caught:
        load_contract(changed(tmp_path, CONTRACT, "deny: [note]", "deny: [notes]"), glossary())
    assert str(caught.value).replace(f"{tmp_path}/", "") in PAGE


def test_the_message_on_the_page_is_the_message_of_a_shut_gate() -> None:
    verdict = judged(feeding=frozenset({"shop", "depot"}))
    (finding,) = [f for f in verdict.shutting if f.rule == "orders__sources_declared"]
    assert finding.message in PAGE


def test_the_page_has_an_example_of_every_check_that_the_linter_takes() -> None:
    examples = [YAML(typ="safe").load(line) for line in section("Rules").splitlines() if line.startswith("- {id:")]
    schemas = {rule["implementation"]["check"]: rule["implementation"] for (rule,) in examples}
    assert schemas.keys() == CHECKS.keys()
    for check, implementation in schemas.items():
        Draft201909Validator(CHECKS[check]).validate(implementation)


def test_the_page_states_the_thresholds_of_drift() -> None:
    cells = [line.split("|")[1:-1] for line in section("Rules").splitlines() if line.startswith("| `")]
    stated = {name.strip(" `"): float(threshold.split()[0]) for name, _, threshold, _ in cells}
    assert stated == {name: distance.threshold for name, distance in DISTANCES.items()}


def test_the_page_lists_what_the_scan_finds_and_how_much_is_enough() -> None:
    stated = {kind: enough.split(" to ") for kind, _, enough in rows("Personal data that nobody declared")}
    kinds: dict[str, list[int]] = {}
    for detector in DETECTORS:
        kinds.setdefault(detector.kind, []).append(detector.enough)
    assert stated == {kind: list(map(str, sorted({min(ns), max(ns)}, key=int))) for kind, ns in kinds.items()}
