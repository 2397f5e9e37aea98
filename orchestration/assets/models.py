"""dbt assets: one step per family of datasets that share models, up to `candidate/<dataset>`.

Belongs here: running dbt inside a step and keeping its results.
Does not: SQL (`dbt_project`), judging the results (`gate.py`).
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets

from orchestration.assets.lamps import keep_lamps
from orchestration.assets.sources import POOL, columns_of, source_key
from orchestration.builds import (
    Build,
    current_fingerprint,
    read_results,
    recall_build,
    remedy_for,
    remember_build,
)
from orchestration.letting_go import terms
from orchestration.manifest import DBT, Manifest, SourceTable
from orchestration.platform import Platform
from orchestration.refusals import refuse
from orchestration.telling.events import teller_of
from orchestration.telling.standing import of_build
from orchestration.told import told


class Translator(DagsterDbtTranslator):
    """Names dbt's nodes as the warehouse does: `<schema>/<table>`.

    Args:
        platform: its contracts describe the golden models, which have no dbt YAML of their own.
    """

    def __init__(self, platform: Platform) -> None:
        super().__init__()
        self._contracts = platform.promises.contracts

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Schema and table; a source is the asset that lands it."""
        if dbt_resource_props["resource_type"] == "source":
            system, _, table = str(dbt_resource_props["identifier"]).partition("__")
            return source_key(SourceTable(system, table))
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["alias"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The layer."""
        return str(dbt_resource_props["schema"])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The contract's words for a candidate, dbt's for the rest."""
        contract = self._contracts.get(dbt_resource_props["name"])
        if contract is None:
            return str(dbt_resource_props.get("description", ""))
        unseen = f"Candidate of {contract.name}: no consumer sees it before its gate opens."
        return f"{unseen}\n\n{contract.table.description}"

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """The contract's column schema for a candidate."""
        contract = self._contracts.get(dbt_resource_props["name"])
        return {} if contract is None else {"dagster/column_schema": columns_of(contract.table)}

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str] | None:
        """The contract's owner."""
        contract = self._contracts.get(dbt_resource_props["name"])
        return None if contract is None else [f"team:{contract.owner}"]

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> Any:
        """Never blocking: dbt's tests of one dataset must not stop another; the gate counts them as findings."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return None if spec is None else spec._replace(blocking=False)


def model_assets(platform: Platform) -> list[dg.AssetsDefinition]:
    """A dbt step for every family of datasets.

    Args:
        platform: settings, promises and manifest of this code location.
    """
    return [_family_assets(platform, family) for family in platform.manifest.families]


def dbt_resource(platform: Platform) -> DbtCliResource:
    """dbt as the steps call it."""
    project = platform.settings.dbt_project
    return DbtCliResource(
        project_dir=str(project),
        profiles_dir=str(project),
        global_config_flags=["--no-use-colors"],
        dbt_executable=str(DBT),
    )


def _family_assets(platform: Platform, family: tuple[str, ...]) -> dg.AssetsDefinition:
    @dbt_assets(
        manifest=platform.manifest.document,
        select=" ".join(f"+{dataset}" for dataset in family),
        name="build_" + "_and_".join(family),
        dagster_dbt_translator=Translator(platform),
        pool=POOL,
    )
    def build_family(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        workshop, manifest = platform.workshop, platform.manifest
        with told(), workshop.warehouse() as connection:
            fingerprint = current_fingerprint(connection, manifest, family[0])
        last = recall_build(workshop, manifest, family[0])
        # A build that no event tells of, of an earlier version, is made again: certificates rest on its events.
        is_told = of_build(workshop, family).of == fingerprint
        if last is not None and is_told and last.stands(fingerprint, terms(platform.promises, family)):
            context.log.info("nothing changed since the last build: its candidates stand")
            yield from _standing(context, manifest, family, last)
            return
        with workshop.exclusive():
            yield from _build(context, dbt, platform, family, fingerprint)

    return build_family


def _standing(
    context: dg.AssetExecutionContext, manifest: Manifest, family: tuple[str, ...], build: Build
) -> Iterator[Any]:
    """The last build told again: the UI would show a check that is not told as skipped."""
    keys = [dg.AssetKey([model["schema"], model["alias"]]) for model in manifest.build_order(family)]
    for key in (k for k in keys if k in context.selected_asset_keys):
        yield dg.MaterializeResult(asset_key=key, metadata={"rebuilt": False})
    for check in context.assets_def.check_specs:
        status, failures = build.tests.get(check.metadata["dagster_dbt/unique_id"], (None, None))
        if status is not None and check.key in context.selected_asset_check_keys:
            yield dg.AssetCheckResult(
                asset_key=check.asset_key,
                check_name=check.name,
                passed=status == "pass",
                severity=dg.AssetCheckSeverity.WARN if status == "warn" else dg.AssetCheckSeverity.ERROR,
                metadata={"status": status, "dagster_dbt/failed_row_count": failures or 0, "measured again": False},
            )


def _build(
    context: dg.AssetExecutionContext,
    dbt: DbtCliResource,
    platform: Platform,
    family: tuple[str, ...],
    fingerprint: str,
) -> Iterator[Any]:
    context.log.info("building with dbt")
    # From here until it ends the candidates are of no known build: a killed one must not pass for the one before.
    remember_build(platform.workshop, family, Build(fingerprint="", problems={}, tests={}))
    os.environ["ESCLUSA_WAREHOUSE"] = str(platform.settings.warehouse)  # dagster-dbt hands our environment to dbt
    target = platform.settings.dbt_target / "runs" / context.run.run_id / family[0]
    invocation = dbt.cli(["build"], context=context, raise_on_error=False, target_path=target)
    try:
        yield from invocation.stream()
        results = invocation.get_artifact("run_results.json")
        # A part of the models proves nothing about the whole: the gate then asks for a whole build.
        made_from = "" if context.is_subset else fingerprint
        build = read_results(platform.manifest, family, made_from, results)
        remember_build(platform.workshop, family, build)
        with told():
            teller_of(platform, context).built(family, target, fingerprint, whole=not context.is_subset)
    finally:
        # Compiled SQL and results can hold values of rows; nothing needs them after this step.
        shutil.rmtree(target, ignore_errors=True)
    if not context.is_subset:
        with told():
            _tell_what_is_missing(context, platform, family, build)


def _tell_what_is_missing(
    context: dg.AssetExecutionContext, platform: Platform, family: tuple[str, ...], build: Build
) -> None:
    """Refuse what dbt did not make: its gate has no candidate to look at, and does not run."""
    missing = {
        dataset: build.refusal(dataset, platform.promises.contracts[dataset].owner) for dataset in build.problems
    }
    for dataset, message in missing.items():
        context.log.error(message)
        refuse(
            platform,
            [dataset],
            stage="build",
            message=message,
            remedy=remedy_for(dataset),
            now=datetime.now(UTC),
        )
        said = {"owner": platform.promises.contracts[dataset].owner, "next": remedy_for(dataset)}
        keep_lamps(context, dg.AssetKey(["candidate", dataset]), message, said)
    if missing.keys() == set(family):  # else the step goes on for the datasets that were made
        raise dg.Failure(description="\n".join(missing.values()), allow_retries=False)
