"""Waivers: one measured failure passes until a day because people signed for it, and says so; nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from expectations.environment import Environment
from expectations.loader import ContractError
from expectations.signing import waiver as waivers
from expectations.signing.endorsement import Endorsed, endorse
from expectations.signing.waiver import apply_waivers, load_waivers
from expectations.verdict import Finding, GateItem, State
from tests.expectations.signed import NOW, Shop, edited, new_key
from tests.expectations.variations import judged, measured

VOLUME, ACCESS = "orders__volume", "orders__access_classified"


def finding(rule: str = VOLUME, item: GateItem = GateItem.QUALITY, state: State = State.FAIL) -> Finding:
    """One that is not met."""
    return Finding(rule, item, state, 3, "≥ 10 rows", "enough orders", "sales.owner", message="orders: 3 rows")


def applied(shop: Shop, broken: Finding | None = None, later: timedelta = timedelta()) -> Finding:
    """What the waivers make of a finding."""
    register = shop.register(NOW + later)
    loaded = load_waivers(shop.contract, {VOLUME, ACCESS, (broken or finding()).rule}, register)
    ((result,), _) = apply_waivers([broken or finding()], loaded, register.now)
    return result


def test_a_waived_failure_warns_and_says_by_whom_until_when_and_why(shop: Shop) -> None:
    shop.waive(VOLUME, "owner")
    result = applied(shop)
    assert result.state is State.WARN
    assert result.message == (
        "waived until 2026-12-02 by sales.owner (owner): the shop mends its export this week; orders: 3 rows"
    )
    assert (result.observed, result.severity, result.required) == (3, "error", "≥ 10 rows")


def test_what_is_about_access_takes_the_signature_of_security_too(shop: Shop) -> None:
    shop.waive(ACCESS, "owner")
    broken = finding(ACCESS, GateItem.ACCESS)
    assert applied(shop, broken).state is State.FAIL
    assert applied(shop, broken).message.endswith("its waiver does not count: security has not signed it")
    shop.waive(ACCESS, "owner", "security")
    assert applied(shop, broken).state is State.WARN
    assert "sales.owner (owner) and security.lead (security)" in applied(shop, broken).message
    shop.waive(VOLUME, "security")
    waivers.signature_file(waivers.waiver_file(shop.directory, "orders", VOLUME), "owner").unlink(missing_ok=True)
    assert "owner has not signed it" in applied(shop).message


@pytest.mark.parametrize("state", [State.ERROR, State.MISSING])
def test_what_was_never_measured_is_not_waived(shop: Shop, state: State) -> None:
    shop.waive(VOLUME, "owner")
    result = applied(shop, finding(state=state))
    assert result.state is state
    assert "only a measured failure is waived" in result.message


def test_a_missing_signature_and_the_law_are_nobodys_to_waive(shop: Shop) -> None:
    for rule, item, says in (
        ("orders__signoff_owner", GateItem.SIGNOFF, "whoever must sign, signs"),
        ("orders__retention_no_erased_subject", GateItem.RETENTION, "this one is law"),
    ):
        path = shop.waive(rule, "owner", "security")
        result = applied(shop, finding(rule, item))
        assert result.state is State.FAIL
        assert says in result.message
        path.unlink()


def stranger(shop: Shop) -> None:
    path = shop.waive(VOLUME)
    key = new_key(shop.directory, "stranger")
    waivers.signature_file(path, "owner").write_bytes(key.sign(path.read_bytes(), waivers.NAMESPACE))


def another(shop: Shop) -> None:
    path = shop.waive(VOLUME)
    signature = shop.keys["security.lead"].sign(path.read_bytes(), waivers.NAMESPACE)
    waivers.signature_file(path, "owner").write_bytes(signature)


def prolonged(shop: Shop) -> None:
    path = shop.waive(VOLUME, "owner")
    path.write_bytes(edited(path.read_bytes(), until="2026-12-20"))


def of_a_signoff(shop: Shop) -> None:
    path = shop.waive(VOLUME)
    waivers.signature_file(path, "owner").write_bytes(shop.keys["sales.owner"].sign(path.read_bytes()))


@pytest.mark.parametrize(
    ("way", "says"),
    [
        (lambda shop: shop.waive(VOLUME), "owner has not signed it"),
        (lambda shop: shop.waive(VOLUME, "owner", at=NOW - timedelta(days=11)), "it ended on 2026-11-21"),
        (lambda shop: shop.waive(VOLUME, "owner", days=31), "longer than the 30 days that its profile allows"),
        (lambda shop: shop.waive(VOLUME, "owner", at=NOW + timedelta(days=2)), "which is in the future"),
        (stranger, "by an unknown key"),
        (another, "gives to security.lead, not to sales.owner"),
        (prolonged, "was changed after signing"),
        (of_a_signoff, "was made for b'esclusa-signoff', required: esclusa-waiver"),
    ],
)
def test_a_waiver_that_does_not_count_says_why_on_the_finding_that_it_names(
    shop: Shop, way: Callable[[Shop], None], says: str
) -> None:
    way(shop)
    result = applied(shop)
    assert result.state is State.FAIL
    assert says in result.message


def test_a_waiver_ends_with_its_last_day(shop: Shop) -> None:
    shop.waive(VOLUME, "owner", days=1)
    assert applied(shop, later=timedelta(days=1, hours=11)).state is State.WARN
    assert applied(shop, later=timedelta(days=1, hours=12)).state is State.FAIL


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rule": "orders__volme"}, "required: the names of its folder and file, orders and orders__volume"),
        ({"dataset": "refunds"}, "is for refunds, orders__volume"),
        ({"until": "never"}, "until"),
        ({"until": "2026-02-30"}, "until"),
        ({"reason": "because"}, "reason"),
        ({"issuedAt": "2026-13-22T12:00:00Z"}, "is no moment"),
        ({"untill": "2026-12-02"}, "did you mean until?"),
    ],
)
def test_a_file_that_is_no_waiver_is_refused_with_its_line(shop: Shop, change: dict[str, str], says: str) -> None:
    path = shop.waive(VOLUME, "owner", **change)
    with pytest.raises(ContractError) as refused:
        applied(shop)
    assert says in str(refused.value)
    assert f"{path}:" in str(refused.value)


def test_a_waiver_of_a_rule_that_does_not_exist_is_refused_with_the_nearest_until_it_ended(shop: Shop) -> None:
    shop.waive("orders__volme", "owner", days=5)
    with pytest.raises(ContractError, match=r"no rule orders__volme \(did you mean orders__volume\?\)"):
        load_waivers(shop.contract, {VOLUME}, shop.register())
    assert load_waivers(shop.contract, {VOLUME}, shop.register(NOW + timedelta(days=6)))


def test_a_verdict_is_opened_by_a_waiver_no_longer_than_it_runs(shop: Shop) -> None:
    contract = shop.contract
    rule = next(f.rule for f in measured(contract) if f.rule.endswith("rows_per_delivery") or "volume" in f.rule)
    failing = [f if f.rule != rule else finding(rule) for f in measured(contract)]

    def endorsed(environment: Environment = Environment.SANDBOX) -> Endorsed:
        return endorse(judged(contract, findings=failing, environment=environment), contract, shop.register())

    assert not endorsed().verdict.open
    shop.waive(rule, "owner")
    opened = endorsed()
    assert opened.verdict.open
    assert opened.until is not None
    assert f"{opened.until:%Y-%m-%d}" == "2026-12-02"
    (carried,) = opened.waivers
    assert (carried["rule"], carried["signatures"][0]["principal"]) == (rule, "sales.owner")
    assert not endorsed(Environment.PRODUCTION).verdict.open  # nobody signed the contract
