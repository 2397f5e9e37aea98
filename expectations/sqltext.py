"""Quoting for SQL that landing composes.

Belongs here: identifiers and strings. Does not: anything that knows a dataset.
"""

from __future__ import annotations


def quote(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A quoted SQL string."""
    return "'" + text.replace("'", "''") + "'"
