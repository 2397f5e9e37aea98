"""Whose key it is: `allowed_signers` and `revoked_keys` say the same to us as to OpenSSH."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from expectations.loader import ContractError
from expectations.signing.signature import signing_key
from expectations.signing.signers import load_signers, matches
from tests.expectations.signed import NOW, Key, Shop, ssh_keygen

RAW, NAMESPACE = b"read\n", "esclusa-signoff"

# options and principals of a line → what is said of ada's key; empty where it counts
LINES = [
    ("ada", ""),
    ("a*", ""),
    ("bob,ada", ""),
    ('ada namespaces="esclusa-*"', ""),
    ('ada namespaces="file,esclusa-signoff"', ""),
    ('ada valid-after="20261101Z",valid-before="20261201Z"', ""),
    ("*,!ada", "not to ada"),
    ("bob", "gives to bob, not to ada"),
    ('ada namespaces="git"', "does not allow for esclusa-signoff"),
    ('ada namespaces="esclusa-waiver"', "does not allow for esclusa-signoff"),
    ('ada valid-before="20261101Z"', "not in force on 2026-11-22"),
    ('ada valid-after="20261201000000Z"', "not in force on 2026-11-22"),
]


@pytest.mark.parametrize(("line", "says"), LINES)
def test_a_line_lets_a_key_speak_for_whom_and_when_openssh_does(
    tmp_path: Path, people: dict[str, Key], line: str, says: str
) -> None:
    key = people["sales.owner"]
    (tmp_path / "allowed_signers").write_text(f"# comment\n\n{line} {key.public} ada's laptop\n")
    signature = key.sign(RAW)
    (tmp_path / "sig").write_bytes(signature)
    options = ("-Y", "verify", "-f", tmp_path / "allowed_signers", "-I", "ada", "-n", NAMESPACE, "-s", tmp_path / "sig")
    openssh = ssh_keygen(*options, "-O", "verify-time=20261122120000Z", stdin=RAW)
    public = signing_key(RAW, signature, NAMESPACE)
    objection = load_signers(tmp_path).objection(public, "ada", NAMESPACE, NOW)
    assert (openssh.returncode == 0) == (objection is None) == (not says)
    assert says in (objection.why if objection else "")


def test_a_revoked_key_counts_for_nobody_here_as_with_openssh(tmp_path: Path, people: dict[str, Key]) -> None:
    key = people["sales.owner"]
    (tmp_path / "allowed_signers").write_text(f"ada {key.public}\n")
    (tmp_path / "revoked_keys").write_text(f"# lost on 2026-11-20\n{key.public} ada\n")
    (tmp_path / "sig").write_bytes(key.sign(RAW))
    options = ("-Y", "verify", "-f", tmp_path / "allowed_signers", "-I", "ada", "-n", NAMESPACE, "-s", tmp_path / "sig")
    assert ssh_keygen(*options, stdin=RAW).returncode == 0
    assert ssh_keygen(*options, "-r", tmp_path / "revoked_keys", stdin=RAW).returncode != 0
    public = signing_key(RAW, key.sign(RAW), NAMESPACE)
    objection = load_signers(tmp_path).objection(public, "ada", NAMESPACE, NOW)
    assert objection is not None
    assert objection.word == "key revoked"


def test_no_file_at_all_knows_no_key(tmp_path: Path, people: dict[str, Key]) -> None:
    public = signing_key(RAW, people["sales.owner"].sign(RAW), NAMESPACE)
    objection = load_signers(tmp_path).objection(public, "ada", NAMESPACE, NOW)
    assert objection is not None
    assert objection.word == "unknown key"


@pytest.mark.parametrize(
    ("file", "line", "says"),
    [
        ("allowed_signers", "ada", "names no signer"),
        ("allowed_signers", "ada ssh-ed25519 AAAA", "required: a key type and its base64"),
        ("allowed_signers", "ada ssh-rsa {key}", "required: a key type and its base64"),
        ("allowed_signers", "ada cert-authority ssh-ed25519 {key}", "a certificate authority vouches for nobody"),
        ("allowed_signers", 'ada valid-before="tomorrow" ssh-ed25519 {key}', "is no time; required: YYYYMMDD"),
        ("allowed_signers", 'ada valid-before="20261340Z" ssh-ed25519 {key}', "names no signer"),
        ("allowed_signers", 'ada valid-until="20261122" ssh-ed25519 {key}', "names no signer"),
        ("revoked_keys", "SHA256:abc", "is no public key"),
        ("revoked_keys", "ssh-ed25519 AAAA", "is no public key"),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_with_its_number(shop: Shop, file: str, line: str, says: str) -> None:
    key = shop.keys["sales.owner"].public.split()[1]
    (shop.directory / file).write_text(f"# first\n{line.format(key=key)}\n")
    with pytest.raises(ContractError) as refused:
        load_signers(shop.directory)
    assert says in str(refused.value)
    assert f"{file}:2: " in str(refused.value)
    assert key not in str(refused.value)


def test_a_binary_revocation_list_is_refused_rather_than_skipped(shop: Shop, tmp_path: Path) -> None:
    revoked = shop.directory / "revoked_keys"
    ssh_keygen("-k", "-f", revoked, shop.keys["sales.owner"].public_file)
    assert revoked.read_bytes().startswith(b"SSHKRL")
    with pytest.raises(ContractError, match="is a binary KRL; required: text, a public key a line"):
        load_signers(shop.directory)


def test_a_time_without_zone_is_of_this_machine_as_for_openssh(shop: Shop) -> None:
    shop.allow(f'sales.owner valid-after="202611221230" {shop.keys["sales.owner"].public}')
    (grant,) = load_signers(shop.directory).grants
    assert grant.after == datetime(2026, 11, 22, 12, 30).astimezone(UTC)


def test_patterns_match_as_openssh_says() -> None:
    assert matches("security.*", "security.lead")
    assert matches("*,!bob", "ada")
    assert not matches("*,!ada", "ada")
    assert not matches("security.?", "security.lead")
    assert not matches("securityxlead", "security.lead")
