"""The digest of a contract: RFC 8785, so that only a change of meaning changes it."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
import rfc8785

from expectations.loader import digest_document, load_contract, load_term
from tests.expectations.promised import CONTRACT, TERM, changed, glossary, orders

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "specs" / "jcs"


@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_the_published_vectors_of_rfc_8785_hold(name: str) -> None:
    if not VECTORS.is_dir():
        pytest.skip(f"needs the RFC 8785 vectors in {VECTORS}, which are not part of the repository")
    expected = (VECTORS / "output" / f"{name}.json").read_bytes()
    assert rfc8785.dumps(json.loads((VECTORS / "input" / f"{name}.json").read_bytes())) == expected
    assert digest_document(json.loads(expected)) == sha256(expected).hexdigest()


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ({"b": 1, "a": [True, None]}, b'{"a":[true,null],"b":1}'),
        ({"x": 1.0, "y": 1e21, "z": 1e-7, "n": -0.0}, b'{"n":0,"x":1,"y":1e+21,"z":1e-7}'),
        ({"\u20ac": "\u000f", "a": '"\\'}, b'{"a":"\\"\\\\","\xe2\x82\xac":"\\u000f"}'),
        ({"\U0001f600": 1, "\ufb33": 2}, b'{"\xf0\x9f\x98\x80":1,"\xef\xac\xb3":2}'),
    ],
)
def test_keys_sort_as_utf16_and_numbers_are_written_as_ecmascript_does(value: object, canonical: bytes) -> None:
    assert digest_document(value) == sha256(canonical).hexdigest()


def test_comments_spelling_and_key_order_do_not_change_a_contract(tmp_path: Path) -> None:
    same = [
        ("# A golden dataset", "# Another comment"),
        ("status: active\ndomain: sales\n", "domain: sales\nstatus: active\n"),
        ("name: Sales data", 'name: "Sales data"'),
        ("threshold: 0.25", "threshold: 2.5e-1"),
    ]
    for old, new in same:
        assert load_contract(changed(tmp_path, CONTRACT, old, new), glossary()).digest == orders().digest


@pytest.mark.parametrize(
    ("old", "new"), [("version: 1.2.0", "version: 1.2.1"), ("{value: NO}", "{value: SE}"), ("unit: h, e", "unit: d, e")]
)
def test_any_other_change_of_a_contract_changes_its_digest(tmp_path: Path, old: str, new: str) -> None:
    assert load_contract(changed(tmp_path, CONTRACT, old, new), glossary()).digest != orders().digest


def test_a_changed_definition_changes_the_contracts_that_name_it_and_no_other(tmp_path: Path) -> None:
    term = load_term(changed(tmp_path, TERM, "that a buyer paid for", "that a buyer filled"))
    assert load_contract(CONTRACT, {"order": term}).digest != orders().digest
    assert load_contract(CONTRACT, {**glossary(), "refund": term}).digest == orders().digest
