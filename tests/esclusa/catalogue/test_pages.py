"""What the pages say, and what they never do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import esclusa
from esclusa.catalogue.addresses import Site, file_name, web_address
from esclusa.catalogue.gathering import Catalogue
from esclusa.catalogue.mending import shut_by_owner
from esclusa.catalogue.pages import pages_of, render
from esclusa.catalogue.prose import in_english, said
from esclusa.catalogue.texts import LANGUAGES
from esclusa.promises import Statement
from esclusa.tracing.origins import Origin
from tests.esclusa.golden import CUSTOMERS, ORDERS, Golden

Html = Callable[..., str]


def test_every_page_renders_in_every_language_and_names_it(catalogue: Catalogue) -> None:
    pages = list(pages_of(catalogue))
    assert len(pages) > 14
    for language in LANGUAGES:
        for page in pages:
            html = render(page, catalogue, Site("", "golden"), language)
            assert f'<html lang="{language}">' in html
            assert html.count("<h1>") == 1


def test_what_can_be_read_stands_first_on_the_shelf(page: Html) -> None:
    listed = re.findall(r'<h3><a href="datasets/(\w+).html">', page("index.html"))
    assert listed == ["closing", "customers", "generated", "orders", "sales", "gone", "late", "newcomer", "stale"]


def test_the_badges_of_a_dataset_hold_together(page: Html) -> None:
    assert re.search(r'<span class="badges">.*?Certified.*?Newer refused\s*</span></span>', page("index.html"), re.S)


def test_what_is_shut_is_listed_by_who_can_mend_it_also_where_an_older_release_is_served(page: Html) -> None:
    html = page("shut.html")
    owners = dict(
        re.findall(r'<section aria-labelledby="owner-\d">\s*<h2 id="owner-\d">([^<]+)</h2>(.*?)</section>', html, re.S)
    )
    listed = {
        owner: re.findall(r'<h3 id="[^"]+"><a href="datasets/(\w+).html">', said) for owner, said in owners.items()
    }
    assert listed == {"ada": ["gone", "newcomer", "stale"], "service-desk": ["customers", "late"]}
    assert owners["service-desk"].count("<b>Next</b>") == 2
    assert "Owner of the dataset: eva" in owners["service-desk"]
    assert 'href="use-cases.html#reminder"' in owners["ada"]


def test_each_owner_has_a_line_and_the_menu_counts_what_is_shut(page: Html) -> None:
    ada, desk = re.findall(r'<li><a href="#owner-\d">.*?</li>', page("shut.html"), re.S)
    assert re.findall(r"</svg>(\d [\w ]+)", ada) == ["1 Expired", "1 Refused", "1 Withdrawn"]
    assert re.findall(r"</svg>(\d [\w ]+)", desk) == ["1 Newer refused", "1 Refused"]
    assert re.search(r'href="../shut.html">Shut <span class="count">5</span>', page("terms/order.html"))


def test_a_dataset_without_an_owner_is_listed_as_shut_all_the_same(catalogue: Catalogue) -> None:
    stale = catalogue.by_name["stale"]
    nobody = replace(stale, promised=None, why=replace(stale.why, certificate=None, decision=None))
    assert [entry.dataset.name for entry in shut_by_owner([nobody])[""]] == ["stale"]


def test_pages_without_content_are_in_no_menu(catalogue: Catalogue) -> None:
    bare = replace(catalogue, terms=(), sources=(), use_cases=())
    pages = {page.path: render(page, bare, Site("", "golden"), "en") for page in pages_of(bare)}
    for path in ("terms.html", "sources.html", "use-cases.html"):
        assert f'<li><a href="{path}"' not in pages["index.html"]
        assert f'<li><a href="{path}" aria-current="page"' in pages[path]


def test_words_that_are_not_of_the_language_of_the_page_are_marked(page: Html) -> None:
    html = page("shut.html", "es")
    assert '<span lang="en">Correct the delivery, then land it again.</span>' in html
    assert '<span lang="">Every amount is at least 0.</span>' in html
    assert '<span lang="">Sales</span>' in page("index.html", "es")
    assert "incidencias" in html
    assert "limitado" in page("use-cases.html", "es")


def test_a_use_case_stands_still_while_one_of_its_datasets_cannot_be_read(page: Html) -> None:
    html = page("use-cases.html")
    bill, reminder = (html.split(f'<li id="{name}">')[1].split("<dl")[0] for name in ("monthly_bill", "reminder"))
    assert "Supplied" in bill
    assert "Stands still" in reminder


def test_a_term_names_the_datasets_and_columns_that_it_describes(page: Html) -> None:
    html = page("terms/order.html")
    assert "What a customer bought at once." in html
    assert 'href="../datasets/sales.html"' in html
    assert "<code>order_id</code>" in html
    assert 'href="../use-cases.html#reminder"' in html
    assert html.count("Every amount is at least 0.") == page("sources/billing.html").count("Every amount is at") == 2


def test_owner_purposes_and_classes_of_a_card_and_the_totals_lead_to_what_shares_them(page: Html) -> None:
    html = page("index.html")
    links = re.findall(r'<a[^>]* href="index.html\?(\w+=\w+)"', html)
    assert {"state=refused", "owner=eva", "purpose=scoring", "class=confidential"} <= set(links)
    for link in set(links):
        name, value = link.split("=")
        assert f'value="{value}"' in html or f"<option>{value}</option>" in html, link
        assert f'name="{name}"' in html


def test_a_card_says_its_name_once(page: Html) -> None:
    assert page("index.html").count("<code>generated</code>") == 0
    assert page("index.html").count("<code>sales</code>") == 1


@pytest.mark.parametrize("name", ["billing.orders", "billing.orders.order_id"])
def test_the_page_of_a_source_tells_whom_a_change_would_reach_as_the_command_does(
    page: Html, stocked: Golden, name: str
) -> None:
    impact = esclusa.impact(name, **stocked.at)
    *_, before = page("sources/billing.html").split(f"esclusa impact {name} ")[0].split('<ul class="bare reached">')
    uses = {use.use_case for reach in impact.reached for use in reach.use_cases}
    assert len(impact.reached) > 5
    assert set(re.findall(r"datasets/([\w-]+)\.html", before)) == {reach.dataset for reach in impact.reached}
    assert set(re.findall(r"use-cases\.html#([\w-]+)", before)) == uses != set()
    assert f"Owners to tell: {', '.join(impact.owners)}" in before


def test_a_column_that_sources_only_decide_is_no_constant(catalogue: Catalogue) -> None:
    sales = catalogue.by_name["sales"]
    assert sales.lineage is not None
    decided = Origin(decided_by=tuple(f"billing.orders.{name}" for name in ("day", "paid", "price", "state", "vat")))
    lineage = replace(sales.lineage, columns={"band": decided, "currency": Origin()})
    shown = replace(catalogue, datasets=(replace(sales, lineage=lineage),))
    (page,) = [page for page in pages_of(shown) if page.path == "datasets/sales.html"]
    html = render(page, shown, Site("", "golden"), "en")
    said = re.findall(
        r"<code>(\w+)</code> <span class=\"quiet\">(.*?)</span>", html.split('id="lineage"')[1].split("</section>")[0]
    )
    assert dict(said) == {
        "band": "decided by billing.orders: day, paid, price and 2 more",
        "currency": "a constant or a count",
    }


def test_no_page_holds_a_value_of_any_row(catalogue: Catalogue) -> None:
    values = {str(value) for row in (*ORDERS, *CUSTOMERS) for value in row.values() if "-" in str(value)}
    assert len(values) > 40
    for page in pages_of(catalogue):
        html = render(page, catalogue, Site("", "golden"), "en")
        assert not [value for value in values if value in html]


def test_every_link_is_relative_and_leads_to_a_page_a_document_or_an_anchor(catalogue: Catalogue) -> None:
    pages = {page.path: render(page, catalogue, Site("", "golden"), "en") for page in pages_of(catalogue)}
    names = {f"datasets/{file_name(d.name)}/{name}" for d in catalogue.datasets for name in d.documents}
    for path, html in pages.items():
        for link in re.findall(r'(?:href|src)="([^"]+)"', html):
            if link.startswith("https://example.org/"):
                continue
            assert "://" not in link
            target, _, anchor = link.partition("#")
            target = target.partition("?")[0]
            depth = path.count("/")
            parts = target.split("/")
            assert parts.count("..") <= depth
            found = target.removeprefix("../" * depth) or path
            if found.startswith(("assets/", "es/", "catalogue.json")):
                continue
            assert found in pages or found in names, (path, link)
            assert not anchor or f'id="{anchor}"' in pages[found], (path, link)


class Elements(HTMLParser):
    """What a browser would make of a page: its elements and their attributes.

    Args:
        html: of the page.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.lists: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        names = {"data-purpose", "data-term", "data-owner", "data-class", "data-state"}
        self.lists += [value or "" for name, value in attrs if name in names]


HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }} 5 %s'


def test_text_of_a_contract_is_shown_and_never_run(catalogue: Catalogue) -> None:
    sales = catalogue.by_name["sales"]
    assert sales.promised is not None
    channel = replace(sales.promised.support[0], url="javascript:alert(1)", channel=HOSTILE)
    context = replace(sales.promised.context, verified_statements=(Statement(HOSTILE, HOSTILE),))
    promised = replace(
        sales.promised,
        title=HOSTILE, purpose=HOSTILE, usage=HOSTILE, owner=HOSTILE, support=(channel,), context=context,
    )  # fmt: skip
    columns = tuple(
        replace(column, description=HOSTILE, title=HOSTILE, classification=HOSTILE) for column in sales.columns
    )
    sheet = f"# x\n\n## {HOSTILE}\n\n{HOSTILE}\n\n[x](javascript:alert(1)) ![x](https://example.org/x.png)"
    grants = tuple(replace(g, role=HOSTILE, purpose=HOSTILE, approvers=(HOSTILE,)) for g in sales.grants)
    documents = {**sales.documents, "datasheet.md": sheet.encode()}
    hostile = replace(sales, promised=promised, columns=columns, grants=grants, documents=documents)
    terms = tuple(replace(term, title=HOSTILE, description=HOSTILE) for term in catalogue.terms)
    cases = tuple(replace(case, url="javascript:alert(1)", title=HOSTILE) for case in catalogue.use_cases)
    poisoned = replace(catalogue, datasets=(hostile,), terms=terms, use_cases=cases)
    for page in pages_of(poisoned):
        html = render(page, poisoned, Site("", "golden"), "en")
        assert "{{ 7*7 }}" in html or HOSTILE not in str(page.subject)
        read = Elements(html)
        assert "img" not in read.tags
        assert read.tags.count("script") == (2 if page.template == "dataset.html" else 1)
        assert not [name for name in read.attributes if name.startswith("on")]
        assert not [link for link in read.links if "script:" in link]
        assert all(isinstance(json.loads(value), list) for value in read.lists)


