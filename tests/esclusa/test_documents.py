"""Documents of a dataset are handed out verified, or not at all; and promises, where there are any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

import esclusa
from esclusa.promises import Promises
from tests.esclusa.golden import ORDERS, Golden
from tests.golden_repository import certified, open_small

LETTER = {"letter.md": b"# Dear reader"}


def publish_with_letter(golden: Golden, dataset: str, *, ago: timedelta = timedelta(0)) -> None:
    now = datetime.now(UTC) - ago
    writer = open_small(golden.path, golden.keys, now)
    writer.publish([certified(writer, dataset, ORDERS, now=now, valid_for=timedelta(hours=1), further=LETTER)])
    golden.writer().keep_alive()


def test_a_document_that_the_certificate_vouches_for_is_handed_out(golden: Golden) -> None:
    publish_with_letter(golden, "letters")
    assert esclusa.open(**golden.at).document("letters", "letter.md") == LETTER["letter.md"]
    assert b"permit" in esclusa.open(**golden.at).document("letters", "policies.cedar")


def test_a_document_of_an_expired_dataset_still_explains(golden: Golden) -> None:
    publish_with_letter(golden, "old_letters", ago=timedelta(hours=3))
    assert esclusa.open(**golden.at).why("old_letters").status == "expired"
    assert esclusa.open(**golden.at).document("old_letters", "letter.md") == LETTER["letter.md"]


def test_the_documents_of_a_dataset_are_listed_with_their_digests_its_certificate_among_them(golden: Golden) -> None:
    publish_with_letter(golden, "letters")
    release = esclusa.open(**golden.at)
    listed = release.documents("letters")
    assert list(listed) == ["certificate.json", "contract.yaml", "letter.md", "policies.cedar"]
    assert {n: sha256(release.document("letters", n)).hexdigest() for n in listed} == dict(listed)


def test_an_edited_document_is_refused(golden: Golden) -> None:
    publish_with_letter(golden, "letters")
    path = golden.target("letters", "letter.md")
    path.chmod(0o644)
    path.write_bytes(b"# Dear thief!")
    with pytest.raises(esclusa.Tampered):
        esclusa.open(**golden.at).document("letters", "letter.md")


def test_a_document_that_does_not_exist_is_refused_with_those_that_do(golden: Golden) -> None:
    publish_with_letter(golden, "letters")
    with pytest.raises(esclusa.Misused) as refusal:
        esclusa.open(**golden.at).document("letters", "leter.md")
    assert "contract.yaml, letter.md, policies.cedar" in refusal.value.observed
    assert "Did you mean letter.md?" in refusal.value.remedy
    assert refusal.value.owner == "ada"


@pytest.mark.parametrize("name", ["part-00000.parquet", "../orders/contract.yaml", "../orders/certificate.json", ""])
def test_rows_and_other_files_are_no_documents(golden: Golden, name: str) -> None:
    with pytest.raises(esclusa.Misused):
        esclusa.open(**golden.at).document("orders", name)


@pytest.mark.parametrize(("dataset", "refusal"), [("gone", esclusa.Withdrawn), ("nobody", esclusa.NotCertified)])
def test_a_dataset_without_a_certificate_has_none(golden: Golden, dataset: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        esclusa.open(**golden.at).document(dataset, "contract.yaml")


def test_a_repository_without_promises_promises_nothing(golden: Golden) -> None:
    assert esclusa.open(**golden.at).promises == Promises()


def test_edited_promises_are_refused(golden: Golden, tmp_path: Path) -> None:
    golden.writer().publish(files={"promises.json": b'{"datasets":[],"sources":[],"terms":[],"useCases":[]}'})
    assert esclusa.open(**golden.at).promises == Promises()
    path = golden.target("catalogue", "promises.json")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"[]", b"{}", 1))
    with pytest.raises(esclusa.Tampered):
        _ = esclusa.open(**golden.at).promises
