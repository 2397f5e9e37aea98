"""THE table of detectors of personal data: what each kind looks like, how it is checked, and what chance would pass.

Belongs here: forms, and how much evidence a form needs. Does not: the checks (`checks.py`), the scan (`scan.py`).

A form is a regular expression that RE2 (in the engine) and Python read alike; `BEFORE` and `AFTER` keep it from lying
inside of a longer word, digest, UUID or number. A weak check passes by chance: one in eleven random numbers of nine
digits is a tax number. So a detector states that share, and the scan asks how probable as many hits are by chance
alone. A form that shows itself what it is (an `@`, dots and dash in their places) is believed earlier than bare digits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from expectations.pii import checks
from expectations.pii.checks import Check, digits

MARKED = 1e-3  # how improbable chance must be where the form itself speaks for it
BARE = 1e-6  # … and where it is digits, or a code as any system may make them
LINE = 4  # last digits of a phone number, which tell subscribers of one exchange apart

_BEFORE = r"\w.@+$€£-"
BEFORE, AFTER = rf"(?<![{_BEFORE}])", r"(?![\w@-]|[.:]\w)"


@dataclass(frozen=True)
class Detector:
    """One look of one kind of personal data.

    Args:
        kind: in the words of a message.
        form: what it looks like.
        check: whether what looks so is so.
        chance: at most this share of what looks so passes the check without being it; one in ten is taken twice, as
            numbers in use are not evenly spread.
        doubt: the largest probability of a finding by chance that is accepted: `MARKED` or `BARE`.
        numeric: may stand in a column of numbers.
        spread: hits that differ in their last four digits only are a counter, not people.
    """

    kind: str
    form: str
    check: Check
    chance: float
    doubt: float
    numeric: bool = False
    spread: bool = False

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        return re.compile(f"{BEFORE}(?:{self.form}){AFTER}", re.ASCII)  # as RE2 reads classes

    def looks(self, text: str) -> frozenset[str]:
        """Parts of a text that look so."""
        return frozenset(match[0] for match in self._whole.finditer(text))

    def convinces(self, hits: Sequence[str], looks: int) -> bool:
        """Whether so many hits are clearly more than chance.

        Args:
            hits: distinct strings that passed the check.
            looks: how many distinct strings looked so.
        """
        if self.spread and 2 * len({digits(hit)[:-LINE] for hit in hits}) < len(hits):
            return False
        return bool(hits) and tail(len(hits), looks, self.chance) < self.doubt

    @property
    def enough(self) -> int:
        """Distinct hits that convince where nothing else looks so."""
        return next(n for n in range(1, 100) if tail(n, n, self.chance) < self.doubt)


def tail(hits: int, trials: int, chance: float) -> float:
    """Probability of at least so many hits by chance alone (binomial).

    Args:
        hits, trials: counts, hits from 1.
        chance: of one trial, below 1.
    """
    if chance == 0:
        return 0.0
    whole = math.lgamma(trials + 1)
    return math.fsum(
        math.exp(
            whole
            - math.lgamma(k + 1)
            - math.lgamma(trials - k + 1)
            + k * math.log(chance)
            + (trials - k) * math.log1p(-chance)
        )
        for k in range(hits, trials + 1)
    )


def prefilter(forms: Iterable[str]) -> str:
    """One expression for RE2 that finds whatever has any of these forms, in one pass over a text."""
    return rf"(?:^|[^{_BEFORE}])(?:{'|'.join(forms)})(?:$|[^\w@-])"


def _grouped(count: int, first: str = r"\d") -> str:
    """So many digits, bare or in groups."""
    return rf"\(?{first}(?:[ ()-]{{0,2}}\d){{{count - len(first.removeprefix(chr(92)))}}}"


def _national(region: str, chance: float, *forms: str) -> Detector:
    check = checks.national_phone(region)
    return Detector("phone numbers", "|".join(forms), check, chance, BARE, numeric=True, spread=True)


# Chances: IBAN, CURP, RFC and card from how many values of each place are allowed; phone numbers from random digits of
# the form under the numbering plans (phonenumbers 9.0), rounded up; others from the modulus of the check digit.
DETECTORS: tuple[Detector, ...] = (
    Detector(
        "e-mail addresses",
        r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}",
        checks.email,
        0,
        MARKED,
    ),
    Detector("IBANs", r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?", checks.iban_number, 1e-5, MARKED),
    Detector(
        "card numbers", r"\d{4}([ -])\d{4}[ -]\d{4}[ -]\d{2,4}|\d{4}[ -]\d{6}[ -]\d{4,5}", checks.card, 0.05, MARKED
    ),
    Detector("card numbers", r"\d{14,16}", checks.card, 0.2, BARE, numeric=True),
    Detector("phone numbers", r"\+[1-9](?:[ ()./-]{0,2}\d){7,14}", checks.international_phone, 0.1, MARKED),
    _national("ES", 0.35, _grouped(9)),
    _national("PT", 0.15, _grouped(9)),
    _national("CL", 0.45, _grouped(9)),
    _national("US", 0.35, _grouped(10)),
    _national("MX", 0.5, _grouped(10)),
    _national("CO", 0.05, _grouped(10)),
    _national("AR", 0.05, _grouped(11), _grouped(10)),
    _national("BR", 0.35, _grouped(10)),
    _national("BR", 0.1, _grouped(11)),
    _national("GB", 0.3, _grouped(11, "0"), _grouped(10, "0")),
    Detector("DNI (Spain)", r"\d{8}-[A-Za-z]|\d{2}\.\d{3}\.\d{3}-?[A-Za-z]", checks.es_dni, 0.05, MARKED),
    Detector("DNI (Spain)", r"\d{8}[A-Za-z]", checks.es_dni, 0.09, BARE),
    Detector("NIE (Spain)", r"[XYZxyz]-?\d{7}-?[A-Za-z]", checks.es_nie, 0.05, MARKED),
    Detector("NIF (Portugal)", r"\d{3} ?\d{3} ?\d{3}", checks.pt_nif_of_person, 0.2, BARE, numeric=True),
    Detector("citizen cards (Portugal)", r"\d{8} ?\d ?[A-Z][A-Z0-9]\d", checks.pt_cc, 0.1, MARKED),
    Detector("CPF (Brazil)", r"\d{3}\.\d{3}\.\d{3}-\d{2}", checks.br_cpf, 0.01, MARKED),
    Detector("CPF (Brazil)", r"\d{9}-?\d{2}", checks.br_cpf, 0.02, BARE, numeric=True),
    Detector("CURP (Mexico)", r"[A-Z]{4}\d{6}[A-Z]{6}[A-Z0-9]\d", checks.curp_of_person, 2e-5, MARKED),
    Detector("RFC (Mexico)", r"[A-ZÑ&]{4}[ -]?\d{6}[ -]?[A-Z0-9]{3}", checks.rfc_of_person, 5e-3, MARKED),
    Detector("NIT (Colombia)", r"\d{1,3}(?:[.,]\d{3}){2,3}-\d|\d{8,10}-\d", checks.co_nit, 0.1, MARKED),
    Detector("NIT (Colombia)", r"\d{9,11}", checks.co_nit, 0.2, BARE, numeric=True),
    Detector("CUIL (Argentina)", r"2\d-\d{8}-\d", checks.ar_cuil, 0.1, MARKED),
    Detector("CUIL (Argentina)", r"\d{11}", checks.ar_cuil, 0.2, BARE, numeric=True),
    Detector("RUT (Chile)", r"\d{1,2}\.\d{3}\.\d{3}-[\dKk]|\d{7,8}-[\dKk]", checks.cl_rut, 0.1, MARKED),
    Detector("RUT (Chile)", r"\d{7,8}[\dKk]", checks.cl_rut, 0.2, BARE, numeric=True),
    Detector("IP addresses", r"\d{1,3}(?:\.\d{1,3}){3}", checks.ipv4, 0.04, BARE),
    Detector("IP addresses", r"(?:[0-9A-Fa-f]{0,4}:){3,7}[0-9A-Fa-f]{1,4}", checks.ipv6, 1e-5, MARKED),
)
