"""The page of one dataset: what it is worth now and why, for whom, on what evidence."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from esclusa.catalogue.addresses import Site
from esclusa.catalogue.gathering import Catalogue
from esclusa.catalogue.history import HEIGHT, MARGIN, Point, Series
from esclusa.catalogue.pages import pages_of, render

Html = Callable[..., str]


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        ("sales", "Certified"),
        ("closing", "Expiring"),
        ("stale", "Expired"),
        ("late", "Refused"),
        ("gone", "Withdrawn"),
    ],
)
def test_a_page_opens_with_its_state(page: Html, dataset: str, said: str) -> None:
    html = page(f"datasets/{dataset}.html")
    first = re.search(r'<h2 id="verdict">.*?</svg>([^<]+)</span>', html, re.S)
    assert first is not None
    assert first[1] == said


def test_the_page_of_a_refused_dataset_says_why_and_what_was_promised_and_offers_nothing_to_read(page: Html) -> None:
    html = page("datasets/late.html")
    assert "amount__minimum" in html
    assert "12 rows" in html
    assert "Correct the delivery, then land it again." in html
    assert "The customer of one of the late." in html
    assert "esclusa.read" not in html


@pytest.mark.parametrize("dataset", ["late", "customers"])
def test_what_shut_the_gate_is_said_once_and_before_any_other_fact(page: Html, dataset: str) -> None:
    html = page(f"datasets/{dataset}.html")
    assert html.count("<code>amount__minimum</code>") == 1
    verdict = html.split('<h2 id="verdict">')[1].split("</section>")[0]
    assert "<dd>12 rows</dd>" in verdict
    assert "<dd>0 rows</dd>" in verdict
    assert "Grain" not in verdict


def test_of_many_findings_the_first_is_open_and_the_others_are_counted(catalogue: Catalogue) -> None:
    late = catalogue.by_name["late"]
    assert late.why.decision is not None
    (finding,) = late.why.decision.findings
    others = tuple(replace(finding, rule=f"amount__{name}") for name in ("maximum", "type"))
    decided = replace(late.why.decision, findings=(finding, *others))
    shut = replace(catalogue, datasets=(replace(late, why=replace(late.why, decision=decided)),))
    (page,) = [page for page in pages_of(shut) if page.path == "datasets/late.html"]
    open_, folded = render(page, shut, Site("", "golden"), "en").split("<summary>and 2 more</summary>")
    assert "<code>amount__minimum</code>" in open_
    assert "<code>amount__type</code>" in folded.split("</details>")[0]


def test_a_page_of_what_was_taken_back_leads_on_and_keeps_the_record(page: Html) -> None:
    html = page("datasets/gone.html")
    assert "Taken back; kept here for the record." in html
    notice = html.split('<h3 id="refusal">')[1].split("</section>")[0]
    assert "merged into orders" in notice
    assert '<a href="../datasets/orders.html"><span lang="">Orders</span></a>' in notice
    assert "Certified" in notice
    assert "notice-bad" not in html.split("<dl")[0].split("data-overdue")[1]
    assert "Was signed by" in html


def test_a_page_says_how_old_the_data_is_and_how_much_of_its_freshness_is_left(page: Html) -> None:
    html = page("datasets/sales.html")
    said = re.sub(r"<[^>]+>", "", html.split('<p class="fresh">')[1].split("</p>")[0])
    assert re.match(r"9.5 hours old on .+ UTC · of 24 hours promised · 9.5 hours when certified", said)
    assert ">60 % of its freshness is left</figcaption>" in html
    unmeasured, refused = page("datasets/orders.html"), page("datasets/late.html")
    assert 'class="scale"' in html
    assert 'class="scale"' not in unmeasured + refused
    assert "no freshness is measured" in unmeasured
    assert "The gate is down" in refused
    assert page("index.html").count('class="tube"') == 2


def test_caveats_are_said_of_what_is_synthetic_on_a_replay_clock_or_of_the_sandbox(page: Html) -> None:
    html = page("datasets/generated.html")
    for caveat in ("Sandbox", "Synthetic data", "Replay clock"):
        assert f"<b>{caveat}</b>" in html


def test_a_page_does_not_say_that_every_rule_holds_where_one_only_warns(catalogue: Catalogue) -> None:
    sales = catalogue.by_name["sales"]
    assert sales.certificate is not None
    first, *rest = sales.certificate.findings
    certificate = replace(sales.certificate, findings=(replace(first, state="warn"), *rest))
    warned = replace(catalogue, datasets=(replace(sales, why=replace(sales.why, certificate=certificate)),))
    (page,) = [page for page in pages_of(warned) if page.path == "datasets/sales.html"]
    html = render(page, warned, Site("", "golden"), "en")
    assert "7 of its 8 rules hold" in html
    assert "All of its" not in html


def test_a_column_says_for_each_role_whether_it_is_allowed_masked_or_denied(page: Html) -> None:
    row = re.search(r'<th scope="row"><code>customer</code>.*?</tr>', page("datasets/sales.html"), re.S)
    assert row is not None
    assert re.findall(r"access-(\w+)", row[0]) == ["denied", "masked", "denied"]
    assert re.findall(r"</svg>(\w+)", row[0])[-3:] == ["denied", "masked", "denied"]


def test_a_rule_shows_its_history_with_what_is_required(page: Html) -> None:
    row = re.search(r"<code>sales__freshness</code>.*?</tr>", page("datasets/sales.html"), re.S)
    assert row is not None
    assert "4 measurements, from 2 hours to 9.5 hours; required: ≤ 24 hours" in row[0]
    assert len(re.findall(r"[\d.]+,[\d.]+ ", re.search(r'points="([^"]+)"', row[0])[1])) == 4  # type: ignore[index]
    assert 'class="bound"' in row[0]


def test_what_columns_demand_is_a_line_each_and_what_did_not_pass_is_told_first(catalogue: Catalogue) -> None:
    sales = catalogue.by_name["sales"]
    assert sales.certificate is not None
    kept = [f for f in sales.certificate.findings if f.item == "quality"]
    made = {
        rule: replace(kept[0], rule=f"amount__{rule}", column="amount", description="")
        for rule in ("type", "minimum", "outliers", "required")
    }
    made["required"] = replace(made["required"], state="warn", message="2 rows without")
    certificate = replace(sales.certificate, findings=(*kept, *made.values()))
    shown = replace(catalogue, datasets=(replace(sales, why=replace(sales.why, certificate=certificate)),))
    (page,) = [page for page in pages_of(shown) if page.path == "datasets/sales.html"]
    html = render(page, shown, Site("", "golden"), "en")
    rows = re.findall(r'<tr id="rule-([\w-]+)">', html)
    assert [row.partition("__")[2] for row in rows] == ["required", "quality", "freshness", "outliers"]
    line = html.split('<li id="rules-amount">')[1].split("</li>")[0]
    assert re.sub(r"<[^>]+>", "", line) == "amount holds: type, minimum; required; outliers"
    assert '<a href="#rule-amount__outliers">' in line
    assert "2 rows without" in html


def test_a_line_of_history_exaggerates_nothing_and_is_not_drawn_of_one_value(page: Html) -> None:
    def series(*values: float, bound: float | None = None, forbidden: str = "") -> Series:
        return Series(tuple(Point(datetime.now(UTC), value, "pass") for value in values), bound, forbidden)

    heights = [y for _, y in series(40, 38, 36, 40).dots]
    assert max(heights) - min(heights) < HEIGHT / 2
    bounded = series(3, 6, 2, bound=24, forbidden="above")
    assert bounded.line is not None
    assert MARGIN < bounded.line < min(y for _, y in bounded.dots)
    once, often = page("datasets/orders.html"), page("datasets/sales.html")
    assert "first measurement" in once
    assert 'class="spark"' not in once
    assert "Over time" not in once
    assert "the same in all 4" in often
    assert often.count('class="forbidden"') == often.count('class="bound"') == 2


def text(html: str) -> str:
    """What is left of HTML for people."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def section(html: str, name: str) -> str:
    """One section of a page."""
    return html.split(f'<section id="{name}"')[1].split("</section>")[0]


