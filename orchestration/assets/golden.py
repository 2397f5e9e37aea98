"""Golden assets: `golden/<dataset>` publishes what its gate let through; datasets of one release in one step.

Belongs here: the asset and what the UI shows of a certificate. Does not: the move itself (`publish.py`).
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from expectations.contract import Contract
from expectations.loader.vocabulary import CLASSIFICATIONS
from orchestration.assets.sources import columns_of
from orchestration.platform import Platform
from orchestration.publish import Outcome, publish_release
from orchestration.telling.events import teller_of
from orchestration.told import told

LAYER = "golden"


def golden_assets(platform: Platform) -> list[dg.AssetsDefinition]:
    """A publishing step for every release.

    Args:
        platform: settings, promises and manifest of this code location.
    """
    return [_release_assets(platform, release) for release in platform.promises.releases]


def _release_assets(platform: Platform, release: str) -> dg.AssetsDefinition:
    contracts = [platform.promises.contracts[name] for name in platform.promises.group(release)]

    @dg.multi_asset(name=f"publish_{release}", specs=[_spec(c) for c in contracts], can_subset=True)
    def publish(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetObservation]:
        names = [contract.name for contract in contracts]
        with told(), teller_of(platform, context).publication(names) as published:
            outcomes = publish_release(
                platform, release, now=datetime.now(UTC), run=context.run.run_id, progress=context.log.info
            )
            published(outcomes)
        for outcome in outcomes:
            key = dg.AssetKey([LAYER, outcome.dataset])
            if key not in context.selected_asset_keys:
                continue  # the release moves as one, whichever of its datasets were asked for
            if outcome.serves_newest:
                yield dg.MaterializeResult(asset_key=key, metadata=_metadata(outcome))
            else:
                context.log.error(outcome.message)
                yield dg.AssetObservation(
                    asset_key=key, description=outcome.message, metadata={"gate": "shut", **_metadata(outcome)}
                )

    return publish


def _spec(contract: Contract) -> dg.AssetSpec:
    name = contract.name
    freshness = contract.sla("freshness")
    policy = dg.FreshnessPolicy.time_window(freshness.duration) if freshness and freshness.duration else None
    return dg.AssetSpec(
        dg.AssetKey([LAYER, name]),
        deps=[dg.AssetKey(["gate", name])],
        # A shut gate leaves the certified version as it is: no materialization, and no failed step either.
        skippable=True,
        description=f"{contract.table.description}\n\n{contract.table.grain}",
        group_name=LAYER,
        kinds={"parquet", "tuf"},
        owners=[f"team:{contract.owner}"],
        tags={
            "domain": contract.domain or "none",
            "release": contract.release,
            "classification": _classification(contract),
        },
        freshness_policy=policy,
        metadata={
            "dagster/column_schema": columns_of(contract.table),
            "contract": f"{contract.id} {contract.version}",
            "business terms": ", ".join(f"{t.term} v{t.version}" for t in contract.terms),
            "purpose": str(contract.description.get("purpose", "")),
            "limitations": str(contract.description.get("limitations", "")),
            "support": ", ".join(str(s.get("channel", "")) for s in contract.support),
        },
    )


def _classification(contract: Contract) -> str:
    """That of the most sensitive column; `unclassified` while one has none, which shuts the gate."""
    given = {c.classification for c in contract.table.columns}
    return max(given, key=CLASSIFICATIONS.index) if given <= set(CLASSIFICATIONS) else "unclassified"


def _metadata(outcome: Outcome) -> dict[str, Any]:
    metadata: dict[str, Any] = {"outcome": outcome.message}
    if outcome.certificate is not None and outcome.valid_until is not None:
        metadata |= {
            "certificate": outcome.certificate,
            "dagster/row_count": outcome.rows,
            "valid until": dg.MetadataValue.timestamp(outcome.valid_until),
            "published anew": outcome.published,
            "environment": outcome.environment,
            "synthetic": outcome.synthetic,
        }
    return metadata
