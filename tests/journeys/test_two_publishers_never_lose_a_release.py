"""Promise: publishers that work at the same time take turns, and every release that one was told of is there."""

from __future__ import annotations

import json
import multiprocessing
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope

from lineage.errors import CertificateRefused, PublisherBusy
from lineage.golden.keys import Keys
from lineage.golden.repository import GoldenRepository
from lineage.golden.turn import turn
from tests.golden_repository import certified, open_small
from tests.plain_client import PlainClient

WRITERS, PUBLISHES = 4, 15
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["pytest", "tests.golden_repository", "tests.plain_client"])


def publish_in_a_row(golden: Path, keys: Path, dataset: str, writer: int, times: int) -> None:
    """Certify and publish `times` releases of a dataset, certifying again where another writer came between."""
    repository = GoldenRepository(golden, Keys(keys), wait=120)
    done = 0
    while done < times:
        release = certified(repository, dataset, [{"id": 1, "writer": writer, "turn": done}], now=datetime.now(UTC))
        try:
            repository.publish([release])
        except CertificateRefused:
            continue
        done += 1


def run_together(golden: Path, keys: Path, datasets: list[str], times: int) -> None:
    running = [
        PROCESSES.Process(target=publish_in_a_row, args=(golden, keys, dataset, writer, times))
        for writer, dataset in enumerate(datasets)
    ]
    for process in running:
        process.start()
    for process in running:
        process.join(300)
    assert [process.exitcode for process in running] == [0] * len(running)


def chain(client: PlainClient, dataset: str) -> list[str]:
    """The certificates of a dataset from the newest back to the first, each found by its predecessor's digest."""
    digests = []
    previous = client.role(dataset).unrecognized_fields["esclusa"]["certificate"]
    while previous is not None:
        digests.append(previous)
        content = (client.golden / "targets" / dataset / f"{previous}.certificate.json").read_bytes()
        previous = json.loads(Envelope.from_dict(json.loads(content)).payload)["predicate"]["previous"]
    return digests


def test_publishers_of_different_datasets_lose_no_release(tmp_path: Path) -> None:
    golden, keys = tmp_path / "golden", tmp_path / "keys"
    open_small(golden, keys)
    client = PlainClient.told_of(golden, tmp_path / "client")
    datasets = [f"dataset_{writer}" for writer in range(WRITERS)]
    run_together(golden, keys, datasets, PUBLISHES)
    last = [{"id": 1, "writer": writer, "turn": PUBLISHES - 1} for writer in range(WRITERS)]
    assert client.rows(datasets) == {name: [row] for name, row in zip(datasets, last, strict=True)}
    assert [len(chain(client, name)) for name in datasets] == [PUBLISHES] * WRITERS
    assert client.snapshot.version == 1 + WRITERS * PUBLISHES


def test_publishers_of_one_dataset_follow_each_other_in_one_chain(tmp_path: Path) -> None:
    golden, keys = tmp_path / "golden", tmp_path / "keys"
    open_small(golden, keys)
    client = PlainClient.told_of(golden, tmp_path / "client")
    run_together(golden, keys, ["orders", "orders"], 5)
    client.rows(["orders"])
    assert len(set(chain(client, "orders"))) == 10


def test_a_certificate_that_another_publisher_overtook_is_refused(tmp_path: Path) -> None:
    repository = open_small(tmp_path / "golden", tmp_path / "keys")
    now = datetime.now(UTC)
    first, second = (certified(repository, "orders", [{"id": number}], now=now) for number in (1, 2))
    repository.publish([first])
    with pytest.raises(CertificateRefused, match="another publisher came between"):
        repository.publish([second])
    assert PlainClient.told_of(repository.path, tmp_path / "client").rows(["orders"]) == {"orders": [{"id": 1}]}


def test_a_publisher_that_waited_in_vain_is_told_who_holds_the_turn(tmp_path: Path) -> None:
    repository = open_small(tmp_path / "golden", tmp_path / "keys", wait=0.1)
    release = certified(repository, "orders", [{"id": 1}], now=datetime.now(UTC))
    with turn(tmp_path / "keys" / "publisher", 0), pytest.raises(PublisherBusy, match=r"pid \d+ since .* UTC"):
        repository.publish([release])
    assert repository.publish([release]).version == 2


def test_a_publisher_waits_for_the_turn(tmp_path: Path) -> None:
    repository = open_small(tmp_path / "golden", tmp_path / "keys", wait=60)
    release = certified(repository, "orders", [{"id": 1}], now=datetime.now(UTC))
    waiting = threading.Thread(target=repository.publish, args=([release],))
    with turn(tmp_path / "keys" / "publisher", 0):
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
    waiting.join(60)
    assert repository.certificate("orders") == release.digest
