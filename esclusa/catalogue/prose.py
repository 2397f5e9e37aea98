"""What people wrote, as part of a page: Markdown that travels with a dataset, and sentences of a contract. No HTML of
their own passes, no picture is fetched.

Belongs here: rendering both, in which language they are, chapters of a datasheet. Does not: writing them.
Source: CommonMark with tables, by markdown-it-py; HTML, the attribute `lang` (empty: unknown).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

_CODE = re.compile(r"`([^`]+)`")
NOT_STATED = "*not stated*"  # what a datasheet writes where nobody answered


@dataclass(frozen=True)
class Chapter:
    """One chapter of a datasheet.

    Args:
        questions, answered: how many there are, and how many of them say something.
        body: HTML that is safe in a page.
    """

    title: str
    questions: int
    answered: int
    body: Markup


def rendered(text: str) -> Markup:
    """Markdown as HTML that is safe in a page; its title is left out, the page has one for it.

    Args:
        text: CommonMark.
    """
    parser = _parser()
    tokens = parser.parse(text)
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        tokens = tokens[3:]
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704 - the parser escapes what it is given


def chapters_of(text: str) -> tuple[Markup, tuple[Chapter, ...]]:
    """What a datasheet opens with, and its chapters.

    Args:
        text: CommonMark, a chapter a heading of level 2, a question one of level 3.
    """
    opening, *rest = re.split(r"^## ", text, flags=re.MULTILINE)
    return rendered(opening), tuple(_chapter(part) for part in rest)


def _chapter(text: str) -> Chapter:
    title, _, body = text.partition("\n")
    questions = re.split(r"^### ", body, flags=re.MULTILINE)[1:]
    answered = sum(question.partition("\n")[2].strip() != NOT_STATED for question in questions)
    return Chapter(title.strip(), len(questions), answered, rendered(body))


def said(text: str) -> Markup:
    """A sentence of a contract: what stands between backticks is code, nothing else is anything but itself.

    No contract states the language of its texts, so it is marked as unknown: no voice reads it in that of the page.

    Args:
        text: as somebody wrote it.
    """
    plain, *rest = (escape(part) for part in _CODE.split(text))
    whole = plain + Markup("").join(
        part if number % 2 else Markup("<code>") + part + Markup("</code>") for number, part in enumerate(rest)
    )
    return Markup('<span lang="">{}</span>').format(whole) if whole else whole


def in_english(text: str) -> Markup:
    """What the software itself said when it refused: always English, and marked so.

    Args:
        text: a message or the next step of a decision or a finding.
    """
    return Markup('<span lang="en">{}</span>').format(text) if text else Markup("")


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
