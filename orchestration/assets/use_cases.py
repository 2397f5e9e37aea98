"""Use cases in the graph: `use_cases/<name>`, downstream of the golden assets that each needs, with a check that shows
whether it is served.

Belongs here: assets without a computation, their check, the sensor that keeps it true. Does not: the state
(`esclusa/supply.py`), which use cases there are (`use_cases.py`).
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import dagster as dg

import esclusa
from esclusa.promises import UseCase
from esclusa.supply import Need, Supply, supply_of
from orchestration.platform import Platform
from orchestration.use_cases import EXPOSURE, Consumer, consumers_of

GROUP = "use_cases"
CHECK = "served"
SECONDS = 60


def use_case_key(name: str) -> dg.AssetKey:
    """Asset key of a use case or an exposure."""
    return dg.AssetKey([GROUP, name])


def use_case_assets(platform: Platform) -> list[dg.AssetSpec]:
    """An asset for every use case and exposure: nothing of it is computed here.

    Args:
        platform: its promises and its manifest.

    Raises:
        ManifestError: an exposure reads what no contract grants it.
    """
    return [_spec(consumer) for consumer in consumers_of(platform)]


def use_case_checks(platform: Platform) -> list[dg.AssetChecksDefinition]:
    """The check `served` of every use case, in one step, for whoever asks now; the sensor keeps them true meanwhile.

    Args:
        platform: where the golden repository is.
    """
    consumers = {use_case_key(consumer.name): consumer for consumer in consumers_of(platform)}
    if not consumers:
        return []
    specs = [
        dg.AssetCheckSpec(CHECK, asset=key, description=f"What {consumer.title} needs can be read: {_needs(consumer)}.")
        for key, consumer in consumers.items()
    ]

    @dg.multi_asset_check(name="look_at_use_cases", specs=specs, can_subset=True)
    def look(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        evaluations = look_at_use_cases(platform)
        for key in context.selected_asset_check_keys:
            yield dg.AssetCheckResult(check_name=CHECK, asset_key=key.asset_key, **evaluations[key.asset_key])

    return [look]


def use_case_sensor(platform: Platform) -> dg.SensorDefinition:
    """Every minute: shows on each use case whether it is served, as soon as that has changed.

    Args:
        platform: where the golden repository is.
    """

    @dg.sensor(
        name="show_use_cases",
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Shows on every use case whether the datasets that it needs are served, and why not.",
    )
    def show(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        shown: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
        found = {key: (_digest(said), said) for key, said in look_at_use_cases(platform).items()}
        changed = [key for key, (digest, _) in found.items() if shown.get(key.to_user_string()) != digest]
        if not changed:
            return dg.SkipReason(f"{len(found)} use cases, as they were")
        events = [event for key in changed for event in _events(key, found[key][1])]
        cursor = {key.to_user_string(): digest for key, (digest, _) in found.items()}
        return dg.SensorResult(asset_events=events, cursor=json.dumps(cursor))

    return show


def look_at_use_cases(platform: Platform) -> dict[dg.AssetKey, dict[str, Any]]:
    """What the check of every use case says now: passed, severity, description, metadata.

    Args:
        platform: where the golden repository is.
    """
    consumers = consumers_of(platform)
    try:
        release = esclusa.open(platform.settings.golden)
        promises = release.promises
        supplies = {c.name: supply_of(release, promises, _as_promised(c)) for c in consumers}
    except esclusa.EsclusaError as error:
        told = {"passed": False, "severity": dg.AssetCheckSeverity.ERROR, "description": error.what}
        metadata = {"next": error.remedy or "see docs/operate.md, recovery"}
        return {use_case_key(c.name): {**told, "metadata": metadata} for c in consumers}
    return {use_case_key(name): _said(supply) for name, supply in supplies.items()}


def _said(supply: Supply) -> dict[str, Any]:
    concerned = supply.waits or supply.behind
    error, warn = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
    metadata: dict[str, Any] = {"state": supply.state}
    if concerned:
        metadata |= {
            "waits for" if supply.waits else "newer refused": ", ".join(need.dataset for need in concerned),
            "owner": ", ".join(dict.fromkeys(need.owner for need in concerned)),
            "next": "; ".join(need.remedy for need in concerned),
        }
    return {
        "passed": not concerned,
        "severity": error if supply.waits else warn,
        "description": "\n".join(_sentence(need) for need in concerned) or "every dataset that it needs is certified",
        "metadata": metadata,
    }


def _sentence(need: Need) -> str:
    since = f" since {need.since:%Y-%m-%d %H:%M} UTC" if need.since else ""
    what = f"{need.dataset}: newer refused" if need.served else f"waits for {need.dataset}: {need.state}"
    return f"{what}{since}: {need.reason.rstrip('.')}; owner: {need.owner}; next: {need.remedy}"


def _events(key: dg.AssetKey, said: Mapping[str, Any]) -> tuple[dg.AssetCheckEvaluation, dg.AssetObservation]:
    """The check's result, and an observation: the graph then shows when it was told last, the events its past."""
    metadata = {label: dg.MetadataValue.text(text) for label, text in said["metadata"].items()}
    return (
        dg.AssetCheckEvaluation(check_name=CHECK, asset_key=key, **{**said, "metadata": metadata}),
        dg.AssetObservation(asset_key=key, description=said["description"], metadata=metadata),
    )


def _digest(said: Mapping[str, Any]) -> str:
    return sha256(f"{said['passed']} {said['severity']} {said['description']}".encode()).hexdigest()[:16]


def _as_promised(c: Consumer) -> UseCase:
    return UseCase(c.name, c.kind, c.title, c.owner, c.purpose, c.risk_tier, c.description, c.url, c.datasets, c.role)


def _needs(consumer: Consumer) -> str:
    return ", ".join(consumer.datasets)


def _spec(consumer: Consumer) -> dg.AssetSpec:
    is_exposure = consumer.kind == EXPOSURE
    tags = {"purpose": consumer.purpose, "consumer": consumer.kind}
    if consumer.risk_tier:
        tags["risk_tier"] = consumer.risk_tier
    metadata: dict[str, Any] = {
        "purpose": consumer.purpose,
        "role": consumer.role,
        "risk tier": consumer.risk_tier or "none stated",
        "datasets": _needs(consumer),
    }
    if consumer.url:
        metadata["page"] = dg.MetadataValue.url(consumer.url)
    return dg.AssetSpec(
        use_case_key(consumer.name),
        deps=[dg.AssetKey(["golden", dataset]) for dataset in consumer.datasets],
        description=f"{consumer.title}\n\n{consumer.description}",
        group_name=GROUP,
        kinds={"dbt", consumer.form} if is_exposure else {"ai"},
        owners=[f"team:{consumer.owner}"],
        tags=tags,
        metadata=metadata,
    )
