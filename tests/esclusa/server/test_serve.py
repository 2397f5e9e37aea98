"""`esclusa serve` as people run it: a process that ends in order, and TLS."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

import esclusa
from esclusa.server.serve import Listening, serve_until_told
from esclusa.server.settings import load_server_settings
from tests.esclusa.golden import Golden, fresh_golden

PIECE = 100_000  # bytes of a slow caller's gulp
LONG = 40_000  # letters of a value
MANY = 200  # rows whose answer fits into no socket's buffer


@dataclass(frozen=True)
class Running:
    """A service in a process of its own."""

    process: subprocess.Popen[bytes]
    address: tuple[str, int]


@contextmanager
def serve(golden: Golden, *options: str, **settings: str) -> Iterator[Running]:
    """`esclusa serve` until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from esclusa.cli import main; main()", "serve", "--port", str(port), *options]
    settings = {"ESCLUSA_STATE": str(golden.state), "ESCLUSA_REPOSITORY": str(golden.path), **settings}
    process = subprocess.Popen(command, env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert b"esclusa serves" in process.stdout.readline(), process.stderr and process.stderr.read()
        yield Running(process, ("127.0.0.1", port))
    finally:
        process.kill()
        process.communicate()


def test_at_sigterm_an_answer_in_work_is_sent_whole_and_nobody_else_is_let_in(tmp_path: Path) -> None:
    golden = fresh_golden(tmp_path)
    golden.publish({"orders": [{"order_id": os.urandom(LONG // 2).hex()} for _ in range(MANY)]}, release="shop")
    with serve(golden) as running:
        slow = http.client.HTTPConnection(*running.address, timeout=30)
        slow.sock = socket.socket()
        slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sock.connect(running.address)
        token = next(golden.state.glob("*/token")).read_text()
        asked = "/v1/datasets/orders/rows?role=tester&purpose=testing"
        slow.request("GET", asked, headers={"Authorization": f"Bearer {token}"})
        answer = slow.getresponse()
        body = answer.read(PIECE)

        running.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + 10
        while _is_let_in(running.address):
            assert time.monotonic() < end, "connections are taken after SIGTERM"
            time.sleep(0.05)
        time.sleep(0.5)
        assert running.process.poll() is None, "an answer is in work"
        body += answer.read()
        assert len(body) == int(answer.headers["content-length"]) > 4 * PIECE
        assert running.process.wait(20) == 0
    assert not list(golden.state.glob("*/token")), "whoever was let in for this service is no more"


def _is_let_in(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=5).close()
    except OSError:
        return False
    return True


def test_rows_are_read_over_tls_by_who_trusts_the_root_of_its_chain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    golden = fresh_golden(tmp_path)
    root, chain, key = certificates(tmp_path)
    with serve(golden, "--certfile", str(chain), "--keyfile", str(key)) as running:
        at = {"repository": f"https://127.0.0.1:{running.address[1]}", "state": golden.state}
        with pytest.raises(esclusa.Unreachable):
            esclusa.read("orders", **at)
        monkeypatch.setenv("SSL_CERT_FILE", str(root))
        assert esclusa.read("orders", **at).num_rows == 40
        secure = http.client.HTTPSConnection(*running.address, timeout=30)
        secure.request("GET", "/healthz")
        assert "max-age" in secure.getresponse().headers["strict-transport-security"]


def test_the_name_that_it_listens_under_is_one_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    golden, known = fresh_golden(tmp_path), []
    settings = {"STATE": str(golden.state), "REPOSITORY": "", "SERVE_HOSTS": "data.example.org"}
    for name, value in settings.items():
        monkeypatch.setenv(f"ESCLUSA_{name}", value)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(Listening, "bind", lambda _: socket.socket())
    monkeypatch.setattr(uvicorn.Server, "run", lambda *_, **__: known.append(load_server_settings(golden.path).hosts))
    serve_until_told(Listening("Shelf", 8000), str(golden.path))
    assert known == [{"data.example.org", "shelf"}]


def certificates(directory: Path) -> tuple[Path, Path, Path]:
    """Files of a root, of a chain from 127.0.0.1 to below it, and of the key of 127.0.0.1."""
    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("root", "between", "127.0.0.1")}
    names = {name: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in keys}
    now, made = datetime.now(UTC), {}
    for name, above in (("root", "root"), ("between", "root"), ("127.0.0.1", "between")):
        is_authority = name != "127.0.0.1"
        draft = (
            x509.CertificateBuilder(names[above], names[name], keys[name].public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if not is_authority:
            own = x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))])
            draft = draft.add_extension(own, critical=False)
        made[name] = draft.sign(keys[above], SHA256()).public_bytes(Encoding.PEM)
    root, chain, key = (directory / name for name in ("root.pem", "chain.pem", "key.pem"))
    root.write_bytes(made["root"])
    chain.write_bytes(made["127.0.0.1"] + made["between"])
    key.write_bytes(keys["127.0.0.1"].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return root, chain, key