def test_a_page_tells_machines_what_it_is_about(page: Html) -> None:
    html = page("datasets/sales.html", site=Site("https://data.example.org/site", "https://data.example.org/golden"))
    found = re.search(r'<script type="application/ld\+json">(.+?)</script>', html, re.S)
    assert found is not None
    document = json.loads(found[1])
    assert document["@type"] == "Dataset"
    assert document["url"] == "https://data.example.org/site/datasets/sales.html"
    assert [column["name"] for column in document["variableMeasured"]] == ["order_id", "customer", "amount"]


def test_names_become_addresses_that_stay_within_the_site() -> None:
    assert file_name("renewal_risk") == "renewal_risk"
    assert "/" not in file_name("../../x")
    assert "." not in file_name("../../x")
    assert file_name("a b") != file_name("a/b")


def test_only_addresses_of_the_web_become_links() -> None:
    assert web_address("https://example.org/x") == "https://example.org/x"
    assert web_address("mailto:ada@example.org") == "mailto:ada@example.org"
    assert not web_address("javascript:alert(1)")
    assert not web_address(" JavaScript:alert(1)")
    assert not web_address("data:text/html,x")
    assert not web_address("//example.org")
    assert not web_address("http://[example")


def test_backticks_in_a_sentence_are_code_and_all_else_stays_as_it_was_written() -> None:
    assert said("`C` <b> before *them*") == '<span lang=""><code>C</code> &lt;b&gt; before *them*</span>'
    assert said("a lone ` tick") == '<span lang="">a lone ` tick</span>'
    assert said("`<script>`") == '<span lang=""><code>&lt;script&gt;</code></span>'
    assert said("") == in_english("") == ""
    assert in_english("<b>") == '<span lang="en">&lt;b&gt;</span>'
