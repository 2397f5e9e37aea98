"""Channels: where what contracts call `#orders` is really received, and with which secret.

Belongs here: the file of receiving ends, its linter. Does not: sending (`sending.py`), which channel takes what
(`notice.py`). A contract names a channel; its address and secret are the platform's, and neither is ever shown.
Source: Standard Webhooks 1.0, symmetric secrets (24 to 64 bytes, base64, prefix `whsec_`).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from esclusa.location import is_loopback
from expectations.loader.document import Document, Location, read_document
from expectations.loader.odcs import schema_problems
from expectations.loader.problem import ContractError, Problem
from expectations.loader.vocabulary import TEXT, mapping, words
from orchestration.settings import CHANNEL, Settings

WEBHOOK, SLACK = "webhook", "slack"
_PREFIX = "whsec_"
_CHANNEL = mapping(
    "kind", kind=words(WEBHOOK, SLACK), url=TEXT, urlFile=TEXT, urlEnv=TEXT, secretFile=TEXT, secretEnv=TEXT
)
_SCHEMA = mapping("channels", channels={"type": "object", "minProperties": 1, "additionalProperties": _CHANNEL})
_URL, _SECRET = ("url", "urlFile", "urlEnv"), ("secretFile", "secretEnv")


@dataclass(frozen=True)
class Channel:
    """A receiving end.

    Args:
        name: as contracts write it, e.g. `#orders`.
        kind: `webhook` or `slack`.
        url: https, or http on this machine; whoever knows a Slack address can write there.
        secret: `whsec_…` of a webhook; "" for Slack.
    """

    name: str
    kind: str
    url: str = field(repr=False)
    secret: str = field(repr=False)


def load_channels(settings: Settings) -> dict[str, Channel]:
    """Receiving ends by name of channel; none where there is no file.

    Args:
        settings: where the file is.

    Raises:
        ContractError: with every problem found; none names an address or a secret.
    """
    path = settings.channels
    if not path.exists():
        return {}
    document, values = read_document(path), settings.channel_values
    problems = schema_problems(document, _SCHEMA)
    channels: dict[str, Channel] = {}
    for name, said in () if problems else document.data["channels"].items():
        found = list(_problems(document, name, said, values))
        problems += found
        if not found:
            secret = _value(document, said, _SECRET, values) if said["kind"] == WEBHOOK else ""
            channels[name] = Channel(name, said["kind"], _value(document, said, _URL, values), secret)
    if problems:
        raise ContractError(path, problems)
    return channels


def _problems(document: Document, name: str, said: Mapping[str, Any], values: Mapping[str, str]) -> Iterator[Problem]:
    at: Location = ("channels", name)
    yield from _one_of(document, at, said, _URL)
    if said["kind"] == WEBHOOK:
        yield from _one_of(document, at, said, _SECRET)
    elif given := [key for key in _SECRET if key in said]:
        yield document.problem((*at, given[0]), "Slack takes no secret: its address is one")
    for key in (*_URL, *_SECRET):
        if key in said:
            yield from _readable(document, (*at, key), key, said, values)


def _one_of(document: Document, at: Location, said: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[Problem]:
    given = [key for key in keys if key in said]
    if len(given) != 1:
        yield document.problem(at, f"needs exactly one of {', '.join(keys)}; has {', '.join(given) or 'none'}")


def _readable(
    document: Document, at: Location, key: str, said: Mapping[str, Any], values: Mapping[str, str]
) -> Iterator[Problem]:
    """Problems of the value that a key leads to."""
    written = str(said[key])
    if key.endswith("Env") and written not in values:
        kept = "is not set" if written.startswith(CHANNEL) else f"is not one of {CHANNEL}<NAME>"
        yield document.problem(at, f"the environment variable {written} {kept}")
        return
    holder = document.path.parent / written if key.endswith("File") else document.path
    # An address of Slack in the file itself makes the whole file a secret.
    is_secret = key.endswith("File") or (key == "url" and said["kind"] == SLACK)
    if not holder.is_file():
        yield document.problem(at, f"there is no file {written}")
        return
    if is_secret and holder.stat().st_mode & 0o077:
        yield document.problem(at, f"others can read {holder.name}; required: mode 0600; next: chmod 600 {holder.name}")
    value = _value(document, said, (key,), values)
    wrong = _wrong_secret(value) if key in _SECRET else _wrong_url(value)
    if wrong:
        yield document.problem(at, wrong)


def _value(document: Document, said: Mapping[str, Any], keys: tuple[str, ...], values: Mapping[str, str]) -> str:
    key = next(key for key in keys if key in said)
    if key.endswith("Env"):
        return values[said[key]].strip()
    if key.endswith("File"):
        return Path(document.path.parent / said[key]).read_text(encoding="utf-8", errors="replace").strip()
    return str(said[key])


def _wrong_url(url: str) -> str:
    """Why an address is not used; empty where it is."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is no address"
    if parts.username or parts.password or parts.fragment:
        return "holds a user, a password or a fragment; required: an address without"
    if parts.scheme not in {"https", "http"} or not host or not url.isascii() or any(c.isspace() for c in url):
        return "is no https address"
    if parts.scheme == "http" and not is_loopback(host):
        return "is not encrypted; required: https, except to this machine itself"
    return ""


def _wrong_secret(secret: str) -> str:
    try:
        size = len(base64.b64decode(secret.removeprefix(_PREFIX), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if not secret.startswith(_PREFIX) or not 24 <= size <= 64:
        return f"leads to no secret; required: {_PREFIX} and 24 to 64 bytes in base64"
    return ""
