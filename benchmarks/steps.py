"""The steps that are measured, each in a process of its own: `python -m benchmarks.steps <step> <directory> [broken]`.

Belongs here: what is done in a step. Does not: how it is measured and shown (`bench.py`).
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.orders import CLOCK_AT, WHOLE, contract, create
from expectations.audit import auditing
from expectations.audit.answers import alone
from expectations.rules.expansion import rules_of
from expectations.rules.kinds import kind_of
from expectations.rules.scope import scoped
from expectations.verdict import Finding, GateItem, State, Verdict


def relation(directory: Path) -> str:
    """SQL of the pinned parts."""
    parts = json.loads((directory / "pin.json").read_text())["parts"]
    return f"read_parquet({[part['path'] for part in parts]})"


def customers(directory: Path) -> str:
    """SQL of the table that orders refer to."""
    return f"read_parquet('{directory / 'customers.parquet'}')"


def connect(directory: Path) -> duckdb.DuckDBPyConnection:
    """In memory, with two threads and a bound on memory beyond which it spills."""
    return duckdb.connect(config={"threads": 2, "memory_limit": "250MB", "temp_directory": str(directory / "spill")})


def build(directory: Path, rows: int, *, broken: bool) -> None:
    """The candidate, as dbt would have built it; not part of any figure."""
    with duckdb.connect(directory / "warehouse.duckdb") as connection:
        create(connection, rows, broken=broken)
        connection.execute(f"COPY customers TO '{directory / 'customers.parquet'}' (FORMAT parquet)")


def pin(directory: Path) -> list[str]:
    """The candidate as Parquet files, sorted and hashed."""
    from lineage.pin import pin

    with duckdb.connect(directory / "warehouse.duckdb", read_only=True) as connection:
        connection.execute(f"SET threads = 2; SET memory_limit = '2GB'; SET temp_directory = '{directory / 'spill'}'")
        pinned = pin(connection, "orders", contract(), directory / "pins")
    document = asdict(pinned)
    (directory / "pin.json").write_text(json.dumps(document, default=str))
    return []


def hash_scan(directory: Path) -> list[str]:
    """The floor: a hash of every column, once."""
    hashes = ", ".join(f"bit_xor(hash({name}))" for name in WHOLE)
    with connect(directory) as connection:
        connection.execute(f"SELECT {hashes} FROM {relation(directory)}").fetchall()
    return []


def audit(directory: Path, *, opaque: bool = False) -> list[str]:
    """Our audit. Like the steps below it, gives the rules that do not hold."""
    others = {"customers": customers(directory)}
    with connect(directory) as connection:
        agreed = contract(opaque=opaque)
        findings = auditing.audit(connection, relation(directory), agreed, clock_at=CLOCK_AT, relations=others)
    return [finding.rule for finding in findings if not finding.opens]


def audit_opaque(directory: Path) -> list[str]:
    """The audit with one rule more: a unique key of strings."""
    return audit(directory, opaque=True)


def one_by_one(directory: Path) -> list[str]:
    """One query per rule: the same numbers, each rule asked for itself."""
    failed, agreed, others = [], contract(), {"customers": customers(directory)}
    with connect(directory) as connection, scoped(connection, relation(directory), agreed, CLOCK_AT, others) as scope:
        for rule in rules_of(agreed):
            kind = kind_of(rule)
            values = {name: alone(connection, scope, m) for name, m in kind.measures(rule, scope).items()}
            if kind.judge(rule, scope, values).holds is not True:
                failed.append(rule.id)
    return failed


def hash_files(directory: Path) -> list[str]:
    """SHA-256 of the pinned files: what every verification must pay."""
    for part in json.loads((directory / "pin.json").read_text())["parts"]:
        with Path(part["path"]).open("rb") as stream:
            hashlib.file_digest(stream, "sha256")
    return []


def certify_and_publish(directory: Path) -> list[str]:
    """From the verdict to the new timestamp of the golden repository."""
    from expectations.clock import NOW
    from lineage.certificate import Input, certify
    from lineage.golden.keys import Keys
    from lineage.golden.repository import DatasetRelease, GoldenRepository
    from lineage.pin import Part, Pin
    from lineage.tracing.columns import LandedTable, Model, column_lineage
    from lineage.tracing.document import LINEAGE_FILE, lineage_file

    held = json.loads((directory / "pin.json").read_text())
    parts = tuple(Part(**{**part, "path": Path(part["path"])}) for part in held["parts"])
    pinned = Pin(**{**held, "parts": parts, "columns": tuple(held["columns"])})
    golden, now, agreed = directory / "golden", datetime.now(UTC), contract()
    agreed = replace(agreed, digest=hashlib.sha256(json.dumps(agreed.document).encode()).hexdigest())
    findings = tuple(
        Finding(f"orders__{item}", item, State.PASS, 0, "", "stands for the rules of the item", "") for item in GateItem
    )
    verdict = Verdict(
        "orders", agreed.digest, pinned.digest, "c" * 64, now, findings, frozenset(f.rule for f in findings)
    )
    repository = GoldenRepository(golden, Keys.create(directory / "keys", golden))
    repository.create()
    started = used(), time.monotonic()  # a repository and its keys are made once
    landed = LandedTable("raw.bench__orders", "bench", "orders", tuple(column.name for column in agreed.table.columns))
    model = Model("candidate.orders", f"SELECT * FROM {landed.relation}", (landed.relation,), "orders")
    further = {LINEAGE_FILE: lineage_file(agreed, column_lineage([model], [landed]))}
    loaded = Input("bench", "orders", "orders", "a" * 64, pinned.rows, "load-1", now, "b" * 64, True)
    certificate = certify(
        verdict, agreed, pinned, inputs=[loaded], code="0" * 40, run="bench", clock=NOW, pinned_at=now,
        valid_until=now + timedelta(days=1), previous=repository.certificate("orders"),
        signer=repository.keys.signer("gate"), further=further,
    )  # fmt: skip
    repository.publish([DatasetRelease(agreed, pinned, certificate, further=further)])
    report(started, [])
    sys.exit()


def verify(directory: Path) -> list[str]:
    """What a reader does before it believes a dataset."""
    import esclusa

    golden, state = directory / "golden", directory / "state"
    esclusa.trust(golden, state=state)
    esclusa.verify("orders", repository=golden, state=state)
    started = used(), time.monotonic()  # trust is given once, and modules are loaded once
    seen = esclusa.verify("orders", repository=golden, state=state)
    report(started, [] if seen.ok else [str(seen.error)])
    sys.exit()


STEPS: dict[str, Callable[[Path], list[str]]] = {
    "pin": pin,
    "hash_scan": hash_scan,
    "audit": audit,
    "audit_opaque": audit_opaque,
    "one_by_one": one_by_one,
    "hash_files": hash_files,
    "publish": certify_and_publish,
    "verify": verify,
}


def used() -> float:
    """CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def report(started: tuple[float, float], failed: list[str]) -> None:
    """Say, to the parent process, what the step took and which rules it found broken."""
    cpu, wall = started
    measured: dict[str, Any] = {"cpu": used() - cpu, "wall": time.monotonic() - wall, "failed": failed}
    print(json.dumps(measured))


if __name__ == "__main__":
    step, place = sys.argv[1], Path(sys.argv[2])
    if step == "build":
        build(place, int(sys.argv[3]), broken=sys.argv[4:] == ["broken"])
    else:
        begun = used(), time.monotonic()
        report(begun, STEPS[step](place))
