"""Sending: one signed request, and a pass over the letters that are due, bounded in time whatever receivers do, and
name servers too; a channel that answers is told before those that do not.

Belongs here: the request, when to try again, when to give up. Does not: bodies (`payload.py`), files (`outbox.py`).
Source: Standard Webhooks 1.0: signature headers, 2xx alone is success, retries with growing gaps and jitter.
"""

from __future__ import annotations

import http.client
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from orchestration.notices.channels import WEBHOOK, Channel, load_channels
from orchestration.notices.outbox import Letter, Outbox
from orchestration.notices.payload import body_for
from orchestration.settings import Settings

PATIENCE_SECONDS = 10.0  # for one request, from looking its name up to the head of the answer
BUDGET_SECONDS = 20.0  # for one pass
COMMAND_SECONDS = 3.0  # what a command gives receivers that may be dead; the daemon and the next command send the rest
FIRST_GAP, LONGEST_GAP, GROWTH = timedelta(seconds=30), timedelta(hours=8), 4
ATTEMPTS = 8  # about a day, counting the gaps
GONE = 410  # the receiver says that it will never take it

Post = Callable[[Channel, Letter, float], str]


@dataclass(frozen=True)
class Pass:
    """What a pass over the outbox did: numbers of letters."""

    sent: int
    put_off: int
    buried: int


def post(channel: Channel, letter: Letter, patience: float = PATIENCE_SECONDS) -> str:
    """Make one try; returns why it failed, or "" where the letter was received.

    Args:
        channel: where to.
        letter: what.
        patience: seconds; a receiver that answers byte by byte does not stretch them.
    """
    body = body_for(channel, letter.notice)
    try:
        status = _request(channel, body, _headers(channel, letter, body), patience)
    except (OSError, http.client.HTTPException, UnicodeError) as error:  # the last of a name that no server can have
        return _in_words(error)
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"answered {status}: redirects are not followed"
    return f"answered {status}"


def gap_after(attempts: int, chance: Callable[[], float] = random.random) -> timedelta:
    """How long to wait after that many failed tries: four times as long each time, less up to half of it by chance.

    Args:
        attempts: 1 after the first.
        chance: a number from 0 to 1, so that receivers do not meet all letters at once.
    """
    longest: timedelta = min(FIRST_GAP * GROWTH ** (attempts - 1), LONGEST_GAP)
    return longest * (1 - chance() / 2)


def send_due(settings: Settings, *, now: datetime, budget: float = BUDGET_SECONDS, post: Post = post) -> Pass:
    """Try every letter that is due, of channels that answer first; after a failure all others of its channel wait too.

    Args:
        settings: where outbox and channels are.
        now: wall clock, UTC.
        budget: seconds after which no further letter is begun.
        post: makes one try.

    Raises:
        expectations.loader.ContractError: the file of channels is not what it must be; nothing was tried.
    """
    outbox, begun = Outbox(settings.notices), time.monotonic()
    if not any(letter.due <= now for letter in outbox.pending()):
        return Pass(0, 0, 0)
    channels = load_channels(settings)
    sent = put_off = buried = 0
    silent: set[str] = set()
    with outbox.sending() as is_mine:
        queue = _in_turn(outbox.pending()) if is_mine else []
        for number, letter in enumerate(queue, start=1):
            left = budget - (time.monotonic() - begun)
            if letter.due > now or letter.channel in silent or left <= 0:
                continue
            reason = _tried(channels, letter, min(PATIENCE_SECONDS, left), post)
            if not reason:
                outbox.sent(letter)
                sent += 1
                continue
            silent.add(letter.channel)
            if letter.attempts + 1 >= ATTEMPTS or reason == f"answered {GONE}":
                outbox.bury(letter, reason)
                buried += 1
            else:
                outbox.put_off(letter, reason, now + gap_after(letter.attempts + 1))
                put_off += 1
            outbox.hold((other for other in queue[number:] if other.channel == letter.channel), now + gap_after(1))
    return Pass(sent, put_off, buried)


def send_within(settings: Settings, seconds: float = COMMAND_SECONDS) -> None:
    """Send what is due and come back in time, also where a name server or a receiver hangs: the rest is sent later.

    Args:
        settings: where outbox and channels are.
        seconds: after which this returns, whatever is under way.
    """

    def work() -> None:
        with suppress(Exception):  # told by the sensor and by `esclusa notices`; a run never fails of it
            send_due(settings, now=datetime.now(UTC), budget=seconds * 0.8)

    thread = threading.Thread(target=work, name="notices", daemon=True)
    thread.start()
    thread.join(seconds)


def _in_turn(letters: Iterable[Letter]) -> list[Letter]:
    """A letter of each channel, then the next of each; channels that failed before come after all that did not."""
    channels: dict[str, list[Letter]] = {}
    for letter in letters:
        channels.setdefault(letter.channel, []).append(letter)
    failing = {name for name, waiting in channels.items() if any(letter.attempts for letter in waiting)}
    turns = [(letter, turn) for waiting in channels.values() for turn, letter in enumerate(waiting)]
    return [letter for letter, _ in sorted(turns, key=lambda t: (t[0].channel in failing, t[1], t[0].due))]


def _tried(channels: Mapping[str, Channel], letter: Letter, patience: float, post: Post) -> str:
    channel = channels.get(letter.channel)
    return "has no receiving end any more" if channel is None else post(channel, letter, patience)


def _headers(channel: Channel, letter: Letter, body: bytes) -> dict[str, str]:
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "esclusa"}
    if channel.kind == WEBHOOK:
        now = datetime.now(UTC)
        headers |= {
            "webhook-id": letter.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(channel.secret).sign(letter.id, now, body.decode()),
        }
    return headers


def _request(channel: Channel, body: bytes, headers: Mapping[str, str], patience: float) -> int:
    """Status of the answer; its body is not read."""
    parts = urlsplit(channel.url)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=patience, context=context)
    else:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=patience)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    is_late = threading.Event()
    answer: list[int | Exception] = []

    def ask() -> None:
        try:
            connection.connect()
            if not is_late.is_set():
                connection.request("POST", target, body, dict(headers))
                answer.append(connection.getresponse().status)
        except Exception as error:
            answer.append(error)
        finally:
            connection.close()

    # A thread can be left behind; a look-up of a name cannot be ended otherwise.
    asking = threading.Thread(target=ask, name="notice", daemon=True)
    asking.start()
    asking.join(patience)
    if not answer:
        is_late.set()
        if (open_socket := connection.sock) is not None:
            with suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)
        raise TimeoutError
    (said,) = answer
    if isinstance(said, Exception):
        raise said
    return said


def _in_words(error: Exception) -> str:
    """Why a try failed: the kind of failure, never the error's own text, which may hold the address."""
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        (TimeoutError, "no answer in time"),
        (ssl.SSLCertVerificationError, "its certificate is not trusted"),
        (ssl.SSLError, "no encrypted connection"),
        ((socket.gaierror, UnicodeError), "its name is not known"),
        (ConnectionRefusedError, "nobody listens there"),
        (ConnectionError, "hung up"),
        (http.client.HTTPException, "gave no HTTP answer"),
    )
    return next((words for kind, words in kinds if isinstance(error, kind)), f"failed ({type(error).__name__})")
