"""The golden repository over HTTP: metadata, certificates and documents to everyone, Parquet to who may mirror it.

Belongs here: which file a path names, how long it may be kept, who may have it. Does not: sending it (Starlette).
Source: RFC 9110 §13 (conditions), §14 (ranges), RFC 9111 §5.2 and RFC 8246 (caching), RFC 6750 (tokens).
"""

from __future__ import annotations

import re
from functools import partial
from hashlib import sha256
from pathlib import Path

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from esclusa.ledger.reads import ReadLog
from esclusa.permission import Request as Asked
from esclusa.permission import demand_environment
from esclusa.server.service import Service

METADATA = re.compile(r"(?:[1-9][0-9]{0,9}\.[a-z0-9_-]{1,128}|timestamp)\.json")
TARGET = re.compile(r"[a-z0-9_-]{1,128}/(?P<digest>[0-9a-f]{64})\.(?P<name>[A-Za-z0-9_-][A-Za-z0-9._-]{0,127})")
# What holds no row, by the end of its name. Anything else is only for who may mirror: a new kind of file is shut first.
DOCUMENTS = {
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".yaml": "application/yaml",
    ".cedar": "text/plain; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
}
PARQUET = "application/vnd.apache.parquet"
FOR_EVER = "public, max-age=31536000, immutable"  # its name holds its digest or its version
RANGES = re.compile(r"bytes=[ \t]*([0-9]{0,18}-[0-9]{0,18}(?:[ \t]*,[ \t]*[0-9]{0,18}-[0-9]{0,18})*)", re.IGNORECASE)
ASK_AGAIN = "no-cache"
FOR_ONE = "private, max-age=31536000, immutable"


def routes(service: Service) -> list[Route]:
    """Routes of the golden repository.

    Args:
        service: whose repository it is.
    """
    return [
        Route("/metadata/{name}", partial(_metadata, service), methods=["GET"], name="metadata"),
        Route("/targets/{path:path}", partial(_target, service), methods=["GET"], name="target"),
    ]


def is_shut(path: str) -> bool:
    """True for a file that only callers with the right to mirror may have.

    Args:
        path: of a request.
    """
    found = TARGET.fullmatch(path.removeprefix("/targets/")) if path.startswith("/targets/") else None
    return found is not None and _kind(found["name"]) is None


async def _metadata(service: Service, request: Request) -> Response:
    name = request.path_params["name"]
    if METADATA.fullmatch(name) is None:
        raise HTTPException(404)
    path = service.directory / "metadata" / name
    if name != "timestamp.json":
        return await run_sync(_file, request, path, f'"{name}"', "application/json", FOR_EVER)
    try:
        data = await run_sync(path.read_bytes)
    except FileNotFoundError:
        raise HTTPException(404) from None
    headers = {"ETag": f'"{sha256(data).hexdigest()[:32]}"', "Cache-Control": ASK_AGAIN}
    if _is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type="application/json")


async def _target(service: Service, request: Request) -> Response:
    path = request.path_params["path"]
    found = TARGET.fullmatch(path)
    if found is None:
        raise HTTPException(404)
    kind = _kind(found["name"])
    if kind is None:
        await run_sync(_admit, service, request, path)
    file = service.directory / "targets" / path
    return await run_sync(_file, request, file, f'"{found["digest"]}"', kind or PARQUET, FOR_EVER if kind else FOR_ONE)


def _kind(name: str) -> str | None:
    """The media type of a document; None where a file is none."""
    return DOCUMENTS.get(Path(name).suffix)


def _admit(service: Service, request: Request, path: str) -> None:
    """Let a caller have a file with rows, once that is recorded."""
    caller = service.callers.identify(request.headers.get("authorization"))
    caller.demand_mirror(path)
    log = ReadLog(service.current.ledger, "", "", caller.name)
    with log.refusals(path.partition("/")[0]):
        holder = service.release.holder(path)
        if holder is not None:
            demand_environment(holder.certificate, Asked("", "", service.production, caller.name))
    if holder is None:
        raise HTTPException(404)
    if request.method != "HEAD":
        log.mirrored(holder.certificate, path.rpartition("/")[2])


def _file(request: Request, path: Path, etag: str, kind: str, caching: str) -> Response:
    """One file that never changes under its name."""
    if not path.is_file() or path.is_symlink():
        raise HTTPException(404)
    headers = {"ETag": etag, "Cache-Control": caching}
    if _is_known(request, etag):
        return Response(status_code=304, headers=headers)
    found = path.stat()
    if not _is_ranged(request, etag, found.st_size):
        request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] != b"range"]
    return FileResponse(path, headers=headers, media_type=kind, stat_result=found)


def _is_ranged(request: Request, etag: str, size: int) -> bool:
    """Whether ranges of a file are to be answered: what is none, or not of GET, is passed over (RFC 9110 §14.2).

    Raises:
        HTTPException: the file has none of them.
    """
    asked = RANGES.fullmatch(request.headers.get("range", ""))
    if asked is None or request.method != "GET" or request.headers.get("if-range", etag) != etag:
        return False
    pairs = [part.strip().split("-") for part in asked[1].split(",")]
    if any(not (first or last) or (first and last and int(first) > int(last)) for first, last in pairs):
        return False
    there = [int(first) < size if first else int(last) > 0 for first, last in pairs]
    if not any(there):
        raise HTTPException(416, "There is no such range.", {"Content-Range": f"bytes */{size}"})
    return all(there)


def _is_known(request: Request, etag: str) -> bool:
    """True where the caller holds it already (`If-None-Match`)."""
    held = request.headers.get("if-none-match", "")
    return held.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in held.split(",")}
