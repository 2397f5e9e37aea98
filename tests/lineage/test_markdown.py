"""Markdown: a text that somebody wrote is shown as it is and becomes no markup."""

from __future__ import annotations

import pytest

from lineage.documents.markdown import code, escaped, listed, table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a plain text, with (brackets) and risk_band", "a plain text, with (brackets) and risk_band"),
        ("<script>alert(1)</script>", "\\<script>alert(1)\\</script>"),
        ("*bold* [link](x) ~no~ a|b", "\\*bold\\* \\[link\\](x) \\~no\\~ a\\|b"),
        ("_it_ and __it__", "\\_it\\_ and \\_\\_it\\_\\_"),
        ("# a heading", "\\# a heading"),
        ("#channel", "#channel"),
        ("- a list", "\\- a list"),
        ("12. a list", "12\\. a list"),
        ("1.5 is a number", "1.5 is a number"),
        ("> a quote", "\\> a quote"),
        ("---", "\\---"),
        ("`code | <b>` stays, ` alone does not", "`code \\| <b>` stays, \\` alone does not"),
        ("&amp; and a & b", "\\&amp; and a & b"),
        ("two\n\nparagraphs", "two paragraphs"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_a_text_is_shown_and_not_obeyed(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_code_cannot_be_left() -> None:
    assert code("a`b|c") == "`ab\\|c`"


def test_one_sentence_is_a_paragraph_and_several_are_a_list() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "- a\n- b"


def test_a_table_without_rows_is_nothing() -> None:
    assert table(("a", "b"), []) == ""
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n|---|---|\n| 1 | 2 |"
