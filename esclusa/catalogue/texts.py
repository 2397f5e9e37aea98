"""The languages of the pages: messages, dates, numbers, units. What people wrote in a contract stays as they wrote it.

Belongs here: reading the message catalogues under `locale/`, formatting by locale. Does not: which text goes where.
Source: gettext's PO format, Unicode CLDR, both by Babel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.units import format_unit

from esclusa.evidence import Finding

LANGUAGES = {"en": "English", "es": "Español"}  # the first is the language of the messages themselves
LOCALE = Path(__file__).parent / "locale"
_NUMBER = r"-?[\d,]+(?:\.\d+)?"
_BOUND = re.compile(rf"(?P<sign>[=≤≥<>] )?(?P<low>{_NUMBER})(?: and (?P<high>{_NUMBER}))? ?(?P<unit>.*)")
_EXPECTATION = re.compile(r"Expect(?:Column)?(?P<name>[A-Z]\w+)\((?P<arguments>.*)\)")
_LEAST = 0.0001  # what is measured below it is written as being so


def N_(message: str) -> str:  # noqa: N802 - gettext's name for it
    """Mark a message that is translated where it is shown."""
    return message


STATES = {
    "certified": N_("Certified"),
    "expiring": N_("Expiring"),
    "expired": N_("Expired"),
    "refused": N_("Refused"),
    "withdrawn": N_("Withdrawn"),
    "broken": N_("Not genuine"),
}
ITEMS = {
    "definitions": N_("Definitions"),
    "sources": N_("Sources"),
    "access": N_("Access"),
    "quality": N_("Quality"),
    "lineage": N_("Lineage"),
    "retention": N_("Retention"),
    "signoff": N_("Sign-off"),
}
FINDINGS = {
    "pass": N_("passed"),
    "warn": N_("warning"),
    "fail": N_("failed"),
    "error": N_("error"),
    "missing": N_("no value"),
}
HOLDS, HOLDS_NOT = N_("holds"), N_("does not hold")
STAGES = {"landing": N_("at the landing"), "build": N_("at the build"), "gate": N_("at the gate")}
CLASSES = {
    "public": N_("public"),
    "internal": N_("internal"),
    "confidential": N_("confidential"),
    "restricted": N_("restricted"),
}
RISKS = {"minimal": N_("minimal"), "limited": N_("limited"), "high": N_("high")}
SCOPES = {  # of a channel (ODCS)
    "interactive": N_("interactive"),
    "announcements": N_("announcements"),
    "issues": N_("issues"),
    "notifications": N_("notifications"),
}
ENVIRONMENTS = {"sandbox": N_("sandbox"), "production": N_("production")}
UNITS = {
    "rows": N_("rows"),
    "days": N_("days"),
    "hours": N_("hours"),
    "minutes": N_("minutes"),
    "count": "",
    "percent": "%",
    "%": "%",
}


class Speech:
    """One language: its messages and its way to write dates and numbers.

    Args:
        language: one of `LANGUAGES`.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._messages = read_messages(language)

    def gettext(self, message: str) -> str:
        """A message in this language; the message itself where it has no translation."""
        return self._messages.gettext(message) if message else ""

    def ngettext(self, one: str, many: str, number: int) -> str:
        """A message whose form depends on a number."""
        return self._messages.ngettext(one, many, number)

    def called(self, name: str, names: Mapping[str, str]) -> str:
        """A name of a closed vocabulary in this language; any other as it was written."""
        return self.gettext(names[name]) if name in names else name

    def day(self, day: date | datetime | str) -> str:
        """A day, e.g. `2 Dec 2026`; a text that is no ISO day stays as it is."""
        try:
            value = date.fromisoformat(day[:10]) if isinstance(day, str) else day
        except ValueError:
            return str(day)
        return format_date(value, "d MMM y", locale=self.language)

    def moment(self, at: datetime) -> str:
        """A moment to the minute, e.g. `2 Dec 2026, 07:49 UTC`."""
        return f"{format_datetime(at.astimezone(UTC), 'd MMM y, HH:mm', locale=self.language)} UTC"

    def span(self, length: timedelta) -> str:
        """A length of time in one unit: hours up to three days, for they matter to who waits; tenths below ten."""
        hours = abs(length.total_seconds()) / 3600
        unit = "day" if hours >= 72 else "hour" if hours >= 1 else "minute"
        value = {"day": hours / 24, "hour": hours, "minute": hours * 60}[unit]
        rounded = round(value, 1 if value < 10 and unit != "minute" else 0)
        return format_unit(rounded, f"duration-{unit}", locale=self.language)

    def number(self, value: float) -> str:
        """A number: whole above a thousand, else with up to four significant digits; what is tiny is only said so."""
        if 0 < abs(value) < _LEAST:
            return f"< {format_decimal(_LEAST, locale=self.language, decimal_quantization=False)}"
        if abs(value) >= 1000 or value == int(value):
            return format_decimal(round(value), locale=self.language)
        return format_decimal(float(f"{value:.4g}"), locale=self.language, decimal_quantization=False)

    def size(self, size: int) -> str:
        """A number of bytes in a unit that people use."""
        value, unit = float(size), "B"
        for larger in ("kB", "MB", "GB", "TB"):
            if value < 1000:
                break
            value, unit = value / 1000, larger
        return f"{self.number(round(value, 1 if value < 10 else 0))} {unit}"

    def measured(self, value: object, unit: str) -> str:
        """What was observed, with its unit."""
        if value is None:
            nothing = FINDINGS["missing"]
            return self.gettext(nothing)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return str(value)
        return f"{self.number(value)} {self._unit(unit)}".rstrip()

    def observed(self, finding: Finding) -> str:
        """What a finding observed: a measure, or where a clause counts what breaks it, whether it holds."""
        if finding.unit == "count" and finding.observed is not None and not _bound_in(finding.required):
            told = HOLDS if finding.state == "pass" else HOLDS_NOT
            return self.gettext(told)
        if finding.observed is None and finding.message:
            return finding.message
        return self.measured(finding.observed, finding.unit)

    def required(self, text: str) -> str:
        """What was required: numbers and units in this language where that is all there is, an expectation in words,
        else as it was written.
        """
        if expectation := _EXPECTATION.fullmatch(text):
            return self._expected(expectation["name"], expectation["arguments"])
        found = _bound_in(text)
        if not found:
            return text
        low, high = (self._exact(found[g]) if found[g] else "" for g in ("low", "high"))
        bound = self._between(low, high) if high else low
        sign = "" if found["sign"] in (None, "= ") else found["sign"]
        return f"{sign}{bound} {self._unit(found['unit'])}".rstrip()

    def _exact(self, written: str) -> str:
        return format_decimal(float(written.replace(",", "")), locale=self.language, decimal_quantization=False)

    def _between(self, low: str, high: str) -> str:
        return self.gettext("between %(low)s and %(high)s") % {"low": low, "high": high}

    def _expected(self, name: str, arguments: str) -> str:
        """An expectation's class name as words, and its bounds: `MedianToBeBetween` of 14 and 60."""
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
        low, high = (re.search(rf"\b{end}_value=({_NUMBER})", arguments) for end in ("min", "max"))
        if not words.endswith(" to be between") or not (low or high):
            rest = re.sub(r"\bcolumn='[^']*'(?:, )?", "", arguments)
            return f"{words} ({rest})" if rest else words
        least, most = (self._exact(end[1]) if end else "" for end in (low, high))
        bound = self._between(least, most) if low and high else f"≥ {least}" if low else f"≤ {most}"
        return f"{words.removesuffix(' to be between')} {bound}"

    def _unit(self, unit: str) -> str:
        return "" if unit in ("", "value", "count") else self.gettext(UNITS.get(unit, unit))


def _bound_in(text: str) -> re.Match[str] | None:
    """The bound that a requirement is, or None where it is a statement."""
    found = _BOUND.fullmatch(text.removeprefix("between "))
    return found if found and found["unit"] in {"", "value", *UNITS} else None


@cache
def read_messages(language: str) -> NullTranslations:
    """The translations of a language; of the language that messages are written in, none.

    Args:
        language: one of `LANGUAGES`.
    """
    if language == next(iter(LANGUAGES)):
        return NullTranslations()
    with (LOCALE / language / "catalogue.po").open("rb") as file:
        written = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, written)
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def speech(language: str) -> Speech:
    """A language, read once.

    Args:
        language: one of `LANGUAGES`.
    """
    return Speech(language)
