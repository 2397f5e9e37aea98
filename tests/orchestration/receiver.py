"""A receiving end on the loopback interface that verifies what it gets, and the channels file that leads to it.

Belongs here: a real HTTP server, told how to answer. Does not: assertions.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

from orchestration.platform import Platform
from orchestration.settings import Settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwTwjU"  # of the specification's own example length


@dataclass
class Received:
    """One request.

    Args:
        headers: in lower case.
        body: as it came.
    """

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    def verified(self, secret: str = SECRET) -> Any:
        """The body, if its signature holds; the library's own verifier decides."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """What a server got, and how it answers.

    Args:
        answers: statuses of the next requests; 200 once they are used up.
        location: where a redirect leads.
        drips: answer a byte at a time and never come to an end.
    """

    port: int = 0
    answers: list[int] = field(default_factory=list)
    got: list[Received] = field(default_factory=list)
    location: str = ""
    drips: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/hooks/1?team=data"

    def kinds(self) -> list[str]:
        """Kinds of the webhooks that came, each verified."""
        return [received.verified()["type"].removeprefix("esclusa.") for received in self.got]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that is up for the length of a block."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.got.append(Received(self.path, headers, body))
            if receiver.drips:
                while not receiver.over.wait(0.1):
                    self.wfile.write(b"H")
                return
            self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Tell nobody."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        server.server_close()


def listen(platform: Platform, url: str, channel: str = "#test", kind: str = "webhook") -> Settings:
    """Give a channel a receiving end."""
    keys = platform.settings.keys
    keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = f"channels:\n  '{channel}': {{kind: {kind}, url: '{url}'{{secret}}}}\n"
    secret = ""
    if kind == "webhook":
        private(keys / "test.secret", SECRET)
        secret = ", secretFile: test.secret"
    private(platform.settings.channels, written.replace("{secret}", secret))
    return platform.settings


def private(path: Path, text: str) -> None:
    """A file that only we can read."""
    path.write_text(text)
    path.chmod(0o600)
