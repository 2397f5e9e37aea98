"""Sign-offs: what opens the item in production, and each thing that is wrong with a signature in words of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from expectations.environment import Environment
from expectations.signing.endorsement import endorse
from expectations.signing.standing import check_signoffs, standings
from expectations.verdict import Finding, GateItem, State
from tests.expectations.promised import sources
from tests.expectations.signed import NOW, Shop, edited, new_key
from tests.expectations.variations import judged

PRODUCTION = Environment.PRODUCTION


def findings(shop: Shop, now: datetime = NOW) -> dict[str, Finding]:
    """Rule → finding."""
    return {f.rule: f for f in check_signoffs(shop.contract, PRODUCTION, shop.register(now))}


def word_of(shop: Shop) -> str:
    """What became of the security officer's sign-off, in a word."""
    return next(s.word for s in standings(shop.contract, PRODUCTION, shop.register()) if s.role == "security")


def test_each_role_and_the_difference_of_people_are_asked_for_and_nobody_signed(shop: Shop) -> None:
    found = findings(shop)
    assert {rule: f.state for rule, f in found.items()} == dict.fromkeys(
        ("orders__signoff_owner", "orders__signoff_security", "orders__signoff_distinct"), State.MISSING
    )
    security = found["orders__signoff_security"]
    assert "security: nobody has signed" in security.message
    assert "must sign: security.lead" in security.message
    assert security.remedy == "esclusa sign orders --role security --key <ssh key>"
    assert security.item is GateItem.SIGNOFF


def test_two_people_with_two_keys_open_the_item(shop: Shop) -> None:
    shop.sign("owner")
    assert findings(shop)["orders__signoff_owner"].state is State.PASS
    assert findings(shop)["orders__signoff_distinct"].state is State.MISSING
    shop.sign("security")
    assert {f.state for f in findings(shop).values()} == {State.PASS}


def test_production_is_shut_until_everybody_signed_and_the_sandbox_is_not(shop: Shop) -> None:
    verdict = judged(shop.contract, sources=sources())
    assert endorse(verdict, shop.contract, shop.register()).verdict.open
    asked = judged(shop.contract, environment=PRODUCTION)
    assert not asked.open  # nobody looked at signatures: no evidence
    shut = endorse(asked, shop.contract, shop.register())
    assert not shut.verdict.open
    assert shut.verdict.item_state(GateItem.SIGNOFF) is State.MISSING
    shop.sign("owner")
    shop.sign("security", at=NOW - timedelta(days=100))
    signed = endorse(asked, shop.contract, shop.register())
    assert signed.verdict.open
    assert [s["role"] for s in signed.signoffs] == ["owner", "security"]
    assert signed.until == NOW + timedelta(days=80)  # the first signature to end
    assert "orders__signoff_distinct" in signed.verdict.expected_rules


def truncated(shop: Shop) -> None:
    path = shop.sign("security").path
    path.write_bytes(path.read_bytes()[:300])


def signature_truncated(shop: Shop) -> None:
    path = shop.sign("security").signature
    path.write_bytes(path.read_bytes()[:100])


def edited_after(shop: Shop) -> None:
    path = shop.sign("security").path
    path.write_bytes(edited(path.read_bytes(), validUntil="2036-11-22T12:00:00Z"))


def unsigned(shop: Shop) -> None:
    shop.sign("security").signature.unlink()


def by_an_unknown_key(shop: Shop) -> None:
    shop.sign("security", key=new_key(shop.directory, "stranger"))


def by_a_revoked_key(shop: Shop) -> None:
    shop.sign("security")
    (shop.directory / "revoked_keys").write_text(shop.keys["security.lead"].public)


def by_the_key_of_another(shop: Shop) -> None:
    shop.sign("security", key=shop.keys["sales.owner"])


def by_one_who_does_not_hold_the_role(shop: Shop) -> None:
    shop.sign("security", by="sales.owner")


def in_the_place_of_another_role(shop: Shop) -> None:
    owner = shop.sign("owner")
    shop.place("security", owner.raw, shop.keys["sales.owner"])


