"""A service as repository: is there one behind a URL, and rows from it, held against the certificate that was verified.

Belongs here: the client's side of `esclusa serve`. Does not: what is verified before it (`verification.py`), and again
by nobody after it: rows of a service are its word, over TLS; what their masks hide never left it.
Source: docs/service.md; RFC 6750 (bearer tokens), RFC 8615 (well-known addresses), RFC 9457 (problem details).
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from esclusa import errors
from esclusa.errors import EsclusaError, Misused, NotIdentified, Tampered, Unreachable
from esclusa.location import TIMEOUT, Location, is_loopback
from esclusa.rows import Rows

if TYPE_CHECKING:
    import pyarrow as pa

WELL_KNOWN = ".well-known/esclusa"
FORMAT = 1
LARGEST = 64 * 1024  # bytes of an answer that holds no rows
LARGEST_ROWS = 1 << 31  # bytes of one that does: eight times what a service hands out unless it is told otherwise
BUSY = (429, 503)
PATIENCE = 5.0  # seconds that a busy service is waited for, each of so many times
TRIES = 3


@dataclass(frozen=True)
class Service:
    """A service that a repository's URL leads to.

    Args:
        base: its URL, without a trailing slash.
        most: rows of one answer.
        token: that names the caller; empty where there is none.
    """

    base: str
    most: int
    token: str = field(default="", repr=False)

    def demand_safe(self) -> None:
        """Refuse to say a token where others can read it.

        Raises:
            NotIdentified: there is no token.
            Misused: it would travel in the clear.
        """
        if not self.token:
            raise NotIdentified(
                f"{self.base} hands out rows to callers with a token.",
                observed="none in ESCLUSA_TOKEN, ESCLUSA_TOKEN_FILE",
                required="a token of this service, or of its identity provider",
                remedy="Ask who runs it for one (esclusa tokens add), and put it into ESCLUSA_TOKEN.",
            )
        parts = urlsplit(self.base)
        if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            raise Misused(
                "A token must not travel in the clear.",
                observed=f"{parts.scheme}, to another machine",
                required="https",
                remedy="Ask who runs the service for its https address.",
            )

    def rows(self, dataset: str, asked: Mapping[str, Any]) -> tuple[Mapping[str, str], bytes]:
        """Headers and bytes of one answer.

        Args:
            dataset: its name.
            asked: parameters, as docs/service.md lists them.

        Raises:
            Tampered: it is larger than any answer should be.
            EsclusaError: as the service says; Unreachable where it says nothing that is understood.
        """
        request = Request(  # noqa: S310 - http(s) alone: `locate` has seen to it
            f"{self.base}/v1/datasets/{quote(dataset, safe='')}/rows",
            json.dumps(asked).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "User-Agent": "esclusa"},
        )
        try:
            headers, body = _answer(self.base, request, LARGEST_ROWS)
        except HTTPError as refusal:
            raise _refusal(refusal) from None
        if len(body) > LARGEST_ROWS:
            raise _differs("an answer without an end", f"at most {LARGEST_ROWS:,} bytes")
        return headers, body


def discover(location: Location, token: str) -> Service | None:
    """The service behind a repository's URL, or None where a plain file server answers.

    Args:
        location: of the repository, a URL.
        token: that names the caller there.

    Raises:
        Unreachable: nobody answers, or nobody who says which of both it is: a busy service is no file server.
        Tampered: a service that hands out no rows at all.
    """
    request = Request(f"{location.name}/{WELL_KNOWN}", headers={"User-Agent": "esclusa"})  # noqa: S310 - as above
    try:
        _, body = _answer(location.name, request, LARGEST)
        said = json.loads(body)
        if said["service"] != "esclusa" or said["format"] != FORMAT:
            return None
        most = said["mostRows"]
    except HTTPError as refusal:
        if refusal.code in BUSY or refusal.code >= 500:
            raise _refusal(refusal) from None
        return None  # an object store says 403 of what is not there
    except (ValueError, TypeError, KeyError):
        return None
    if not isinstance(most, int) or most < 1:
        raise _differs(f"at most {most} rows at once", "a number of rows")
    return Service(location.name, most, token)


def _answer(base: str, request: Request, largest: int) -> tuple[Mapping[str, str], bytes]:
    """Headers and bytes of an answer, of which no more than one byte too many is read; who is busy is asked again.

    Raises:
        HTTPError: a status that is no success.
        Unreachable: no answer.
    """
    for attempt in range(1, TRIES + 1):
        try:
            with _opener(base).open(request, timeout=TIMEOUT) as answer:
                known = answer.length is not None and answer.length <= largest
                body = answer.read() if known else answer.read(largest + 1)
                return {name.lower(): value for name, value in answer.headers.items()}, body
        except HTTPError as refusal:
            if refusal.code not in BUSY or attempt == TRIES:
                raise
            time.sleep(min(_seconds(refusal.headers.get("Retry-After")), PATIENCE))
        except (OSError, HTTPException) as error:
            raise Unreachable(
                f"The service {base} did not answer.",
                observed=str(getattr(error, "reason", "")) or type(error).__name__,
                required="an answer",
                remedy="Check the address (ESCLUSA_REPOSITORY) and the network, then try again.",
            ) from None
    raise AssertionError("every attempt returns or raises")


@dataclass(frozen=True)
class ServedRows(Rows):
    """Rows that a service hands out under the certificate that was verified here, masked there.

    Args:
        service: that has them.
    """

    service: Service = field(kw_only=True)

    @property
    def at_hand(self) -> bool:
        """False: the service hands out rows, and keeps the files."""
        return False

    def sealed_only_if(self, words: Collection[str] | None) -> Rows:
        """The columns that a query says: no other needs to travel."""
        kept = {name: access for name, access in self.columns.items() if words is None or name.lower() in words}
        return replace(self, columns=kept or dict([next(iter(self.columns.items()))]))

    def keys(self) -> tuple[str, ...]:
        """None: the service holds them."""
        return ()

    def unrecorded(self, offset: int, limit: int | None) -> pa.Table:
        """As `Rows.unrecorded`, piece by piece as the service allows.

        Raises:
            Tampered: an answer is not of the certificate, the columns or the number of rows that were asked for.
            EsclusaError: as the service says.
        """
        import pyarrow as pa

        self.service.demand_safe()
        left = max(self.certificate.rows - offset, 0)
        wanted = left if limit is None else min(limit, left)
        starts = range(offset, offset + wanted, self.service.most) or [offset]
        return pa.concat_tables(
            [self._piece(start, min(self.service.most, offset + wanted - start)) for start in starts]
        )

    def source(self, by: str) -> pa.Table:
        """As `Rows.source`; what a query needs was fetched."""
        rows = self.unrecorded(0, None)
        self.log.served(self.certificate, self.columns, rows.num_rows, by)
        return rows

    def _piece(self, offset: int, limit: int) -> pa.Table:
        import pyarrow as pa

        certificate = self.certificate
        asked = {
            "role": self.log.role,
            "purpose": self.log.purpose,
            "columns": list(self.columns),
            "offset": offset,
            "limit": limit,
            "format": "arrow",
            "certificate": certificate.digest,
        }
        headers, body = self.service.rows(certificate.dataset, asked)
        _demand_same("certificate", headers.get("esclusa-certificate", "none"), certificate.digest)
        try:
            table = pa.ipc.open_stream(body).read_all()
        except pa.ArrowInvalid:
            raise _differs("an answer that is no Arrow stream", "an Arrow stream") from None
        _demand_same("columns", ", ".join(table.column_names), ", ".join(self.columns))
        _demand_same("rows", f"{table.num_rows:,}", f"{limit:,}")
        return table


def _demand_same(what: str, observed: str, required: str) -> None:
    if observed != required:
        raise _differs(f"{what} {observed}", f"{what} {required}")


def _differs(observed: str, required: str) -> Tampered:
    return Tampered(
        "The service answers with something else than was asked for.",
        observed=observed,
        required=required,
        remedy="Nothing of it was handed out. Tell who runs the service.",
    )


def _refusal(answer: HTTPError) -> EsclusaError:
    """The error that a problem document names; by its status where it names none of ours."""
    try:
        said = json.loads(answer.read(LARGEST))
    except (OSError, HTTPException, ValueError):
        said = {}
    said = said if isinstance(said, dict) else {}
    kind = getattr(errors, str(said.get("error")), None)
    if not (isinstance(kind, type) and issubclass(kind, EsclusaError)):
        kind = NotIdentified if answer.code == 401 else Unreachable
    parts = {name: str(said.get(key, "")) for name, key in _PARTS.items()}
    return kind(str(said.get("detail") or f"The service answered with status {answer.code}."), **parts)


_PARTS = {"observed": "observed", "required": "required", "owner": "owner", "remedy": "next"}


class _NoRedirect(HTTPRedirectHandler):
    """A token goes to the address that it was meant for and to no other."""

    def redirect_request(self, *_: Any) -> None:
        """None: the answer is taken as the refusal that it is."""


def _opener(url: str) -> Any:
    """Through the proxy of the environment, but not to this machine: the proxy would read the token of plain http."""
    direct = [ProxyHandler({})] if is_loopback(urlsplit(url).hostname or "") else []
    return build_opener(_NoRedirect, *direct)


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isascii() and text.isdigit() else 1.0
