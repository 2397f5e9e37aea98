"""Promise: many readers of one service, releases published and a certificate revoked meanwhile: only refusals that are
due, no value that a role may not see, answers nearly as quick as to one reader alone, memory bounded.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.readers import run

READERS, SECONDS, THINK = 50, 10, 1.0
# The whole run, of 200 readers for 60 s, is `python -m benchmarks.readers` (docs/benchmarks.md). This one shares its
# cores with whatever else is tested, to which a tail belongs more than to the service: it bounds the median.
RATIO = 15
MEGABYTES = 800


def test_readers_see_only_what_is_due_while_releases_go_by(tmp_path: Path) -> None:
    result = run(tmp_path, READERS, SECONDS, THINK)
    assert not result.wrong, result.wrong[:5]
    assert result.releases >= 2
    assert len(result.loaded.certificates) >= 3
    assert any(status == 410 for _, _, status in result.loaded.refused)
    assert len(result.loaded.seconds) > READERS * 3
    assert result.loaded.percentile(0.5) < RATIO * result.idle.percentile(0.5)
    assert result.peak < MEGABYTES
