"""The languages of the pages: messages, dates, numbers, units. What people wrote in a contract stays as they wrote it.

Belongs here: reading the message catalogues under `locale/`, formatting by locale. Does not: which text goes where.
Source: gettext's PO format, Unicode CLDR, both by Babel.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Literal

from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LANGUAGES = {"en": "English", "es": "Español"}  # the first is the language of the messages themselves
LOCALE = Path(__file__).parent / "locale"
_NUMBER = r"-?[\d,]+(?:\.\d+)?"
_BOUND = re.compile(rf"(?P<sign>[=≤≥<>] )?(?P<low>{_NUMBER})(?: and (?P<high>{_NUMBER}))? ?(?P<unit>.*)")


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
STAGES = {"landing": N_("at the landing"), "build": N_("at the build"), "gate": N_("at the gate")}
CLASSES = {
    "public": N_("public"),
    "internal": N_("internal"),
    "confidential": N_("confidential"),
    "restricted": N_("restricted"),
}
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
        """A length of time in one unit: hours up to three days, for they matter to who waits."""
        hours = abs(length.total_seconds()) / 3600
        unit: Literal["day", "hour", "minute"] = "day" if hours >= 72 else "hour" if hours >= 1 else "minute"
        return format_timedelta(length, granularity=unit, threshold=10**9, locale=self.language)

    def number(self, value: float) -> str:
        """A number: whole above a thousand, else with up to four significant digits."""
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

    def required(self, text: str) -> str:
        """What was required: numbers and units in this language where that is all there is, else as it was written."""
        found = _BOUND.fullmatch(text.removeprefix("between "))
        if self.language == "en" or not found or found["unit"] not in {"", *UNITS}:
            return text
        low, high = (self.number(float(found[g].replace(",", ""))) if found[g] else "" for g in ("low", "high"))
        bound = self.gettext("between %(low)s and %(high)s") % {"low": low, "high": high} if high else low
        return f"{found['sign'] or ''}{bound} {self._unit(found['unit'])}".rstrip()

    def _unit(self, unit: str) -> str:
        return "" if unit in ("", "value", "count") else self.gettext(UNITS.get(unit, unit))


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
