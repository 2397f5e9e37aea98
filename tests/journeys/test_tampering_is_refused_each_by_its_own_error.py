"""Promise: of what is edited, swapped, torn, mixed or signed by a stranger no row is returned; the error says which."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import esclusa
from tests.esclusa.golden import ORDERS, Golden, fresh_golden
from tests.golden_repository import publish_small

ROWS = {"orders": ORDERS[:5]}


def edited_part(golden: Golden) -> None:
    part = golden.target("orders", "part-00000.parquet")
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)


def longer_part(golden: Golden) -> None:
    part = golden.target("orders", "part-00000.parquet")
    part.write_bytes(part.read_bytes() + b"\0")


def torn_part(golden: Golden) -> None:
    part = golden.target("orders", "part-00000.parquet")
    part.write_bytes(part.read_bytes()[:100])


def lost_part(golden: Golden) -> None:
    golden.target("orders", "part-00000.parquet").unlink()


def edited_certificate(golden: Golden) -> None:
    certificate = golden.target("orders", "certificate.json")
    certificate.write_bytes(certificate.read_bytes().replace(b'"sig"', b'"Sig"'))


def swapped_contract(golden: Golden) -> None:
    swapped = golden.target("customers", "contract.yaml").read_bytes()
    golden.target("orders", "contract.yaml").write_bytes(swapped)


def foreign_key(golden: Golden) -> None:
    """The same datasets, published by someone else's keys in the same place."""
    shutil.rmtree(golden.path)
    publish_small(golden.path, golden.keys.parent / "strangers-keys", {"orders": ORDERS, "stale": ORDERS})


def torn_timestamp(golden: Golden) -> None:
    timestamp = golden.path / "metadata" / "timestamp.json"
    timestamp.write_bytes(timestamp.read_bytes()[:-40])


def edited_timestamp(golden: Golden) -> None:
    timestamp = golden.path / "metadata" / "timestamp.json"
    timestamp.write_bytes(timestamp.read_bytes().replace(b'"version":', b'"version":1', 1))


def newest(golden: Golden, role: str) -> list[Path]:
    """Versions of a role's metadata, the newest last."""
    return sorted((golden.path / "metadata").glob(f"*.{role}.json"), key=lambda p: int(p.name.partition(".")[0]))


def mixed(role: str) -> Callable[[Golden], None]:
    """A role's newest metadata replaced by what the release before said: genuine, signed, and of another release."""

    def mix(golden: Golden) -> None:
        before = newest(golden, role)[-1].read_bytes()
        golden.publish(ROWS)
        newest(golden, role)[-1].write_bytes(before)

    return mix


def missing_snapshot(golden: Golden) -> None:
    golden.publish(ROWS)
    newest(golden, "snapshot")[-1].unlink()


CASES = [
    (edited_part, esclusa.Tampered, "part-00000.parquet is not the file that was published"),
    (longer_part, esclusa.Tampered, "part-00000.parquet is not the file that was published"),
    (torn_part, esclusa.Tampered, "part-00000.parquet is not the file that was published"),
    (lost_part, esclusa.Unreachable, "part-00000.parquet is missing"),
    (edited_certificate, esclusa.Tampered, "certificate.json is not the file that was published"),
    (swapped_contract, esclusa.Tampered, "contract.yaml is not the file that was published"),
    (foreign_key, esclusa.Untrusted, "keys that the pinned root does not vouch for"),
    (torn_timestamp, esclusa.Tampered, "torn or edited"),
    (edited_timestamp, esclusa.Untrusted, "keys that the pinned root does not vouch for"),
    (mixed("snapshot"), esclusa.Tampered, "does not hold what was signed"),
    (mixed("orders"), esclusa.Tampered, "does not hold what was signed"),
    (missing_snapshot, esclusa.Unreachable, "lacks a file"),
]
IDS = ["mixed snapshot", "mixed role"]
NAMES = [IDS.pop(0) if do.__name__ == "mix" else do.__name__.replace("_", " ") for do, _, _ in CASES]


@pytest.mark.parametrize(("tamper", "kind", "says"), CASES, ids=NAMES)
@pytest.mark.parametrize("seen_before", [True, False], ids=["a reader of before", "a new reader"])
def test_nothing_is_read_and_the_error_says_what_is_wrong(
    tmp_path: Path, tamper: Callable[[Golden], None], kind: type[esclusa.EsclusaError], says: str, seen_before: bool
) -> None:
    golden = fresh_golden(tmp_path)
    if seen_before:
        assert esclusa.read("orders", **golden.at).num_rows == 40
    tamper(golden)
    with pytest.raises(kind) as refused:
        esclusa.read("orders", **golden.at)
    assert type(refused.value) is kind
    assert says in refused.value.what
    assert refused.value.observed
    assert refused.value.required
    assert refused.value.remedy
    with pytest.raises(kind):
        esclusa.sql("SELECT count(*) FROM orders", **golden.at)


@pytest.mark.parametrize("tamper", [edited_part, edited_certificate, swapped_contract], ids=lambda do: do.__name__)
def test_a_tampered_dataset_leaves_the_others_readable_and_names_its_owner(
    tmp_path: Path, tamper: Callable[[Golden], None]
) -> None:
    golden = fresh_golden(tmp_path)
    tamper(golden)
    with pytest.raises(esclusa.Tampered) as refused:
        esclusa.read("orders", **golden.at)
    assert refused.value.owner == "ada"
    assert esclusa.read("customers", **golden.at).num_rows == 7
