"""What the reader's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.esclusa.golden import Golden, fresh_golden


@pytest.fixture
def golden(tmp_path: Path) -> Golden:
    """A golden repository of this test alone, its root pinned."""
    return fresh_golden(tmp_path)
