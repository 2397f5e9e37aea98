"""Lamps: checks that a failed step keeps a run from reaching are told again as they stood, and why they were not asked.

Belongs here: what the UI shows downstream of a failure. Does not: the failure (the step that meets it tells it).
Dagster counts a check that a failed run planned and did not reach as failed, without a word: a delivery that was
refused would look like a hundred broken rules.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

NOT_ASKED = "not asked again"
OBSERVED = ("gate", "golden")  # layers whose assets say why nothing new reached them
REMEMBERED = 25  # runs in a row that may have failed to reach a check since it was asked last


def keep_lamps(context: dg.AssetExecutionContext, failed: dg.AssetKey, why: str, said: Mapping[str, str]) -> None:
    """Tell every check downstream again as it stood before this run; gates and golden assets say why nothing is new.

    Args:
        context: of the step that fails.
        failed: the asset that is not made; its own checks are its step's to tell.
        why: the refusal, in words.
        said: more of it: `owner`, `next`.
    """
    graph, instance = context.job_def.asset_layer.asset_graph, context.instance
    below = set(_below(graph, failed)) if graph.has(failed) else set()
    for key in sorted(key for key in below if key.path[0] in OBSERVED):
        metadata = {"refused": failed.to_user_string(), **said}
        instance.report_runless_asset_event(dg.AssetObservation(key, description=why, metadata=metadata))
    checks = [key for key in graph.asset_check_keys if key.asset_key in below]
    for key, newest in instance.event_log_storage.get_latest_asset_check_execution_by_key(checks).items():
        is_planned = newest.run_id == context.run.run_id and _evaluation(newest) is None
        if is_planned and (stood := _last(instance, key)) is not None:
            instance.report_runless_asset_event(
                dg.AssetCheckEvaluation(
                    asset_key=key.asset_key,
                    check_name=key.name,
                    passed=stood.passed,
                    severity=stood.severity,
                    description=stood.description,
                    metadata={**stood.metadata, NOT_ASKED: dg.MetadataValue.text(why)},
                )
            )


def _below(graph: Any, key: dg.AssetKey) -> Iterator[dg.AssetKey]:
    waiting, seen = [key], {key}
    while waiting:
        for child in graph.get(waiting.pop()).child_keys - seen:
            seen.add(child)
            waiting.append(child)
            yield child


def _last(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> dg.AssetCheckEvaluation | None:
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=REMEMBERED)
    return next((found for record in history if (found := _evaluation(record)) is not None), None)


def _evaluation(record: Any) -> dg.AssetCheckEvaluation | None:
    event = record.event.dagster_event if record.event else None
    if event is None or event.event_type is not dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        return None
    evaluation: dg.AssetCheckEvaluation = event.asset_check_evaluation_data
    return evaluation
