"""What the tests of the tools for agents share: a shop whose contract says much, and desks over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import esclusa
from esclusa.agents.desk import Desk, local_desk
from expectations.contract import Contract
from lineage.golden.promised import promises_file
from lineage.tracing.columns import Model, column_lineage
from tests.esclusa.golden import ORDERS, Golden
from tests.golden_repository import small_contract

DeskFor = Callable[..., Desk]
SAID = "Sum amounts only within one currency."


def sales_contract() -> Contract:
    """The contract of `sales`, with words for whoever analyses it."""
    contract = small_contract("sales", list(ORDERS[0]))
    context = {
        "instructions": SAID,
        "verifiedStatements": [{"question": "How many orders are there?", "answer": "select count(*) from sales"}],
        "constraints": [{"constraint": "Never join it with customers."}],
    }
    return replace(contract, document={**contract.document, "context": context})


def publish_promises(golden: Golden) -> None:
    """Publish what is promised of `sales`."""
    contract = sales_contract()
    columns = ", ".join(f"1 AS {column.name}" for column in contract.table.columns)
    lineage = column_lineage([Model("candidate.sales", f"SELECT {columns}", (), "sales")], [])
    golden.writer().publish(files={"promises.json": promises_file([contract], [], [], lineage, [])})


@pytest.fixture
def desk(shop: Golden) -> DeskFor:
    """Makes desks over the shop for whoever says a role and a purpose, or neither."""
    publish_promises(shop)

    def made(role: str = "", purpose: str = "") -> Desk:
        return local_desk(lambda: esclusa.open(**shop.at), role, purpose)

    return made
