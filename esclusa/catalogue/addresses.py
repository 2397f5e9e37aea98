"""Addresses: where a site is, and names and links that are safe in it.

Belongs here: what may become part of an address, and what may become a link. Does not: which pages there are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Site:
    """Where pages will be found.

    Args:
        url: address of the site without a trailing slash; empty where nobody knows it: links are relative all the same.
        data_url: directory or URL that readers read the golden repository from.
        by_token: whoever is there asks readers for a token.
    """

    url: str
    data_url: str
    by_token: bool = False


def file_name(name: str) -> str:
    """A name as part of an address: itself where it is plain, else made plain and told apart by its digest.

    Args:
        name: of a dataset, a term, a system, a use case.
    """
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name)
    return plain if plain == name else f"{plain}-{sha256(name.encode()).hexdigest()[:8]}"


def web_address(url: str) -> str:
    """An address that may become a link, or nothing: what a contract calls a URL might be a script.

    Args:
        url: as somebody wrote it.
    """
    try:
        scheme = urlsplit(url.strip()).scheme
    except ValueError:  # of brackets around what is no address
        return ""
    return url if scheme in ("http", "https", "mailto") else ""
