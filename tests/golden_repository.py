"""A small golden repository for tests: real keys, pins, certificates and metadata; contracts are made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from expectations.clock import NOW, Clock
from expectations.contract import Column, Contract, Role, Table
from expectations.verdict import Finding, GateItem, State, Verdict
from lineage.certificate import Input, certify
from lineage.class_keys import class_keyring
from lineage.golden.keys import Keys
from lineage.golden.repository import DatasetRelease, GoldenRepository
from lineage.pin import Pin, pin
from lineage.sealing import seal

Rows = Sequence[Mapping[str, Any]]
CODE = "0" * 40
READER = Role("tester", "read", ("testing",), ("ada",), date(2099, 12, 31), {}, 1)  # who reads every small dataset


def publish_small(
    path: Path,
    keys_path: Path,
    datasets: Mapping[str, Rows],
    valid_for: timedelta = timedelta(days=1),
    *,
    synthetic: bool = False,
    release: str = "",
    now: datetime | None = None,
    clock: Clock = NOW,
    verdicts: Mapping[str, bytes] | None = None,
    classified: Mapping[str, str] | None = None,
) -> GoldenRepository:
    """Publish a few rows per dataset together; makes the repository and its keys at the first call.

    Args:
        path: the golden repository.
        keys_path: of its keys, outside `path`.
        datasets: name → rows, all with the same keys; the first one is the primary key.
        valid_for: from `now`.
        release: the group of all of them; each is its own where empty.
        now: wall clock of the publisher.
        clock: of every dataset.
        verdicts: decisions to publish besides.
        classified: columns that are not internal → their class.
    """
    moment = now or datetime.now(UTC)
    repository = open_small(path, keys_path, moment if now else None)
    releases = [
        certified(
            repository,
            name,
            rows,
            now=moment,
            valid_for=valid_for,
            synthetic=synthetic,
            group=release,
            clock=clock,
            classified=classified,
        )
        for name, rows in datasets.items()
    ]
    repository.publish(releases, verdicts)
    return repository


def open_small(path: Path, keys_path: Path, now: datetime | None = None, wait: float = 30.0) -> GoldenRepository:
    """Make or open a golden repository, its publisher's clock standing at `now` where one is given."""
    clock = {} if now is None else {"now": lambda: now}
    repository = GoldenRepository(path, Keys.create(keys_path, path), wait=wait, **clock)
    repository.create()
    return repository


def certified(
    repository: GoldenRepository,
    dataset: str,
    rows: Rows,
    *,
    now: datetime,
    valid_for: timedelta = timedelta(days=1),
    synthetic: bool = False,
    group: str = "",
    clock: Clock = NOW,
    version: str = "1.0.0",
    classified: Mapping[str, str] | None = None,
    further: Mapping[str, bytes] | None = None,
    roles: Sequence[Role] = (),
) -> DatasetRelease:
    """Pin, seal and certify rows as the next release of a dataset, without publishing it."""
    contract = small_contract(dataset, list(rows[0]), group, version=version, classified=classified or {})
    contract = replace(contract, roles=tuple(roles)) if roles else contract
    pinned = small_pin(contract, rows, repository.keys.directory.parent / "pins" / dataset)
    classes = class_keyring(repository.keys.directory / "classes", sorted(set((classified or {}).values())))
    sealed = seal(pinned, contract, classes)
    certificate = certify(
        small_verdict(contract, pinned, now),
        contract,
        pinned,
        inputs=[small_input(now, len(rows), synthetic)],
        code=CODE,
        run="run-1",
        clock=clock,
        pinned_at=now,
        valid_until=now + valid_for,
        previous=repository.certificate(dataset),
        signer=repository.keys.signer("gate"),
        certified_at=now,
        sealed=sealed,
        further=further,
    )
    return DatasetRelease(contract, pinned, certificate, sealed, further or {})


def small_pin(contract: Contract, rows: Rows, directory: Path, **options: Any) -> Pin:
    """Pin rows given as mappings."""
    table = pa.Table.from_pylist([dict(row) for row in rows])
    with duckdb.connect() as connection:
        connection.register("candidate", table)
        return pin(connection, "candidate", contract, directory, **options)


def small_input(landed_at: datetime, rows: int = 1, synthetic: bool = False) -> Input:
    """One load."""
    return Input("billing", "orders", "orders.csv", "a" * 64, rows, "load-1", landed_at, "b" * 64, synthetic)


def small_verdict(contract: Contract, pinned: Pin, at: datetime, *more: Finding) -> Verdict:
    """A verdict with one passing finding per gate item, and what is added to it."""
    findings = tuple(
        Finding(f"{contract.name}__{item}", item, State.PASS, 0, "0 rows", f"{item} holds", contract.owner)
        for item in GateItem
    )
    findings += more
    return Verdict(
        contract.name, contract.digest, pinned.digest, "c" * 64, at, findings, frozenset(f.rule for f in findings)
    )


def small_contract(
    name: str,
    columns: Sequence[str],
    group: str = "",
    *,
    version: str = "1.0.0",
    digest: str = "d" * 64,
    classified: Mapping[str, str] | None = None,
) -> Contract:
    """A contract whose first column is the key; the smallest that every room can read."""
    made = tuple(
        Column(
            name=column,
            physical_name=column,
            logical_type="string",
            physical_type="varchar",
            description=f"The {column} of one of the {name}.",
            classification=(classified or {}).get(column, "internal"),
            required=position == 1,
            unique=position == 1,
            key_position=1 if position == 1 else None,
            options={},
            enum=(),
            relationships=(),
            quality=(),
            sources=(),
            business_name=column,
            tags=(),
            privacy={},
            line=position,
        )
        for position, column in enumerate(columns, 1)
    )
    table = Table(name, f"Small {name}.", "one row per thing", made, (), {}, 1)
    return Contract(
        name=name,
        id=f"urn:test:{name}",
        version=version,
        status="active",
        domain="test",
        description={"purpose": f"Test {name}."},
        owner="ada",
        team=({"username": "ada", "role": "owner"},),
        support=({"channel": "#test", "url": "https://example.org/test"},),
        table=table,
        slas=(),
        roles=(replace(READER, columns={"allow": sorted(classified or {})}),),
        terms=(),
        sources=(),
        release=group or name,
        tags=(),
        custom={},
        document={"kind": "DataContract", "id": f"urn:test:{name}", "version": version, "name": name},
        digest=digest,
        path=Path(f"{name}.yaml"),
    )
