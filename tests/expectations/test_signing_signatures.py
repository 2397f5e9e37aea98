"""SSH signatures: ours and OpenSSH's verification agree, for every type of key, and for what is no signature."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from sshsig.sshsig import SshsigWrapper, ssh_enarmor_sshsig

from expectations.signing.signature import PublicKey, SignatureInvalid, signing_key
from tests.expectations.signed import Key, new_key, ssh_keygen

MESSAGE, NAMESPACE = b"I have read it.\n", "esclusa-signoff"


def outsider(directory: Path, public: str, raw: bytes, signature: bytes, namespace: str = NAMESPACE) -> bool:
    """What `ssh-keygen -Y verify` says."""
    (directory / "allowed").write_text(f"ada {public}\n")
    (directory / "signature").write_bytes(signature)
    options = ("-Y", "verify", "-f", directory / "allowed", "-I", "ada", "-n", namespace, "-s", directory / "signature")
    return ssh_keygen(*options, stdin=raw).returncode == 0


def string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def mpint(number: int) -> bytes:
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


def on_a_device(kind: bytes) -> tuple[str, bytes]:
    """A key as a security key holds it, and its signature: PROTOCOL.u2f, in software."""
    flags_and_counter, application = b"\x01" + struct.pack(">I", 7), b"ssh:"
    digest = hashlib.sha512(MESSAGE).digest()
    wrapped = SshsigWrapper(namespace=NAMESPACE.encode(), hash_algo=b"sha512", hash=digest).to_bytes()
    told = hashlib.sha256(application).digest() + flags_and_counter + hashlib.sha256(wrapped).digest()
    if kind.startswith(b"sk-ssh-ed25519"):
        key = ed25519.Ed25519PrivateKey.generate()
        point = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        blob, raw = string(kind) + string(point) + string(application), key.sign(told)
    else:
        curve = ec.generate_private_key(ec.SECP256R1())
        point = curve.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        blob = string(kind) + string(b"nistp256") + string(point) + string(application)
        r, s = decode_dss_signature(curve.sign(told, ec.ECDSA(hashes.SHA256())))
        raw = mpint(r) + mpint(s)
    made = string(kind) + string(raw) + flags_and_counter
    outer = b"SSHSIG" + struct.pack(">I", 1) + b"".join(map(string, (blob, NAMESPACE.encode(), b"", b"sha512", made)))
    return PublicKey(blob).text, ssh_enarmor_sshsig(outer).encode()


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa-256", "ecdsa-384", "ecdsa-521"])
def test_a_signature_by_each_type_of_key_file_names_its_key(tmp_path: Path, kind: str) -> None:
    name, _, bits = kind.partition("-")
    key = new_key(tmp_path, "key", name, *(("-b", bits) if bits else ()))
    found = signing_key(MESSAGE, key.sign(MESSAGE), NAMESPACE)
    assert found.text == key.public
    assert found.fingerprint in ssh_keygen("-l", "-f", key.path).stdout.decode()
    with pytest.raises(SignatureInvalid, match="not of these bytes"):
        signing_key(MESSAGE + b" ", key.sign(MESSAGE), NAMESPACE)


@pytest.mark.parametrize("kind", [b"sk-ssh-ed25519@openssh.com", b"sk-ecdsa-sha2-nistp256@openssh.com"])
def test_a_signature_by_a_security_key_counts_as_it_does_for_openssh(tmp_path: Path, kind: bytes) -> None:
    public, signature = on_a_device(kind)
    assert outsider(tmp_path, public, MESSAGE, signature)
    assert signing_key(MESSAGE, signature, NAMESPACE).text == public
    with pytest.raises(SignatureInvalid, match="not of these bytes"):
        signing_key(b"something else", signature, NAMESPACE)


def test_a_signature_for_another_namespace_proves_nothing(tmp_path: Path) -> None:
    key = new_key(tmp_path, "key")
    signature = key.sign(MESSAGE, "git")
    assert not outsider(tmp_path, key.public, MESSAGE, signature)
    with pytest.raises(SignatureInvalid, match=r"was made for b'git', required: esclusa-signoff"):
        signing_key(MESSAGE, signature, NAMESPACE)


BREAKING: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda s: b"", "truncated"),
    (lambda s: s[: len(s) // 2], "truncated"),
    (lambda s: s.replace(b"SSH SIGNATURE", b"PGP SIGNATURE"), "truncated"),
    (lambda s: s.replace(b"U1NIU0lH", b"U1NIU0lI"), "damaged"),
    (lambda s: s.replace(b"\n", b"\n!", 1), "damaged"),
    (lambda s: s * 1000, "at most 100,000 are read"),
]


@pytest.mark.parametrize(("breaks", "says"), BREAKING)
def test_what_is_no_signature_is_said_in_words(tmp_path: Path, breaks: Callable[[bytes], bytes], says: str) -> None:
    key = new_key(tmp_path, "key")
    with pytest.raises(SignatureInvalid, match=says):
        signing_key(MESSAGE, breaks(key.sign(MESSAGE)), NAMESPACE)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Key, bytes]:
    """A key and its signature."""
    key = new_key(tmp_path_factory.mktemp("key"), "key")
    return key, key.sign(MESSAGE)


@settings(deadline=None)
@given(data=st.data())
def test_no_other_byte_of_a_signature_passes(signed: tuple[Key, bytes], data: st.DataObject) -> None:
    key, signature = signed
    place = data.draw(st.integers(0, len(signature) - 1))
    changed = signature[:place] + data.draw(st.binary(max_size=3)) + signature[place + 1 :]
    try:
        found = signing_key(MESSAGE, changed, NAMESPACE)
    except SignatureInvalid:
        return
    assert found.text == key.public  # white space: the same signature, written in another way
