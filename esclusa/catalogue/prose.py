"""What people wrote, as part of a page: Markdown that travels with a dataset, and sentences of a contract. No HTML of
their own passes, no picture is fetched.

Belongs here: rendering both, and where headings stand in a page. Does not: writing them.
Source: CommonMark with tables, by markdown-it-py.
"""

from __future__ import annotations

import re
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

_CODE = re.compile(r"`([^`]+)`")
BELOW = 1  # levels that a document's headings go down: its title, level 1, gives way to the heading of the page


def rendered(text: str) -> Markup:
    """Markdown as HTML that is safe in a page; its title is left out, the page has one for it.

    Args:
        text: CommonMark.
    """
    parser = _parser()
    tokens = parser.parse(text)
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        tokens = tokens[3:]
    for token in tokens:
        _lower(token)
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704 - the parser escapes what it is given


def said(text: str) -> Markup:
    """A sentence of a contract: what stands between backticks is code, nothing else is anything but itself.

    Args:
        text: as somebody wrote it.
    """
    plain, *rest = (escape(part) for part in _CODE.split(text))
    return plain + Markup("").join(
        part if number % 2 else Markup("<code>") + part + Markup("</code>") for number, part in enumerate(rest)
    )


def _lower(token: Token) -> None:
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(6, int(token.tag[1]) + BELOW)}"


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
