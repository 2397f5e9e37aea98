"""The receiver: whatever openlineage-python makes of the variables and the file that an operator wrote for it.

Belongs here: the library's client, and events as it takes them. Does not: which events, and when (`relay.py`).
Source: the configuration of openlineage-python 1.54 (`OpenLineageClient`).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import tags_job, tags_run
from openlineage.client.transport.noop import NoopConfig, NoopTransport

Send = Callable[[Mapping[str, Any]], None]
_TAGS = {  # the client adds tags of its own to these two, and to nothing else that we made
    "run": (tags_run.TagsRunFacet, tags_run.TagsRunFacetFields),
    "job": (tags_job.TagsJobFacet, tags_job.TagsJobFacetFields),
}


def is_configured() -> bool:
    """True where a receiver is configured; without one the client would print every event."""
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    try:
        written = OpenLineageClient(transport=NoopTransport(NoopConfig())).config.transport
    except (OSError, TypeError, ValueError):
        return True  # by something that cannot be read: the attempt says so
    return bool(os.environ.get("OPENLINEAGE_URL") or (written or {}).get("type"))


def connect() -> Send:
    """What hands one event to the configured receiver, with the filters and tags of the same configuration.

    Raises:
        Exception: the configuration names no receiver that there is; of any type that a transport likes.
    """
    if not os.environ.get("OPENLINEAGE_CLIENT_LOGGING"):
        # Each of its retries would be a warning on the terminal of whoever runs.
        for name in ("openlineage", "urllib3.connectionpool"):
            logging.getLogger(name).setLevel(logging.ERROR)
    client = OpenLineageClient()
    return lambda event: client.emit(restored(event))


def status(error: Exception | None) -> int | None:
    """The status that an HTTP receiver answered with, if it did."""
    code = getattr(getattr(error, "response", None), "status_code", None)
    return code if isinstance(code, int) else None


def restored(event: Mapping[str, Any]) -> RunEvent:
    """An event from its JSON.

    Args:
        event: as it was kept.
    """
    run, job = event["run"], event["job"]
    return RunEvent(
        eventTime=event["eventTime"],
        eventType=RunState(event["eventType"]),
        run=Run(run["runId"], _with_tags("run", run.get("facets", {}))),
        job=Job(job["namespace"], job["name"], _with_tags("job", job.get("facets", {}))),
        inputs=[InputDataset(**dataset) for dataset in event.get("inputs", ())],
        outputs=[OutputDataset(**dataset) for dataset in event.get("outputs", ())],
        producer=event["producer"],
    )


def _with_tags(of: str, facets: Mapping[str, Any]) -> dict[str, Any]:
    if "tags" not in facets:
        return dict(facets)
    facet, field = _TAGS[of]
    held = facets["tags"]
    made = facet([field(**tag) for tag in held["tags"]], producer=held["_producer"])
    return {**facets, "tags": made}
