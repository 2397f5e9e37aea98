"""The end of an erasure: everything that remains is asked, and what was done is signed.

Belongs here: the proof and the receipt. Does not: deleting (`steps.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from lineage.errors import Refused
from lineage.files import digest_file, sync, write_temporary
from lineage.receipt import receipt
from orchestration.erasure.holdings import (
    conditions,
    count,
    elsewhere,
    golden_columns,
    in_statistics,
    parts,
    rows_in,
    search,
)
from orchestration.erasure.work import Work
from orchestration.golden import open_golden
from orchestration.platform import code_revision


class ErasureUnproven(Refused):
    """Something still holds the subject after everything was done."""


def prove(work: Work) -> None:
    """Ask everything that remains; where something still holds the subject, the request stays open."""
    work.progress("proving that nothing holds the subject")
    settings, places = work.platform.settings, work.places
    with work.platform.workshop.warehouse() as connection:
        asked = conditions(connection, work.platform, work.subject, places)
        left = {".".join(relation): count(connection, relation, sql) for relation, sql in asked.items()}
        by_chance = elsewhere(connection, work.subject, {(p.schema, p.table, p.column) for p in places})
    files = 0
    for dataset, columns in golden_columns(places).items():
        values = work.published(dataset, columns)
        for path in parts(settings, dataset):
            files += 1
            if rows_in(path, columns, values, work.keyring) != 0 or in_statistics(path, columns, values):
                left[work.name_of(path)] = 1
    left |= {name: 1 for name, known in work.account["files"].items() if _is_still(settings.home / name, known)}
    searched, hits = search(settings.home, work.subject.value, [settings.source_files, settings.keys])
    work.account["proof"] = {
        "relationsQueried": len(asked),
        "parquetFilesQueried": files,
        "filesSearched": searched,
        "bytesFoundIn": hits,
        "sameTextElsewhere": by_chance,
    }
    if still := sorted(name for name, rows in left.items() if rows):
        raise ErasureUnproven(
            f"erasure {work.request.id} is not proven: {', '.join(still[:5])} still hold the subject; required: none; "
            f"owner: {work.request.owner}; next: esclusa erase --resume; the request stays open until it is"
        )


def _is_still(path: Path, known: Mapping[str, Any]) -> bool:
    """Whether the very file that held the subject is still there."""
    return path.is_file() and digest_file(path)[0] == known["sha256"]


def sign_receipt(work: Work) -> None:
    """Write the receipt and the ledger's entry; the request is finished, and the subject forgotten."""
    platform, account = work.platform, work.account
    said = {
        "request": work.request.id,
        "by": work.subject.column,
        "requester": work.request.requester,
        "reason": work.request.reason,
        "requestedAt": work.request.requested_at.isoformat(),
        "deadline": work.request.deadline.isoformat(),
        "erasedAt": work.now.isoformat(),
        "rowsDeleted": account["tables"],
        "filesUnlinked": account["files"],
        "filesRewritten": [work.name_of(platform.settings.warehouse)],
        "datasets": account["datasets"],
        "proof": account["proof"],
        "code": code_revision(),
    }
    content = receipt(account["tombstones"], said, open_golden(platform).keys.signer("gate"))
    name = f"{work.request.id}.json"
    directory = platform.settings.home / "receipts"
    directory.mkdir(mode=0o700, exist_ok=True)
    write_temporary(directory, content, mode=0o600).replace(directory / name)
    sync(directory)
    recorded = {
        "request": work.request.id,
        "state": "erased",
        "by": work.subject.column,
        "datasets": account["datasets"],
        "rows": sum(account["tables"].values()),
        "receipt": sha256(content).hexdigest(),
    }
    platform.ledger.append("erasure", "", recorded, at=work.now)
    work.request = replace(work.request, finished_at=work.now, receipt=name)
