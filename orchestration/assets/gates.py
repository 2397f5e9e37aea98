"""Gate assets: `gate/<dataset>` audits the candidate and shows every gate item and every rule as a check.

Belongs here: the asset, its checks and what the UI shows. Does not: the decision itself (`gate.py`, `expectations`).
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from expectations.contract import Contract
from expectations.readiness import expected_rules
from expectations.rules.expansion import rules_of
from expectations.verdict import Finding, GateItem, State, Verdict, demanded_items
from orchestration.assets.lamps import keep_lamps
from orchestration.assets.sources import POOL
from orchestration.builds import remedy_for
from orchestration.decisions import Decision, referred_datasets
from orchestration.gate import BuildRefused, decide
from orchestration.platform import Platform
from orchestration.refusals import refuse
from orchestration.signing import demanded_rules
from orchestration.telling.events import teller_of
from orchestration.told import told

LAYER = "gate"
DECIDED_BY_GATE = "Decided by the gate: publishing follows the verdict, not this lamp."


def gate_assets(platform: Platform) -> list[dg.AssetsDefinition]:
    """A gate for every golden dataset.

    Args:
        platform: settings, promises and manifest of this code location.
    """
    return [_gate_asset(platform, platform.promises.contracts[name]) for name in platform.datasets]


def _gate_asset(platform: Platform, contract: Contract) -> dg.AssetsDefinition:
    name = contract.name
    key = dg.AssetKey([LAYER, name])
    referred = referred_datasets(contract, platform.datasets)
    spec = dg.AssetSpec(
        key,
        # A reference is judged against what the other gate let through in this very run.
        deps=[dg.AssetKey(["candidate", name]), *(dg.AssetKey([LAYER, d]) for d in referred)],
        description=f"Pins the candidate of {name}, audits every clause of its contract on those bytes, and decides.",
        group_name=LAYER,
        kinds={"contract"},
        owners=[f"team:{contract.owner}"],
        metadata={"contract": f"{contract.id} {contract.version}", "contract digest": contract.digest},
    )
    described = {r.id: r.description for r in rules_of(contract)}
    signed = demanded_rules(platform.settings, contract)
    rules = sorted(expected_rules(contract) | signed | set(platform.manifest.tests(name)))
    checks = [
        *(
            dg.AssetCheckSpec(item_check(item), asset=key, description=f"Gate item {item}. {DECIDED_BY_GATE}")
            for item in demanded_items(platform.settings.environment)
        ),
        *(dg.AssetCheckSpec(rule, asset=key, description=described.get(rule) or DECIDED_BY_GATE) for rule in rules),
    ]

    @dg.multi_asset(name=f"gate_{name}", specs=[spec], check_specs=checks, pool=POOL, can_subset=True)
    def audit_candidate(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        now = datetime.now(UTC)
        try:
            with told(), teller_of(platform, context).audit(name) as decided:
                decision = decide(
                    platform.workshop, platform.promises, platform.manifest, name, now=now, progress=context.log.info
                )
                decided(decision)
        except BuildRefused as refusal:
            with told():
                refuse(platform, [name], stage="build", message=str(refusal), remedy=remedy_for(name), now=now)
            said = {"owner": contract.owner, "next": remedy_for(name)}
            keep_lamps(context, dg.AssetKey(["candidate", name]), str(refusal), said)
            raise dg.Failure(description=str(refusal), allow_retries=False) from None
        if key in context.selected_asset_keys:
            yield dg.MaterializeResult(asset_key=key, metadata=_metadata(decision))
        wanted = {k.name for k in context.selected_asset_check_keys}
        yield from (result for result in check_results(decision, key) if result.check_name in wanted)

    return audit_candidate


def item_check(item: GateItem) -> str:
    """Name of a gate item's check: its number comes first, so that the items head the list of checks."""
    return f"{list(GateItem).index(item) + 1}_{item}"


def check_results(decision: Decision, key: dg.AssetKey) -> Iterator[dg.AssetCheckResult]:
    """Every gate item and every rule of a decision as a check result.

    Args:
        key: asset that owns the checks.
    """
    verdict = decision.verdict
    for item, state in verdict.items.items():
        shutting = [f for f in verdict.shutting if f.item is item]
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=item_check(item),
            passed=state is State.PASS,
            severity=_severity(state),
            description="; ".join(f.message for f in shutting or _warning(verdict, item)) or f"{state}",
            metadata={
                "state": str(state),
                "findings": len([f for f in verdict.findings if f.item is item]),
                "shut by": [f.rule for f in shutting],
            },
        )
    for finding in verdict.findings:
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=finding.rule,
            passed=finding.state is State.PASS,
            severity=_severity(finding.state),
            description=finding.message or f"{finding.description}: observed {finding.seen}",
            metadata=_check_metadata(finding, decision.examples.get(finding.rule, ())),
        )


def _warning(verdict: Verdict, item: GateItem) -> list[Finding]:
    """What passes and must be seen: warnings, waived failures."""
    return [f for f in verdict.findings if f.item is item and f.state is State.WARN]


def _severity(state: State) -> dg.AssetCheckSeverity:
    return dg.AssetCheckSeverity.WARN if state is State.WARN else dg.AssetCheckSeverity.ERROR


def _check_metadata(finding: Finding, examples: tuple[str, ...]) -> dict[str, Any]:
    observed = finding.observed
    plotted = float(observed) if isinstance(observed, int | float) and not isinstance(observed, bool) else str(observed)
    metadata: dict[str, Any] = {
        # The UI plots numbers over time: `observed` beside `required`.
        "observed": plotted,
        "state": str(finding.state),
        "bound": finding.required,
        "unit": finding.unit,
        "severity": finding.severity,
        "engine": finding.engine,
        "owner": finding.owner,
    }
    if finding.threshold is not None:
        metadata["required"] = float(finding.threshold)
    if finding.remedy:
        metadata["next"] = finding.remedy
    if examples:
        metadata["rows that broke it (masked keys)"] = list(examples)
    if finding.tags:
        metadata["evidence of"] = ", ".join(finding.tags)
    return metadata


def _metadata(decision: Decision) -> dict[str, Any]:
    verdict = decision.verdict
    return {
        "verdict": "open" if verdict.open else "shut",
        "shut by": [f"{f.rule}: observed {f.seen}, required {f.required}" for f in verdict.shutting],
        "measured again": decision.renewed,
        "dagster/row_count": decision.pin.rows,
        "candidate digest": verdict.candidate_digest,
        "contract digest": verdict.contract_digest,
        "clock": f"{decision.clock.kind}, read {decision.pinned_at:%Y-%m-%d %H:%M} UTC",
        "valid until": dg.MetadataValue.timestamp(decision.valid_until),
        "findings": dg.MetadataValue.md(findings_table(verdict)),
    }


def findings_table(verdict: Verdict) -> str:
    """Markdown: what shuts the gate first, then the rest.

    Args:
        verdict: with all its findings.
    """
    rows = [
        f"| {f.state} | {f.rule} | {f.seen} | {f.required} | {f.owner} | {f.remedy} |"
        for f in sorted(verdict.findings, key=lambda f: (f.opens, f.state is State.PASS, f.rule))
    ]
    return "\n".join(["| state | rule | observed | required | owner | next |", "|---|---|---|---|---|---|", *rows])
