"""The catalogue's pages on disk, as new as the release, for a file server or an object store to hand out.

Belongs here: when they are written again. Does not: what they say (`esclusa/catalogue/`), who asks (`jobs/sensors.py`,
`run.py`).
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import esclusa
from esclusa.catalogue.site import MARK, Built, build_site
from orchestration.settings import Settings

STANDS = timedelta(hours=1)  # a dataset that expires does so without a release; browsers see it at once by the script


def renew_site(settings: Settings, now: datetime) -> Built | None:
    """Write the pages where a release was published since they were, or they are an hour old.

    Args:
        settings: name the directory; where they name none, nothing is done.
        now: UTC.

    Returns:
        What was written, or None where nothing had to be.

    Raises:
        EsclusaError: the golden repository is refused, or the directory holds something else.
    """
    if settings.site is None:
        return None
    release = esclusa.open(settings.golden)
    if _stands(settings, release.version, now):
        return None
    return build_site(release, settings.site, url=settings.catalogue_url, data_url=settings.readers_repository)


def _stands(settings: Settings, version: int, now: datetime) -> bool:
    assert settings.site is not None
    try:
        written = json.loads((settings.site / MARK).read_bytes())
        return bool(written["release"] == version and now - datetime.fromisoformat(written["at"]) < STANDS)
    except (OSError, ValueError, KeyError, TypeError):
        return False
