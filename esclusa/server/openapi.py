"""The HTTP API, described for programs: `/openapi.json`.

Belongs here: what every route takes and answers. Does not: pages, `/mcp`, which describes itself.
Source: OpenAPI 3.1.1; a test sends what it says, and what it does not, and holds every answer to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from esclusa.server.asked import FORMATS, LARGEST, LONGEST, MOST_COLUMNS
from esclusa.server.golden_files import DOCUMENTS, METADATA, PARQUET, TARGET
from esclusa.server.problems import MEDIA_TYPE

_OPEN: list[Mapping[str, Any]] = []  # needs no token
_TEXT = {"type": "string"}
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_COUNT = {"type": "integer", "minimum": 0, "maximum": LARGEST}
_NAME = {"type": "string", "maxLength": LONGEST}

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": {**_TEXT, "description": "What was refused."},
        "error": {**_TEXT, "description": "The exception that the Python client raises."},
        "observed": _TEXT,
        "required": _TEXT,
        "owner": {**_TEXT, "description": "Who answers for the dataset."},
        "next": {**_TEXT, "description": "What to do."},
    },
}
DATASET = {
    "type": "object",
    "required": ["dataset", "status"],
    "properties": {
        "dataset": _TEXT,
        "status": {"enum": ["certified", "expired", "refused", "withdrawn", "broken"]},
        "owner": _TEXT,
    },
}
PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "role": {**_NAME, "description": "In which is read, as the contract names it."},
    "purpose": {**_NAME, "description": "What for, as the contract names it."},
    "limit": {**_COUNT, "description": "At most so many rows."},
    "offset": {**_COUNT, "description": "So many are left out first."},
    "format": {"type": "string", "enum": list(FORMATS), "description": "Else the Accept header says it."},
    "certificate": {"type": "string", "description": "SHA-256 of the only certificate under which rows are wanted."},
}
ROW_HEADERS = {
    "Esclusa-Certificate": (_DIGEST, "SHA-256 of the certificate that the rows are handed out under."),
    "Esclusa-Valid-Until": ({**_TEXT, "format": "date-time"}, "When it runs out."),
    "Esclusa-Rows": ({"type": "integer"}, "Rows of this answer."),
    "Esclusa-Total-Rows": ({"type": "integer"}, "Rows of the dataset."),
    "Esclusa-Masked": (_TEXT, "JSON object: column → technique of its mask."),
    "Esclusa-Caveats": (_TEXT, "JSON list: what must be said wherever the rows are used."),
}


def route() -> Route:
    """Where the description is read."""

    async def answer(_: Request) -> Response:
        return JSONResponse(document(), headers={"Cache-Control": "no-cache"})

    return Route("/openapi.json", answer, name="openapi")


def document() -> dict[str, Any]:
    """The description."""
    rows = "/v1/datasets/{dataset}/rows"
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "esclusa",
            "version": version("esclusa"),
            "summary": "Certified data by role and purpose.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"token": []}],
        "paths": {
            "/healthz": {"get": _get("Whether the service lives.", _json({"type": "object"}))},
            "/readyz": {"get": _get("Whether it can answer.", _json({"type": "object"}), 410, 502, 503)},
            "/metrics": {"get": _get("Figures for Prometheus.", {"text/plain": {"schema": _TEXT}})},
            "/openapi.json": {"get": _get("This description.", _json({"type": "object"}))},
            "/.well-known/esclusa": {"get": _get("That a service is here, for clients.", _json({"type": "object"}))},
            "/metadata/{name}": {"get": _file("A metadata file of TUF.", "name", METADATA.pattern, False)},
            "/targets/{path}": {"get": _file("A published file.", "path", TARGET.pattern, True)},
            "/v1/datasets": {"get": _get("Every dataset.", _json(_DATASETS), 410, 502, 503)},
            "/v1/datasets/{dataset}": {
                "get": _get("What stands behind one.", _json(DATASET), 404, 410, 502, 503, path="dataset")
            },
            rows: {"get": _rows(_query()), "post": {**_rows([]), "requestBody": _BODY}},
        },
        "components": {
            "schemas": {"Problem": PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


_DATASETS = {
    "type": "object",
    "required": ["release", "datasets"],
    "properties": {"release": {"type": "integer"}, "datasets": {"type": "array", "items": DATASET}},
}
_COLUMNS = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "maxLength": LONGEST},
    "minItems": 1,
    "maxItems": MOST_COLUMNS,
    "uniqueItems": True,
}
_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "properties": {**PARAMETERS, "columns": _COLUMNS},
            }
        }
    },
}


def _query() -> list[dict[str, Any]]:
    listed = {"name": "columns", "in": "query", "style": "form", "explode": False, "schema": _COLUMNS}
    return [listed, *({"name": name, "in": "query", "schema": said} for name, said in PARAMETERS.items())]


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _problems(*codes: int) -> dict[str, Any]:
    refused = {"description": "Refused.", "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    return {str(code): refused for code in (*codes, 429, 503)}


def _get(summary: str, content: Mapping[str, Any], *codes: int, path: str = "") -> dict[str, Any]:
    answers = {"200": {"description": summary, "content": content}, **_problems(*codes)}
    parameters = [_path(path, {"type": "string", "minLength": 1})] if path else []
    return {"summary": summary, "security": _OPEN, "parameters": parameters, "responses": answers}


def _path(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _file(summary: str, name: str, pattern: str, is_target: bool) -> dict[str, Any]:
    kinds = [*dict.fromkeys(kind.partition(";")[0] for kind in DOCUMENTS.values()), PARQUET]
    content: dict[str, Any] = {kind: {} for kind in (kinds if is_target else ["application/json"])}
    pattern = pattern.replace("?P<digest>", "").replace("?P<name>", "")
    operation: dict[str, Any] = {
        "summary": f"{summary} Parquet needs a token with the right to mirror." if is_target else summary,
        "security": [{}, {"token": []}] if is_target else _OPEN,
        "parameters": [_path(name, {"type": "string", "pattern": f"^{pattern}$"})],
        "responses": {
            "200": {"description": "The file.", "content": content},
            "206": {"description": "The range that was asked for.", "content": content},
            "304": {"description": "It is held already (If-None-Match)."},
            **(_problems(401, 403, 404, 410, 416, 502) if is_target else _problems(404, 416)),
        },
    }
    return operation


def _rows(parameters: list[dict[str, Any]]) -> dict[str, Any]:
    headers = {name: {"schema": schema, "description": said} for name, (schema, said) in ROW_HEADERS.items()}
    content = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in FORMATS.values()}
    answers = {"200": {"description": "The rows, masked as they must be.", "headers": headers, "content": content}}
    return {
        "summary": "Rows of a certified dataset; every read and refusal is recorded.",
        "parameters": [_path("dataset", {"type": "string", "minLength": 1}), *parameters],
        "responses": {**answers, **_problems(400, 401, 403, 404, 406, 409, 410, 413, 502)},
    }
