"""The commands of the README run, in its order, and end as it says: all well, but for the run on a broken delivery."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.journeys.conftest import Journey

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


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
    assert scripts
    for command in [shlex.split(c) for c in commands] + [[sys.executable, "-c", script] for script in scripts]:
        done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
        if command == ["esclusa", "run"]:
            assert "qualified_leads was refused at the landing; golden goes on serving" in done.stdout
        # Exit code 1 says that a gate is shut: of the run, and of whoever asks why.
        is_told = command in (["esclusa", "run"], ["esclusa", "why", "qualified_leads"])
        assert done.returncode == (1 if is_told else 0), f"{command}: {done.stdout}{done.stderr}"
