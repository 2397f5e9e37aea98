"""JWTs: each way of forging one is refused by name, and what holds says who, as what, what for."""

from __future__ import annotations

import hmac
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from esclusa.errors import Misused, NotIdentified, Unreachable
from esclusa.server import provider_keys
from esclusa.server.callers import LONGEST, Caller, Callers
from esclusa.server.provider_keys import ProviderKeys
from esclusa.server.settings import Provider, load_server_settings
from esclusa.server.tokens import TokenFile

ISSUER, AUDIENCE = "https://id.example.org/", "esclusa"
RSA = RSAKey.generate_key(2048, {"kid": "one"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})
EC = ECKey.generate_key("P-256", {"kid": "two"})


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": now + 60, "iat": now, "roles": ["clerk", "*"]}
    return {name: value for name, value in {**whole, **changes}.items() if value is not None}


def signed(key: Any = RSA, alg: str = "RS256", header: dict[str, Any] | None = None, **changes: Any) -> str:
    return jwt.encode({"alg": alg, "kid": key.kid, **(header or {})}, claims(**changes), key, algorithms=[alg])


def unsigned(header: dict[str, Any], body: dict[str, Any], signature: str = "") -> str:
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, body)]
    return ".".join([*parts, signature])


def by_secret(header: dict[str, Any], secret: bytes) -> str:
    said = unsigned(header, claims()).removesuffix(".")
    return f"{said}.{urlsafe_b64encode(hmac.digest(secret, said.encode(), 'sha256')).rstrip(b'=').decode()}"


def by_hand(header: dict[str, Any]) -> str:
    said = unsigned(header, claims()).removesuffix(".")
    signature = RSA.get_op_key("sign").sign(said.encode(), PKCS1v15(), SHA256())
    return f"{said}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def published(*keys: Any) -> str:
    return json.dumps(KeySet(list(keys)).as_dict(private=False))


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    path = tmp_path / "jwks.json"
    path.write_text(published(RSA, EC))
    return Provider(ISSUER, AUDIENCE, str(path))


@pytest.fixture
def callers(provider: Provider, tmp_path: Path) -> Callers:
    return Callers(TokenFile(tmp_path / "tokens.json"), provider, rate=1000)


