"""Source assets: one per agreed source table, `raw/<system>__<table>`; materialising one lands its delivery.

Belongs here: the asset, its checks and what the UI shows of a landing. Does not: what makes a delivery wrong
(`expectations/landing`), what follows from a refusal (`delivery.py`).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from expectations.contract import SourceContract, Table
from expectations.landing import DeliveryRefused, Landing
from orchestration.assets.lamps import keep_lamps
from orchestration.delivery import deliver
from orchestration.manifest import SourceTable
from orchestration.platform import Platform
from orchestration.telling.events import teller_of
from orchestration.told import told

LAYER = "raw"
POOL = "warehouse"
ACCEPTED = "delivery_accepted"


def source_assets(platform: Platform) -> list[dg.AssetsDefinition]:
    """An asset for every table of every source contract.

    Args:
        platform: settings, promises and manifest of this code location.
    """
    return [
        _source_asset(platform, source, table)
        for source in platform.promises.sources.values()
        for table in source.tables
    ]


def source_key(table: SourceTable) -> dg.AssetKey:
    """Asset key of a source table: schema and table of the warehouse."""
    return dg.AssetKey([LAYER, table.name])


def _source_asset(platform: Platform, source: SourceContract, table: Table) -> dg.AssetsDefinition:
    origin = SourceTable(source.system, table.name)
    key = source_key(origin)
    delivery = table.custom["delivery"]
    spec = dg.AssetSpec(
        key,
        description=f"{table.description}\n\nAgreed with {source.owner} on {source.agreed_on}.",
        group_name=LAYER,
        kinds={"duckdb", str(delivery["format"])},
        owners=[f"team:{source.owner}"],
        tags={"system": source.system},
        metadata={
            "source contract": f"{source.id} {source.version}",
            "dagster/column_schema": columns_of(table),
            "dagster/table_name": f"{LAYER}.{origin.name}",
        },
    )
    checks = [
        dg.AssetCheckSpec(ACCEPTED, asset=key, description="The delivery is what was agreed, and was let in."),
        dg.AssetCheckSpec(
            "row_rules",
            asset=key,
            description="Rows that break a row rule are quarantined; their share stays tolerable.",
        ),
        dg.AssetCheckSpec("agreed_schema", asset=key, description="The delivery has the columns that were agreed."),
    ]

    @dg.multi_asset(name=f"land_{origin.name}", specs=[spec], check_specs=checks, pool=POOL, can_subset=True)
    def land_source(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        wanted = {check.name for check in context.selected_asset_check_keys}
        try:
            with told(), teller_of(platform, context).load(origin) as landed:
                landing = deliver(platform, origin, now=datetime.now(UTC), progress=context.log.info)
                landed(landing)
        except DeliveryRefused as refusal:
            said = {"seen": refusal.seen, "agreed": refusal.agreed, "owner": refusal.owner, "next": refusal.remedy}
            yield from (lamp for lamp in _refused(str(refusal), said, key) if lamp.check_name in wanted)
            keep_lamps(context, key, str(refusal), said)
            raise dg.Failure(description=str(refusal), metadata=said, allow_retries=False) from None
        yield dg.MaterializeResult(asset_key=key, metadata=_metadata(landing))
        yield from (lamp for lamp in _checks(landing, key) if lamp.check_name in wanted)

    return land_source


def _metadata(landing: Landing) -> dict[str, Any]:
    return {
        "dagster/row_count": landing.accepted,
        "delivered": landing.delivered,
        "quarantined": landing.quarantined,
        "erased": landing.erased,
        "past retention": landing.expired,
        "file": landing.file,
        "file digest": landing.file_digest,
        "load": landing.load_id,
        "unchanged": landing.unchanged,
        "synthetic": landing.synthetic,
    }


def _refused(why: str, said: Mapping[str, str], key: dg.AssetKey) -> Iterator[dg.AssetCheckResult]:
    yield dg.AssetCheckResult(asset_key=key, check_name=ACCEPTED, passed=False, description=why, metadata=said)
    for name in ("row_rules", "agreed_schema"):
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=name,
            passed=False,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"not asked: the delivery was refused, see {ACCEPTED}",
        )


def _checks(landing: Landing, key: dg.AssetKey) -> Iterator[dg.AssetCheckResult]:
    yield dg.AssetCheckResult(
        asset_key=key,
        check_name=ACCEPTED,
        passed=True,
        description="unchanged since it landed" if landing.unchanged else f"{landing.accepted:,} rows let in",
    )
    broken = {f"broken: {rule}": count for rule, count in landing.broken.items()}
    share = 100.0 * landing.quarantined / landing.delivered if landing.delivered else 0.0
    yield dg.AssetCheckResult(
        asset_key=key,
        check_name="row_rules",
        passed=True,
        metadata={"observed": share, "unit": "percent quarantined", "quarantined": landing.quarantined, **broken},
        description=f"{landing.quarantined:,} of {landing.delivered:,} rows quarantined, within the agreed tolerance",
    )
    yield dg.AssetCheckResult(
        asset_key=key,
        check_name="agreed_schema",
        passed=not landing.differences,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"differences": list(landing.differences)},
        description="; ".join(landing.differences) or "as agreed",
    )


def columns_of(table: Table) -> dg.TableSchema:
    """Column schema for the UI: name, type, description, classification.

    Args:
        table: of a contract or a source contract.
    """
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=c.name,
                type=c.physical_type,
                description=c.description,
                tags={"classification": c.classification},
                constraints=dg.TableColumnConstraints(nullable=not c.required, unique=c.unique),
            )
            for c in table.columns
        ]
    )
