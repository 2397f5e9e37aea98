"""The steps of an erasure that delete, each of which may be interrupted and taken again.

Belongs here: what is deleted where, and what is made anew. Does not: their order (`erasing.py`), looking for the
subject (`holdings.py`), proving that it is gone (`proof.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

import duckdb

from esclusa import EsclusaError
from expectations.erasure.subject import Subject
from expectations.sql import quote
from lineage.errors import Refused
from lineage.files import digest_file
from orchestration.erasure.holdings import QUARANTINE, conditions, count, golden_columns, parts, rows_in
from orchestration.erasure.tombstones import set_tombstones
from orchestration.erasure.work import Work
from orchestration.golden import collect_superseded, withdraw
from orchestration.manifest import family_of

WITHDRAWN = "withdrawn"


def set_tombstone(work: Work) -> None:
    """From here on the subject does not land again."""
    with work.platform.workshop.exclusive():
        stones = set_tombstones(
            work.platform.settings, work.subject.columns, work.subject.value, work.request.id, work.now
        )
    work.account["tombstones"] = {stone.column: stone.digest for stone in stones}


def take_inventory(work: Work) -> None:
    """What holds the subject; what an earlier attempt had found and removed stays in it."""
    work.progress("looking for what holds the subject")
    places = work.places
    with work.platform.workshop.warehouse() as connection:
        asked = conditions(connection, work.platform, work.subject, places)
        held = {".".join(relation): count(connection, relation, sql) for relation, sql in asked.items()}
    tables = work.account.setdefault("tables", {})
    tables |= {name: max(rows, tables.get(name, 0)) for name, rows in held.items() if rows}
    files = work.account.setdefault("files", {})
    for dataset, columns in golden_columns(places).items():
        for path in parts(work.platform.settings, dataset):
            rows = rows_in(path, columns, work.published(dataset, columns), work.keyring)
            if rows != 0:
                files[work.name_of(path)] = {"rows": rows, "sha256": digest_file(path)[0]}


def delete_rows(work: Work) -> None:
    """Delete in every table of the warehouse, in one transaction; views show what their tables hold."""
    work.progress("deleting rows in the warehouse")
    with work.platform.workshop.warehouse() as connection:
        tables = set(connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall())
        asked = conditions(connection, work.platform, work.subject, work.places)
        connection.begin()
        for relation, condition in asked.items():
            if relation in tables:
                _settle(connection, relation, condition)
                connection.execute(f"DELETE FROM {'.'.join(map(quote, relation))} WHERE {condition}")
        connection.commit()


def _settle(connection: duckdb.DuckDBPyConnection, relation: tuple[str, str], condition: str) -> None:
    """Keep each load's account true: delivered = accepted + quarantined + erased + expired."""
    column = {"raw": "accepted", QUARANTINE: "quarantined"}.get(relation[0])
    if column:
        per_load = f"SELECT _load_id, count(*) AS n FROM {'.'.join(map(quote, relation))} WHERE {condition} GROUP BY 1"
        connection.execute(
            f"UPDATE meta.loads SET {column} = {column} - found.n, erased = coalesce(erased, 0) + found.n "
            f"FROM ({per_load}) AS found WHERE found._load_id = meta.loads.load_id"
        )


def forget_records(work: Work) -> None:
    """Remove what was made of these rows and is made anew: pins, decisions and examples, builds, logs, scratch."""
    settings, workshop = work.platform.settings, work.platform.workshop
    for dataset in work.account["fed"] if work.found else ():
        shutil.rmtree(settings.workshop / "pins" / dataset, ignore_errors=True)
        workshop.forget("decisions", dataset)
        workshop.forget("builds", "+".join(sorted(family_of(work.platform.manifest, dataset))))
    logs = (settings.dbt_target / name for name in ("runs", "run", "logs"))
    for directory in (*logs, settings.workshop / "scratch"):
        shutil.rmtree(directory, ignore_errors=True)
    (settings.workshop / "run.log").unlink(missing_ok=True)


def build_again(work: Work) -> None:
    """Take what was made of these rows through the gate again; where it refuses, the next step withdraws."""
    if not work.found:
        work.account["datasets"] = {}
        return
    try:
        outcomes = work.build(
            work.platform,
            work.account["fed"],
            now=work.now,
            run=f"erasure {work.request.id}",
            progress=work.progress,
        )
    except (Refused, EsclusaError) as refusal:
        work.progress(f"not built again: {type(refusal).__name__}; what still holds the subject is withdrawn")
        outcomes = ()
    shown = {o.dataset: "republished" if o.serves_newest else "held back" for o in outcomes}
    work.account["datasets"] = {name: shown.get(name, "not built") for name in work.account["fed"]}


def clear_releases(work: Work) -> None:
    """Unlink superseded parts that hold the subject; withdraw a dataset whose release in force still does."""
    settings, outcomes = work.platform.settings, work.account["datasets"]
    for dataset, columns in golden_columns(work.places).items():
        values = work.published(dataset, columns)

        def holds(path: Path, columns: Collection[str] = columns, values: list[Subject] = values) -> bool:
            # A part that cannot be read to the contrary counts as one that holds it.
            return rows_in(path, columns, values, work.keyring) != 0

        if not (settings.golden / "targets" / dataset).is_dir():
            continue
        collect_superseded(work.platform, dataset, holds)
        if any(holds(path) for path in sorted((settings.golden / "targets" / dataset).glob("*.parquet"))):
            work.progress(f"withdrawing {dataset}: its gate let nothing through without the subject")
            message = f"{dataset} is withdrawn: rows in it had to be erased, and its gate is shut for what is left"
            withdraw(work.platform, dataset, message, work.now)
            collect_superseded(work.platform, dataset, holds)
            outcomes[dataset] = WITHDRAWN


def rewrite_warehouse(work: Work) -> None:
    """Leave no deleted byte in the warehouse's file."""
    work.progress("rewriting the warehouse")
    work.platform.workshop.rewrite(work.compression)
