"""Figures for Prometheus: how often, how fast, how much, and until when what is served holds.

Belongs here: every metric and its route. Does not: logs of single requests (`logs.py`). No label names a caller.
Source: Prometheus naming and the text exposition format.
"""

from __future__ import annotations

from typing import Any

from anyio.to_thread import run_sync
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from esclusa.errors import EsclusaError
from esclusa.server.answers import Answers
from esclusa.server.service import Service

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Figures:
    """The metrics of one worker.

    Args:
        service: what is served.
        answers: encoded answers that are kept.
    """

    def __init__(self, service: Service, answers: Answers) -> None:
        self._service = service
        self.registry = CollectorRegistry()
        mine: dict[str, Any] = {"namespace": "esclusa", "registry": self.registry}
        self.requests = Counter("requests", "Requests answered.", ("route", "method", "status"), **mine)
        self.seconds = Histogram("request_seconds", "Until the last byte.", ("route",), buckets=SECONDS, **mine)
        self.bytes = Counter("response_bytes", "Bytes of bodies sent.", ("route",), **mine)
        self.working = Gauge("requests_in_work", "Requests in work.", **mine)
        self._alive = Gauge("release_alive_until_seconds", "When the release expires unless it is renewed.", **mine)
        self._version = Gauge("release_version", "Version of the release that is served; 0 where none can be.", **mine)
        self._valid = Gauge("dataset_valid_until_seconds", "When a certificate runs out.", ("dataset",), **mine)
        kept = Gauge("kept_answer_bytes", "Bytes of encoded answers that are kept.", **mine)
        kept.set_function(lambda: answers.held)
        found = Gauge("kept_answer_hits", "Answers that were found encoded, since the start.", **mine)
        found.set_function(lambda: answers.hits)

    def route(self) -> Route:
        """Where they are read."""
        return Route("/metrics", self._answer, name="metrics")

    async def _answer(self, _: Request) -> Response:
        body = await run_sync(self._now)
        return Response(body, headers={"Cache-Control": "no-store"}, media_type=CONTENT_TYPE_LATEST)

    def _now(self) -> bytes:
        self._valid.clear()
        self._version.set(0)
        try:
            release = self._service.release
            self._version.set(release.version)
            self._alive.set(release.alive_until.timestamp())
            for entry in release.catalog():
                if entry.valid_until is not None:
                    self._valid.labels(entry.dataset).set(entry.valid_until.timestamp())
        except EsclusaError:
            self._version.set(0)  # figures are read most when something is wrong: they say so, and are answered
        return generate_latest(self.registry)
