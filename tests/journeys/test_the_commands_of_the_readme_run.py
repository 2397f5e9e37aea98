"""The commands of the README run, in its order, and end as it says: all well, but for the run on a broken delivery."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.readers import wait_until_ready
from tests.journeys.conftest import Journey
from tests.journeys.served_ui import free_port

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
SERVE = "esclusa serve"
PATIENCE = 240  # seconds for one command, on a busy machine


def test_every_command_of_the_readme_runs_and_the_broken_delivery_is_refused(journey: Journey) -> None:
    home = journey.settings.home
    journey.settings.source_files.rename(home / "sample")
    (home / ".esclusa").symlink_to(home)  # the default repository, seen from where the commands are typed
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ESCLUSA_")} | {
        "ESCLUSA_HOME": str(home),
        "ESCLUSA_STATE": str(home / "state"),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }
    commands = re.findall(r"^\$ (esclusa .+)$", README, re.M)
    scripts = re.findall(r"```python\n(.+?)```", README, re.S)
    assert len(commands) >= 7
    assert "esclusa run" in commands
    assert SERVE in commands
    assert scripts
    ending = [shlex.split(command) for command in commands if command != SERVE]
    for command in ending + [[sys.executable, "-c", script] for script in scripts]:
        done = subprocess.run(
            command, cwd=home, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        if command == ["esclusa", "run"]:
            assert "qualified_leads was refused at the landing; golden goes on serving" in done.stdout
        # Exit code 1 says that a gate is shut: of the run, and of whoever asks why.
        is_told = command in (["esclusa", "run"], ["esclusa", "why", "qualified_leads"])
        assert done.returncode == (1 if is_told else 0), f"{command}: {done.stdout}{done.stderr}"
    assert_serves_until_ctrl_c(home, environment)


def assert_serves_until_ctrl_c(home: Path, environment: Mapping[str, str]) -> None:
    """The service says what the README shows, but for its port and directory, answers, and ends well at Ctrl-C."""
    port = free_port()
    command = [*shlex.split(SERVE), "--port", str(port)]
    with subprocess.Popen(command, cwd=home, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_until_ready(f"http://127.0.0.1:{port}")
        finally:
            process.send_signal(signal.SIGINT)
            told, _ = process.communicate(timeout=60)
    shown = README.partition(f"$ {SERVE}\n")[2].partition("```")[0].splitlines()
    assert len(shown) == 3
    assert told.splitlines() == [
        line.replace(":8000", f":{port}").replace("/srv/esclusa/golden", str(home / "golden")) for line in shown
    ]
    assert process.returncode == 0
