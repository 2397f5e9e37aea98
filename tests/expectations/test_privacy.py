"""Privacy before the pin: each technique against an oracle in Python, on whatever text and numbers there are."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.contract import Column
from expectations.privacy import SECRET, Unprotectable, bound, protected
from tests.golden_repository import small_contract

KEY = bytes(range(32))
ENGINE = duckdb.connect()


def column(privacy: dict[str, Any], physical: str = "varchar") -> Column:
    made = small_contract("people", ["person"]).table.columns[0]
    return replace(made, privacy=privacy, physical_type=physical)


def shown(
    values: list[Any], kind: str, privacy: dict[str, Any], physical: str = "varchar", key: bytes = KEY
) -> list[Any]:
    """What the pin holds in place of values."""
    protection = protected(column(privacy, physical), kind)
    assert protection is not None
    ENGINE.execute(f"CREATE OR REPLACE TABLE candidate (position INTEGER, person {kind})")
    ENGINE.executemany("INSERT INTO candidate VALUES (?, ?)", list(enumerate(values)))
    parameters = bound(protection.parameters, {SECRET: key})
    rows = ENGINE.execute(f"SELECT {protection.sql} FROM candidate ORDER BY position", parameters).fetchall()
    return [row[0] for row in rows]


def hmac_of(value: str, domain: str, key: bytes = KEY) -> str:
    derived = hmac.new(key, domain.encode(), hashlib.sha256).digest()
    return hmac.new(derived, value.encode(), hashlib.sha256).hexdigest()


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=200), min_size=1, max_size=20),
    domain=st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True),
    key=st.binary(min_size=32, max_size=32),
)
def test_a_keyed_pseudonym_is_the_hmac_that_python_computes(values: list[str], domain: str, key: bytes) -> None:
    found = shown(values, "VARCHAR", {"technique": "hmac", "domain": domain}, key=key)
    assert found == [hmac_of(value, domain, key) for value in values]


def test_null_stays_null_and_numbers_dates_and_uuids_count_as_their_text() -> None:
    privacy = {"technique": "hmac", "domain": "people"}
    assert shown([None, "a"], "VARCHAR", privacy) == [None, hmac_of("a", "people")]
    assert shown([17, -3], "BIGINT", privacy) == [hmac_of("17", "people"), hmac_of("-3", "people")]
    assert shown([date(2026, 1, 2)], "DATE", privacy) == [hmac_of("2026-01-02", "people")]


def test_equal_values_join_within_a_domain_and_nowhere_else() -> None:
    people, patients = ({"technique": "hmac", "domain": domain} for domain in ("people", "patients"))
    assert shown(["ada"], "VARCHAR", people) == shown(["ada"], "VARCHAR", people)
    assert shown(["ada"], "VARCHAR", people) != shown(["ada"], "VARCHAR", patients)
    assert shown(["ada"], "VARCHAR", people) != shown(["ada"], "VARCHAR", people, key=KEY[::-1])


def test_the_key_is_a_parameter_and_never_in_the_sql() -> None:
    protection = protected(column({"technique": "hmac", "domain": "people"}), "VARCHAR")
    assert protection is not None
    assert protection.parameters == ("inner_people", "outer_people")
    for value in bound(protection.parameters, {SECRET: KEY}).values():
        assert len(value) == 64
        assert KEY not in value
    assert "$inner_people" in protection.sql
    with pytest.raises(Unprotectable, match="the secret pseudonyms is not at hand"):
        bound(protection.parameters, {"another": KEY})


@settings(max_examples=100, deadline=None)
@given(
    value=st.text(st.characters(exclude_categories=["Cs"]), max_size=40), kept=st.integers(1, 12), last=st.booleans()
)
def test_a_mask_shows_so_many_characters_at_one_end_and_none_of_a_value_that_has_no_more(
    value: str, kept: int, last: bool
) -> None:
    found = shown([value, None], "VARCHAR", {"technique": "mask", "keepLast" if last else "keepFirst": kept})
    hidden = "*" * max(len(value) - kept, 0)
    expected = hidden + value[-kept:] if last else value[:kept] + hidden
    assert found == [expected if len(value) > kept else "*" * len(value), None]


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("year", datetime(2026, 1, 1)),
        ("quarter", datetime(2026, 4, 1)),
        ("month", datetime(2026, 5, 1)),
        ("week", datetime(2026, 5, 11)),
        ("day", datetime(2026, 5, 14)),
        ("hour", datetime(2026, 5, 14, 23)),
    ],
)
def test_a_moment_is_rounded_down_to_its_period(period: str, expected: datetime) -> None:
    privacy = {"technique": "generalise", "period": period}
    moment = datetime(2026, 5, 14, 23, 59, 58)
    assert shown([moment, None], "TIMESTAMP", privacy, "timestamp") == [expected, None]
    if period != "hour":
        assert shown([moment.date(), None], "DATE", privacy, "date") == [expected.date(), None]


def test_a_moment_with_a_zone_is_rounded_in_utc_whatever_the_session_says() -> None:
    privacy, moment = {"technique": "generalise", "period": "day"}, datetime(2026, 5, 14, 23, 30, tzinfo=UTC)
    for zone in ("UTC", "Asia/Tokyo", "America/New_York"):
        ENGINE.execute(f"SET TimeZone = '{zone}'")
        found = shown([moment], "TIMESTAMP WITH TIME ZONE", privacy, "timestamptz")
        assert [at.astimezone(UTC) for at in found] == [datetime(2026, 5, 14, tzinfo=UTC)]
    ENGINE.execute("SET TimeZone = 'UTC'")


@settings(max_examples=100, deadline=None)
@given(value=st.integers(-(2**40), 2**40), width=st.integers(1, 10_000))
def test_a_whole_number_becomes_the_lower_end_of_its_bucket(value: int, width: int) -> None:
    privacy = {"technique": "generalise", "bucket": width}
    assert shown([value, None], "BIGINT", privacy, "bigint") == [value - value % width, None]


@settings(max_examples=60, deadline=None)
@given(cents=st.integers(-(10**11), 10**11), width=st.sampled_from([0.5, 2.5, 10, 1000]))
def test_a_decimal_becomes_the_lower_end_of_its_bucket_exactly(cents: int, width: float) -> None:
    value, step = Decimal(cents) / 100, Decimal(str(width))
    expected = value - ((value % step) + step) % step
    privacy = {"technique": "generalise", "bucket": width}
    assert shown([value], "DECIMAL(14,2)", privacy, "decimal(14,2)") == [expected]


def test_a_float_becomes_the_lower_end_of_its_bucket_and_a_text_its_beginning() -> None:
    privacy = {"technique": "generalise", "bucket": 2.5}
    assert shown([7.4, -0.1, None], "DOUBLE", privacy, "double") == [5.0, -2.5, None]
    assert shown(["08001", "ñandú", "", None], "VARCHAR", {"technique": "generalise", "prefix": 2}) == [
        "08",
        "ña",
        "",
        None,
    ]


@pytest.mark.parametrize("privacy", [{}, {"category": "identifier"}, {"technique": "pseudonym"}])
def test_what_is_a_pseudonym_at_its_source_or_not_protected_is_left_as_it_is(privacy: dict[str, Any]) -> None:
    assert protected(column(privacy), "VARCHAR") is None


@pytest.mark.parametrize(
    ("privacy", "kind"),
    [
        ({"technique": "hmac", "domain": "people"}, "DOUBLE"),
        ({"technique": "hmac", "domain": "people"}, "TIMESTAMP WITH TIME ZONE"),
        ({"technique": "mask", "keepLast": 2}, "INTEGER"),
        ({"technique": "generalise", "period": "month"}, "VARCHAR"),
        ({"technique": "generalise", "bucket": 10}, "VARCHAR"),
        ({"technique": "generalise", "prefix": 2}, "DATE"),
    ],
)
def test_a_technique_on_values_that_it_does_not_take_is_refused(privacy: dict[str, Any], kind: str) -> None:
    with pytest.raises(
        Unprotectable, match=f"person is .* in the candidate, which {privacy['technique']} does not take"
    ):
        protected(column(privacy), kind)
