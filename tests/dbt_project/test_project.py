"""The WRITE room as files: names, descriptions and sources say the same thing in every place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from expectations.contract import Contract
from expectations.loader import load_sources

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "dbt_project"
MODELS = sorted((PROJECT / "models").glob("*/*.sql"))
DESCRIBED = [m for m in MODELS if m.parent.name != "golden"]


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_dbt_reads_exactly_the_tables_that_the_sources_agreed_to_deliver() -> None:
    agreed = {(s.system, t.name) for s in load_sources(ROOT / "expectations" / "sources").values() for t in s.tables}
    declared = read(PROJECT / "models" / "staging" / "_sources.yml")["sources"]
    assert {(s["name"], t["name"]) for s in declared for t in s["tables"]} == agreed
    for source in declared:
        assert source["schema"] == "raw"
        assert all(t["identifier"] == f"{source['name']}__{t['name']}" for t in source["tables"])


def test_every_agreed_table_is_read_by_one_staging_model_and_by_nothing_else() -> None:
    reads = [(m.stem, *r) for m in MODELS for r in re.findall(r"source\('(\w+)', '(\w+)'\)", m.read_text())]
    assert all(model == f"stg_{system}__{table}" for model, system, table in reads)
    agreed = {(s.system, t.name) for s in load_sources(ROOT / "expectations" / "sources").values() for t in s.tables}
    assert sorted(r[1:] for r in reads) == sorted(agreed)


@pytest.mark.parametrize("model", DESCRIBED, ids=lambda m: m.stem)
def test_a_model_is_described_beside_it_by_what_one_row_is(model: Path) -> None:
    (described,) = read(model.with_suffix(".yml"))["models"]
    assert described["name"] == model.stem
    assert described["description"].startswith("One row per ")


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.stem)
def test_a_model_ends_in_named_columns(model: Path) -> None:
    last = model.read_text().lower().rpartition("\nselect")[2]
    assert "*" not in re.sub(r"count\(\*\)|\w+ \* \w+", "", last)


def test_every_golden_model_has_tests_whose_meaning_is_written_down(contracts: dict[str, Contract]) -> None:
    """They become findings `<dataset>__dbt_<test>`, and the description is what a person reads in the verdict."""
    tests = {p.stem for p in (PROJECT / "tests").glob("*.sql")}
    described = {t["name"]: t["description"] for t in read(PROJECT / "tests" / "_tests.yml")["data_tests"]}
    assert described.keys() == tests
    for dataset in contracts:
        own = [t for t in tests if t.startswith(f"{dataset}_")]
        assert own
        assert all(f"ref('{dataset}')" in (PROJECT / "tests" / f"{t}.sql").read_text() for t in own)


def test_a_source_named_in_a_contract_column_exists(contracts: dict[str, Contract]) -> None:
    sources = load_sources(ROOT / "expectations" / "sources")
    agreed = {f"{s.system}.{t.name}.{c.name}" for s in sources.values() for t in s.tables for c in t.columns}
    for contract in contracts.values():
        for column in contract.table.columns:
            assert column.sources
            assert set(column.sources) <= agreed
