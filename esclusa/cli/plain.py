"""JSON for machines: what `--json` prints of our types.

Belongs here: turning them into JSON. Does not: tables (`render.py`), rows of datasets (`rows.py`).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from esclusa.errors import EsclusaError


def print_json(value: Any, **more: Any) -> None:
    """Print a value of ours as JSON.

    Args:
        value: dataclasses, mappings and sequences of what JSON knows.
        more: fields that are added to it, where it is an object.
    """
    document = plain(value)
    print(json.dumps({**document, **more} if more else document, ensure_ascii=False, indent=1))


def plain(value: Any) -> Any:
    """Our types as what JSON knows; the in-toto statement is left out, its file is there to be read.

    Args:
        value: as for `print_json`.
    """
    if isinstance(value, EsclusaError):
        return {"error": type(value).__name__, "what": value.what, **dict(value.lines)}
    if dataclasses.is_dataclass(value):
        fields = (field.name for field in dataclasses.fields(value) if field.name != "document")
        return {name: plain(getattr(value, name)) for name in fields}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value
