"""The promises as they stood at a git revision.

Belongs here: asking git. Does not: comparing (`check.py`).
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from esclusa.errors import Misused
from expectations.loader.document import parse_document


class Revision:
    """One revision of the promises.

    Args:
        room: the directory of promises, in a git work tree.
        name: anything that git takes for a commit: a branch, a tag, `HEAD~1`.

    Raises:
        Misused: there is no such commit, or no git.
    """

    def __init__(self, room: Path, name: str) -> None:
        self._room = room
        try:
            found = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        except OSError:
            found = None
        if found is None:
            raise Misused(
                f"--against {name}: there is no such revision of {room}.",
                observed=name,
                required="`release`, or a commit, branch or tag of the git work tree that holds the promises",
                remedy="git log --oneline -- " + str(room),
            )
        self._commit = found.decode().strip()

    def document(self, folder: str, path: Path) -> Mapping[str, Any] | None:
        """A promise file as it was, or None where there was none.

        Args:
            folder: `contracts`, `sources` or `definitions`.
            path: where the file is now.

        Raises:
            expectations.loader.ContractError: what was committed there is no YAML.
        """
        raw = self._git("show", f"{self._commit}:./{folder}/{path.name}")
        return None if raw is None else parse_document(Path(f"{self._commit[:12]}:{path}"), raw).data

    def _git(self, *arguments: str) -> bytes | None:
        done = subprocess.run(["git", "-C", str(self._room), *arguments], capture_output=True, check=False)
        return done.stdout if done.returncode == 0 else None