def over_another_digest(shop: Shop) -> None:
    of = json.loads(shop.sign("security").raw)["contract"]
    shop.sign("security", contract={**of, "digest": "d" * 64})


def for_another_dataset(shop: Shop) -> None:
    shop.sign("security", dataset="refunds")


def for_the_sandbox_put_in_place(shop: Shop) -> None:
    shop.sign("security", environment=Environment.SANDBOX)
    raw = shop.sign("security", environment=Environment.SANDBOX).raw
    shop.place("security", raw, shop.keys["security.lead"])


def for_the_sandbox(shop: Shop) -> None:
    shop.sign("security", environment=Environment.SANDBOX)


def of_the_future(shop: Shop) -> None:
    shop.sign("security", at=NOW + timedelta(minutes=6))


def expired(shop: Shop) -> None:
    shop.sign("security", at=NOW - timedelta(days=180))


def longer_than_its_profile(shop: Shop) -> None:
    shop.sign("security", at=NOW - timedelta(days=181), validUntil="2030-01-01T00:00:00Z")


def key_retired_since(shop: Shop) -> None:
    shop.allow(f'security.lead valid-before="20261101Z" {shop.keys["security.lead"].public}')
    shop.sign("security", at=datetime(2026, 10, 1, tzinfo=UTC))  # back-dated: nothing bears the date out


def revoked(shop: Shop) -> None:
    shop.revoke(shop.sign("security"), by="sales.owner")


def revoked_by_a_stranger(shop: Shop) -> None:
    shop.revoke(shop.sign("security"), by="sales.owner", key=new_key(shop.directory, "stranger"))


def unknown_key_in_the_document(shop: Shop) -> None:
    shop.sign("security")
    path = shop.sign("security").path
    raw = path.read_bytes().replace(b'"role"', b'"rolle"')
    path.write_bytes(raw)


def definition_changed(shop: Shop) -> None:
    shop.sign("security")
    shop.change("definitions/order.yaml", "that a buyer paid for", "that a buyer has paid for")


def contract_changed(shop: Shop) -> None:
    shop.sign("security")
    shop.change("contracts/orders.yaml", "version: 1.2.0", "version: 2.1.1")


