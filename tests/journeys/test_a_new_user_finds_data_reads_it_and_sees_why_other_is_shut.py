"""The catalogue's promise: find a dataset for a purpose, read it with what its page says, see why another is refused;
in both languages, on a phone and on a desk, by day and by night, by keyboard and by screen reader.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import esclusa
from esclusa.catalogue.site import build_site
from tests.browser import chromium, opened, served
from tests.esclusa.catalogue.shelf import stock
from tests.esclusa.golden import Golden, fresh_golden

KINDS = ("index", "datasets/sales", "datasets/late", "datasets/generated", "datasets/gone", "shut", "terms")
KINDS += ("terms/order", "sources", "sources/billing", "use-cases")


@dataclass(frozen=True)
class World:
    """A browser, a golden repository, and its catalogue as files and over HTTP."""

    browser: Browser
    golden: Golden
    files: str
    http: str


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("catalogue")
    golden = fresh_golden(home)
    stock(golden)
    build_site(esclusa.open(**golden.at), home / "site")
    with chromium() as browser, served(home / "site") as http:
        yield World(browser, golden, f"file://{home}/site/", http)


def run(code: str, golden: Golden) -> str:
    """What a program prints that was pasted into an interpreter of a machine that trusts the repository."""
    environment = {**os.environ, "ESCLUSA_STATE": str(golden.state)}
    environment.pop("ESCLUSA_ROLE", None)
    environment.pop("ESCLUSA_PURPOSE", None)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shell(code: str, golden: Golden) -> str:
    """What a command prints that was pasted into a shell."""
    commands = Path(sys.executable).parent
    environment = {**os.environ, "ESCLUSA_STATE": str(golden.state), "PATH": f"{commands}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_new_user_finds_a_dataset_for_a_purpose_and_reads_it(world: World, phone: bool) -> None:
    with opened(world.browser, world.http, phone=phone, dark=phone) as page:
        if phone:
            expect(page.get_by_label("Purpose")).to_be_hidden()  # the first dataset comes before six filters
            page.get_by_text("Filters", exact=True).click()
        page.get_by_label("Purpose").select_option("scoring")
        expect(page.get_by_role("status")).to_have_text("1 of 9")
        page.get_by_role("link", name="Sales").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sales")
        expect(page.locator("#verdict .state:visible")).to_have_text("Certified")
        page.locator("summary", has_text="scoring").click()
        page.locator("label:visible", has_text="SQL").click()
        expect(page.get_by_role("button", name="Copy: SQL")).to_be_visible()
        page.locator("label:visible", has_text="Python").click()
        page.get_by_role("button", name="Copy: Python").click()
        code = page.evaluate("navigator.clipboard.readText()")
    assert "purpose='scoring'" in code
    assert phone or "order_id" in run(code, world.golden)


def test_every_other_snippet_of_the_page_works_as_it_stands(world: World) -> None:
    with opened(world.browser, world.http + "datasets/sales.html") as page:
        sql, command = (page.locator(f"#code-{name}").inner_text() for name in ("sql-1", "shell-1"))
        first = page.locator("#code-first").text_content() or ""
    me = {"role": "clerk", "purpose": "billing", "repository": str(world.golden.path)}
    assert "40" in run(f"import esclusa\nprint(esclusa.sql({sql!r}, **{me}))", world.golden)
    read, counted = command.split("\n\n")
    assert "o-000" in shell(read, world.golden)
    assert shlex.quote(sql) in counted
    assert "40" in shell(counted, world.golden)
    trust = first.splitlines()[1]
    assert trust.startswith("esclusa trust ")
    assert "pinned" in shell(trust, world.golden)


def test_why_another_is_refused_is_two_links_away(world: World) -> None:
    with opened(world.browser, world.http) as page:
        page.get_by_role("link", name="Shut 5", exact=True).click()
        page.get_by_role("link", name="Late").click()
        expect(page.locator("#verdict .state:visible")).to_have_text("Refused")
        why = page.get_by_role("region", name="Refused at the gate")
        for said in ("amount__minimum", "12 rows", "service-desk", "Correct the delivery, then land it again."):
            expect(why).to_contain_text(said)


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_in_spanish_from_plain_files_the_same_is_found(world: World, phone: bool) -> None:
    with opened(world.browser, f"{world.files}index.html", phone=phone, dark=not phone) as page:
        page.get_by_role("link", name="Español").click()
        page.get_by_role("searchbox").fill("órder late")
        expect(page.get_by_role("status")).to_have_text("1 de 9")
        page.get_by_role("link", name="Late").click()
        expect(page.locator("#verdict .state:visible")).to_have_text("Rechazado")
        page.get_by_role("link", name="English").click()
        expect(page.locator("#verdict .state:visible")).to_have_text("Refused")


@pytest.mark.parametrize(
    ("label", "choice", "found"),
    [
        ("Purpose", "scoring", 1),
        ("State", "refused", 2),
        ("Business term", "order", 7),
        ("Owner", "eva", 1),
        ("Holds data that is", "confidential", 2),
        ("Age of the data", "1", 2),
    ],
)
def test_each_filter_finds_what_it_names_and_is_taken_back_by_itself(
    world: World, label: str, choice: str, found: int
) -> None:
    with opened(world.browser, world.http) as page:
        page.get_by_label(label).select_option(choice)
        expect(page.get_by_role("status")).to_have_text(f"{found} of 9")
        assert page.locator(".card:visible").count() == found
        page.get_by_role("button", name=f"Remove the filter {label}").click()
        expect(page.get_by_role("status")).to_have_text("9 of 9")
        expect(page.locator(":focus")).to_have_text("Datasets")


@pytest.mark.parametrize(
    ("language", "words", "found"),
    [("en", "confidential", 2), ("es", "confidencial", 2), ("en", "scoring", 1), ("en", "Order bill", 7)],
)
def test_a_search_finds_classes_purposes_and_terms_by_their_words(
    world: World, language: str, words: str, found: int
) -> None:
    with opened(world.browser, f"{world.http}{'es/' if language == 'es' else ''}index.html") as page:
        page.get_by_role("searchbox").fill(words)
        assert page.locator(".card:visible").count() == found


@pytest.mark.parametrize(
    ("order", "first"),
    [("readable first", "Closing"), ("name", "Closing"), ("freshest data", "Sales"), ("expiring first", "Closing")],
)
def test_datasets_come_in_the_order_that_was_asked_for(world: World, order: str, first: str) -> None:
    with opened(world.browser, world.http) as page:
        page.get_by_label("Sorted by").select_option(order)
        names = page.locator(".card h3").all_inner_texts()
        assert names[0] == first
        assert len(names) == 9
        assert (names == sorted(names, key=str.lower)) == (order == "name")


def test_a_total_leads_to_its_datasets_and_another_language_keeps_them(world: World) -> None:
    with opened(world.browser, world.http) as page:
        page.get_by_role("link", name="2 Refused").click()
        expect(page.get_by_role("status")).to_have_text("2 of 9")
        page.get_by_role("link", name="eva").click()
        expect(page.get_by_role("status")).to_have_text("1 of 9")
        page.get_by_role("link", name="Español").click()
        expect(page.get_by_role("status")).to_have_text("1 de 9")
        expect(page.get_by_role("button", name="Quitar el filtro Responsable: eva")).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_every_page_searches_from_its_head(world: World, script: bool) -> None:
    context = world.browser.new_context(java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{world.files}terms/order.html")
    page.get_by_role("searchbox").fill("late")
    page.get_by_role("searchbox").press("Enter")
    page.wait_for_url("**/index.html?text=late")
    assert page.locator(".card:visible").count() == (1 if script else 9)
    context.close()


def test_a_card_tells_the_age_of_now_and_totals_follow_the_clock(world: World) -> None:
    with opened(world.browser, world.http, later=timedelta(hours=20)) as page:
        sales = page.locator(".card", has_text="One row per order, for sales.")
        expect(sales).to_contain_text("30 hours old, 24 hours promised")
        expect(page.get_by_role("link", name="2 Expired")).to_be_hidden()
        expect(page.get_by_role("link", name="3 Expired")).to_be_visible()


def test_what_a_search_found_can_be_linked_to(world: World) -> None:
    with opened(world.browser, f"{world.http}index.html?purpose=scoring&state=certified") as page:
        expect(page.get_by_role("status")).to_have_text("1 of 9")
        page.get_by_role("button", name="Show all").click()
        expect(page.get_by_role("status")).to_have_text("9 of 9")


def test_nothing_that_matches_is_said_so(world: World) -> None:
    with opened(world.browser, world.http) as page:
        page.get_by_role("searchbox").fill("nothing of that name")
        expect(page.get_by_text("Nothing matches.")).to_be_visible()


def test_a_page_that_outlives_its_certificate_says_expired_by_itself(world: World) -> None:
    with opened(world.browser, world.http, later=timedelta(hours=20)) as page:
        page.get_by_label("State").select_option("expired")
        page.get_by_role("link", name="Sales").click()
        expect(page.locator("#verdict .state:visible")).to_have_text("Expired")
        expect(page.locator(".verdict")).to_have_class("verdict verdict-expired")
        expect(page.get_by_text("Its promise ran out after this page was written")).to_be_visible()
        expect(page.get_by_text("This page is out of date")).to_be_hidden()
    with opened(world.browser, world.http, later=timedelta(days=40)) as page:
        expect(page.get_by_text("This page is out of date")).to_be_visible()


def test_on_a_phone_a_picture_of_lineage_is_of_a_size_to_read_and_opens_at_what_was_asked(world: World) -> None:
    with opened(world.browser, f"{world.http}datasets/sales.html", phone=True) as page:
        page.locator("#lineage summary", has_text="amount").click()
        expect(page.locator("#lineage [open] .mark")).to_be_in_viewport(ratio=1)
        letters = page.locator("#lineage [open] .picture text").filter(has_text="amount").first
        assert letters.evaluate("letters => letters.getBoundingClientRect().height") > 12
        assert page.locator("#lineage [open] .standing:visible").text_content() == "Certified"


def test_the_theme_is_chosen_by_a_button_and_remembered(world: World) -> None:
    with opened(world.browser, world.http) as page:
        page.get_by_role("button", name="Dark theme").click()
        page.get_by_role("link", name="Terms").click()
        expect(page.get_by_role("button", name="Dark theme")).to_have_attribute("aria-pressed", "true")
        assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_the_keyboard_reaches_content_totals_search_and_datasets_in_order(world: World) -> None:
    with opened(world.browser, world.http) as page:
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text("Skip to the content")
        page.keyboard.press("Enter")
        for total in page.locator(".total:visible").all():
            page.keyboard.press("Tab")
            expect(total).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_attribute("id", "filter-text")
        page.keyboard.type("late")
        expect(page.get_by_role("status")).to_have_text("1 of 9")


def test_without_script_everything_is_there_to_read(world: World) -> None:
    context = world.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(world.http)
    assert page.locator(".card:visible").count() == 9
    assert page.get_by_label("Purpose").count() == 0 or not page.get_by_label("Purpose").is_visible()
    page.goto(f"{world.http}datasets/sales.html")
    expect(page.locator("#verdict .state:visible")).to_have_text("Certified")
    assert page.locator(".copy:visible").count() == 0
    context.close()


def broken(page: Page) -> list[str]:
    """What axe-core finds wrong, and whether the page is wider than its window."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    ran = Axe().run(page, options={"rules": {"target-size": {"enabled": True}}})
    found = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in ran.response["violations"]]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found + ([f"{wide} px wider than the window"] if wide > 0 else [])


@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing_on_any_kind_of_page_and_none_is_wider_than_its_window(world: World, kind: str) -> None:
    with opened(world.browser, f"{world.http}{kind}.html") as page:
        assert broken(page) == []
    with opened(world.browser, f"{world.http}es/{kind}.html", phone=True, dark=True) as page:
        assert broken(page) == []
