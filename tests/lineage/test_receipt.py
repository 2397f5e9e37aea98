"""A receipt is signed by the gate, outlives the gate's key, and is refused when it is anything else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope

from lineage.certificate import PAYLOAD_TYPE, sign_payload
from lineage.errors import ReceiptRefused
from lineage.golden.repository import GoldenRepository
from lineage.receipt import PREDICATE_TYPE, gate_keys, read_receipt, receipt
from tests.golden_repository import open_small

SAID = {"request": "e-1", "removed": {"warehouse": {"raw.shop__orders": 3}}}


@pytest.fixture
def repository(tmp_path: Path) -> GoldenRepository:
    return open_small(tmp_path / "golden", tmp_path / "keys")


def signed(repository: GoldenRepository) -> bytes:
    return receipt({"shop.orders.buyer": "ab" * 32}, SAID, repository.keys.signer("gate"))


def test_a_receipt_says_what_was_signed(repository: GoldenRepository) -> None:
    statement = read_receipt(signed(repository), gate_keys(repository.path))
    assert statement["predicateType"] == PREDICATE_TYPE
    assert statement["predicate"] == SAID
    assert statement["subject"] == [{"name": "shop.orders.buyer", "digest": {"hmac-sha256": "ab" * 32}}]


def test_a_receipt_outlives_the_key_that_signed_it(repository: GoldenRepository) -> None:
    before = signed(repository)
    repository.rotate("gate")
    assert len(gate_keys(repository.path)) == 2
    assert read_receipt(before, gate_keys(repository.path))["predicate"] == SAID
    with pytest.raises(ReceiptRefused, match="no gate key"):
        read_receipt(before, [repository.keys.signer("gate").public_key])


def test_what_is_no_receipt_is_refused(repository: GoldenRepository) -> None:
    good, keys = signed(repository), gate_keys(repository.path)
    envelope = Envelope.from_dict(json.loads(good))
    edited = Envelope(envelope.payload.replace(b":3", b":2"), PAYLOAD_TYPE, envelope.signatures)
    other = sign_payload(b'{"predicateType": "urn:esclusa:certificate:v1"}', repository.keys.signer("gate"))
    stranger = receipt({}, SAID, repository.keys.signer("timestamp"))
    for bad in (json.dumps(edited.to_dict()).encode(), other, stranger, good[:-9], b"", b"[]", b'{"payload": 1}'):
        with pytest.raises(ReceiptRefused, match="the receipt is refused"):
            read_receipt(bad, keys)
