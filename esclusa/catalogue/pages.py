"""The pages of a catalogue, and rendering one: the model in, HTML out, nothing read on the way.

Belongs here: which pages there are, their addresses, what a template is handed. Does not: where HTML goes (`site.py`,
`served.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from esclusa.catalogue import texts
from esclusa.catalogue.addresses import Site, file_name, web_address
from esclusa.catalogue.gathering import Catalogue
from esclusa.catalogue.linked_data import described
from esclusa.catalogue.prose import chapters_of, in_english, said
from esclusa.catalogue.snippets import first_time, impact_of, snippets
from esclusa.tracing.boxes import Shown
from esclusa.tracing.graph import DATASET, SOURCE, USE_CASE, Thing
from esclusa.tracing.origins import by_table
from esclusa.tracing.palette import STYLE
from esclusa.tracing.picture import FLOW_WORDS, KIND_WORDS, REFERENCE, picture

HERE = Path(__file__).parent
TEMPLATES, ASSETS = HERE / "templates", HERE / "assets"


@dataclass(frozen=True)
class Page:
    """One page, in every language.

    Args:
        path: relative to the language's own root, e.g. `datasets/orders.html`.
        template: its name.
        subject: what it is about: a dataset, a term, a source; None where it is about all.
    """

    path: str
    template: str
    subject: Any = None

    def address(self, language: str) -> str:
        """Path relative to the site's root: the first language has no directory of its own."""
        return self.path if language == next(iter(texts.LANGUAGES)) else f"{language}/{self.path}"


def pages_of(catalogue: Catalogue) -> Iterator[Page]:
    """Every page of a catalogue."""
    yield Page("index.html", "home.html")
    yield Page("shut.html", "shut.html")
    yield Page("terms.html", "terms.html")
    yield Page("sources.html", "sources.html")
    yield Page("use-cases.html", "use_cases.html")
    for dataset in catalogue.datasets:
        yield Page(f"datasets/{file_name(dataset.name)}.html", "dataset.html", dataset)
    for term in catalogue.terms:
        yield Page(f"terms/{file_name(term.term)}.html", "term.html", term)
    for source in catalogue.sources:
        yield Page(f"sources/{file_name(source.system)}.html", "source.html", source)


def render(page: Page, catalogue: Catalogue, site: Site, language: str) -> str:
    """One page as HTML.

    Args:
        page: one of `pages_of`.
        catalogue: gathered.
        site: where it will be found.
        language: one of `texts.LANGUAGES`.
    """
    address = page.address(language)
    to_root = "../" * address.count("/")
    to_home = "../" * page.path.count("/")
    return (
        _environment(language)
        .get_template(page.template)
        .render(
            page=page,
            subject=page.subject,
            catalogue=catalogue,
            site=site,
            asset=lambda name: f"{to_root}assets/{name}",
            root=to_root,
            link=lambda path: f"{to_home}{path}",
            in_language=lambda other: f"{to_root}{page.address(other)}",
            drawn=lambda name, column="": _drawn(catalogue, name, column, to_home, language),
            structured=described(page.subject, site, address) if page.template == "dataset.html" else None,
        )
    )


def assets() -> dict[str, bytes]:
    """Style sheets, script and icon that every page asks for, by name."""
    found = {path.name: path.read_bytes() for path in sorted(ASSETS.iterdir())}
    return {**found, "lineage.css": f"{STYLE}\n".encode()}


def _drawn(catalogue: Catalogue, name: str, column: str, to_home: str, language: str) -> Markup:
    """Lineage of a dataset, or of one of its columns, each box a link to its page where it has one."""

    def page_of(thing: Thing) -> str:
        if thing.kind == DATASET and thing.name in catalogue.by_name and thing.name != name:
            return f"{to_home}datasets/{file_name(thing.name)}.html"
        if thing.kind == USE_CASE:
            return f"{to_home}use-cases.html#{file_name(thing.name)}"
        system = thing.name.partition(".")[0]
        return f"{to_home}sources/{file_name(system)}.html" if thing.kind == SOURCE else ""

    say = texts.speech(language).gettext
    glyph = _environment(language).get_template("parts.html").module.glyph  # type: ignore[attr-defined]

    def states_of(thing: Thing) -> list[Shown]:
        known = catalogue.by_name.get(thing.name) if thing.kind == DATASET else None
        course = known.standing.course if known else ()
        return [Shown(state, say(texts.STATES[state]), glyph(state), start) for state, start in course]

    svg = picture(
        catalogue.graph, (name, column), down=not column, link=page_of, states=states_of, alone=False, say=say
    )
    return Markup(svg)  # noqa: S704 - it escapes every name that it draws


@cache
def _environment(language: str) -> Environment:
    speech = texts.speech(language)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(speech.gettext, speech.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        name: getattr(speech, name)
        for name in ("day", "moment", "span", "number", "size", "required", "observed", "called")
    }
    environment.filters |= {
        "file_name": file_name,
        "web_address": web_address,
        "chapters": chapters_of,
        "said": said,
        "in_english": in_english,
        "by_table": by_table,
    }
    environment.globals |= {
        "language": language,
        "languages": texts.LANGUAGES,
        "texts": texts,
        "measured": speech.measured,
        "snippets": snippets,
        "first_time": first_time,
        "impact_of": impact_of,
        "flow_words": FLOW_WORDS,
        "kind_words": KIND_WORDS,
        "reference": REFERENCE,
    }
    return environment
