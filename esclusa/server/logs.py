"""Logs as JSON, a line per event: what was asked of which route, by whom, with which outcome; never a value.

Belongs here: the form of a line, for our events and uvicorn's. Does not: the ledger, which is the record of reads.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

LOGGER = "esclusa.service"


class JsonLines(logging.Formatter):
    """A record as one line of JSON. Of an exception its class and where it was raised: its text can quote a row."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "event": record.getMessage()}
        line |= getattr(record, "said", {})
        if record.exc_info and record.exc_info[1] is not None:
            line |= fault(record.exc_info[1])
        return json.dumps(line, ensure_ascii=True)


def fault(error: BaseException) -> dict[str, Any]:
    """What may be said of an exception of ours or of a library.

    Args:
        error: as it was caught.
    """
    frames = traceback.extract_tb(error.__traceback__)
    return {"fault": type(error).__name__, "where": [f"{frame.name}:{frame.lineno}" for frame in frames[-8:]]}


CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "esclusa.server.logs.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
    "loggers": {
        LOGGER: {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}
