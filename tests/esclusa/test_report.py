"""`verify`: each check told; old certificates trusted by the chain that leads to them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import esclusa
from esclusa.verification import CHECKS
from lineage.certificate import payload_of, sign_payload
from lineage.golden.keys import Keys
from tests.esclusa.golden import ORDERS, Golden


@pytest.fixture
def kept(golden: Golden, tmp_path: Path) -> Path:
    """A certificate file that someone kept."""
    path = tmp_path / "kept.json"
    path.write_bytes(golden.target("orders", "certificate.json").read_bytes())
    return path


def states(report: esclusa.Report) -> list[str]:
    return [check.state for check in report.checks]


def test_a_genuine_dataset_passes_each_check_of_the_table(golden: Golden) -> None:
    report = esclusa.verify("orders", **golden.at)
    assert report.ok
    assert [check.name for check in report.checks] == list(CHECKS)
    assert set(states(report)) == {"passed"}


def test_the_first_check_that_fails_is_told_and_the_later_ones_are_not_reached(golden: Golden) -> None:
    golden.target("orders", "contract.yaml").write_text("name: other\n")
    report = esclusa.verify("orders", **golden.at)
    assert isinstance(report.error, esclusa.Tampered)
    assert states(report) == ["passed"] * 7 + ["failed", "not reached", "not reached"]


def test_the_current_certificate_is_verified_from_a_file(golden: Golden, kept: Path) -> None:
    report = esclusa.verify(kept, **golden.at)
    assert report.ok
    assert report.checks[-1].observed == "the current certificate"


def test_an_old_certificate_is_trusted_by_the_chain_even_after_the_gate_key_was_replaced(
    golden: Golden, kept: Path
) -> None:
    golden.publish({"orders": ORDERS[:9]}, release="shop")
    golden.writer().rotate("gate")
    golden.publish({"orders": ORDERS[:8]}, release="shop")
    report = esclusa.verify(str(kept), **golden.at)
    assert report.ok
    assert report.checks[-1].observed.startswith("superseded, 2 before")


def test_an_edited_certificate_file_is_tampered(golden: Golden, kept: Path) -> None:
    envelope = json.loads(kept.read_bytes())
    signature = envelope["signatures"]
    forged = json.loads(sign_payload(payload_of(kept.read_bytes()).replace(b'"rows":40', b'"rows":41'), golden.gate()))
    kept.write_text(json.dumps({**forged, "signatures": signature}))
    report = esclusa.verify(kept, **golden.at)
    assert isinstance(report.error, esclusa.Tampered)
    assert "edited after it was signed" in report.error.what


def test_a_certificate_signed_by_a_stranger_is_untrusted(golden: Golden, kept: Path, tmp_path: Path) -> None:
    stranger = Keys.create(tmp_path / "stranger", golden.path).signer("gate")
    kept.write_bytes(sign_payload(payload_of(kept.read_bytes()), stranger))
    assert isinstance(esclusa.verify(kept, **golden.at).error, esclusa.Untrusted)


def test_a_certificate_that_the_gate_signed_but_nobody_published_is_untrusted(golden: Golden, kept: Path) -> None:
    kept.write_bytes(sign_payload(payload_of(kept.read_bytes()).replace(b"run-1", b"run-2"), golden.gate()))
    report = esclusa.verify(kept, **golden.at)
    assert isinstance(report.error, esclusa.Untrusted)
    assert "never published" in report.error.what


def test_a_link_of_the_chain_that_was_edited_is_tampered(golden: Golden, kept: Path) -> None:
    middle = golden.publish({"orders": ORDERS[:9]}, release="shop").certificate("orders")
    golden.publish({"orders": ORDERS[:8]}, release="shop")
    (golden.path / "targets" / "orders" / f"{middle}.certificate.json").write_text("{}")
    assert isinstance(esclusa.verify(kept, **golden.at).error, esclusa.Tampered)


def test_a_certificate_of_an_expired_dataset_can_still_be_verified(golden: Golden, kept: Path) -> None:
    kept.write_bytes(golden.target("stale", "certificate.json").read_bytes())
    assert esclusa.verify(kept, **golden.at).ok


def test_what_is_neither_a_dataset_nor_a_certificate_is_refused(golden: Golden, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"payload": "e30=", "payloadType": "x", "signatures": []}')
    assert isinstance(esclusa.verify(tmp_path / "other.json", **golden.at).error, esclusa.Tampered)
    assert isinstance(esclusa.verify("ordres", **golden.at).error, esclusa.NotCertified)
    with pytest.raises(esclusa.Misused, match="cannot be read"):
        esclusa.verify(tmp_path / "missing.json", **golden.at)