@pytest.mark.parametrize(("key", "alg"), [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256")])
def test_a_jwt_that_holds_names_its_caller_without_widening_what_it_may(callers: Callers, key: Any, alg: str) -> None:
    assert callers.identify(f"Bearer {signed(key, alg)}") == Caller("oidc:ada", frozenset({"clerk"}))
    assert callers.identify(f"Bearer {signed(key, alg, aud=['other', AUDIENCE])}").name == "oidc:ada"
    assert callers.identify(f"Bearer {by_hand({'alg': 'RS256', 'kid': 'one'})}").name == "oidc:ada"


NOW = int(time.time())
FORGED = {
    "alg none": unsigned({"alg": "none", "kid": "one"}, claims()),
    "alg None": unsigned({"alg": "None", "kid": "one"}, claims(), "x"),
    "alg none over a real signature": unsigned({"alg": "none", "kid": "one"}, claims(), signed().split(".")[2]),
    "HS256 under the public key": by_secret({"alg": "HS256", "kid": "one"}, RSA.as_pem(private=False)),
    "an algorithm that is not on the list": signed(alg="RS512"),
    "the key of a stranger": signed(OTHER),
    "an EC signature under the RSA key": signed(ECKey.generate_key("P-256", {"kid": "one"}), "ES256"),
    "unknown kid": signed(header={"kid": "nine"}),
    "no kid": jwt.encode({"alg": "RS256"}, claims(), RSA),
    "a kid that is no text": unsigned({"alg": "RS256", "kid": ["one"]}, claims(), "AA"),
    "a key that it brings along": signed(OTHER, header={"jwk": OTHER.as_dict(private=False)}),
    "a body that was changed": ".".join(
        [signed().split(".")[0], unsigned({}, claims(roles=["model"])).split(".")[1], signed().split(".")[2]]
    ),
    "another issuer": signed(iss="https://id.example.org"),
    "no issuer": signed(iss=None),
    "another audience": signed(aud="other"),
    "no audience": signed(aud=None),
    "expired": signed(exp=NOW - 120),
    "no end": signed(exp=None),
    "an end that is no number": signed(exp="never"),
    "not valid yet": signed(nbf=NOW + 600),
    "no name": signed(sub=None),
    "a name of two lines": signed(sub="ada\nroot"),
    "a name that is no text": signed(sub=7),
    "an extension that must be understood": by_hand({"alg": "RS256", "kid": "one", "crit": ["urn:x"], "urn:x": 1}),
    "oversized": signed(padding="x" * LONGEST),
    "two parts": "a.b",
    "five parts": "a.b.c.d.e",
    "no base64": "é.é.é",
    "no JSON": "YQ.YQ.YQ",
    "a list": "W10.W10.W10",
    "very deep": urlsafe_b64encode(b"[" * 2000).decode() + ".e30.AA",
}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_jwt_is_refused(callers: Callers, case: str) -> None:
    with pytest.raises(NotIdentified) as refused:
        callers.identify(f"Bearer {FORGED[case]}")
    assert FORGED[case] not in str(refused.value)


def test_without_a_provider_no_jwt_is_looked_at(tmp_path: Path) -> None:
    with pytest.raises(NotIdentified, match="none of this service"):
        Callers(TokenFile(tmp_path / "tokens.json")).identify(f"Bearer {signed()}")


def test_groups_are_mapped_to_roles_and_a_purpose_claim_limits(provider: Provider, tmp_path: Path) -> None:
    mapped = replace(
        provider,
        roles_claim="realm_access.roles",
        roles=(("sales", "clerk"), ("ml", "model")),
        purposes_claim="https://example.org/purposes",
        name_claim="preferred_username",
    )
    callers = Callers(TokenFile(tmp_path / "tokens.json"), mapped)
    who = {"realm_access": {"roles": ["sales", "other"]}, "preferred_username": "ada@example.org"}
    assert callers.identify(f"Bearer {signed(**who, **{'https://example.org/purposes': 'billing'})}") == Caller(
        "oidc:ada@example.org", frozenset({"clerk"}), frozenset({"billing"})
    )
    with pytest.raises(NotIdentified):
        callers.identify(f"Bearer {signed(**who)}")


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A provider that answers with what a test says, and counts."""
    said: dict[str, Any] = {"count": 0}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said["count"] += 1
            body = said.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing to say."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        said["url"] = f"http://127.0.0.1:{server.server_address[1]}"
        yield said
        server.shutdown()
        thread.join()


def test_rotated_keys_are_fetched_but_not_at_every_guess(served: dict[str, Any]) -> None:
    issuer = served["url"]
    served["/.well-known/openid-configuration"] = json.dumps({"issuer": issuer, "jwks_uri": f"{issuer}/keys"})
    served["/keys"] = published(RSA)
    clock = _Clock()
    keys = ProviderKeys(Provider(issuer, AUDIENCE), clock)
    assert keys.find("one") is not None
    assert served["count"] == 2
    for _ in range(20):
        assert keys.find("two") is None
    assert served["count"] == 2
    served["/keys"] = published(EC)
    clock.now += provider_keys.PAUSE + 1
    assert keys.find("two") is not None
    assert keys.find("one") is None, "a key that the provider took out is believed no more"


def test_keys_outlive_a_provider_that_is_silent_for_a_while_and_no_longer(served: dict[str, Any]) -> None:
    served["/keys"] = published(RSA)
    clock = _Clock()
    keys = ProviderKeys(Provider(ISSUER, AUDIENCE, f"{served['url']}/keys"), clock)
    assert keys.find("one") is not None
    del served["/keys"]
    clock.now += provider_keys.GRACE - 1
    assert keys.find("one") is not None
    clock.now += 2
    with pytest.raises(Unreachable, match="cannot be had"):
        keys.find("one")


@pytest.mark.parametrize("where", ["http://id.example.org/keys", "file:///etc/passwd", "/nowhere/keys.json"])
def test_keys_are_taken_from_a_file_or_over_tls_alone(where: str) -> None:
    with pytest.raises(Unreachable):
        ProviderKeys(Provider(ISSUER, AUDIENCE, where)).find("one")


def test_a_published_secret_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [OctKey.generate_key(256, {"kid": "one"}).as_dict(private=True)]}))
    assert ProviderKeys(Provider(ISSUER, AUDIENCE, str(path))).find("one") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"ESCLUSA_OIDC_AUDIENCE": ""},
        {"ESCLUSA_OIDC_ALGORITHMS": "RS256,HS256"},
        {"ESCLUSA_OIDC_ALGORITHMS": "none"},
        {"ESCLUSA_OIDC_ROLES": "sales"},
    ],
)
def test_settings_that_would_open_the_door_are_refused(tmp_path: Path, wrong: dict[str, str]) -> None:
    said = {"ESCLUSA_OIDC_ISSUER": ISSUER, "ESCLUSA_OIDC_AUDIENCE": AUDIENCE, **wrong}
    with pytest.raises(Misused):
        load_server_settings(tmp_path, said)


def test_settings_name_a_provider(tmp_path: Path) -> None:
    said = {"ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "ROLES": "a=b=clerk, c=model"}
    provider = load_server_settings(tmp_path, {f"ESCLUSA_OIDC_{name}": text for name, text in said.items()}).provider
    assert provider == Provider(ISSUER, AUDIENCE, roles=(("a=b", "clerk"), ("c", "model")))