def test_the_page_of_a_dataset_that_has_everything_leaves_nothing_of_it_out(page: Html) -> None:
    html = page("datasets/sales.html")
    verdict = text(html.split('<h2 id="verdict">')[1].split("</section>")[0])
    for said in (
        "eva as security, until 1 Jan 2099 the gate of this repository",
        "Certified since",
        "of 24 hours promised",
        "9.5 hours when certified",
        "Valid until",
        "40 rows",
        "#sales issues",
    ):
        assert said in verdict, said
    ask = text(section(html, "use")).split("Ask for another purpose")[1]
    for said in ("Approvers ada, eva", "#sales", "Dataset: sales", "Columns: order_id, customer, amount", "Until:"):
        assert said in ask, said
    assert 'href="https://example.org/sales"' in section(html, "use")
    assert '<a href="../index.html?owner=ada">ada</a>' in html
    drawn = section(html, "lineage")
    assert drawn.count('class="esclusa-lineage" role="group"') == 4  # of the dataset and of each column, beside keys
    assert "orders" in text(drawn.split("</svg>")[0])
    sheet = text(section(html, "datasheet"))
    assert "Motivation 1 of 2 answered" in sheet
    assert "To bill what was ordered ." in sheet
    assert section(html, "columns").count("class-internal") == 3
    assert section(page("datasets/late.html"), "columns").count("class-confidential") == 1


def test_a_line_a_role_says_what_it_reads_and_each_column_leads_to_its_rules_and_lineage(page: Html) -> None:
    html = section(page("datasets/sales.html"), "columns")
    roles = [text(line) for line in html.split("</ul>")[0].split("<li>")[1:]]
    assert roles == [
        "clerk billing reads 2 of 3; denied: customer",
        "model scoring reads 2 of 3; masked: customer (hash)",
        "former audit ended on 31 Dec 2020",
    ]
    assert html.count('href="#origin-') == 3


def test_the_chain_of_custody_names_deliveries_whole_digests_and_who_signed(page: Html) -> None:
    html = page("datasets/sales.html").split('id="custody"')[1].split("</details>")[0]
    for said in ("orders.csv", "a" * 64, "0" * 40, "c" * 64, "eva as security, until 2099-01-01"):
        assert said in text(html), said
    assert re.search(r'data-label="Owner">eva<', html)
    assert 'id="custody"' not in page("datasets/late.html")


def test_sql_on_a_page_is_a_statement_and_what_a_shell_takes_is_called_command_line(page: Html) -> None:
    html = page("datasets/sales.html")
    assert '<code id="code-sql-1">select count(*) from &#34;sales&#34;</code>' in html
    command = html.split('<code id="code-shell-1">')[1].split("</code>")[0]
    assert re.findall(r"^esclusa (\w+)", command, re.M) == ["read", "sql"]
    assert [html.count(f'name="tabs-{number}"') for number in (1, 2)] == [3, 3]
