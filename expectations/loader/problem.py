"""What is wrong with a file that somebody wrote, and where: one `Problem` each, all of them in one `ContractError`.

Belongs here: their shapes and the search for the name that was meant. Does not: finding problems.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """One thing to correct.

    Args:
        file: path as it was given.
        line: 1-based line in the file.
        field: where in the document, e.g. `schema[leads].properties[origin].severity`.
        message: what was found against what is required.
        nearest: the valid name that was probably meant, or None.
    """

    file: str
    line: int
    field: str
    message: str
    nearest: str | None = None

    def __str__(self) -> str:
        meant = f" (did you mean {self.nearest}?)" if self.nearest else ""
        return f"{self.file}:{self.line}: {self.field}: {self.message}{meant}"


class ContractError(Exception):
    """A file that is not what it must be; nothing was changed because of it.

    Args:
        path: the file, or the directory where several files are wrong.
        problems: everything found, at least one, in order of line.
    """

    def __init__(self, path: Path, problems: Iterable[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda p: (p.file, p.line)))
        super().__init__("\n".join(str(p) for p in self.problems))


def nearest(word: object, valid: Iterable[str]) -> str | None:
    """The valid name most like the one written, or None where none is close.

    Args:
        word: what was written.
        valid: names that would have been accepted.
    """
    names = {name.casefold(): name for name in valid}
    close = get_close_matches(str(word).casefold(), names, n=1, cutoff=0.6)
    return names[close[0]] if close else None
