"""How a refusal leaves the service: problem details that say what, observed, required, who owns it, what to do next.

Belongs here: status codes, the body of a refusal, and what of it is for callers. Does not: deciding one.
Source: RFC 9457 (problem details), RFC 9110 §15 (status codes), RFC 6750 §3 (WWW-Authenticate).
"""

from __future__ import annotations

import copy
import logging
import math
import re
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from esclusa import errors
from esclusa.errors import EsclusaError
from esclusa.server.calling import in_work
from esclusa.server.logs import LOGGER

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:esclusa:problem:"

# The nearest class decides: of an error that is not listed, its parent's status.
STATUS: Mapping[type[EsclusaError], int] = {
    errors.NotCertified: 404,
    errors.Withdrawn: 410,
    errors.Expired: 410,
    errors.NotReadable: 409,
    errors.Misused: 400,
    errors.NotIdentified: 401,
    errors.NotPermitted: 403,
    errors.Busy: 429,
    errors.Superseded: 409,
    errors.NotGenuine: 502,
    errors.Unreachable: 503,
    errors.LedgerUnavailable: 503,
    EsclusaError: 503,
}
RETRY_AFTER = 1  # seconds, at least
# Faults of whoever runs the service: no caller can mend them.
OURS = (errors.KeyMissing, errors.NotGenuine, errors.Unreachable, errors.LedgerUnavailable)

_log = logging.getLogger(LOGGER)


def status_of(error: EsclusaError) -> int:
    """The status code of a refusal.

    Args:
        error: what was refused.
    """
    if isinstance(error, errors.Busy) and not error.after:
        return 503  # others keep the service busy: it is nothing that this caller does too often
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def told(error: EsclusaError) -> EsclusaError:
    """A refusal as whoever calls may hear it, over HTTP or as an agent: never where on this machine it arose.

    Args:
        error: what was refused. Where that is a fault of ours, the log gets the whole of it.
    """
    heard = copy.copy(error)
    heard.where = ""
    if error.where and isinstance(error, OURS):
        _log.error("refused: %s", str(error).replace("\n ", ";"), extra={"said": {"request": in_work().id}})
        heard.remedy = "Tell whoever runs the service: its log says where this happened, and what to do."
    return heard


def problem(error: EsclusaError, status: int = 0) -> Response:
    """A refusal as an answer.

    Args:
        error: what was refused.
        status: its status code, where it is not that of its class.
    """
    error, status, name = told(error), status or status_of(error), type(error).__name__
    body = {
        "type": f"{TYPE}{_kebab(name)}",
        "title": _kebab(name).replace("-", " ").capitalize(),
        "status": status,
        "detail": error.what,
        "error": name,
        "observed": error.observed,
        "required": error.required,
        "owner": error.owner,
        "next": error.remedy,
    }
    return _answer({key: value for key, value in body.items() if value != ""}, status, _headers(error, status))


def _headers(error: EsclusaError, status: int) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        said = "" if error.observed == errors.NO_CREDENTIALS else ', error="invalid_token"'
        headers["WWW-Authenticate"] = f'Bearer realm="esclusa"{said}'
    elif status == 403:
        headers["WWW-Authenticate"] = 'Bearer realm="esclusa", error="insufficient_scope"'
    elif status in (429, 503):
        headers["Retry-After"] = str(max(RETRY_AFTER, math.ceil(getattr(error, "after", 0))))
    return headers


async def on_refusal(_: Request, error: Exception) -> Response:
    """Starlette's handler of our errors."""
    assert isinstance(error, EsclusaError)
    return problem(error)


async def on_http_error(_: Request, error: Exception) -> Response:
    """Starlette's handler of its own: no such page, no such method."""
    assert isinstance(error, HTTPException)
    body = {"type": "about:blank", "title": error.detail, "status": error.status_code}
    return _answer(body, error.status_code, dict(error.headers or {}))


async def on_fault(_: Request, __: Exception) -> Response:
    """What a caller is told of a fault of ours: nothing of it; the log says more."""
    body = {"type": "about:blank", "title": "The service has failed.", "status": 500}
    return _answer(body, 500, {"Cache-Control": "no-store"})


def _answer(body: dict[str, Any], status: int, headers: Mapping[str, str]) -> Response:
    return JSONResponse(body, status, dict(headers), MEDIA_TYPE)


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
