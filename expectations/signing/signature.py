"""SSH signatures: whose key signed exactly these bytes, for which namespace.

Belongs here: keys and the arithmetic of signatures. Does not: whose key it is and until when (`signers.py`).
Source: OpenSSH PROTOCOL.sshsig and PROTOCOL.u2f; RFC 8332 (RSA), RFC 5656 (ECDSA), RFC 8709 (Ed25519).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from sshsig.binary_io import SshReader
from sshsig.sshsig import SshsigSignature, SshsigWrapper

_LARGEST = 100_000  # bytes; a signature by an RSA key of 16,384 bits has 6,000
_DIGESTS: Mapping[bytes, Callable[[bytes], Any]] = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_RSA: Mapping[bytes, hashes.HashAlgorithm] = {b"rsa-sha2-256": hashes.SHA256(), b"rsa-sha2-512": hashes.SHA512()}
_CURVES: Mapping[bytes, hashes.HashAlgorithm] = {
    b"ecdsa-sha2-nistp256": hashes.SHA256(),
    b"ecdsa-sha2-nistp384": hashes.SHA384(),
    b"ecdsa-sha2-nistp521": hashes.SHA512(),
}
_SK_ED25519, _SK_ECDSA = b"sk-ssh-ed25519@openssh.com", b"sk-ecdsa-sha2-nistp256@openssh.com"


class SignatureInvalid(Exception):
    """Why a signature proves nothing, in words that complete `the signature …`."""


@dataclass(frozen=True)
class PublicKey:
    """An SSH public key.

    Args:
        blob: as OpenSSH encodes it; two keys are one where their blobs are equal.
    """

    blob: bytes

    @property
    def kind(self) -> str:
        """Its type, e.g. `ssh-ed25519`."""
        return SshReader(self.blob).read_string().decode("ascii")

    @property
    def text(self) -> str:
        """As in a `.pub` file: type and base64."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` shows it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")


def signing_key(message: bytes, signature: bytes, namespace: str) -> PublicKey:
    """The key whose signature this is of exactly these bytes.

    Args:
        message: what was signed.
        signature: the armoured file that `ssh-keygen -Y sign` wrote.
        namespace: that it must have been made for.

    Raises:
        SignatureInvalid: it was not made by that key, for these bytes and this namespace.
    """
    parsed = _parse(signature)
    if parsed.namespace != namespace.encode():
        raise SignatureInvalid(f"was made for {parsed.namespace[:40]!r}, required: {namespace}")
    if parsed.hash_algo not in _DIGESTS:
        raise SignatureInvalid(f"uses the digest {parsed.hash_algo[:40]!r}, required: sha256 or sha512")
    digest = _DIGESTS[parsed.hash_algo](message).digest()
    signed = SshsigWrapper(namespace=parsed.namespace, hash_algo=parsed.hash_algo, hash=digest).to_bytes()
    try:
        _verify(parsed.public_key, parsed.signature, signed)
    except InvalidSignature:
        raise SignatureInvalid("is not of these bytes: document or signature was changed after signing") from None
    except SignatureInvalid:
        raise
    except Exception as error:  # a stranger's bytes: whatever they break, they prove nothing
        raise SignatureInvalid(f"cannot be read ({type(error).__name__})") from None
    return PublicKey(parsed.public_key)


def _parse(signature: bytes) -> SshsigSignature:
    if len(signature) > _LARGEST:
        raise SignatureInvalid(f"has {len(signature):,} bytes; at most {_LARGEST:,} are read")
    lines = signature.decode("ascii", "replace").strip().splitlines()
    if not lines or (lines[0], lines[-1]) != ("-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"):
        raise SignatureInvalid("is truncated, or none that ssh-keygen -Y sign wrote")
    try:
        return SshsigSignature(base64.b64decode("".join(lines[1:-1]), validate=True))
    except Exception as error:
        raise SignatureInvalid(f"is damaged ({type(error).__name__})") from None


def _verify(blob: bytes, signature: bytes, signed: bytes) -> None:
    key, made = SshReader(blob), SshReader(signature)
    kind, way = key.read_string(), made.read_string()
    if way != kind and not (kind == b"ssh-rsa" and way in _RSA):
        raise SignatureInvalid(f"of a key {kind[:40]!r} was made by {way[:40]!r}")
    raw = made.read_string()
    if kind == _SK_ED25519:
        held = ed25519.Ed25519PublicKey.from_public_bytes(key.read_string())
        held.verify(raw, _told_device(key, made, signed))
    elif kind == _SK_ECDSA:
        key.read_string()  # the curve, which the type names already
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key.read_string())
        point.verify(_pair(raw), _told_device(key, made, signed), ec.ECDSA(hashes.SHA256()))
    else:
        plain = load_ssh_public_key(kind + b" " + base64.b64encode(blob))
        if isinstance(plain, ed25519.Ed25519PublicKey):
            plain.verify(raw, signed)
        elif isinstance(plain, rsa.RSAPublicKey):
            plain.verify(raw, signed, padding.PKCS1v15(), _RSA[way])
        elif isinstance(plain, ec.EllipticCurvePublicKey):
            plain.verify(_pair(raw), signed, ec.ECDSA(_CURVES[kind]))
        else:
            raise SignatureInvalid(f"is by a key of type {kind[:40]!r}; required: Ed25519, ECDSA or RSA")


def _pair(raw: bytes) -> bytes:
    """An ECDSA signature as OpenSSH writes it, in the encoding of the library."""
    numbers = SshReader(raw)
    return encode_dss_signature(numbers.read_mpint(), numbers.read_mpint())


def _told_device(key: SshReader, made: SshReader, signed: bytes) -> bytes:
    """What a security key signs: application, flags, counter, message."""
    application, flags_and_counter = key.read_string(), made.read(5)
    return hashlib.sha256(application).digest() + flags_and_counter + hashlib.sha256(signed).digest()
