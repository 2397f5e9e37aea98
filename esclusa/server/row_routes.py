"""Rows over HTTP: in a role and for a purpose, decided and recorded as every read is, as Arrow or Parquet.

Belongs here: `/v1/datasets/{dataset}/rows`. Does not: parameters (`asked.py`), encoding (`answers.py`), who may read.
Source: RFC 9110 §12 (negotiation), §15.5.10 (conflict).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial

from anyio import CapacityLimiter
from anyio.from_thread import check_cancelled
from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from esclusa.certificate import Certificate
from esclusa.errors import Misused, Superseded
from esclusa.rows import Rows
from esclusa.server.answers import Answer, Answers
from esclusa.server.asked import FORMATS, LONGEST, Asked, from_json, from_query, preferred
from esclusa.server.callers import Caller
from esclusa.server.service import Service

BODY = 256 * 1024  # bytes of a request
PIECE = 256 * 1024  # bytes that are handed to the connection at once
CAVEATS = 4096  # letters of a header; the certificate says them all
THREADS = 32  # of their own: reads that wait for memory keep no token and no health waiting


def routes(service: Service, answers: Answers) -> list[Route]:
    """The routes of rows.

    Args:
        service: whose datasets they are of.
        answers: where they are kept encoded.
    """
    answer = partial(_answer, service, answers, CapacityLimiter(THREADS))
    return [Route("/v1/datasets/{dataset}/rows", answer, methods=["GET", "POST"], name="rows")]


async def _answer(service: Service, answers: Answers, threads: CapacityLimiter, request: Request) -> Response:
    caller = await run_sync(service.callers.identify, request.headers.get("authorization"))
    body = await _body(request) if request.method == "POST" else b""
    work = partial(_blocking, service, answers, caller, request, body)
    # A thread cannot be called off: where the answer is too late, the caller is told so, and what was made is kept.
    return await run_sync(work, abandon_on_cancel=True, limiter=threads)


def _blocking(service: Service, answers: Answers, caller: Caller, request: Request, body: bytes) -> Response:
    asked = from_json(body) if request.method == "POST" else from_query(request.query_params)
    form = asked.format or _accepted(request.headers.get("accept", ""))
    dataset = request.path_params["dataset"]
    if len(dataset) > LONGEST:
        raise HTTPException(404)
    with service.opened(caller, dataset, asked.role, asked.purpose, asked.columns) as rows:
        _demand_current(rows.certificate, asked)
        _demand_few(rows.certificate, asked, service.limits.rows)
        decided = (rows.certificate.digest, tuple(rows.columns.items()), asked.purpose, rows.keys())
        key = (*decided, asked.offset, asked.limit, form)
        answer = answers.find(key, form, partial(rows.unrecorded, asked.offset, asked.limit))
        check_cancelled()  # nobody is handed out what came too late: it is no read
        # Of a HEAD too: how many bytes some rows are says something of them.
        rows.log.served(rows.certificate, rows.columns, answer.rows, "http")
    headers = _headers(rows, answer)
    if request.method == "HEAD":
        return Response(headers=headers, media_type=FORMATS[form])
    return StreamingResponse(_pieces(answer), headers=headers, media_type=FORMATS[form])


async def _pieces(answer: Answer) -> AsyncIterator[memoryview]:
    """The bytes, piece by piece, none of them copied: callers of the same rows share them."""
    view = memoryview(answer.body)
    for start in range(0, len(view), PIECE):
        yield view[start : start + PIECE]


def _headers(rows: Rows, answer: Answer) -> dict[str, str]:
    certificate = rows.certificate
    masked = {name: access.technique for name, access in rows.columns.items() if access.technique}
    caveats = json.dumps(certificate.caveats)  # in ASCII, as a header must be
    path = f"/targets/{certificate.dataset}/{certificate.digest}.certificate.json"
    return {
        "Content-Length": str(answer.body.size),
        "Cache-Control": "no-store",
        "Vary": "Authorization, Accept",
        "Link": f'<{path}>; rel="describedby"',
        "Esclusa-Certificate": certificate.digest,
        "Esclusa-Valid-Until": certificate.valid_until.isoformat(),
        "Esclusa-Rows": str(answer.rows),
        "Esclusa-Total-Rows": str(certificate.rows),
        "Esclusa-Masked": json.dumps(masked),
        "Esclusa-Caveats": caveats if len(caveats) <= CAVEATS else '["see the certificate"]',
    }


def _demand_current(certificate: Certificate, asked: Asked) -> None:
    if asked.certificate and asked.certificate != certificate.digest:
        raise Superseded(
            f"Rows of {certificate.dataset} are served under another certificate by now.",
            observed=certificate.digest,
            required=asked.certificate,
            owner=certificate.owner,
            remedy="Open the newest release and ask again.",
        )


def _demand_few(certificate: Certificate, asked: Asked, most: int) -> None:
    left = max(certificate.rows - asked.offset, 0)
    wanted = left if asked.limit is None else min(left, asked.limit)
    if wanted > most:
        raise Misused(
            "More rows are asked for than this service hands out at once.",
            observed=f"{wanted:,} rows",
            required=f"at most {most:,}",
            owner=certificate.owner,
            remedy=f"Ask for them in pieces: limit={most} and offset.",
        )


def _accepted(header: str) -> str:
    form = preferred(header)
    if not form:
        raise HTTPException(406, f"Rows are handed out as {' or '.join(FORMATS.values())}.")
    return form


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > BODY:
            raise HTTPException(413, f"A request is at most {BODY} bytes long.")
    return body
