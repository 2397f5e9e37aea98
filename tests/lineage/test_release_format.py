"""The page on the release format: its check works for a third party, and fails on whatever was touched."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp

from lineage.certificate import payload_of, sign_payload
from lineage.golden.keys import Keys
from lineage.golden.promised import PROMISES_FILE, promises_file
from lineage.tracing.columns import LandedTable, Model, column_lineage
from lineage.tracing.document import LINEAGE_FILE, lineage_document
from tests.golden_repository import publish_small, small_contract

PAGE = Path(__file__).resolve().parents[2] / "docs" / "release-format.md"
ROWS = {"orders": [{"id": 1, "name": "a"}], "leads": [{"id": 1, "name": "b"}]}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Requests are not worth a line."""


@pytest.fixture(scope="module")
def script() -> str:
    (found,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    return str(found)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("published")
    publish_small(home / "golden", home / "keys", ROWS)
    golden = publish_small(home / "golden", home / "keys", ROWS)
    golden.rotate("gate")
    return home


@pytest.fixture
def home(published: Path, tmp_path: Path) -> Path:
    """A copy of the published repository, with its keys, and the root that a third party was given."""
    shutil.copytree(published, tmp_path / "home")
    shutil.copy(tmp_path / "home" / "golden" / "metadata" / "1.root.json", tmp_path / "home" / "root.json")
    return tmp_path / "home"


@pytest.fixture
def check(home: Path, script: str) -> Iterator[Callable[[str], int]]:
    """Run the page's script on a dataset of `home`, served over HTTP; gives the exit code."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(home / "golden")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (home / "check.py").write_text(script)

    def run(dataset: str) -> int:
        address = f"http://127.0.0.1:{server.server_port}"
        command = [sys.executable, "-I", str(home / "check.py"), address, str(home / "root.json"), dataset]
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode

    yield run
    server.shutdown()
    server.server_close()


def the_file(home: Path, pattern: str) -> Path:
    """The newest file of that kind."""
    return max((home / "golden" / "targets" / "orders").glob(pattern), key=lambda path: path.stat().st_mtime_ns)


def test_the_script_is_short_and_uses_nothing_of_ours(script: str) -> None:
    assert len(script.splitlines()) <= 15
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(ast.parse(script))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {name.partition(".")[0] for name in imported} - set(sys.stdlib_module_names) == {"tuf", "cryptography"}


def test_a_third_party_verifies_every_dataset(check: Callable[[str], int]) -> None:
    assert [check(name) for name in ROWS] == [0, 0]


@pytest.mark.parametrize("pattern", ["*.parquet", "*.contract.yaml", "*.certificate.json"])
def test_an_edited_file_fails_the_check(home: Path, check: Callable[[str], int], pattern: str) -> None:
    for path in (home / "golden" / "targets" / "orders").glob(pattern):
        path.chmod(0o644)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    assert check("orders") != 0
    assert check("leads") == 0


def test_a_dataset_that_was_never_published_fails_the_check(check: Callable[[str], int]) -> None:
    assert check("returns") != 0


def test_another_root_fails_the_check(home: Path, tmp_path: Path, check: Callable[[str], int]) -> None:
    publish_small(tmp_path / "other", tmp_path / "keys", ROWS)
    shutil.copy(tmp_path / "other" / "metadata" / "1.root.json", home / "root.json")
    assert check("orders") != 0


def test_an_expired_timestamp_fails_the_check(home: Path, check: Callable[[str], int]) -> None:
    path = home / "golden" / "metadata" / "timestamp.json"
    timestamp = Metadata[Timestamp].from_bytes(path.read_bytes())
    timestamp.signed.expires = datetime(2026, 1, 1, tzinfo=UTC)
    timestamp.sign(Keys(home / "keys").signer("timestamp"))
    path.write_bytes(timestamp.to_bytes())
    assert check("orders") != 0


def relist(home: Path, change: Callable[[Targets], None]) -> None:
    """Sign other contents of the role `orders` with the true keys: what only a thief of the metadata keys could do."""
    keys, metadata = Keys(home / "keys"), home / "golden" / "metadata"
    timestamp = Metadata[Timestamp].from_bytes((metadata / "timestamp.json").read_bytes())
    snapshot_path = metadata / f"{timestamp.signed.snapshot_meta.version}.snapshot.json"
    snapshot = Metadata[Snapshot].from_bytes(snapshot_path.read_bytes())
    version = snapshot.signed.meta["orders.json"].version
    role = Metadata[Targets].from_bytes((metadata / f"{version}.orders.json").read_bytes())
    change(role.signed)
    role.signed.version = snapshot.signed.version = version + 100
    role.sign(keys.signer("gate"))
    (metadata / f"{version + 100}.orders.json").write_bytes(role.to_bytes())
    snapshot.signed.meta["orders.json"] = MetaFile(version + 100)
    snapshot.sign(keys.signer("gate"))
    (metadata / f"{version + 100}.snapshot.json").write_bytes(snapshot.to_bytes())
    timestamp.signed.snapshot_meta = MetaFile(version + 100)
    timestamp.signed.version += 1
    timestamp.sign(keys.signer("timestamp"))
    (metadata / "timestamp.json").write_bytes(timestamp.to_bytes())


def put(home: Path, role: Targets, name: str, content: bytes) -> None:
    target = TargetFile.from_data(f"orders/{name}", content, ["sha256"])
    (home / "golden" / "targets" / target.get_prefixed_paths()[0]).write_bytes(content)
    role.targets[target.path] = target


def test_the_forger_used_below_changes_nothing_by_itself(home: Path, check: Callable[[str], int]) -> None:
    relist(home, lambda role: None)
    assert check("orders") == 0


def test_a_certificate_signed_by_a_stranger_fails_the_check(home: Path, check: Callable[[str], int]) -> None:
    payload = payload_of(the_file(home, "*.certificate.json").read_bytes())
    forged = sign_payload(payload, CryptoSigner.generate_ed25519())
    relist(home, lambda role: put(home, role, "certificate.json", forged))
    assert check("orders") != 0


def test_a_certificate_with_an_edited_payload_fails_the_check(home: Path, check: Callable[[str], int]) -> None:
    envelope = json.loads(the_file(home, "*.certificate.json").read_bytes())
    envelope["payload"] = envelope["payload"].replace("e", "f", 1)
    relist(home, lambda role: put(home, role, "certificate.json", json.dumps(envelope).encode()))
    assert check("orders") != 0


@pytest.mark.parametrize("name", ["part-00000.parquet", "contract.yaml", "part-00001.parquet"])
def test_a_file_that_the_certificate_does_not_name_fails_the_check(
    home: Path, check: Callable[[str], int], name: str
) -> None:
    relist(home, lambda role: put(home, role, name, b"swapped"))
    assert check("orders") != 0


def test_a_part_that_is_not_listed_fails_the_check(home: Path, check: Callable[[str], int]) -> None:
    relist(home, lambda role: role.targets.pop("orders/part-00000.parquet") and None)
    assert check("orders") != 0


def fields(heading: str) -> set[str]:
    """Every field that the table under a heading of the page explains."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"`(\w+)`", section))


def test_the_page_explains_every_field_of_lineage_and_promises() -> None:
    contract = small_contract("orders", ["id", "name"])
    lineage = column_lineage(
        [Model("candidate.orders", "select id, name from raw.shop__orders", ("raw.shop__orders",), "orders")],
        [LandedTable("raw.shop__orders", "shop", "orders", ("id", "name"))],
    )
    document = lineage_document(contract, lineage)
    entries = (document, *document["columns"].values(), document["rows"], *document["relations"], *document["edges"])
    said = {key for entry in entries for key in entry}
    assert said <= fields("Lineage"), said - fields("Lineage")
    promised = json.loads(promises_file([contract], [], [], lineage))
    assert promised.keys() | promised["datasets"][0].keys() <= fields("Promises")
    assert {LINEAGE_FILE, PROMISES_FILE} <= set(re.findall(r"<sha256>\.([\w.]+)", PAGE.read_text(encoding="utf-8")))
