"""API tokens: shown once, kept hashed, in force and out of force with the next request."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from esclusa.errors import Misused
from esclusa.server.tokens import FORM, TokenFile, is_well_formed, new_token

SOON = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "made" / "tokens.json")


def test_a_token_is_known_by_its_form_and_its_checksum() -> None:
    made = {new_token() for _ in range(50)}
    assert len(made) == 50
    for token in made:
        assert FORM.fullmatch(token)
        assert is_well_formed(token)
        assert not is_well_formed(token[:-1])
        assert not is_well_formed(token[:-1] + ("0" if token[-1] != "0" else "1"))
        assert not is_well_formed(token.swapcase())


def test_the_text_of_a_token_is_nowhere_kept_and_the_file_is_its_owners(tokens: TokenFile) -> None:
    text, made = tokens.add("robot", ["clerk"], ["billing"], False, SOON)
    assert text.encode() not in tokens.path.read_bytes()
    assert stat.S_IMODE(tokens.path.stat().st_mode) == 0o600
    assert TokenFile(tokens.path).find(text) == made
    assert TokenFile(tokens.path).find(new_token()) is None


def test_a_token_that_another_process_makes_or_revokes_counts_at_once(tokens: TokenFile) -> None:
    other = TokenFile(tokens.path)
    text, made = tokens.add("robot", ["clerk"], [], False, SOON)
    found = other.find(text)
    assert found is not None
    assert found.state(datetime.now(UTC)) == "in force"
    tokens.revoke(made.id)
    found = other.find(text)
    assert found is not None
    assert found.state(datetime.now(UTC)) == "revoked"


def test_a_name_takes_back_every_token_of_that_name(tokens: TokenFile) -> None:
    for name in ("robot", "robot", "other"):
        tokens.add(name, ["clerk"], [], False, SOON)
    assert [token.name for token in tokens.revoke("robot")] == ["robot", "robot"]
    assert [token.state(datetime.now(UTC)) for token in tokens.all()] == ["revoked", "revoked", "in force"]
    with pytest.raises(Misused, match="No token in force is called robot") as refused:
        tokens.revoke("robot")
    assert refused.value.observed == "in force: other"


def test_a_file_that_others_can_read_is_refused(tokens: TokenFile) -> None:
    tokens.add("robot", ["clerk"], [], False, SOON)
    tokens.path.chmod(0o644)
    with pytest.raises(Misused, match="cannot be used") as refused:
        TokenFile(tokens.path).all()
    assert refused.value.required == "mode 0600"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2, "tokens": []}', '{"format": 1, "tokens": [{}]}'])
def test_a_file_that_holds_no_tokens_is_refused_and_lets_nobody_in(tokens: TokenFile, text: str) -> None:
    tokens.add("robot", ["clerk"], [], False, SOON)
    tokens.path.write_text(text)
    with pytest.raises(Misused, match="cannot be used"):
        TokenFile(tokens.path).find(new_token())
