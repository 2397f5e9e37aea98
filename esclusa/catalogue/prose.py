"""Markdown that travels with a dataset, as part of a page: no HTML of its own passes, no picture is fetched.

Belongs here: rendering it, and where its headings stand in a page. Does not: writing it.
Source: CommonMark with tables, by markdown-it-py.
"""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

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


def _lower(token: Token) -> None:
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(6, int(token.tag[1]) + BELOW)}"


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
