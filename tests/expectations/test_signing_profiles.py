"""Profiles: the risk tier asks, a contract may ask for more, and what nobody could ever sign is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from expectations.loader import ContractError, load_contracts, load_glossary
from expectations.signing.endorsement import demand_fit
from expectations.signing.profiles import demand_of, load_profiles
from expectations.signing.signers import load_signers
from tests.expectations.signed import Shop

PROMISES = Path(__file__).resolve().parents[2] / "expectations"
GATE = "{profile: standard, signoffs: [owner, security], validDays: 180}"
STRICT = "\n  strict: {signoffs: [security], validDays: 90, warnDays: 30, maxWaiverDays: 7}\nriskTiers:"
TWO = ("profiles.yaml", "\nriskTiers:", STRICT)


def test_the_datasets_of_this_repository_can_be_signed_and_no_key_is_in_it() -> None:
    contracts = load_contracts(PROMISES / "contracts", load_glossary(PROMISES / "definitions"))
    demand_fit(contracts.values(), load_profiles(PROMISES))
    for contract in contracts.values():
        demand = demand_of(contract, load_profiles(PROMISES))
        assert demand.roles == ("owner", "operations", "security")
        assert (demand.quorum, demand.valid) == (3, timedelta(days=180))
    assert load_signers(PROMISES).grants == ()


def test_a_contract_adds_roles_and_shortens_days_and_never_takes_any_away(shop: Shop) -> None:
    profiles = shop.register().profiles
    shop.change("contracts/orders.yaml", GATE, "{profile: standard, signoffs: [owner], validDays: 30}")
    assert demand_of(shop.contract, profiles).roles == ("owner", "security")
    assert demand_of(shop.contract, profiles).valid == timedelta(days=30)
    shop.change("contracts/orders.yaml", "[owner], validDays: 30", "[owner], validDays: 900, quorum: 1")
    assert demand_of(shop.contract, profiles).valid == timedelta(days=180)
    assert demand_of(shop.contract, profiles).quorum == 2


def test_the_profile_of_the_risk_tier_is_in_force_beside_the_one_that_is_named(shop: Shop) -> None:
    shop.change(*TWO)
    shop.change("profiles.yaml", "default: standard", "default: strict")
    demand = demand_of(shop.contract, shop.register().profiles)
    assert demand.profiles == ("strict", "standard")
    assert demand.roles == ("security", "owner")
    assert (demand.valid.days, demand.warn.days, demand.longest_waiver.days) == (90, 30, 7)


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "contracts/orders.yaml",
            "profile: standard",
            "profile: standart",
            "standart is no profile of profiles.yaml (did you mean standard?)",
        ),
        ("profiles.yaml", "[owner, security]", "[owner, auditor]", "nobody in the team holds the role auditor"),
        (
            "profiles.yaml",
            "default: standard",
            "default: standart",
            "profiles.yaml:4: default: no profile is called standart (did you mean standard?)",
        ),
        ("profiles.yaml", "high: standard", "hihg: standard", "riskTiers.hihg: unknown key (did you mean high?)"),
        ("profiles.yaml", ", high: standard", "", "the key `high` is missing"),
        ("profiles.yaml", "validDays: 180", "validDays: soon", "validDays"),
        ("profiles.yaml", "validDays: 180", "validDays: 0", "validDays"),
        ("profiles.yaml", "warnDays", "warmDays", "warmDays: unknown key (did you mean warnDays?)"),
        ("profiles.yaml", "[owner, security]", "[]", "signoffs"),
    ],
)
def test_what_nobody_could_sign_is_refused_with_the_nearest_name(
    shop: Shop, file: str, old: str, new: str, says: str
) -> None:
    shop.change(file, old, new)
    with pytest.raises(ContractError) as refused:
        demand_fit([shop.contract], load_profiles(shop.directory))
    assert says in str(refused.value)


def test_without_profiles_nothing_is_signed(shop: Shop) -> None:
    (shop.directory / "profiles.yaml").unlink()
    with pytest.raises(ContractError, match=r"profiles\.yaml:1: \(file\): cannot be read"):
        shop.register()
