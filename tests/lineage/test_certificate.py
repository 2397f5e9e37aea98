"""The certificate: says what was proven, and is not made of anything less."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from ruamel.yaml import YAML
from securesystemslib.signer import CryptoSigner

from esclusa.keyring import fingerprint
from expectations.clock import NOW, Clock
from expectations.contract import Contract, Term, TermUse
from expectations.policy import policies_of
from expectations.verdict import Finding, GateItem, State, read_verdict
from lineage.certificate import certify, contract_file, read_statement
from lineage.class_keys import class_keyring
from lineage.errors import CertificateRefused, GateShut
from lineage.sealing import Sealed, seal
from tests.golden_repository import small_contract, small_input, small_pin, small_verdict

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTRACT = small_contract("orders", ["id", "name"])
SIGNER = CryptoSigner.generate_ed25519()
FAILING = Finding("name__required", GateItem.QUALITY, State.FAIL, 3, "0 rows", "every order has a name", "ada")


@pytest.fixture
def arguments(tmp_path: Path) -> dict[str, Any]:
    pinned = small_pin(CONTRACT, [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}], tmp_path, rows_per_part=1)
    return {
        "verdict": small_verdict(CONTRACT, pinned, AT),
        "contract": CONTRACT,
        "pin": pinned,
        "inputs": [small_input(AT, 2)],
        "code": "0" * 40,
        "run": "run-1",
        "clock": NOW,
        "pinned_at": AT,
        "valid_until": AT + timedelta(hours=36),
        "previous": None,
        "signer": SIGNER,
        "certified_at": AT,
    }


def statement(arguments: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return dict(read_statement(certify(**{**arguments, **changes}), SIGNER.public_key))


def test_the_subjects_are_the_published_files(arguments: dict[str, Any]) -> None:
    subjects = {s["name"]: s["digest"]["sha256"] for s in statement(arguments)["subject"]}
    files = {f"orders/{part.name}": part.path.read_bytes() for part in arguments["pin"].parts}
    files["orders/contract.yaml"] = contract_file(CONTRACT)
    files["orders/policies.cedar"] = policies_of(CONTRACT).encode()
    assert subjects == {name: sha256(content).hexdigest() for name, content in files.items()}
    assert len(subjects) == 4


def test_the_predicate_says_what_was_promised_measured_and_used(arguments: dict[str, Any]) -> None:
    said = statement(arguments)
    assert (said["_type"], said["predicateType"]) == ("https://in-toto.io/Statement/v1", "urn:esclusa:certificate:v1")
    predicate = said["predicate"]
    pinned, verdict = arguments["pin"], arguments["verdict"]
    assert predicate["candidateDigest"] == pinned.digest
    assert read_verdict(predicate["verdict"]) == verdict
    assert predicate["contract"] == {
        "id": "urn:test:orders",
        "version": "1.0.0",
        "digest": CONTRACT.digest,
        "description": "Test orders.",
    }
    assert [column["name"] for column in predicate["schema"]] == ["id", "name"]
    assert predicate["primaryKey"] == ["id"]
    assert (predicate["rows"], predicate["bytes"]) == (2, sum(part.size for part in pinned.parts))
    assert predicate["inputs"][0]["landedAt"] == predicate["pinnedAt"] == "2026-03-01T12:00:00+00:00"
    assert predicate["validUntil"] == "2026-03-03T00:00:00+00:00"
    assert predicate["clock"] == {"kind": "now", "standsAt": None}
    assert (predicate["synthetic"], predicate["previous"], predicate["owner"]) == (False, None, "ada")


def test_a_replay_clock_and_synthetic_inputs_are_stated(arguments: dict[str, Any]) -> None:
    clock = Clock("replay", datetime(2017, 2, 17, tzinfo=UTC))
    predicate = statement(arguments, clock=clock, inputs=[small_input(AT), small_input(AT, synthetic=True)])[
        "predicate"
    ]
    assert predicate["clock"] == {"kind": "replay", "standsAt": "2017-02-17T00:00:00+00:00"}
    assert predicate["synthetic"] is True


def test_the_definitions_that_were_agreed_are_stated(arguments: dict[str, Any]) -> None:
    term = Term("order", "Order", "What a customer asked for.", 2, ("ada",), AT.date(), {}, Path("order.yaml"))
    contract = replace(CONTRACT, terms=(TermUse("order", 2, ("ada",), AT.date(), 1),), glossary={"order": term})
    said = statement(arguments, contract=contract)["predicate"]["definitions"]
    assert said == [{"term": "order", "version": 2, "description": "What a customer asked for."}]


def test_the_same_arguments_give_the_same_bytes_in_any_time_zone(arguments: dict[str, Any]) -> None:
    elsewhere = {
        name: arguments[name].astimezone(timezone(timedelta(hours=9)))
        for name in ("pinned_at", "valid_until", "certified_at")
    }
    assert certify(**arguments) == certify(**{**arguments, **elsewhere})


def test_the_signature_holds_without_any_library_of_ours(arguments: dict[str, Any]) -> None:
    envelope = json.loads(certify(**arguments))
    payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"]
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(SIGNER.public_key.keyval["public"]))
    (signature,) = envelope["signatures"]
    signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)
    key.verify(base64.b64decode(signature["sig"]), signed)
    with pytest.raises(InvalidSignature):
        key.verify(base64.b64decode(signature["sig"]), signed.replace(b"orders", b"ORDERS"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda a: {"verdict": small_verdict(CONTRACT, a["pin"], AT, FAILING)}, "shut by name__required"),
        (lambda a: {"verdict": replace(a["verdict"], findings=())}, r"\(no finding\)"),
        (lambda a: {"verdict": replace(a["verdict"], expected_rules=frozenset())}, "a gate item without evidence"),
        (lambda a: {"pin": replace(a["pin"], digest="e" * 64)}, "candidate .* was audited, eeeeeeeeeeee… is pinned"),
        (lambda a: {"contract": replace(CONTRACT, digest="f" * 64)}, "ffffffffffff… is in force"),
        (lambda a: {"pin": replace(a["pin"], dataset="leads")}, "the pin of leads"),
        (lambda a: {"inputs": []}, "no load is named"),
        (lambda a: {"valid_until": AT}, "ran out at 2026-03-01T12:00:00"),
    ],
)
def test_without_an_open_verdict_on_exactly_this_there_is_no_certificate(
    arguments: dict[str, Any], change: Any, reason: str
) -> None:
    with pytest.raises(GateShut, match=reason) as shut:
        certify(**{**arguments, **change(arguments)})
    assert "owner: ada" in str(shut.value)
    assert "esclusa why orders" in str(shut.value)


@pytest.mark.parametrize("moment", ["pinned_at", "valid_until", "certified_at"])
def test_a_moment_without_a_time_zone_is_refused(arguments: dict[str, Any], moment: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        certify(**{**arguments, moment: arguments[moment].replace(tzinfo=None)})


def test_another_key_an_edited_payload_and_no_certificate_at_all_are_refused(arguments: dict[str, Any]) -> None:
    certificate = certify(**arguments)
    edited = json.loads(certificate)
    payload = base64.b64decode(edited["payload"]).replace(b'"rows":2', b'"rows":9')
    edited["payload"] = base64.b64encode(payload).decode()
    for content, key in (
        (certificate, CryptoSigner.generate_ed25519().public_key),
        (json.dumps(edited).encode(), SIGNER.public_key),
        (b"{}", SIGNER.public_key),
        (b"not json", SIGNER.public_key),
    ):
        with pytest.raises(CertificateRefused):
            read_statement(content, key)


def test_the_contract_is_published_as_the_document_that_was_audited() -> None:
    document = {"country": "NO", "at": "12:30", "list": ["ä", 1, None, True], "nested": {"b": 1, "a": 2}}
    published = contract_file(replace(CONTRACT, document=document, path=Path("/nowhere.yaml")))
    assert YAML(typ="safe", pure=True).load(published) == document
    assert published.index(b"country") < published.index(b"nested")
    assert published.index(b"b: 1") < published.index(b"a: 2")


def test_a_certificate_vouches_for_the_sealed_files_and_says_what_was_sealed(
    arguments: dict[str, Any], tmp_path: Path
) -> None:
    contract = classified("confidential")
    ring = class_keyring(tmp_path / "classes", ["confidential"])
    sealed = seal(arguments["pin"], contract, ring)
    said = statement(arguments, contract=contract, sealed=sealed)
    predicate = said["predicate"]
    parts = {s["name"]: s["digest"]["sha256"] for s in said["subject"] if s["name"].endswith(".parquet")}
    assert parts == {f"orders/{part.name}": part.sha256 for part in sealed.parts}
    assert predicate["sealed"] == {"name": "confidential"}
    assert predicate["sealedBy"] == {"confidential": fingerprint(ring.key("confidential"))}
    assert predicate["candidateDigest"] == arguments["pin"].digest
    assert predicate["bytes"] == sum(part.size for part in sealed.parts)
    assert ring.key("confidential").hex() not in json.dumps(said)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: None, "the columns name are above internal, and sealed are none"),
        (lambda s: replace(s, columns={}), "the columns name are above internal, and sealed are none"),
        (lambda s: replace(s, columns={"name": "restricted"}), "above internal"),
        (lambda s: replace(s, candidate="0" * 64), "candidate 000000000000… was sealed"),
    ],
)
def test_a_column_above_internal_is_never_certified_open(
    arguments: dict[str, Any], tmp_path: Path, change: Callable[[Sealed], Sealed | None], reason: str
) -> None:
    sealed = seal(arguments["pin"], classified("confidential"), class_keyring(tmp_path / "classes", ["confidential"]))
    with pytest.raises(GateShut, match=reason):
        certify(**{**arguments, "contract": classified("confidential"), "sealed": change(sealed)})


def classified(cls: str) -> Contract:
    """The contract, its second column of another class."""
    first, second = CONTRACT.table.columns
    return replace(CONTRACT, table=replace(CONTRACT.table, columns=(first, replace(second, classification=cls))))
