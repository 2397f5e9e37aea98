"""Two datasets whose roles differ, and what their readers ask for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from esclusa.ledger.ledger import Entry, Ledger
from expectations.contract import Contract, Role
from expectations.environment import Environment
from lineage.certificate import certify
from lineage.golden.repository import DatasetRelease, GoldenRepository
from tests.esclusa.golden import ORDERS, Golden
from tests.golden_repository import CODE, NOW, small_contract, small_input, small_pin, small_verdict

CLERK = Role("clerk", "read", ("billing",), ("ada", "eva"), date(2099, 12, 31), {"deny": ["customer"]}, 1)
MODEL = Role("model", "read", ("scoring",), ("ada",), date(2099, 12, 31), {"mask": {"customer": "hash"}}, 1)
FORMER = Role("former", "read", ("billing",), ("eva",), date(2020, 12, 31), {}, 1)
AS_CLERK = {"role": "clerk", "purpose": "billing"}
AS_MODEL = {"role": "model", "purpose": "scoring"}


def released(writer: GoldenRepository, contract: Contract, environment: Environment) -> DatasetRelease:
    """A contract's orders, certified now."""
    now = datetime.now(UTC)
    pinned = small_pin(contract, ORDERS, writer.keys.directory.parent / "pins" / contract.name)
    verdict = replace(small_verdict(contract, pinned, now), environment=environment)
    certificate = certify(
        verdict,
        contract,
        pinned,
        inputs=[small_input(now)],
        code=CODE,
        run="run-1",
        clock=NOW,
        pinned_at=now,
        valid_until=now.replace(year=now.year + 1),
        previous=writer.certificate(contract.name),
        signer=writer.keys.signer("gate"),
        certified_at=now,
    )
    return DatasetRelease(contract, pinned, certificate)


def publish_sales(golden: Golden) -> None:
    """Publish `sales`, with roles that differ, and `official`, certified for production."""
    small = small_contract("sales", list(ORDERS[0]))
    sales = replace(small, roles=(CLERK, MODEL, FORMER), custom={"aiUse": {"prohibited": ["profiling"]}})
    official = replace(small_contract("official", list(ORDERS[0])), roles=(CLERK,))
    writer = golden.writer()
    writer.publish([released(writer, sales, Environment.SANDBOX), released(writer, official, Environment.PRODUCTION)])


def entries(golden: Golden, kind: str) -> list[Entry]:
    return list(Ledger(golden.path.parent / "ledger.sqlite").entries(kind))
