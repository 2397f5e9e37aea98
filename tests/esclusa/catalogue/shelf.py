"""A golden repository with something to show: a history, every state, roles that differ, terms, sources, use cases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from expectations.contract import Contract, Role
from expectations.verdict import Finding, GateItem, State
from lineage.certificate import certify
from lineage.golden.decision import decision
from lineage.golden.repository import DatasetRelease, GoldenRepository
from tests.esclusa.golden import ORDERS, SHUT, Golden
from tests.golden_repository import CODE, NOW, open_small, small_contract, small_input, small_pin, small_verdict

FOREVER = date(2099, 12, 31)
CLERK = Role("clerk", "read", ("billing",), ("ada", "eva"), FOREVER, {"deny": ["customer"]}, 1)
MODEL = Role("model", "read", ("scoring",), ("ada",), FOREVER, {"mask": {"customer": "hash"}}, 1)
FORMER = Role("former", "read", ("audit",), ("eva",), date(2020, 12, 31), {}, 1)
PROMISE = 24.0  # hours
SIGNED = {"principal": "eva", "role": "security", "validUntil": "2099-01-01T00:00:00+00:00"}


def stock(golden: Golden) -> None:
    """Add `sales`, with a history and a purpose; `closing`, which expires soon; and what is promised of everything.

    Args:
        golden: a fresh one.
    """
    now = datetime.now(UTC)
    sales = _contract("sales", (CLERK, MODEL, FORMER))
    for day, (age, rows) in enumerate([(3.0, 40), (6.5, 38), (2.0, 36), (9.5, 40)], -3):
        _publish(golden, sales, now + timedelta(days=day), age, ORDERS[:rows])
    _publish(golden, _contract("closing", (CLERK,)), now - timedelta(hours=12), 9.0, ORDERS)
    late = decision("late", "refused", at=now, owner="eva", findings=[SHUT], message="1 rule does not hold.")
    golden.writer().publish(verdicts={"late": late}, files={"promises.json": json.dumps(PROMISES).encode()})


def _publish(golden: Golden, contract: Contract, at: datetime, age: float, rows: Sequence[Mapping[str, Any]]) -> None:
    writer = open_small(golden.path, golden.keys, at)
    writer.publish([released(writer, contract, at, age, rows)])


def released(
    writer: GoldenRepository, contract: Contract, now: datetime, age: float, rows: Sequence[Mapping[str, Any]]
) -> DatasetRelease:
    """Rows certified at a moment, valid until they are older than promised.

    Args:
        age: of the data, hours.
    """
    pinned = small_pin(contract, rows, writer.keys.directory.parent / "pins" / contract.name)
    fresh = Finding(
        rule=f"{contract.name}__freshness",
        item=GateItem.QUALITY,
        state=State.PASS,
        observed=age,
        required=f"≤ {PROMISE:g} hours",
        threshold=PROMISE,
        unit="hours",
        description="The newest order is at most a day old.",
        owner=contract.owner,
    )
    further = {"datasheet.md": DATASHEET.encode()}
    certificate = certify(
        small_verdict(contract, pinned, now, fresh),
        contract,
        pinned,
        inputs=[small_input(now)],
        code=CODE,
        run="run-1",
        clock=NOW,
        pinned_at=now,
        valid_until=now + timedelta(hours=PROMISE - age),
        previous=writer.certificate(contract.name),
        signer=writer.keys.signer("gate"),
        certified_at=now,
        signoffs=[SIGNED] if contract.name == "sales" else [],
        further=further,
    )
    return DatasetRelease(contract, pinned, certificate, further=further)


def _contract(name: str, roles: tuple[Role, ...]) -> Contract:
    return replace(small_contract(name, list(ORDERS[0])), roles=roles, custom={"aiUse": {"prohibited": ["profiling"]}})


DATASHEET = """# Datasheet: sales

## Motivation

### For what purpose was the dataset created?
To bill what was **ordered**.

