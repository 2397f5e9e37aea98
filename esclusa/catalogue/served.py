"""The catalogue live: the same pages as the static site, rendered from the release in force, for whoever asks.

Belongs here: addresses → pages, documents and assets; how long an answer may be kept. Does not: what a page says
(`pages.py`); rows, which no page has.
Source: RFC 9110 §13.1.2 (conditions), Content Security Policy 3.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from mimetypes import guess_type
from threading import Lock

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from esclusa.catalogue.addresses import Site, file_name
from esclusa.catalogue.datasets import DOCUMENTS
from esclusa.catalogue.gathering import Catalogue, gather
from esclusa.catalogue.linked_data import listed
from esclusa.catalogue.pages import assets, pages_of, render
from esclusa.catalogue.texts import LANGUAGES
from esclusa.server.service import Extension, Service

KEPT = timedelta(minutes=1)  # pages follow the clock by themselves; what they list is read anew this often
REMEMBERED = 500  # pages that are rendered once a minute at most
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {"Cache-Control": "no-cache", "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}


def extension(service: Service) -> Extension:
    """The pages as a part of the service.

    Args:
        service: whose release they show.
    """
    shelf = Shelf(service)
    return Extension(
        [
            Route("/", lambda _: RedirectResponse("index.html"), methods=["GET"], name="home"),
            Route("/catalogue.json", partial(_listed, shelf), methods=["GET"], name="catalogue"),
            Route("/assets/{name}", partial(_asset, assets()), methods=["GET"], name="asset"),
            Route("/datasets/{dataset}/{document}", partial(_document, shelf), methods=["GET"], name="document"),
            Route("/{path:path}", partial(_page, shelf), methods=["GET"], name="page"),
        ]
    )


class Shelf:
    """The catalogue of the release in force, gathered anew with every release and every minute.

    Args:
        service: whose release it is.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._turn = Lock()
        self._kept: Catalogue | None = None
        self._pages: dict[tuple[str, Site], bytes] = {}

    def catalogue(self) -> Catalogue:
        """The catalogue as it is now.

        Raises:
            EsclusaError: the release itself is refused.
        """
        release, now = self._service.release, datetime.now(UTC)
        with self._turn:
            kept = self._kept
            if kept is None or kept.version != release.version or now - kept.at > KEPT:
                kept = self._kept = gather(release, now)
                self._pages = {}
            return kept

    def page(self, path: str, site: Site) -> bytes:
        """A page by its path.

        Raises:
            HTTPException: 404, there is none.
            EsclusaError: the release itself is refused.
        """
        catalogue, pages = self.catalogue(), self._pages
        if (path, site) in pages:
            return pages[path, site]
        for language in LANGUAGES:
            for page in pages_of(catalogue):
                if page.address(language) == path:
                    html = render(page, catalogue, site, language).encode()
                    if len(pages) < REMEMBERED:
                        pages[path, site] = html
                    return html
        raise HTTPException(404)

    def document(self, dataset: str, name: str) -> bytes:
        """A document of a dataset.

        Raises:
            HTTPException: 404, there is none.
            EsclusaError: the release itself is refused.
        """
        for known in self.catalogue().datasets:
            if file_name(known.name) == dataset and name in known.documents:
                return known.documents[name]
        raise HTTPException(404)


def _site(request: Request) -> Site:
    base = str(request.base_url).rstrip("/")
    return Site(base, base, by_token=True)


async def _page(shelf: Shelf, request: Request) -> Response:
    path = request.path_params["path"]
    page = await run_sync(shelf.page, f"{path}index.html" if path.endswith("/") else path, _site(request))
    return _answer(request, page, "text/html; charset=utf-8")


async def _document(shelf: Shelf, request: Request) -> Response:
    dataset, name = request.path_params["dataset"], request.path_params["document"]
    return _answer(request, await run_sync(shelf.document, dataset, name), DOCUMENTS[name])


async def _listed(shelf: Shelf, request: Request) -> Response:
    document = listed(await run_sync(shelf.catalogue), _site(request))
    return _answer(request, json.dumps(document, ensure_ascii=False).encode(), "application/json")


async def _asset(known: Mapping[str, bytes], request: Request) -> Response:
    name = request.path_params["name"]
    if name not in known:
        raise HTTPException(404)
    return _answer(request, known[name], guess_type(name)[0] or "application/octet-stream")


def _answer(request: Request, body: bytes, kind: str) -> Response:
    headers = {**HEADERS, "ETag": f'"{sha256(body).hexdigest()[:32]}"'}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=kind)
