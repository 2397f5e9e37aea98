"""One name everywhere: contract = golden model = table = asset."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_contract_has_its_golden_model_and_every_golden_model_its_contract() -> None:
    contracts = {p.stem for p in (ROOT / "expectations" / "contracts").glob("*.yaml")}
    models = {p.stem for p in (ROOT / "dbt_project" / "models" / "golden").rglob("*.sql")}
    assert contracts
    assert contracts == models


def test_golden_models_have_no_second_description_beside_the_contract() -> None:
    contracts = {p.stem for p in (ROOT / "expectations" / "contracts").glob("*.yaml")}
    descriptions = {p.stem for p in (ROOT / "dbt_project" / "models" / "golden").rglob("*.y*ml")}
    assert not contracts & descriptions
