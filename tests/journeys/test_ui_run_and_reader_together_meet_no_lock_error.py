"""The Dagster UI, `esclusa run` and a reader at the same time: they take turns, and none is told of a lock."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.conftest import CONSUMERS, Journey, leave_out_last_row
from tests.journeys.served_ui import PATIENCE, Ui, end, served, wait_until

ESCLUSA = str(Path(sys.executable).parent / "esclusa")
LOCKED = re.compile(r"database is locked|(could not set|conflicting) lock|WorkshopBusy|PublisherBusy", re.IGNORECASE)
INVOICES = Path("online_retail") / "onlineretail.parquet"
LAUNCHED = ("raw/servicenow__incident_events", "gate/resolution_times", "golden/resolution_times")

READER = """
import json, sys, time, esclusa
from pathlib import Path
consumers = json.loads(sys.argv[2])
stop, reads = Path(sys.argv[1]), 0
while not stop.exists():
    for entry in esclusa.catalog():
        role, purpose = consumers[entry.dataset]
        assert esclusa.read(entry.dataset, role=role, purpose=purpose).num_rows > 0
        reads += 1
        print(reads, flush=True)
        time.sleep(0.2)
"""

WORKSPACE = """{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError { __typename
  ... on RepositoryLocation { repositories { name } }
  ... on PythonError { message } } } } } }"""
ASSETS = "{ assetNodes { assetKey { path } } }"
LAUNCH = """mutation ($params: ExecutionParams!) { launchRun(executionParams: $params) { __typename
  ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
RUNS = "{ runsOrError { ... on Runs { results { runId status } } } }"
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}


@pytest.mark.timeout(2 * PATIENCE + 120)
def test_ui_run_and_reader_together_meet_no_lock_error(journey: Journey, tmp_path: Path) -> None:
    settings = journey.settings
    environment = {
        **os.environ,
        "ESCLUSA_HOME": str(settings.home),
        "ESCLUSA_DATA": str(settings.source_files),
        "ESCLUSA_REPOSITORY": str(settings.golden),
    }
    stop = tmp_path / "stop"
    with (tmp_path / "reader.log").open("w") as log:
        reading = [sys.executable, "-c", READER, str(stop), json.dumps(CONSUMERS)]
        reader = subprocess.Popen(reading, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        with served([ESCLUSA, "dev", "--port"], environment, tmp_path / "dev.log") as ui:
            assert_loaded(ui, journey)
            launched = launch(ui)
            runs = [run_esclusa(environment)]
            first = journey.why("renewal_risk")
            leave_out_last_row(settings.source_files / INVOICES)
            runs.append(run_esclusa(environment, "--only", "renewal_risk"))
            wait_until(lambda: set(statuses(ui).values()) <= ENDED, "every run has ended")
            outcome = statuses(ui)
        stop.touch()
        reader.wait(PATIENCE)
    finally:
        end(reader)
    assert [run.returncode for run in runs] == [0, 0], [run.stdout + run.stderr for run in runs]
    second = journey.why("renewal_risk")
    assert first.certificate is not None
    assert second.certificate is not None
    assert second.certificate.previous == first.certificate.digest, "the changed delivery was certified meanwhile"
    assert outcome[launched] == "SUCCESS"
    assert set(outcome.values()) == {"SUCCESS"}
    said = (tmp_path / "reader.log").read_text()
    assert reader.returncode == 0, said
    assert int(said.split()[-1]) > 10
    logs = [path for kind in ("*.log", "*.err") for path in tmp_path.rglob(kind)]
    assert {"dev.log", "run.log"} <= {path.name for path in logs}
    everything = "\n".join(
        [*(run.stdout + run.stderr for run in runs), *(log.read_text(errors="replace") for log in logs)]
    )
    assert not LOCKED.search(everything), LOCKED.findall(everything)


def assert_loaded(ui: Ui, journey: Journey) -> None:
    """The one code location is there, without an error, with every golden dataset."""
    (entry,) = ui.ask(WORKSPACE)["workspaceOrError"]["locationEntries"]
    assert entry["name"] == "esclusa"
    assert entry["locationOrLoadError"]["__typename"] == "RepositoryLocation", entry
    assets = {"/".join(node["assetKey"]["path"]) for node in ui.ask(ASSETS)["assetNodes"]}
    for dataset in journey.platform.datasets:
        assert {f"{layer}/{dataset}" for layer in ("candidate", "gate", "golden")} <= assets
    assert len([a for a in assets if a.startswith("raw/")]) == 4


def launch(ui: Ui) -> str:
    """Launch some assets as a click on Materialize does; the id of the run."""
    selector = {
        "repositoryLocationName": "esclusa",
        "repositoryName": "__repository__",
        "jobName": "land_and_certify",
        "assetSelection": [{"path": asset.split("/")} for asset in LAUNCHED],
    }
    answer = ui.ask(LAUNCH, params={"selector": selector, "runConfigData": {}, "mode": "default"})["launchRun"]
    assert answer["__typename"] == "LaunchRunSuccess", answer
    run_id: str = answer["run"]["runId"]
    return run_id


def statuses(ui: Ui) -> dict[str, str]:
    """Run id → status of every run of the instance."""
    return {run["runId"]: run["status"] for run in ui.ask(RUNS)["runsOrError"]["results"]}


def run_esclusa(environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """`esclusa run` in a process of its own."""
    return subprocess.run(
        [ESCLUSA, "run", *options], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
