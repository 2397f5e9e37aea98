"""What signatures leave behind: evidence for outsiders, a fingerprint of all of it, a warning before the end."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from expectations.environment import Environment
from expectations.signing.lapse import lapsing
from expectations.signing.register import fingerprint
from expectations.signing.signoff import NAMESPACE
from expectations.signing.standing import standings, valid_signoffs
from tests.expectations.signed import NOW, Shop, ssh_keygen

PRODUCTION = Environment.PRODUCTION


def test_an_outsider_verifies_what_a_certificate_carries_with_ssh_keygen_alone(shop: Shop, tmp_path: Path) -> None:
    shop.sign("owner")
    shop.sign("security")
    carried = valid_signoffs(standings(shop.contract, PRODUCTION, shop.register()))
    for said in json.loads(json.dumps(carried)):
        (tmp_path / "allowed").write_text(f"{said['principal']} {said['publicKey']}\n")
        (tmp_path / "sig").write_text(said["signature"])
        options = ("-Y", "verify", "-f", tmp_path / "allowed", "-I", said["principal"], "-n", NAMESPACE)
        for raw, verifies in ((said["document"], True), (said["document"].replace("pass", "warn"), False)):
            done = ssh_keygen(*options, "-s", tmp_path / "sig", stdin=raw.encode())
            assert (done.returncode == 0) is verifies
        assert json.loads(said["document"])["contract"]["digest"] == shop.contract.digest
    assert [s["role"] for s in carried] == ["owner", "security"]


def test_whatever_a_verdict_on_signatures_rests_on_is_in_the_fingerprint(shop: Shop) -> None:
    seen = [fingerprint(shop.directory, "orders")]
    signoff = shop.sign("owner")
    seen.append(fingerprint(shop.directory, "orders"))
    shop.revoke(signoff, by="sales.owner")
    seen.append(fingerprint(shop.directory, "orders"))
    shop.waive("volume", "owner")
    seen.append(fingerprint(shop.directory, "orders"))
    for file in ("allowed_signers", "revoked_keys", "profiles.yaml"):
        (shop.directory / file).open("a").write("# read again\n")
        seen.append(fingerprint(shop.directory, "orders"))
    assert len(set(seen)) == len(seen)


def test_the_daily_look_tells_what_ends_soon_and_what_has_ended(shop: Shop) -> None:
    assert lapsing([shop.contract], shop.directory, NOW) == []
    shop.sign("owner", at=NOW - timedelta(days=170))
    shop.sign("security", at=NOW - timedelta(days=200))
    shop.waive("orders__volume", "owner", days=3)
    shop.waive("orders__freshness", "owner", days=20)
    found = lapsing([shop.contract], shop.directory, NOW)
    told = [lapse.told for lapse in found]
    assert [lapse.has_ended for lapse in found] == [False, True, False]
    assert [line.partition(";")[0] for line in told] == [
        "orders: owner: the sign-off of sales.owner ends on 2026-12-02, in 10 days",
        "orders: security: the sign-off of security.lead ended on 2026-11-02",
        "orders: the waiver of orders__volume ends with 2026-11-25",
    ]
    assert "must sign: sales.owner; next: esclusa sign orders --role owner" in told[0]
