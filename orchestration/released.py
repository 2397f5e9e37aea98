"""What the last release promised: the contract beside a dataset's certificate in force, as it was signed.

Belongs here: reading it. Does not: comparing it (`expectations/change/revision.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from expectations.loader.document import parse_document
from lineage.golden.repository import GoldenRepository
from orchestration.keyrings import open_keys
from orchestration.settings import Settings


def released_contract(settings: Settings, dataset: str) -> Mapping[str, Any] | None:
    """The contract of the last release as a document; None before the first, and where the dataset was withdrawn.

    Args:
        settings: where the golden repository and its keys are.
        dataset: its name.

    Raises:
        lineage.errors.KeysUnusable, lineage.errors.RepositoryForged: the repository is not the one these keys signed.
    """
    if not (settings.golden / "metadata" / "timestamp.json").exists():
        return None
    content = GoldenRepository(settings.golden, open_keys(settings)).contract(dataset)
    return None if content is None else _parsed(dataset, content)


@lru_cache(maxsize=64)
def _parsed(dataset: str, content: bytes) -> Mapping[str, Any]:
    """Reading YAML takes longer than verifying it; the same bytes say the same."""
    return parse_document(Path(f"golden:{dataset}/contract.yaml"), content).data
