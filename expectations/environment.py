"""Environment: `sandbox`, where anyone may try; `production`, where the signatures that a contract demands are needed.

Belongs here: the two, and reading their name. Does not: what production demands (`signing`), where it is set
(`orchestration/settings.py`).
"""

from __future__ import annotations

from enum import StrEnum


class Environment(StrEnum):
    """Where a verdict holds; part of what is signed, and stated in every certificate."""

    SANDBOX = "sandbox"
    PRODUCTION = "production"
