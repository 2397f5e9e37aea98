"""What a request for rows asks for: the format that its headers prefer."""

from __future__ import annotations

import pytest

from esclusa.server.asked import ARROW, PARQUET, preferred


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        *(("", "arrow"), ("*/*", "arrow"), ("application/*", "arrow"), (f"{PARQUET};q=0.5, */*;q=0.1", "parquet")),
        *((f"{ARROW};q=0, {PARQUET}", "parquet"), (f"{ARROW};q=0.2,{PARQUET};q=0.3", "parquet")),
        *((f"{ARROW};q=0, */*", "parquet"), (f"{PARQUET}, {ARROW}", "arrow"), (f"{PARQUET}, */*", "parquet")),
        *(("text/html", ""), ("text/html, */*;q=0", ""), (f"{ARROW};q=0, {PARQUET};q=0.000", ""), ("image/*", "")),
    ],
)
def test_the_format_is_what_the_accept_header_prefers_and_never_what_it_refuses(accept: str, form: str) -> None:
    assert preferred(accept) == form