| field | value |
|---|---|
| funded by | not stated |

### Who funded the creation of the dataset?

*not stated*
"""


def promised(name: str, **more: Any) -> dict[str, Any]:
    """A dataset as `catalogue/promises.json` tells it."""
    columns = [
        {
            "name": column,
            "title": column.replace("_", " ").capitalize(),
            "type": "varchar",
            "description": f"The {column} of one of the {name}.",
            "classification": "confidential" if column == "customer" else "internal",
            "key": column == "order_id",
            "required": column == "order_id",
            "terms": ["order"] if column == "order_id" else [],
        }
        for column in ORDERS[0]
    ]
    document: dict[str, Any] = {
        "dataset": name,
        "title": name.capitalize(),
        "owner": "ada",
        "domain": "sales",
        "purpose": f"One row per order, for {name}.",
        "usage": "Billing and its review.",
        "limitations": "Not for prices.",
        "grain": "One row per order.",
        "version": "1.0.0",
        "status": "active",
        "release": name,
        "terms": ["order"],
        "systems": ["billing"],
        "refersTo": [],
        "tags": [],
        "support": [{"channel": "#sales", "tool": "slack", "url": "https://example.org/sales", "scope": "issues"}],
        "roles": [
            {
                "role": "clerk",
                "description": "Sends the bills.",
                "purposes": ["billing"],
                "expires": "2099-12-31",
                "approvers": ["ada", "eva"],
            }
        ],
        "prohibited": ["profiling"],
        "riskTier": "",
        "columns": columns,
        "promises": {"freshness": "24 h"},
        "context": {
            "instructions": "Take the newest day.",
            "verifiedStatements": [{"question": "How many orders?", "answer": f"select count(*) from {name}"}],
            "constraints": ["Do not join customers to names."],
        },
        "lineage": {
            "format": 1,
            "dataset": name,
            "columns": {c["name"]: {"from": [f"billing.orders.{c['name']}"]} for c in columns},
            "rows": {},
            "relations": [
                {"name": "raw.billing__orders", "layer": "raw", "reads": [], "source": "billing.orders"},
                {"name": f"candidate.{name}", "layer": "candidate", "reads": ["raw.billing__orders"]},
            ],
            "edges": [
                {
                    "to": f"candidate.{name}.{c['name']}",
                    "from": f"raw.billing__orders.{c['name']}",
                    "flow": "copied",
                }
                for c in columns
            ],
        },
    }
    return {**document, **more}


PROMISES: dict[str, Any] = {
    "format": 1,
    "datasets": [promised(name) for name in ("closing", "customers", "newcomer", "orders", "sales", "stale")]
    + [promised("late", owner="eva", purpose="Orders that came late.")],
    "sources": [
        {
            "system": "billing",
            "owner": "eva",
            "description": "The billing system.",
            "version": "1.0.0",
            "agreedBy": ["eva"],
            "agreedOn": "2026-01-01",
            "tables": [
                {
                    "table": "orders",
                    "description": "Every order.",
                    "columns": [
                        {
                            "name": "order_id",
                            "type": "varchar",
                            "description": "Its number.",
                            "classification": "internal",
                        }
                    ],
                }
            ],
        }
    ],
    "terms": [
        {
            "term": "order",
            "title": "Order",
            "description": "What a customer bought at once.",
            "version": 1,
            "agreedBy": ["ada"],
            "agreedOn": "2026-01-01",
            "datasets": ["sales"],
        }
    ],
    "useCases": [
        {
            "useCase": name,
            "kind": "use_case",
            "title": title,
            "owner": "ada",
            "purpose": "billing",
            "riskTier": "limited",
            "description": "Bills what was ordered.",
            "url": "",
            "datasets": datasets,
        }
        for name, title, datasets in (
            ("monthly_bill", "The monthly bill", ["sales"]),
            ("reminder", "The reminder", ["sales", "stale"]),
        )
    ],
}
