"""The picture of lineage: every box and line is there, no letter is cut off, and it can be heard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esclusa.tracing.graph import Graph, Thing
from esclusa.tracing.origins import FLOWS, Edge, Lineage, Origin, Relation
from esclusa.tracing.palette import STYLE
from esclusa.tracing.picture import picture
from tests.browser import chromium
from tests.esclusa.traced import graph, promises

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
    assert "<style>" not in drawn("orders", alone=False)


def test_names_are_text_and_never_markup() -> None:
    odd = graph()
    odd.things["<b>&"] = Thing("<b>&", "use case", '"')
    assert "<b>" not in picture(odd, ("<b>&", ""))
    assert "<b>&" in texts(picture(odd, ("<b>&", "")))


def test_the_same_lineage_gives_the_same_picture_and_two_on_a_page_share_no_id() -> None:
    assert drawn("orders") == drawn("orders")
    ids = [set(re.findall(r'id="(\w+)"', drawn(name))) for name in ("orders", "customers")]
    assert not ids[0] & ids[1]


Stretch = tuple[tuple[float, float], tuple[float, float]]
STROKE = 1.4


def stretches(path: str) -> list[Stretch]:
    """Where a line runs to the right, from one point that it passes to the next."""
    found, at = [], (0.0, 0.0)
    for command, said in re.findall(r"([MHC])([^MHC]+)", path):
        numbers = [float(number) for number in said.split()]
        to = (numbers[0], at[1]) if command == "H" else (numbers[-2], numbers[-1])
        if command != "M" and to[0] > at[0]:
            found.append((at, to))
        at = to
    return found


def upon_each_other(one: Stretch, other: Stretch) -> bool:
    beside = one[1][0] <= other[0][0] or other[1][0] <= one[0][0]
    return not beside and all(abs(one[end][1] - other[end][1]) < STROKE for end in (0, 1))


def assert_lines_keep_apart(svg: str) -> None:
    root = ElementTree.fromstring(svg)
    lines = [stretches(path.get("d") or "") for path in root.iter(f"{SVG}path") if path.get("marker-end")]
    for one, other in combinations(lines, 2):
        assert not [(a, b) for a in one for b in other if upon_each_other(a, b)]
    boxes = [
        tuple(float(rect.get(key) or 0) for key in ("x", "y", "width", "height"))
        for rect in root.findall(f"{SVG}g/{SVG}rect")
        if "box" in (rect.get("class") or "")
    ]
    for line in lines:
        for (x, y), (to_x, to_y) in line:
            for left, top, width, height in boxes:
                passes = x < left + width - 1 and to_x > left + 1
                assert not (passes and min(y, to_y) < top + height and max(y, to_y) > top)


LAYERS = (
    ("raw.shop__sales", 3),
    ("staging.a", 3),
    ("intermediate.b", 2),
    ("intermediate.wide_name", 2),
    ("candidate.orders", 1),
)
COLUMNS = [f"{name}.c{number}" for name, count in LAYERS for number in range(count)]
EDGES = st.lists(st.sampled_from(list(combinations(COLUMNS, 2))), min_size=4, max_size=24, unique=True)


@settings(max_examples=40, deadline=None)
@given(EDGES.flatmap(lambda pairs: st.tuples(*(st.tuples(st.just(pair), st.sampled_from(FLOWS)) for pair in pairs))))
def test_every_line_is_seen_from_end_to_end(lines: tuple[tuple[tuple[str, str], str], ...]) -> None:
    edges = tuple(Edge(b, a, how) for (a, b), how in lines if a.rpartition(".")[0] != b.rpartition(".")[0])
    relations = tuple(Relation(name, name.partition(".")[0], (), "shop.sales" * ("raw" in name)) for name, _ in LAYERS)
    traced = Graph(promises(), {"orders": Lineage("orders", {"c0": Origin()}, Origin(), relations, edges)})
    assert_lines_keep_apart(picture(traced, ("orders", "c0"), down=False))


@pytest.mark.parametrize("name", ASKED)
def test_lines_of_a_whole_release_keep_apart_too(name: str) -> None:
    assert_lines_keep_apart(drawn(name))


def test_a_picture_has_a_key_to_its_lines_and_its_kinds_where_it_stands_alone() -> None:
    key = {"the value itself", "source", "table of the warehouse", "golden dataset"}
    assert key <= set(texts(drawn("orders.amount")))
    assert not key & set(texts(drawn("orders.amount", alone=False)))
    assert "only refers to it" in texts(drawn("orders"))


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    with chromium() as browser:
        yield browser.new_page()


OUTSIDE = """() => [...document.querySelectorAll('svg > g:first-of-type text')].filter(text => {
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
    page.set_content(drawn(name))
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
