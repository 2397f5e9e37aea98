"""The names under which a service is reached: a page in somebody's browser that was tricked into asking uses others.

Belongs here: Host and Origin. Does not: who calls (`callers.py`).
Source: RFC 9110 §7.2 (Host), RFC 6454 (Origin); Model Context Protocol 2025-11-25, "Streamable HTTP", security warning.
"""

from __future__ import annotations

import ipaddress
import re

from starlette.types import Scope

from esclusa.errors import NotPermitted

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_ORIGIN = re.compile(rf"https?://{_HOST.pattern}")


def demand_host(host: str, names: frozenset[str]) -> None:
    """Refuse a request under a name that is none of the service's: a name that was rebound to its address.

    Args:
        host: its `Host`; empty where it names none.
        names: further than this machine's own, under which the service is reached.

    Raises:
        NotPermitted: it names another.
    """
    _demand("Host", host, _HOST, names)


def demand_origin(origin: str | None, names: frozenset[str]) -> None:
    """Refuse what a page of another service asks for.

    Args:
        origin: `Origin` of the request, or None: only browsers say it.
        names: as of `demand_host`.

    Raises:
        NotPermitted: it names another.
    """
    if origin is not None:
        _demand("Origin", origin, _ORIGIN, names)


def is_local(scope: Scope) -> bool:
    """True where a request arrived at a loopback address: from this machine, and so perhaps from a browser on it."""
    address, _ = scope.get("server") or ("", None)
    return _is_loopback(address)


def _demand(label: str, said: str, form: re.Pattern[str], names: frozenset[str]) -> None:
    found = form.fullmatch(said.lower())
    name = found["name"].strip("[]") if found else ""
    if not (name in LOCAL or name in names or _is_loopback(name)):
        raise NotPermitted(
            f"This service is not reached by that {label}.",
            observed=f"{label}: {said[:100]}",
            required=f"one of: {', '.join(sorted(LOCAL | names))}",
            remedy="Whoever runs the service names it in ESCLUSA_SERVE_HOSTS.",
        )


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
