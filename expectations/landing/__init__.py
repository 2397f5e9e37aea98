"""Landing: what a source delivered for one table, into `raw` and `quarantine`, all of it or nothing.

Belongs here: what is new, the transaction, the answer. Does not: one file's way in (`load.py`), what a row must keep
(`rowrules.py`), when deliveries are fetched (orchestration).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from expectations.contract import SourceContract
from expectations.erasure.tombstones import Tombstones
from expectations.landing.arrival import Arrival, find
from expectations.landing.delivery import Delivery, delivery_of
from expectations.landing.load import Load
from expectations.landing.postgres import extract
from expectations.landing.rawtables import HeldLoad, RawTables, Stamp
from expectations.landing.refusal import DeliveryRefused

__all__ = ["SYNTHETIC", "DeliveryRefused", "Landing", "land"]

SYNTHETIC = "SYNTHETIC"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Landing:
    """What landed; or what is held already, where nothing changed.

    Args:
        load_id: of this load; of the newest one held where nothing changed.
        file: as in `meta.loads`; the agreed glob where several files count.
        file_digest: SHA-256 (hex) of the file; over the sorted digests where several files count.
        delivered, accepted, quarantined, erased, expired: rows; the first is the sum of the others. Erased are those of
            somebody who was erased, expired those that were deleted at the end of their time.
        broken: rows that break each row rule, by rule id; a row may break several.
        differences: what was delivered beyond the agreement and let pass, in words.
        unchanged: these files are held already under this contract, and nothing was written.
        synthetic: the data directory says that its data are generated.
    """

    load_id: str
    system: str
    table: str
    file: str
    file_digest: str
    contract_digest: str
    delivered: int
    accepted: int
    quarantined: int
    broken: Mapping[str, int]
    differences: tuple[str, ...]
    unchanged: bool
    synthetic: bool
    erased: int = 0
    expired: int = 0


def quiet(message: str) -> None:
    """Tell nobody."""


def land(
    connection: duckdb.DuckDBPyConnection,
    source: SourceContract,
    table: str,
    data: Path,
    *,
    now: datetime,
    progress: Progress = quiet,
    postgres: str | None = None,
    tombstones: Tombstones | None = None,
) -> Landing:
    """Land what a source delivered for one table.

    Args:
        connection: read-write, on the warehouse, outside of a transaction.
        source: the source contract.
        table: name of one of its tables.
        data: the data directory.
        now: wall clock, UTC: `_loaded_at` of every row.
        progress: told each step in a few words.
        postgres: connection URL for tables of format `postgres`; never repeated.
        tombstones: of those who were erased: none of their rows lands again.

    Raises:
        DeliveryRefused: the delivery is not what was agreed; the warehouse is as it was.
        ValueError: the source contract cannot be followed; names the line.
    """
    from expectations.landing.rowrules import RowRules  # pandera takes a second to import: only a landing pays it

    delivery = delivery_of(source, table)
    rules = RowRules(delivery.table)
    tables = RawTables(connection, delivery)
    with TemporaryDirectory(prefix="esclusa-landing-") as name:
        scratch = Path(name)
        if delivery.format == "postgres":
            progress(f"{delivery.name}: reading {delivery.place}")
            arrivals, synthetic = [extract(delivery, postgres, scratch)], False
        else:
            arrivals, synthetic = find(delivery, data), (data / SYNTHETIC).exists()
        held = tables.held()
        current = [h for h in held if (h.contract_digest, h.synthetic) == (source.digest, synthetic)]
        known = {h.file_digest for h in current}
        if all(a.digest in known for a in arrivals):
            progress(f"{delivery.name}: unchanged")
            return _landing(delivery, current, tables.broken(), unchanged=True)
        # Under new terms every row is typed and judged anew, so appended files are landed again, all of them.
        replace = delivery.mode == "snapshot" or len(current) < len(held)
        if replace and delivery.mode == "append":
            _all_there(delivery, held, arrivals)
        loads = [
            Load(tables, delivery, rules, arrival, Stamp.new(arrival.digest, now), tombstones or Tombstones())
            for arrival in arrivals
            if replace or arrival.digest not in known
        ]
        with _transaction(connection):
            tables.create(replace=replace)
            for load in loads:
                load.run(scratch, progress)
                tables.record(_held(load, delivery, synthetic), now)
        broken: Counter[str] = sum((load.broken for load in loads), Counter())
        return _landing(delivery, [_held(load, delivery, synthetic) for load in loads], broken, unchanged=False)


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:  # an interrupt too must leave raw as it was
        connection.rollback()
        raise


def _all_there(delivery: Delivery, held: list[HeldLoad], arrivals: list[Arrival]) -> None:
    gone = {h.file_digest for h in held} - {a.digest for a in arrivals}
    if gone:
        raise delivery.refused(
            delivery.file,
            seen=f"the contract changed, and {len(gone)} of the {len(held)} files landed before are no longer there",
            agreed="under new terms every appended file is landed again",
            remedy="put the earlier files back into the data directory",
        )


def _held(load: Load, delivery: Delivery, synthetic: bool) -> HeldLoad:
    return HeldLoad(
        load_id=load.stamp.load_id,
        system=delivery.source.system,
        table_name=delivery.table.name,
        file=load.arrival.file,
        file_digest=load.arrival.digest,
        contract_digest=delivery.source.digest,
        delivered=load.delivered,
        accepted=load.accepted,
        quarantined=load.quarantined,
        synthetic=synthetic,
        differences=load.differences,
        erased=load.erased,
    )


def _landing(delivery: Delivery, loads: list[HeldLoad], broken: Mapping[str, int], *, unchanged: bool) -> Landing:
    digests = sorted(load.file_digest for load in loads)
    single = len(loads) == 1
    return Landing(
        load_id=loads[-1].load_id,
        system=delivery.source.system,
        table=delivery.table.name,
        file=loads[0].file if single else delivery.file,
        file_digest=digests[0] if single else sha256("".join(digests).encode()).hexdigest(),
        contract_digest=delivery.source.digest,
        delivered=sum(load.delivered for load in loads),
        accepted=sum(load.accepted for load in loads),
        quarantined=sum(load.quarantined for load in loads),
        broken=dict(broken),
        differences=tuple(dict.fromkeys(d for load in loads for d in load.differences)),
        unchanged=unchanged,
        synthetic=any(load.synthetic for load in loads),
        erased=sum(load.erased for load in loads),
        expired=sum(load.expired for load in loads),
    )
