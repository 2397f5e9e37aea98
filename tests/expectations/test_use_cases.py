"""Use cases and contracts say the same of AI use, or each difference is told with file, line, field, nearest name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from expectations.contract import Contract
from expectations.loader import ContractError, load_contract, load_use_cases
from expectations.loader.use_cases import undecided
from tests.expectations.promised import CONTRACT, changed, glossary, sources

AI_USE = "{riskTier: limited, useCases: [volume_forecast], prohibited: [scoring]}"
WRITTEN = """\
name: volume_forecast
title: Volume forecast
owner: warehouse.lead
purpose: planning
role: planner
riskTier: limited
datasets: [orders]
description: Forecasts volume by country.
"""


def agreed(directory: Path, ai_use: str = AI_USE) -> Mapping[str, Contract]:
    """The shop's contract with a word on AI use."""
    last = "  - {property: colour, value: green, vendor: another}"
    said = f"  - {{property: aiUse, vendor: esclusa, value: {ai_use}}}\n{last}" if ai_use else last
    contract = load_contract(changed(directory, CONTRACT, last, said), glossary(), sources())
    return {contract.name: contract}


def refusal(directory: Path, written: str, ai_use: str = AI_USE) -> list[str]:
    """What is told of a use case, without the directory."""
    (directory / "use_cases").mkdir()
    (directory / "use_cases" / "volume_forecast.yaml").write_text(written)
    with pytest.raises(ContractError) as error:
        load_use_cases(directory / "use_cases", agreed(directory, ai_use))
    return [str(p).replace(f"{directory}/", "") for p in error.value.problems]


def write(directory: Path) -> Path:
    """The use case, whole."""
    (directory / "use_cases").mkdir()
    (directory / "use_cases" / "volume_forecast.yaml").write_text(WRITTEN)
    return directory / "use_cases"


def test_a_use_case_becomes_its_typed_form(tmp_path: Path) -> None:
    (use_case,) = load_use_cases(write(tmp_path), agreed(tmp_path)).values()
    assert (use_case.name, use_case.title, use_case.owner) == ("volume_forecast", "Volume forecast", "warehouse.lead")
    assert (use_case.purpose, use_case.role, use_case.risk_tier) == ("planning", "planner", "limited")
    assert (use_case.datasets, use_case.url) == (("orders",), "")


def test_promises_without_use_cases_need_no_directory(tmp_path: Path) -> None:
    assert load_use_cases(tmp_path / "use_cases", agreed(tmp_path, "")) == {}


FILE = "use_cases/volume_forecast.yaml"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("owner:", "ovner:", f"{FILE}:3: ovner: unknown key (did you mean owner?)"),
        ("[orders]", "[order]", f"{FILE}:7: datasets[0]: no contract describes order (did you mean orders?)"),
        ("[orders]", "[orders, orders]", f"{FILE}:7: datasets[1]: orders is named twice"),
        (
            "purpose: planning",
            "purpose: planing",
            f"{FILE}:4: purpose: no role of orders reads for planing; required: one of planning "
            "(did you mean planning?)",
        ),
        (
            "purpose: planning",
            "purpose: scoring",
            f"{FILE}:4: purpose: orders must not be used for scoring: its contract prohibits it",
        ),
        (
            "role: planner",
            "role: planer",
            f"{FILE}:5: role: orders has no role planer; required: one of planner (did you mean planner?)",
        ),
        (
            "riskTier: limited",
            "riskTier: high",
            f"{FILE}:6: riskTier: is high, above limited, for which the contract of orders is signed",
        ),
        (
            "riskTier: limited",
            "riskTier: limitted",
            f'{FILE}:6: riskTier: is "limitted"; required: one of minimal, limited, high (did you mean limited?)',
        ),
        ("name: volume_forecast", "name: forecast", f"{FILE}:1: name: is forecast; required: the file's name, "),
    ],
)
def test_what_is_wrong_names_line_field_and_nearest(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert any(line.startswith(told) for line in refusal(tmp_path, WRITTEN.replace(old, new)))


def test_a_contract_must_name_the_use_case_that_names_its_dataset(tmp_path: Path) -> None:
    said = refusal(tmp_path, WRITTEN, AI_USE.replace("volume_forecast", "volume_forecasts"))
    assert (
        f"{FILE}:7: datasets[0]: the contract of orders does not name volume_forecast in `aiUse.useCases` " in said[1]
    )
    assert "names the use case volume_forecasts, which no file use_cases/volume_forecasts.yaml describes" in said[0]
    assert said[0].endswith("(did you mean volume_forecast?)")
    assert said[0].startswith("orders.yaml:")


def test_a_file_that_is_wrong_is_not_called_missing_besides(tmp_path: Path) -> None:
    assert len(refusal(tmp_path, WRITTEN.replace("owner:", "ovner:"))) == 2, "the unknown key, and the missing one"


def test_a_grant_that_ended_and_a_tier_that_nothing_needs_are_warnings(tmp_path: Path) -> None:
    contracts = agreed(tmp_path, AI_USE.replace("limited", "high"))
    use_cases = load_use_cases(write(tmp_path), contracts).values()
    (tier,) = undecided(use_cases, contracts, date(2027, 6, 30))
    assert tier.message == "is for risk tier high, but no use case of it is above limited"
    assert tier.file.endswith("orders.yaml")
    ended, _ = undecided(use_cases, contracts, date(2027, 7, 1))
    assert str(ended).endswith(":5: role: the grant of planner on orders ended with 2027-06-30: it reads nothing")
