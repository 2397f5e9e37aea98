"""Whatever a file holds, a loader gives what it is for or refuses in its own words: never a trace to a person."""

# ruff: noqa: E501 - the soup reads best in few lines
from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations.environment import Environment
from expectations.loader import ContractError, load_contract, load_source, load_term
from expectations.signing.endorsement import endorse
from expectations.signing.profiles import load_profiles
from expectations.signing.register import open_register
from expectations.signing.signers import load_signers
from tests.expectations.promised import CONTRACT, SOURCE, TERM, glossary, sources
from tests.expectations.signed import NOW, Key, Shop, new_shop
from tests.expectations.variations import judged

SOUP = st.sampled_from([
    b"", b"\0", b"\xff\xfe", b"~", b"null", b"NO", b"- ", b"{", b"}", b"[", b"]", b": ", b"&a ", b"*a", b"!!x ", b"'", b'"', b"\\u00",
    b"\t", b"\n", b"9" * 400, b"1e999", b".nan", b"-1", b"2026-02-30", b"9999-12-31", b"0000-01-01T00:00:00Z", b"\xe2\x80\xa8", b"\\ud800",
    b"ssh-ed25519", b"sk-ssh-ed25519@openssh.com", b'valid-before="', b"cert-authority ", b"!", b"%YAML 1.1\n", b"<?xml", b"? ", b"| ", b"<<: ",
])  # fmt: skip
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.one_of(SOUP, st.binary(max_size=8))), max_size=4)
FUZZ = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def fuzzed(original: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    """Bytes with some of them replaced by others."""
    for where, length, new in edits:
        place = int(where * len(original))
        original = original[:place] + new + original[place + length :]
    return original


LOADERS: list[tuple[Path, Callable[[Path], object]]] = [
    (CONTRACT, lambda path: load_contract(path, glossary(), sources())),
    (SOURCE, load_source),
    (TERM, load_term),
]


@pytest.mark.parametrize(("original", "load"), LOADERS, ids=["contract", "source", "term"])
@FUZZ
@given(edits=EDITS)
def test_a_contract_a_source_and_a_term_load_or_are_refused(
    tmp_path: Path, original: Path, load: Callable[[Path], object], edits: list[tuple[float, int, bytes]]
) -> None:
    path = tmp_path / original.name
    path.write_bytes(fuzzed(original.read_bytes(), edits))
    try:
        load(path)
    except ContractError as refused:
        assert str(path) in str(refused)  # noqa: PT017 - either is right, nothing else


@pytest.fixture(scope="module")
def all_signed(tmp_path_factory: pytest.TempPathFactory, people: dict[str, Key]) -> Shop:
    """The shop's promises, signed, revoked once and waived."""
    shop = new_shop(tmp_path_factory.mktemp("signed") / "promises", people)
    shop.sign("owner")
    shop.revoke(shop.sign("security"), by="sales.owner")
    shop.waive("orders__volume", "owner", "security")
    (shop.directory / "revoked_keys").write_text(f"# none of ours\n{people['security.lead'].public}\n")
    return shop


@FUZZ
@given(data=st.data())
def test_whatever_a_signed_file_holds_the_gate_is_judged_or_refused_and_never_opened_by_it(
    all_signed: Shop, tmp_path: Path, data: st.DataObject
) -> None:
    directory = tmp_path / "promises"
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(all_signed.directory, directory)
    kinds = ("signoffs", "waivers", "allowed_signers", "revoked_keys", "profiles.yaml")
    files = sorted(p for kind in kinds for p in [directory / kind, *(directory / kind).rglob("*")] if p.is_file())
    path = data.draw(st.sampled_from(files))
    path.write_bytes(fuzzed(path.read_bytes(), data.draw(EDITS)))
    contract = Shop(directory).contract
    try:
        register = open_register(directory, NOW)
        asked = judged(contract, environment=Environment.PRODUCTION)
        assert endorse(asked, contract, register).verdict.shutting
    except ContractError as refused:
        assert str(directory) in str(refused)  # noqa: PT017 - either is right, nothing else


@pytest.mark.parametrize("name", ["allowed_signers", "revoked_keys", "profiles.yaml"])
@FUZZ
@given(raw=st.binary(max_size=300))
def test_bytes_at_random_are_no_file_of_ours(tmp_path: Path, name: str, raw: bytes) -> None:
    (tmp_path / name).write_bytes(raw)
    try:
        (load_profiles if name == "profiles.yaml" else load_signers)(tmp_path)
    except ContractError as refused:
        assert name in str(refused)  # noqa: PT017 - either is right, nothing else
