"""Taking a certificate back and serving an earlier one again: what a plain client then sees, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lineage.errors import RecallRefused
from lineage.golden.repository import GoldenRepository
from tests.golden_repository import certified, open_small
from tests.plain_client import PlainClient

FIRST, SECOND, THIRD = ([{"id": n, "name": "x"}] for n in (1, 2, 3))


class Shelf:
    """A repository with a clock of its own, and a client that has followed it from the start."""

    def __init__(self, home: Path) -> None:
        self.now = datetime.now(UTC)
        self.golden = GoldenRepository(
            home / "golden", open_small(home / "golden", home / "keys").keys, now=self._clock
        )
        self.client = PlainClient.told_of(self.golden.path, home / "client")

    def _clock(self) -> datetime:
        return self.now

    def publish(self, dataset: str, rows: list[dict[str, object]], days: float = 5) -> str:
        self.now += timedelta(seconds=1)
        release = certified(self.golden, dataset, rows, now=self.now, valid_for=timedelta(days=days))
        self.golden.publish([release])
        return release.digest

    def revoke(self, digest: str, *earlier: dict[str, str]) -> dict[str, str]:
        done = self.golden.revoke("orders", digest, by="ada", reason="wrong currency", earlier=earlier)
        return dict(done.certificates)

    def serves(self) -> object:
        return self.client.rows(["orders"])["orders"]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_a_revoked_certificate_is_no_longer_served_and_the_role_says_why(shelf: Shelf) -> None:
    digest = shelf.publish("orders", FIRST)
    assert shelf.revoke(digest) == {}
    assert shelf.serves() is None
    assert shelf.golden.served("orders") is None
    (taken,) = shelf.golden.revocations("orders")
    assert (taken.certificate, taken.by, taken.reason) == (digest, "ada", "wrong currency")


def test_a_rollback_serves_the_earlier_certificate_in_the_same_release(shelf: Shelf) -> None:
    first, second = shelf.publish("orders", FIRST), shelf.publish("orders", SECOND)
    before = shelf.golden.publish().version
    assert shelf.revoke(second, {"orders": first}) == {"orders": first}
    assert shelf.golden.publish().version == before + 1
    assert shelf.serves() == FIRST
    assert shelf.golden.served("orders") == first


def test_the_next_certificate_follows_the_newest_one_so_that_the_chain_misses_none(shelf: Shelf) -> None:
    first, second = shelf.publish("orders", FIRST), shelf.publish("orders", SECOND)
    shelf.revoke(second, {"orders": first})
    assert shelf.golden.certificate("orders") == second
    third = shelf.publish("orders", THIRD)
    assert shelf.golden.certificate("orders") == shelf.golden.served("orders") == third
    assert [taken.certificate for taken in shelf.golden.revocations("orders")] == [second], "for ever"
    assert shelf.serves() == THIRD


def test_a_superseded_certificate_is_revoked_without_touching_the_one_in_force(shelf: Shelf) -> None:
    first, second = shelf.publish("orders", FIRST), shelf.publish("orders", SECOND)
    assert shelf.revoke(first, {"orders": first}) == {}
    assert shelf.golden.served("orders") == second
    assert shelf.serves() == SECOND


def test_a_whole_release_goes_back_together_or_the_next_one_in_line_does(shelf: Shelf) -> None:
    first = {name: shelf.publish(name, FIRST) for name in ("orders", "refunds")}
    second = {name: shelf.publish(name, SECOND) for name in ("orders", "refunds")}
    third = {name: shelf.publish(name, THIRD) for name in ("orders", "refunds")}
    shelf.golden.revoke("refunds", second["refunds"], by="ada", reason="wrong", earlier=())
    assert shelf.revoke(third["orders"], second, first) == first
    assert shelf.client.rows(["orders", "refunds"]) == {"orders": FIRST, "refunds": FIRST}


def test_a_certificate_signed_by_a_replaced_key_is_signed_again_when_it_comes_back(shelf: Shelf) -> None:
    first, second = shelf.publish("orders", FIRST), shelf.publish("orders", SECOND)
    shelf.golden.rotate("gate")
    resigned = shelf.golden.served("orders")
    assert resigned != second
    assert shelf.golden.statements("orders", second) == {second, resigned}
    assert shelf.revoke(second, {"orders": first}) == {"orders": first}
    assert shelf.serves() == FIRST
    (taken,) = shelf.golden.revocations("orders")
    assert taken.certificate == resigned
    again = shelf.golden.served("orders")
    assert again not in (first, None)
    assert shelf.golden.statements("orders", first) == {first, again}


def test_a_withdrawn_dataset_is_served_again_under_the_certificate_that_it_had(shelf: Shelf) -> None:
    digest = shelf.publish("orders", FIRST)
    shelf.golden.withdraw("orders", owner="ada", message="paused")
    assert shelf.golden.served("orders") is None
    shelf.golden.restore("orders", digest, message="resumed")
    assert shelf.serves() == FIRST
    assert shelf.golden.certificate("orders") == digest


def revoked(shelf: Shelf, first: str) -> None:
    shelf.golden.revoke("orders", first, by="ada", reason="wrong", earlier=())


def expired(shelf: Shelf, first: str) -> None:
    shelf.now += timedelta(days=6)


def a_file_gone(shelf: Shelf, first: str) -> None:
    shelf.golden.collect_garbage(timedelta(0) - timedelta(days=1))


def other_bytes(shelf: Shelf, first: str) -> None:
    served = shelf.golden.path / "targets" / "orders"
    for part in served.glob("*.parquet"):
        part.chmod(0o644)
        part.write_bytes(part.read_bytes() + b"x")


OBSTACLES: dict[Callable[[Shelf, str], None], str] = {
    revoked: "revoked on .* by ada: wrong",
    expired: "it expired at",
    a_file_gone: "is gone",
    other_bytes: "holds other bytes",
}


@pytest.mark.parametrize(("obstacle", "said"), OBSTACLES.items(), ids=lambda o: getattr(o, "__name__", ""))
def test_it_is_not_served_again_when(obstacle: Callable[[Shelf, str], None], said: str, shelf: Shelf) -> None:
    first, second = shelf.publish("orders", FIRST), shelf.publish("orders", SECOND, days=9)
    obstacle(shelf, first)
    before = shelf.golden.publish().version
    with pytest.raises(RecallRefused, match=said):
        shelf.golden.restore("orders", first, message="back")
    assert shelf.golden.publish().version == before
    assert shelf.golden.served("orders") == second


def test_where_nothing_can_come_back_the_dataset_is_withdrawn(shelf: Shelf) -> None:
    first, second = shelf.publish("orders", FIRST), shelf.publish("orders", SECOND, days=9)
    expired(shelf, first)
    assert shelf.revoke(second, {"orders": first}, {"orders": "f" * 64}) == {}
    assert shelf.golden.served("orders") is None


@pytest.mark.parametrize("digest", ["f" * 64, "../../keys/gate.pem"])
def test_what_was_never_published_is_neither_revoked_nor_served(digest: str, shelf: Shelf) -> None:
    shelf.publish("orders", FIRST)
    with pytest.raises(RecallRefused, match="no published certificate"):
        shelf.revoke(digest)
    with pytest.raises(RecallRefused, match="no published certificate"):
        shelf.golden.restore("orders", digest, message="back")


def test_a_certificate_that_the_gate_signed_but_nobody_published_is_not_served(shelf: Shelf) -> None:
    shelf.publish("orders", FIRST)
    stray = certified(shelf.golden, "orders", SECOND, now=shelf.now)
    folder = shelf.golden.path / "targets" / "orders"
    (folder / f"{stray.digest}.certificate.json").write_bytes(stray.certificate)
    with pytest.raises(RecallRefused, match="no published certificate"):
        shelf.golden.restore("orders", stray.digest, message="back")


def test_a_certificate_is_revoked_once(shelf: Shelf) -> None:
    digest = shelf.publish("orders", FIRST)
    shelf.revoke(digest)
    with pytest.raises(RecallRefused, match=r"is revoked on .* by ada: wrong currency; required: one that stands"):
        shelf.revoke(digest)
