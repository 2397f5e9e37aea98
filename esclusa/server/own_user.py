"""For whoever starts the service on their own machine: a token and a pinned root, so that the first read just works.

Belongs here: leaving both where this user's own client finds them. Does not: tokens for anybody else (`tokens.py`).
Only for a service that nothing but this machine can reach, over a sandbox, and in a file that only this user can read:
this user can read the golden repository's files anyway. The token is never printed, and ends with the service.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from esclusa.anchor import Memory, trust
from esclusa.errors import EsclusaError
from esclusa.ledger.reads import account
from esclusa.location import locate
from esclusa.server.service import Service
from esclusa.server.tokens import ANY, Token, recorded
from esclusa.settings import own_token

LIFE = timedelta(hours=12)  # of a token that a killed service could not take back


@contextmanager
def let_in(service: Service, url: str) -> Iterator[bool]:
    """Let this user's own client in, as long as the service runs.

    Args:
        service: that will listen.
        url: where, on the loopback interface.

    Yields:
        True where it worked; a directory that cannot be written leaves the user without, and is no reason not to serve.
    """
    location = locate(url)
    path = own_token(service.settings, location)
    tokens, ledger = service.callers.tokens, service.current.ledger
    name = f"local:{account()}:{url.rpartition(':')[2]}"
    try:
        with suppress(EsclusaError):
            tokens.revoke(name)  # of a service that was killed
        text, token = tokens.add(name, (ANY,), (), False, datetime.now(UTC) + LIFE)
    except (EsclusaError, OSError):
        yield False
        return
    try:
        if is_left := _is_left(service, url, path, text, token):
            yield True
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        with suppress(EsclusaError, OSError):
            tokens.revoke(token.id)
            ledger.append("token", "", recorded(token, "revoked"))
    if not is_left:
        yield False


def _is_left(service: Service, url: str, path: Path, text: str, token: Token) -> bool:
    """True once the token is recorded, and it and the root are where this user's client finds them."""
    try:
        service.current.ledger.append("token", "", recorded(token, "made"))
        _leave(path, text)
        root = Memory(service.current.location, service.settings.state).pinned()
        trust(url, root=root, replace=True, state=service.settings.state)
    except (EsclusaError, OSError):
        return False
    return True


def _leave(path: Path, text: str) -> None:
    """Write a token into a file of mode 0600 from its first moment on."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
