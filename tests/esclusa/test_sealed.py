"""Sealed columns, read: with the right key only, and without any key what is open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import esclusa
from esclusa.keyring import Keyring, fingerprint
from lineage.class_keys import rotate_class
from tests.esclusa.golden import Golden

STAFF = [{"id": f"s-{i:02}", "town": "PT" if i % 2 else "IT", "email": f"ada{i}@example.org"} for i in range(30)]
CLASSIFIED = {"email": "confidential"}


@pytest.fixture
def staff(golden: Golden) -> Golden:
    """A dataset with a sealed column; its class key lies beside the repository, as on the publisher's machine."""
    golden.publish({"staff": STAFF}, classified=CLASSIFIED)
    return golden


def classes(golden: Golden) -> Path:
    return golden.keys / "classes"


def taken_away(golden: Golden) -> Path:
    """The keys are no longer beside the repository."""
    elsewhere = golden.path.parent / "elsewhere"
    classes(golden).rename(elsewhere)
    return elsewhere


def emails(golden: Golden) -> list[str]:
    return list(esclusa.read("staff", columns=["email"], **golden.at)["email"].to_pylist())


def test_with_the_key_a_sealed_column_reads_like_any_other(staff: Golden) -> None:
    assert emails(staff) == [row["email"] for row in STAFF]
    for form in ("arrow", "pandas", "polars", "duckdb"):
        assert len(esclusa.read("staff", as_=form, **staff.at)) == len(STAFF)
    found = esclusa.sql("select count(*) as n from staff where email like 'ada1%' and town = 'PT'", **staff.at)
    assert found.to_pylist() == [{"n": 6}]


@pytest.mark.parametrize("kept", [["town"], ["town", "id"]])
def test_who_asks_for_open_columns_needs_no_key(staff: Golden, kept: list[str]) -> None:
    taken_away(staff)
    assert esclusa.read("staff", columns=kept, **staff.at).column_names == kept


@pytest.mark.parametrize(
    "query",
    [
        "select town, count(*) from staff group by all",
        "select s.town from staff s where s.id = 's-01'",
        "select count(*) from staff",
        "with t as (select id from staff) select max(id) from t",
    ],
)
def test_a_query_that_says_no_sealed_column_needs_no_key(staff: Golden, query: str) -> None:
    taken_away(staff)
    assert esclusa.sql(query, **staff.at).num_rows > 0


@pytest.mark.parametrize(
    "query",
    [
        "select email from staff",
        "select * from staff",
        "from staff",
        'select "EMAIL" from staff',
        "select count(*) from staff where length(email) > 3",
        "select s from staff s",
        "select staff from staff",
        "select s.* from staff s",
        "select columns('e.*') from staff",
        "summarize staff",
        "select count(*) from staff a join staff b using (email)",
        "select count(*) from staff a natural join staff b",
        "select town from staff order by email",
    ],
)
def test_a_query_that_takes_a_sealed_column_is_refused_without_its_key(staff: Golden, query: str) -> None:
    taken_away(staff)
    with pytest.raises(esclusa.KeyMissing, match="class confidential"):
        esclusa.sql(query, **staff.at)


def test_without_the_key_the_owner_the_class_and_the_fingerprint_are_named_and_no_row(staff: Golden) -> None:
    mark = fingerprint(Keyring.open(classes(staff)).key("confidential"))
    taken_away(staff)
    with pytest.raises(esclusa.KeyMissing) as refused:
        emails(staff)
    told = str(refused.value)
    assert refused.value.owner == "ada"
    assert refused.value.exit_code == 1
    assert all(word in told for word in ("confidential", mark, "ESCLUSA_CLASS_KEYS"))
    assert "example.org" not in told


def test_the_setting_says_where_the_keys_are(staff: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCLUSA_CLASS_KEYS", str(taken_away(staff)))
    assert len(emails(staff)) == len(STAFF)


def another_key(path: Path) -> None:
    path.write_text(bytes(32).hex())


def key_of_another_class(path: Path) -> None:
    path.rename(path.with_name("restricted.key"))


def readable_by_others(path: Path) -> None:
    path.chmod(0o644)


@pytest.mark.parametrize("wrong", [another_key, key_of_another_class, readable_by_others, Path.unlink])
def test_a_wrong_key_opens_nothing(staff: Golden, wrong: Any) -> None:
    wrong(classes(staff) / "confidential.key")
    with pytest.raises(esclusa.KeyMissing, match="class confidential"):
        emails(staff)
    assert esclusa.read("staff", columns=["town"], **staff.at).num_rows == len(STAFF)


def test_after_a_rotation_the_old_release_needs_the_old_key_and_the_new_one_the_new_key(staff: Golden) -> None:
    reader = staff.path.parent / "reader"  # a reader elsewhere, who was given one key
    old = (classes(staff) / "confidential.key").read_text()
    rotate_class(classes(staff), "confidential")
    assert len(emails(staff)) == len(STAFF)  # the publisher keeps both
    staff.publish({"staff": [*STAFF, {"id": "s-99", "town": "ES", "email": "new@example.org"}]}, classified=CLASSIFIED)
    assert len(emails(staff)) == len(STAFF) + 1
    new = (classes(staff) / "confidential.key").read_text()
    taken_away(staff)
    reader.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESCLUSA_CLASS_KEYS", str(reader))
        for key, opens in ((old, False), (new, True)):
            (reader / "confidential.key").write_text(key)
            (reader / "confidential.key").chmod(0o600)
            if opens:
                assert emails(staff)[-1] == "new@example.org"
            else:
                with pytest.raises(esclusa.KeyMissing):
                    emails(staff)


def test_sealed_bytes_that_were_edited_are_refused_before_any_key_is_used(staff: Golden) -> None:
    part = staff.target("staff", "part-00000.parquet")
    part.chmod(0o644)
    edited = bytearray(part.read_bytes())
    edited[len(edited) // 2] ^= 1
    part.write_bytes(bytes(edited))
    taken_away(staff)
    for columns in (["email"], ["town"]):
        with pytest.raises(esclusa.Tampered, match="not the file that was published"):
            esclusa.read("staff", columns=columns, **staff.at)


def test_verifying_needs_no_key(staff: Golden) -> None:
    taken_away(staff)
    assert esclusa.verify("staff", **staff.at).ok
