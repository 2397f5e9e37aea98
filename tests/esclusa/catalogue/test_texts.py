"""Both languages: everything translated, nothing lost in it, dates and numbers as they are written there."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import esclusa.catalogue
from esclusa.catalogue.texts import LANGUAGES, LOCALE, speech
from esclusa.evidence import read_finding
from esclusa.tracing.picture import WORDS

HERE = Path(esclusa.catalogue.__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OTHERS = [language for language in LANGUAGES if language != "en"]
Message = str | tuple[str, ...]


def messages() -> set[Message]:
    """Every message that templates and code show."""
    found = extract_from_dir(
        HERE,
        METHODS,
        {"templates/**.html": {"trimmed": "false"}},
        keywords={"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)},
    )
    return {message for _, _, message, _, _ in found} | set(WORDS)


def translations(language: str) -> dict[Message, tuple[str, ...]]:
    """Message → its translations, one a plural form."""
    with (LOCALE / language / "catalogue.po").open("rb") as file:
        read = read_po(file, locale=language)
    return {
        entry.id: (entry.string,) if isinstance(entry.string, str) else tuple(entry.string)
        for entry in read
        if entry.id
    }


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated_and_no_translation_is_of_nothing(language: str) -> None:
    written, translated = messages(), translations(language)
    assert len(written) > 120
    assert written - translated.keys() == set()
    assert translated.keys() - written == set()
    assert not [message for message, forms in translated.items() if not all(forms)]


@pytest.mark.parametrize("language", OTHERS)
def test_every_placeholder_of_a_message_is_in_its_translation(language: str) -> None:
    def placeholders(text: str) -> set[str]:
        return set(re.findall(r"%\(\w+\)s|\{\w+\}", text))

    for message, forms in translations(language).items():
        written = (message,) if isinstance(message, str) else message
        for one, form in zip(written, forms, strict=True):
            assert placeholders(form) == placeholders(one), message


def test_moments_lengths_numbers_and_bounds_are_written_as_the_language_does() -> None:
    english, spanish = speech("en"), speech("es")
    at = datetime(2026, 12, 2, 7, 49, tzinfo=UTC)
    assert english.moment(at) == "2 Dec 2026, 07:49 UTC"
    assert spanish.moment(at) == "2 dic 2026, 07:49 UTC"
    assert english.span(timedelta(hours=71)) == "71 hours"
    assert english.span(timedelta(hours=9.5)) == "9.5 hours"
    assert spanish.span(timedelta(hours=72)) == "3 días"
    assert english.measured(11.1666666, "hours") == "11.17 hours"
    assert spanish.measured(12.345, "percent") == "12,35 %"
    assert spanish.required("≤ 120 hours") == "≤ 120 horas"
    assert spanish.required("between 1,000 and 1,000,000 rows") == "entre 1.000 y 1.000.000 filas"
    assert spanish.day("2027-05-31") == "31 may 2027"
    assert spanish.size(64_300) == "64 kB"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("= 0 count", "0"),
        ("= 0 rows", "0 rows"),
        ("< 0.25", "< 0.25"),
        ("at least 1 measured rule", "at least 1 measured rule"),
        ("ExpectColumnMedianToBeBetween(column='a_b', min_value=14, max_value=60)", "median between 14 and 60"),
        ("ExpectColumnMaxToBeBetween(column='a', max_value=9.5)", "max ≤ 9.5"),
        ("ExpectColumnValuesToMatchRegex(column='a', regex='x.+')", "values to match regex (regex='x.+')"),
        ("ExpectColumnToExist(column='a')", "to exist"),
    ],
)
def test_what_is_required_is_said_in_words(written: str, shown: str) -> None:
    assert speech("en").required(written) == shown


def test_a_clause_holds_or_does_not_and_a_measure_is_a_measure() -> None:
    english = speech("en")
    clause = {"rule": "a__b", "item": "quality", "state": "pass", "observed": 0, "unit": "count"}
    has_rule = read_finding({**clause, "required": "at least 1 measured rule"})
    assert english.observed(has_rule) == "holds"
    assert english.observed(replace(has_rule, state="fail", observed=1)) == "does not hold"
    assert english.observed(replace(has_rule, required="= 0 count")) == "0"
    assert english.observed(replace(has_rule, unit="", observed=2.5e-8, required="< 0.25")) == "< 0.0001"
    assert english.observed(replace(has_rule, observed=None, message="it stopped")) == "it stopped"


def test_numbers_of_either_language_survive_a_unit_that_nobody_translated() -> None:
    assert speech("es").measured(3, "furlongs") == "3 furlongs"
    assert speech("es").required("≤ 3 furlongs") == "≤ 3 furlongs"
