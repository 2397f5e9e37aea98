"""From a header to a caller: what is believed, and what is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from esclusa.errors import NotIdentified, NotPermitted, Unreachable
from esclusa.server.callers import LONGEST, Caller, Callers
from esclusa.server.tokens import TokenFile, new_token

NOW = datetime.now(UTC)


@pytest.fixture
def callers(tmp_path: Path) -> Callers:
    return Callers(TokenFile(tmp_path / "tokens.json"))


def test_a_token_names_its_caller_with_what_it_may(callers: Callers) -> None:
    text, _ = callers.tokens.add("robot", ["clerk", "model"], ["billing"], True, NOW + timedelta(days=1))
    expected = Caller("token:robot", frozenset({"clerk", "model"}), frozenset({"billing"}), True)
    assert callers.identify(f"Bearer {text}") == expected
    assert callers.identify(f"bearer  {text} ") == expected


# Names that do not change from one collection to the next: a token is drawn anew each time.
HEADERS = {
    "none": None,
    "empty": "",
    "blank": " ",
    "no token": "Bearer",
    "blank token": "Bearer ",
    "another scheme": "Basic cm9ib3Q6c2VjcmV0",
    "prefix alone": "Bearer esclusa_",
    "no prefix": "Bearer nonsense",
    "a checksum that does not fit": "Bearer esclusa_" + "0" * 49,
    "never made": f"Bearer {new_token()}",
    "a letter too many": f"Bearer {new_token()}x",
    "too long": "Bearer " + "x" * LONGEST * 2,
    "not ASCII": "Bearer esclusa_é" + "0" * 48,
    "half a surrogate": "Bearer \udcff",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_whoever_shows_nothing_that_holds_is_not_identified(callers: Callers, header: str | None) -> None:
    callers.tokens.add("robot", ["clerk"], [], False, NOW + timedelta(days=1))
    with pytest.raises(NotIdentified):
        callers.identify(header)


def test_an_expired_and_a_revoked_token_are_refused(callers: Callers) -> None:
    late, _ = callers.tokens.add("late", ["clerk"], [], False, NOW - timedelta(seconds=1))
    taken, made = callers.tokens.add("taken", ["clerk"], [], False, NOW + timedelta(days=1))
    callers.tokens.revoke(made.id)
    for text, state in ((late, "expired"), (taken, "revoked")):
        with pytest.raises(NotIdentified, match=state) as refused:
            callers.identify(f"Bearer {text}")
        assert text not in str(refused.value)


def test_whoever_calls_is_not_told_where_tokens_are_kept_and_what_is_wrong_with_the_file(callers: Callers) -> None:
    text, _ = callers.tokens.add("robot", ["clerk"], [], False, NOW + timedelta(days=1))
    callers.tokens.path.chmod(0o644)
    with pytest.raises(Unreachable) as refused:
        Callers(TokenFile(callers.tokens.path)).identify(f"Bearer {text}")
    assert callers.tokens.path.name not in str(refused.value)
    assert "0644" not in str(refused.value)


@pytest.mark.parametrize(
    ("caller", "role", "purpose", "allowed"),
    [
        (Caller("a", frozenset({"clerk"})), "clerk", "anything", True),
        (Caller("a", frozenset({"clerk"})), "model", "billing", False),
        (Caller("a", frozenset({"clerk"}), frozenset({"billing"})), "clerk", "billing", True),
        (Caller("a", frozenset({"clerk"}), frozenset({"billing"})), "clerk", "scoring", False),
        (Caller("a", frozenset()), "clerk", "billing", False),
        (Caller("a", frozenset({"*"})), "clerk", "billing", True),
        (Caller("a", frozenset({"clerk"})), "", "", True),
    ],
)
def test_a_caller_takes_only_its_roles_and_purposes(caller: Caller, role: str, purpose: str, allowed: bool) -> None:
    if allowed:
        caller.demand(role, purpose)
        return
    with pytest.raises(NotPermitted, match="a may not read"):
        caller.demand(role, purpose)