WAYS: dict[Callable[[Shop], None], tuple[State, str, str]] = {
    truncated: (State.ERROR, "unreadable", "is the file truncated?"),
    unknown_key_in_the_document: (State.ERROR, "unreadable", "security.json:"),
    signature_truncated: (State.FAIL, "signature invalid", "is truncated"),
    edited_after: (State.FAIL, "signature invalid", "was changed after signing"),
    unsigned: (State.MISSING, "unsigned", "security.json.sig cannot be read"),
    by_an_unknown_key: (State.FAIL, "unknown key", "no line of allowed_signers has it"),
    by_a_revoked_key: (State.FAIL, "key revoked", "by the revoked key SHA256:"),
    by_the_key_of_another: (State.FAIL, "key of another", "gives to sales.owner, not to security.lead"),
    by_one_who_does_not_hold_the_role: (State.FAIL, "of another role", "who does not hold the role security"),
    in_the_place_of_another_role: (State.FAIL, "of another role", "security.json was signed as owner"),
    over_another_digest: (State.FAIL, "over another digest", "it was signed over the digest dddddddddddd…"),
    for_another_dataset: (State.FAIL, "over another digest", "it was signed for the dataset refunds"),
    for_the_sandbox_put_in_place: (State.FAIL, "over another digest", "it was signed for sandbox, not for production"),
    for_the_sandbox: (State.FAIL, "void", "it was signed for sandbox, not for production"),
    of_the_future: (State.FAIL, "future date", "dated 2026-11-22T12:06:00Z, which is in the future"),
    expired: (State.FAIL, "expired", "the sign-off of security.lead ended on 2026-11-22"),
    longer_than_its_profile: (State.FAIL, "expired", "ended on 2026-11-21"),
    key_retired_since: (State.FAIL, "key not in force", "not in force on 2026-11-22"),
    revoked: (State.FAIL, "revoked", "revoked by sales.owner on 2026-11-22: signed by mistake"),
    revoked_by_a_stranger: (State.FAIL, "revoked", "revokes it, and cannot be verified"),
    definition_changed: (State.FAIL, "void", "is void: the definition order changed (still version 2)"),
    contract_changed: (State.FAIL, "void", "is void: the contract changed (1.2.0 → 2.1.1)"),
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_whatever_is_wrong_with_a_signature_shuts_the_gate_in_its_own_words(
    shop: Shop, way: Callable[[Shop], None]
) -> None:
    shop.sign("owner")
    assert findings(shop)["orders__signoff_owner"].opens
    way(shop)
    state, word, says = WAYS[way]
    finding = findings(shop)["orders__signoff_security"]
    assert (finding.state, word_of(shop)) == (state, word)
    assert says in finding.message
    assert "must sign: security.lead" in finding.message
    assert not finding.opens


def test_the_refusals_do_not_repeat_each_others_words() -> None:
    assert len({says for _, _, says in WAYS.values()}) >= len(WAYS) - 1


def test_one_person_in_two_roles_counts_once(shop: Shop) -> None:
    both = "{username: sales.owner, role: security}\n    - {username: security.lead, role: steward}"
    shop.change("contracts/orders.yaml", "{username: security.lead, role: security}", both)
    shop.sign("owner")
    shop.sign("security", by="sales.owner")
    distinct = findings(shop)["orders__signoff_distinct"]
    assert (distinct.state, distinct.observed) == (State.FAIL, 1)
    assert "sales.owner signed as owner and security" in distinct.message


def test_one_key_under_two_names_counts_once(shop: Shop) -> None:
    key = shop.keys["sales.owner"]
    shop.allow(f"sales.owner {key.public}", f"security.lead {key.public}")
    shop.sign("owner")
    shop.sign("security", key=key)
    distinct = findings(shop)["orders__signoff_distinct"]
    assert distinct.state is State.FAIL
    assert "one key signed as owner and security: SHA256:" in distinct.message


def test_a_quorum_above_the_roles_takes_a_further_person(shop: Shop, tmp_path: Path) -> None:
    shop.change("contracts/orders.yaml", "validDays: 180}", "validDays: 180, quorum: 3}")
    shop.change(
        "contracts/orders.yaml",
        "- {username: security.lead, role: security}",
        "- {username: security.lead, role: security}\n    - {username: shop.steward, role: steward}",
    )
    shop.keys["shop.steward"] = new_key(tmp_path, "steward")
    shop.allow(*(f"{who} {key.public}" for who, key in shop.keys.items()))
    shop.sign("owner")
    shop.sign("security")
    assert findings(shop)["orders__signoff_distinct"].message.startswith("orders: 2 of 3 people have signed")
    shop.sign("steward", by="shop.steward")
    assert findings(shop)["orders__signoff_distinct"].state is State.PASS


def test_a_date_that_a_commit_bears_out_lets_a_retired_key_stand(shop: Shop) -> None:
    key_retired_since(shop)
    for committed, opens in ((datetime(2026, 10, 2, tzinfo=UTC), True), (datetime(2026, 11, 2, tzinfo=UTC), False)):
        register = shop.register(committed_at=lambda _, at=committed: at)
        found = {s.role: s for s in standings(shop.contract, PRODUCTION, register)}
        assert found["security"].counts is opens, committed


def test_shortly_before_its_end_a_signoff_warns_and_still_opens(shop: Shop) -> None:
    shop.sign("owner")
    shop.sign("security", at=NOW - timedelta(days=170))
    finding = findings(shop)["orders__signoff_security"]
    assert (finding.state, word_of(shop)) == (State.WARN, "ends soon")
    assert "ends on 2026-12-02, in 10 days" in finding.message
    assert finding.opens


def test_a_revoked_signoff_may_be_signed_again_and_the_revoked_one_never_counts_again(shop: Shop) -> None:
    shop.sign("owner")
    old = shop.sign("security", at=NOW - timedelta(days=1))
    shop.revoke(old, by="security.lead")
    shop.sign("security")
    assert findings(shop)["orders__signoff_security"].state is State.PASS
    shop.place("security", old.raw, shop.keys["security.lead"])
    assert word_of(shop) == "revoked"
