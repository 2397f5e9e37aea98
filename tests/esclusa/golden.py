"""A golden repository to read from, its keys at hand to do wrong with; a fresh copy for every test."""

from __future__ import annotations

import atexit
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import esclusa
from expectations.clock import Clock
from expectations.verdict import Finding, GateItem, State
from lineage.golden.decision import decision
from lineage.golden.keys import Keys
from lineage.golden.repository import GoldenRepository
from tests.golden_repository import open_small, publish_small

ORDERS = [{"order_id": f"o-{i:03}", "customer": f"c-{i % 7}", "amount": i * 1.5} for i in range(40)]
CUSTOMERS = [{"customer": f"c-{i}", "country": "PT" if i % 2 else "IT"} for i in range(7)]
SHUT = Finding(
    rule="amount__minimum",
    item=GateItem.QUALITY,
    state=State.FAIL,
    observed=12,
    required="0 rows",
    unit="rows",
    description="Every amount is at least 0.",
    owner="service-desk",
    remedy="Correct the delivery, then land it again.",
)


@dataclass(frozen=True)
class Golden:
    """One copy: where it is, where its keys are, where its reader remembers."""

    path: Path
    keys: Path
    state: Path

    @property
    def at(self) -> dict[str, Any]:
        """Arguments of every reading function."""
        return {"repository": self.path, "state": self.state}

    def publish(self, datasets: dict[str, Any], **options: Any) -> GoldenRepository:
        return publish_small(self.path, self.keys, datasets, **options)

    def writer(self) -> GoldenRepository:
        return open_small(self.path, self.keys)

    def gate(self) -> Any:
        return Keys.open(self.keys, self.path).signer("gate")

    def target(self, dataset: str, name: str) -> Path:
        """The newest file of that name among the targets of a dataset."""
        found = (self.path / "targets" / dataset).glob(f"*.{name}")
        return max(found, key=lambda path: path.stat().st_mtime_ns)

    def trust(self) -> None:
        esclusa.trust(self.path, state=self.state)


@cache
def _original() -> Path:
    """Two datasets of one release, one that expired, one that is generated, one withdrawn, and two refusals."""
    home = Path(mkdtemp(prefix="esclusa-golden-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    path, keys, now = home / "golden", home / "keys", datetime.now(UTC)
    publish_small(path, keys, {"stale": ORDERS}, timedelta(hours=1), now=now - timedelta(hours=2))
    publish_small(path, keys, {"orders": ORDERS, "customers": CUSTOMERS}, release="shop")
    standing = Clock("replay", datetime(2017, 2, 17, tzinfo=UTC))
    repository = publish_small(path, keys, {"generated": ORDERS, "gone": ORDERS}, synthetic=True, clock=standing)
    said = "1 of 42 rules does not hold."
    refused = {"owner": "ada", "at": now, "message": said, "remedy": "Ask service-desk."}
    served = repository.certificate("customers")
    repository.publish(
        verdicts={
            "customers": decision("customers", "refused", findings=[SHUT], certificate=served, **refused),
            "newcomer": decision("newcomer", "refused", stage="landing", **refused),
        }
    )
    repository.withdraw("gone", owner="ada", message="merged into orders")
    return home


def fresh_golden(directory: Path, trusted: bool = True) -> Golden:
    """A copy of its own for a test.

    Args:
        directory: empty.
        trusted: with its root pinned.
    """
    shutil.copytree(_original(), directory / "home")
    golden = Golden(directory / "home" / "golden", directory / "home" / "keys", directory / "state")
    if trusted:
        golden.trust()
    return golden
