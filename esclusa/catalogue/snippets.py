"""What a reader copies from a page: Python, SQL, the command line, and the one act of trust before them.

Belongs here: code that runs as it stands, quoted for its language. Does not: how it is shown.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from esclusa.catalogue.texts import N_


@dataclass(frozen=True)
class Snippet:
    """Something to copy.

    Args:
        name: short, unique on a page.
        title: a message.
        code: to be run as it is.
        note: a message: where it is run.
    """

    name: str
    title: str
    code: str
    note: str = ""


def first_time(repository: str, fingerprint: str) -> Snippet:
    """What a new reader types once.

    Args:
        repository: directory or URL that is read from.
        fingerprint: of its first root, SHA-256 (hex).
    """
    trust = shlex.join(["esclusa", "trust", repository, "--fingerprint", fingerprint])
    return Snippet("first", N_("Once, on a new machine"), f"pip install esclusa\n{trust}")


def snippets(dataset: str, role: str, purpose: str, repository: str, number: int) -> tuple[Snippet, ...]:
    """What reads a dataset in a role, for a purpose.

    Args:
        repository: directory or URL that is read from.
        number: of the grant on its page.
    """
    python = (
        "import esclusa\n\n"
        "table = esclusa.read(\n"
        f"    {dataset!r},\n    role={role!r},\n    purpose={purpose!r},\n    repository={repository!r},\n"
        ")\n"
        "print(table.slice(0, 5))"
    )
    me = ["--role", role, "--purpose", purpose, "--repository", repository]
    query = f'select count(*) from "{dataset}"'
    read = shlex.join(["esclusa", "read", dataset, *me, "--limit", "20"])
    sql = shlex.join(["esclusa", "sql", query, *me])
    return (
        Snippet(f"python-{number}", N_("Python"), python),
        Snippet(f"sql-{number}", N_("SQL"), query, N_("for esclusa.sql and esclusa sql")),
        Snippet(f"shell-{number}", N_("Command line"), f"{_folded(read)}\n\n{_folded(sql)}"),
    )


def impact_of(name: str, repository: str, number: str) -> Snippet:
    """What tells whom a change would reach.

    Args:
        name: of a source's table, or of a column of it.
        repository: directory or URL that is read from.
        number: of the name on its page.
    """
    command = shlex.join(["esclusa", "impact", name, "--repository", repository])
    return Snippet(f"impact-{number}", N_("Command line"), _folded(command))


def _folded(command: str) -> str:
    """A long command, an option a line."""
    return command.replace(" --role ", " \\\n  --role ").replace(" --repository ", " \\\n  --repository ")
