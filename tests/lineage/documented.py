"""A release with all its documents, published: the shop's orders, with every type that a contract knows best.

Belongs here: making one, by the real writers. Does not: assertions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from expectations.clock import NOW, Clock
from expectations.contract import Contract
from expectations.verdict import Finding
from lineage.certificate import certify
from lineage.class_keys import class_keyring
from lineage.documents import card, croissant, datasheet
from lineage.documents.facts import Facts
from lineage.golden.repository import DatasetRelease, GoldenRepository
from lineage.sealing import seal, sealed_columns
from tests.expectations.promised import orders
from tests.golden_repository import CODE, open_small, small_input, small_pin, small_verdict

AT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def rows(count: int = 5) -> list[dict[str, Any]]:
    """Orders: every third one without a note, every second one to Norway."""
    return [
        {
            "order_id": f"O-{number:04}",
            "ordered_at": datetime(2026, 11, 1, 12, number % 60),
            "country": ("ES", "NO")[number % 2],
            "amount": Decimal(number) + Decimal("0.50"),
            "is_large": number > 3,
            "buyer_hmac": f"buyer-{number}",
            "note": None if number % 3 == 0 else "leave it at the door",
        }
        for number in range(1, count + 1)
    ]


def open_orders() -> Contract:
    """The shop's contract without any column above internal."""
    columns = tuple(
        replace(c, classification="internal", tags=(), privacy={}) if c.classification == "confidential" else c
        for c in orders().table.columns
    )
    return replace(orders(), table=replace(orders().table, columns=columns))


def released(
    golden: GoldenRepository,
    contract: Contract,
    *,
    content: Sequence[dict[str, Any]] = (),
    now: datetime = AT,
    clock: Clock = NOW,
    synthetic: bool = False,
    findings: Sequence[Finding] = (),
    **options: Any,
) -> tuple[DatasetRelease, Facts]:
    """Pin, seal, document and certify, without publishing."""
    pinned = small_pin(contract, content or rows(), golden.keys.directory.parent / "pins" / contract.name, **options)
    classes = class_keyring(golden.keys.directory / "classes", sorted(set(sealed_columns(contract).values())))
    published, verdict = seal(pinned, contract, classes), small_verdict(contract, pinned, now, *findings)
    inputs = [small_input(now, pinned.rows, synthetic)]
    facts = Facts(
        contract, verdict, published, pinned.rows, inputs, (), (), clock, now, now + timedelta(days=1), now, CODE
    )
    further = {
        datasheet.FILE: datasheet.datasheet(facts),
        croissant.FILE: croissant.croissant(facts),
        card.FILE: card.card(facts),
    }
    certificate = certify(
        verdict,
        contract,
        pinned,
        inputs=inputs,
        code=CODE,
        run="run-1",
        clock=clock,
        pinned_at=now,
        valid_until=facts.valid_until,
        previous=golden.certificate(contract.name),
        signer=golden.keys.signer("gate"),
        certified_at=now,
        sealed=published,
        further=further,
    )
    return DatasetRelease(contract, pinned, certificate, published, further), facts


def publish(home: Path, contract: Contract, **options: Any) -> tuple[GoldenRepository, Facts]:
    """A golden repository in `home/golden` that holds it, in force now."""
    golden = open_small(home / "golden", home / "keys")
    release, facts = released(golden, contract, now=datetime.now(UTC), **options)
    golden.publish([release])
    return golden, facts


def document_of(golden: GoldenRepository, dataset: str, name: str) -> Path:
    """Where a document lies."""
    (path,) = (golden.path / "targets" / dataset).glob(f"*.{name}")
    return path
