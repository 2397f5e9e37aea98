"""Every check between a release and a row, one by one: each has a release in which exactly it fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from esclusa.errors import EsclusaError, Expired, Tampered, Untrusted
from esclusa.location import locate
from esclusa.repository import Repository, Role
from esclusa.verification import CHECKS, certificate_path, hash_parts, vouch
from lineage.certificate import payload_of, sign_payload
from lineage.golden.keys import Keys
from tests.esclusa.golden import Golden

Predicate = dict[str, Any]


class Doctored:
    """A genuine release whose certificate, or list of files, was signed again with a lie in it."""

    def __init__(self, real: Repository, certificate: bytes | None, files: Callable[[dict[str, Any]], Any]) -> None:
        self._real, self._certificate, self._files = real, certificate, files

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def role(self, name: str) -> Role:
        role = self._real.role(name)
        return replace(role, files=self._files(dict(role.files)))

    def read(self, role: Role, path: str) -> bytes:
        if path == certificate_path(role.name) and self._certificate is not None:
            return self._certificate
        return self._real.read(role, path)


def failed_check(repository: Any, dataset: str = "orders") -> tuple[str, EsclusaError | None]:
    """Name of the check that fails, with its error; empty where all pass."""
    passed: list[str] = []
    try:
        vouched = vouch(repository, dataset, lambda name, _: passed.append(name))
        hash_parts(repository, vouched, lambda name, _: passed.append(name))
    except EsclusaError as error:
        return list(CHECKS)[len(passed)], error
    assert passed == list(CHECKS)
    return "", None


def opened(golden: Golden) -> Repository:
    return Repository(locate(str(golden.path)), golden.state)


def lying(
    golden: Golden,
    lie: Callable[[Predicate], Any] = lambda _: None,
    files: Callable[[dict[str, Any]], Any] = lambda files: files,
    signer: Any = None,
    statement: Mapping[str, Any] | None = None,
) -> Any:
    real = opened(golden)
    said = json.loads(payload_of(real.read(real.role("orders"), certificate_path("orders"))))
    lie(said["predicate"])
    payload = json.dumps({**said, **(statement or {})}).encode()
    return Doctored(real, sign_payload(payload, signer or golden.gate()), files)


def test_a_genuine_dataset_passes_every_check(golden: Golden) -> None:
    assert failed_check(opened(golden)) == ("", None)
    assert failed_check(lying(golden)) == ("", None), "signed again without a lie"


def test_a_certificate_of_a_strangers_key_fails_its_signature(golden: Golden, tmp_path: Any) -> None:
    stranger = Keys.create(tmp_path / "stranger", golden.path).signer("gate")
    check, error = failed_check(lying(golden, signer=stranger))
    assert (check, type(error)) == ("signature", Untrusted)


@pytest.mark.parametrize(
    "lie",
    [
        lambda said: said["verdict"]["findings"][0].update(state="fail"),
        lambda said: said["verdict"]["findings"][0].update(state="error"),
        lambda said: said["verdict"]["findings"][0].update(state="missing"),
        lambda said: said["verdict"]["findings"][0].update(state="skipped"),
        lambda said: said["verdict"]["findings"].pop(),
        lambda said: said["verdict"].update(expectedRules=[]),
        lambda said: said["verdict"].update(findings=[], expectedRules=[]),
        lambda said: said["verdict"]["expectedRules"].append("amount__minimum"),
        lambda said: said["verdict"].update(candidateDigest="0" * 64),
        lambda said: said["verdict"].update(contractDigest="0" * 64),
    ],
    ids=["fail", "error", "missing", "skipped", "popped", "no rule", "nothing", "unanswered", "candidate", "contract"],
)
def test_a_signed_certificate_whose_evidence_is_shut_fails_its_verdict(golden: Golden, lie: Any) -> None:
    """`open` says true in every case: it is computed again, never believed."""
    check, error = failed_check(lying(golden, lie))
    assert (check, type(error)) == ("verdict", Untrusted)
    assert error is not None
    assert error.owner == "ada"


def test_a_gate_item_without_evidence_fails_the_verdict(golden: Golden) -> None:
    def drop_an_item(said: Predicate) -> None:
        gone = said["verdict"]["findings"].pop(0)
        said["verdict"]["expectedRules"].remove(gone["rule"])

    check, error = failed_check(lying(golden, drop_an_item))
    assert check == "verdict"
    assert error is not None
    assert "no evidence for" in error.observed


def test_a_promise_that_ran_out_fails_its_validity(golden: Golden) -> None:
    check, error = failed_check(lying(golden, lambda said: said.update(validUntil="2026-01-01T00:00:00+00:00")))
    assert (check, type(error)) == ("validity", Expired)
    check, error = failed_check(opened(golden), "stale")
    assert (check, type(error)) == ("validity", Expired)


@pytest.mark.parametrize(
    "files",
    [
        lambda files: {**files, "orders/part-00001.parquet": files["orders/part-00000.parquet"]},
        lambda files: {**files, "orders/part-00000.parquet": files["orders/contract.yaml"]},
        lambda files: {path: info for path, info in files.items() if path != "orders/contract.yaml"},
        lambda files: {path: info for path, info in files.items() if path != "orders/policies.cedar"},
        lambda files: {path: info for path, info in files.items() if not path.endswith(".parquet")},
    ],
    ids=["one more", "another", "no contract", "no policies", "no part"],
)
def test_other_files_than_the_certificate_vouches_for_fail(golden: Golden, files: Any) -> None:
    check, error = failed_check(lying(golden, files=files))
    assert (check, type(error)) == ("files", Tampered)


def test_a_certificate_of_another_candidate_fails(golden: Golden) -> None:
    def swap(said: Predicate) -> None:
        said["candidateDigest"] = said["verdict"]["candidateDigest"] = "0" * 64

    check, error = failed_check(lying(golden, swap))
    assert (check, type(error)) == ("files", Tampered)


def test_a_certificate_of_another_dataset_fails(golden: Golden) -> None:
    check, error = failed_check(lying(golden, lambda said: said.update(dataset="customers")))
    assert (check, type(error)) == ("signature", Untrusted)


def test_what_the_gate_signed_but_is_no_certificate_is_refused_and_does_not_crash(golden: Golden) -> None:
    for content in (b"", b"[]", b"{}", b"\xff", b'{"payload": 1}'):
        check, error = failed_check(Doctored(opened(golden), content, lambda files: files))
        assert (check, type(error)) == ("signature", Tampered)


@pytest.mark.parametrize("statement", [{"_type": "x"}, {"predicateType": "urn:other:v1"}, {"predicate": {}}])
def test_another_kind_of_statement_is_no_certificate(golden: Golden, statement: Any) -> None:
    check, error = failed_check(lying(golden, statement=statement))
    assert (check, type(error)) == ("signature", Tampered)


def test_a_dataset_without_a_certificate_fails(golden: Golden) -> None:
    def without(files: dict[str, Any]) -> dict[str, Any]:
        return {path: info for path, info in files.items() if path != certificate_path("orders")}

    check, error = failed_check(lying(golden, files=without))
    assert (check, type(error)) == ("certificate", Untrusted)


def test_an_edited_contract_edited_policies_and_an_edited_part_fail_their_own_checks(golden: Golden) -> None:
    policies = golden.target("customers", "policies.cedar")
    policies.write_text(policies.read_text().replace("tester", "anyone"))
    check, error = failed_check(opened(golden), "customers")
    assert (check, type(error)) == ("policies", Tampered)
    golden.target("customers", "contract.yaml").write_text("name: other\n")
    assert failed_check(opened(golden), "customers")[0] == "contract"
    part = golden.target("orders", "part-00000.parquet")
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    check, error = failed_check(opened(golden))
    assert (check, type(error)) == ("parts", Tampered)
    assert error is not None
    assert sha256(content).hexdigest() in error.observed
    assert error.owner == "ada"
