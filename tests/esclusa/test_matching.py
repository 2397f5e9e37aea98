"""Matching words: deterministic, and told."""

from __future__ import annotations

import pytest

from esclusa.matching import Field, match, words_of

FIELDS = [
    Field("name", "renewal_risk", 6),
    Field("description", "One row per customer account, with signals about its next order.", 3),
    Field("column risk_band", "risk_band", 3),
]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Show me the risk of customers", ("risk", "customer")),
        ("risk_band", ("risk", "band")),
        ("Café, CAFÉ", ("cafe",)),
        ("the a of", ()),
        ("address gas bus", ("address", "gas", "bus")),
        ("\x00 '; drop table x; --", ("drop", "x")),
        ("日本語", ()),
    ],
)
def test_a_text_is_read_as_the_words_that_tell_something(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text) == words


def test_each_word_counts_where_it_is_worth_most_and_says_where() -> None:
    found = match("risk customers", FIELDS)
    assert (found.words, found.points) == (2, 12 + 6)
    assert found.reasons == ("“risk” is in its name", "“customer” is in its description")


def test_the_beginning_of_a_word_counts_half_and_a_short_one_not_at_all() -> None:
    assert match("renew", FIELDS).points == 6
    assert match("accounting", FIELDS).points == 3
    assert match("ren", FIELDS).words == 0


def test_what_is_written_nowhere_is_no_match() -> None:
    assert match("churn", FIELDS) == match("", FIELDS)
    assert match("risk", []).words == 0
