"""How errors read and what they exit with."""

from __future__ import annotations

import pickle

import pytest

from esclusa.errors import (
    EXIT_CODES,
    EsclusaError,
    Expired,
    NotCertified,
    QueryRefused,
    Tampered,
    Unreachable,
    nearest,
    owned_by,
)


def test_a_message_says_what_was_seen_what_was_required_who_owns_it_and_what_to_do() -> None:
    error = Tampered("orders differs.", observed="a", required="b", owner="ada", remedy="restore it")
    assert str(error) == "orders differs.\n  observed: a\n  required: b\n  owner: ada\n  to do: restore it"


def test_a_message_leaves_out_what_is_not_known() -> None:
    assert str(Unreachable("no answer.", remedy="try again")) == "no answer.\n  to do: try again"


@pytest.mark.parametrize(
    ("kind", "code"), [(NotCertified, 1), (Expired, 1), (QueryRefused, 2), (Tampered, 3), (Unreachable, 4)]
)
def test_every_branch_has_an_exit_code_of_the_table(kind: type[EsclusaError], code: int) -> None:
    assert kind("x").exit_code == code
    assert code in EXIT_CODES


def test_an_error_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(Expired("old.", owner="ada")))
    assert (type(error), error.what, error.owner) == (Expired, "old.", "ada")


def test_the_owner_is_named_where_no_closer_one_is() -> None:
    with pytest.raises(Tampered) as nameless, owned_by("ada"):
        raise Tampered("x")
    with pytest.raises(Tampered) as named, owned_by("ada"):
        raise Tampered("x", owner="eva")
    assert (nameless.value.owner, named.value.owner) == ("ada", "eva")


def test_the_nearest_name_is_offered_and_no_far_one() -> None:
    assert nearest("ordres", ("orders", "customers")) == "Did you mean orders?"
    assert nearest("zzz", ("orders",)) == ""
