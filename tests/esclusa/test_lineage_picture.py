"""The picture of lineage: every box and line is there, no letter is cut off, and it can be heard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from esclusa.tracing.graph import Thing
from esclusa.tracing.picture import STYLE, picture
from tests.esclusa.traced import graph

SVG = "{http://www.w3.org/2000/svg}"
ASKED = (
    "orders",
    "orders.amount",
    "customers.country",
    "shop.sales.buyer",
    "intermediate.int_good",
    "shop",
    "price_watch",
)
CHROMIUM = Path("/usr/bin/chromium")


def drawn(name: str, **options: Any) -> str:
    return picture(graph(), graph().find(name), **options)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_tables_are_drawn_from_source_to_use_case() -> None:
    assert set(texts(drawn("orders"))) >= {
        "sales", "source shop · tony", "staging", "stg_sales", "int_good", "orders", "golden dataset · ada",
        "price_watch", "use case · edsger", "reorder_model", "forecasts",
    }  # fmt: skip


def test_a_column_is_drawn_with_its_way_and_what_the_lines_mean() -> None:
    shown = texts(drawn("orders.amount", down=False))
    assert {"price", "pieces", "value", "amount"} <= set(shown)
    assert {"the value itself", "computed of it"} <= set(shown)
    assert "only decides" not in shown
    assert "buyer" not in shown


def test_directions_are_drawn_as_asked() -> None:
    assert "price_watch" not in texts(drawn("orders", down=False))
    assert "stg_sales" not in texts(drawn("orders", up=False))


@pytest.mark.parametrize("name", ASKED)
def test_a_picture_is_one_image_with_a_title_and_a_description_of_every_line(name: str) -> None:
    root = ElementTree.fromstring(drawn(name))
    title, described = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert described is not None
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {described.get('id')}"
    assert name in (title.text or "")
    lines = [path for path in root.iter(f"{SVG}path") if path.get("marker-end")]
    assert len(re.findall(r"leads to|decides on", described.text or "")) == len(lines) > 0


def test_what_nothing_leads_to_is_drawn_alone_and_says_so() -> None:
    svg = drawn("shop.people.mail")
    assert "Nothing is known to lead to shop.people.mail" in svg
    assert "mail" in texts(svg)


def test_links_can_be_reached_by_keyboard_and_reader() -> None:
    svg = drawn("orders", link=lambda thing: f"/{thing.name}?a=1&b=2" if thing.kind == "dataset" else "")
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "group"
    assert {a.get("href") for a in root.iter(f"{SVG}a")} == {"/orders?a=1&b=2", "/forecasts?a=1&b=2"}


def test_a_page_with_a_style_sheet_of_its_own_gets_none() -> None:
    assert STYLE in drawn("orders")
    assert "<style>" not in drawn("orders", style=False)


def test_names_are_text_and_never_markup() -> None:
    odd = graph()
    odd.things["<b>&"] = Thing("<b>&", "use case", '"')
    assert "<b>" not in picture(odd, ("<b>&", ""))
    assert "<b>&" in texts(picture(odd, ("<b>&", "")))


def test_the_same_lineage_gives_the_same_picture_and_two_on_a_page_share_no_id() -> None:
    assert drawn("orders") == drawn("orders")
    ids = [set(re.findall(r'id="(\w+)"', drawn(name))) for name in ("orders", "customers")]
    assert not ids[0] & ids[1]


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip(f"needs {CHROMIUM} (package chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


OUTSIDE = """() => [...document.querySelectorAll('g:first-of-type text')].filter(text => {
  const t = text.getBoundingClientRect();
  return ![...document.querySelectorAll('rect.box')].some(rect => {
    const r = rect.getBoundingClientRect();
    return t.left >= r.left && t.right <= r.right && t.top >= r.top - 1 && t.bottom <= r.bottom + 1;
  });
}).map(text => text.textContent)"""
BEYOND = """() => {
  const s = document.querySelector('svg').getBoundingClientRect();
  return [...document.querySelectorAll('rect, path.way, text')].filter(e => {
    const r = e.getBoundingClientRect();
    return r.width && (r.left < s.left - 1 || r.right > s.right + 1 || r.top < s.top - 1 || r.bottom > s.bottom + 1);
  }).length;
}"""


@pytest.mark.parametrize("name", ASKED)
def test_no_text_leaves_its_box_and_nothing_leaves_the_picture(page: Any, name: str) -> None:
    page.set_content(drawn(name).replace("max-width:100%;", ""))
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(BEYOND) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_box_in_light_and_dark(page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_content(drawn("orders.amount"))
    for box in (".box", ".source", ".dataset", ".use"):
        if page.locator(f"rect{box}").count():
            behind = page.evaluate(f"getComputedStyle(document.querySelector('rect{box}')).fill")
            for words in ("text:not(.small)", ".small"):
                letters = page.evaluate(f"getComputedStyle(document.querySelector('{words}')).fill")
                assert contrast(letters, behind) >= 4.5, (box, words)


def contrast(a: str, b: str) -> float:
    """WCAG 2.2: contrast ratio of two colours as `rgb(r, g, b)`."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(a), luminance(b)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
