"""After `make run`, `esclusa serve`: a new user finds data for a purpose, reads it with what the page gives to copy,
and sees why another is refused; in a browser that obeys the service's own headers, in both languages.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from benchmarks.readers import serving
from orchestration.sample import break_delivery
from tests.browser import chromium, opened
from tests.journeys.conftest import journey_from
from tests.journeys.served_ui import free_port

WORDS = {  # language → menu of filters, purpose, what is found, state, copying, page of what is shut
    "en": ("Filters", "Purpose", "1 of 3", "Certified", "Copy: Python", "Shut 1"),
    "es": ("Filtros", "Finalidad", "1 de 3", "Certificado", "Copiar: Python", "Cerrado 1"),
}


@dataclass(frozen=True)
class Live:
    """A service in a process of its own, a browser, and the home of whoever started it."""

    browser: Browser
    url: str
    home: Path


@pytest.fixture(scope="module")
def live(certified: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    home = tmp_path_factory.mktemp("live") / "home"
    with pytest.MonkeyPatch.context() as patch:
        journey = journey_from(certified, home, patch)
        break_delivery(journey.settings.source_files, "renamed")
        assert not journey.run("raw/olist__leads").success
        with serving(home, free_port()) as (url, _), chromium() as browser:
            yield Live(browser, url, home)


def run(code: str, home: Path) -> str:
    """What a program prints that whoever started the service pastes into an interpreter."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ESCLUSA_")}
    environment["ESCLUSA_STATE"] = str(home / "state")
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def flaws(page: Page) -> list[str]:
    """What axe-core finds wrong."""
    return [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in Axe().run(page).response["violations"]]


@pytest.mark.parametrize("language", WORDS)
def test_data_is_found_for_a_purpose_read_as_copied_and_another_says_why_not(live: Live, language: str) -> None:
    phone = language == "es"
    filters, purpose, found, certified, copy, shut = WORDS[language]
    start = f"{live.url}/es/index.html" if phone else f"{live.url}/"
    with opened(live.browser, start, phone=phone, dark=phone) as page:
        answer = page.reload()
        assert answer is not None
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        if phone:
            page.get_by_text(filters, exact=True).click()
        page.get_by_label(purpose, exact=True).select_option("account_review")
        expect(page.get_by_role("status")).to_have_text(found)
        assert flaws(page) == []

        page.locator(".card:visible h3 a").click()
        expect(page.locator("#verdict .state:visible")).to_have_text(certified)
        assert flaws(page) == []
        grant = page.locator("details.grant", has=page.locator("summary", has_text="account_review"))
        if grant.get_attribute("open") is None:
            grant.locator("summary").first.click()
        grant.get_by_role("button", name=copy).click()
        code = page.evaluate("navigator.clipboard.readText()")

        page.get_by_role("link", name=shut, exact=True).click()
        assert flaws(page) == []
        refusal = page.get_by_role("article")
        for said in ("`mql_identifier` is new: renamed?", "partner.sales", "then: esclusa run"):
            expect(refusal).to_contain_text(said)
        refusal.get_by_role("heading").get_by_role("link").click()
        expect(page.locator("#refusal + *")).to_contain_text("`mql_identifier` is new: renamed?")
    assert live.url in code
    assert "account_id" in run(code, live.home)
