"""Settings of the service: limits, where its tokens are kept, which identity provider it believes.

Belongs here: every variable that only the service reads, typed, with its default. Does not: what is done with them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from esclusa.errors import Misused
from esclusa.settings import Setting

TOKENS_FILE = "tokens.json"
_MEGABYTE = 1 << 20

SETTINGS = (
    Setting("ESCLUSA_TOKENS", "`tokens.json` beside the repository", "File of API tokens, hashed; mode 0600."),
    Setting("ESCLUSA_SERVE_ROWS", "1000000", "Rows of one answer, at most."),
    Setting("ESCLUSA_SERVE_MEGABYTES", "256", "Megabytes of one answer, encoded, at most."),
    Setting("ESCLUSA_SERVE_CACHE_MEGABYTES", "256", "Megabytes of encoded answers kept for the next reader."),
    Setting("ESCLUSA_SERVE_RATE", "20", "Requests a second of one caller, on average; bursts of five times as many."),
    Setting("ESCLUSA_SERVE_CONCURRENT", "256", "Requests in work at once, of all callers, in one worker."),
    Setting(
        "ESCLUSA_SERVE_HOSTS",
        "this machine's own: localhost, 127.0.0.1, ::1",
        "Further names under which agents reach the service, comma-separated; requests under another are refused.",
    ),
    Setting("ESCLUSA_SERVE_TIMEOUT", "30", "Seconds until an answer must begin, and between two pieces of it."),
)


@dataclass(frozen=True)
class ServerSettings:
    """Settings in force.

    Args:
        tokens: file of API tokens.
        rows, bytes: of one answer, at most.
        cache: bytes of encoded answers that are kept.
        rate: requests per second and caller.
        burst: requests that a caller may save up.
        concurrent: requests in work at once.
        timeout: seconds until an answer must begin, and between two pieces of it.
        hosts: further names under which agents reach it, in lower case.
    """

    tokens: Path
    rows: int = 1_000_000
    bytes: int = 256 * _MEGABYTE
    cache: int = 256 * _MEGABYTE
    rate: float = 20.0
    burst: float = 100.0
    concurrent: int = 256
    timeout: float = 30.0
    hosts: frozenset[str] = frozenset()


def load_server_settings(repository: Path, environment: Mapping[str, str] = os.environ) -> ServerSettings:
    """Settings of a service over a repository.

    Args:
        repository: directory of the golden repository.
        environment: variables to read.

    Raises:
        Misused: a limit is no positive number.
    """
    rate = _number(environment, "ESCLUSA_SERVE_RATE")
    return ServerSettings(
        tokens=tokens_file(repository, environment),
        rows=int(_number(environment, "ESCLUSA_SERVE_ROWS")),
        bytes=int(_number(environment, "ESCLUSA_SERVE_MEGABYTES") * _MEGABYTE),
        cache=int(_number(environment, "ESCLUSA_SERVE_CACHE_MEGABYTES") * _MEGABYTE),
        rate=rate,
        burst=rate * 5,
        concurrent=int(_number(environment, "ESCLUSA_SERVE_CONCURRENT")),
        timeout=_number(environment, "ESCLUSA_SERVE_TIMEOUT"),
        hosts=frozenset(environment.get("ESCLUSA_SERVE_HOSTS", "").lower().replace(",", " ").split()),
    )


def tokens_file(repository: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Where the tokens of a repository's service are kept.

    Args:
        repository: directory of the golden repository.
        environment: variables to read.
    """
    named = environment.get("ESCLUSA_TOKENS", "")
    return Path(named).expanduser() if named else repository.parent / TOKENS_FILE


def _number(environment: Mapping[str, str], variable: str) -> float:
    text = environment.get(variable, "") or next(s.default for s in SETTINGS if s.variable == variable)
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise Misused(f"{variable} is no limit.", observed=text, required="a number above 0")
    return number
