"""Whether a string that looks like personal data is: checksums, registries and dates, by libraries where they exist.

Belongs here: one function per kind, string → bool. Does not: what a string looks like (`detectors.py`), how many
of them are enough (`scan.py`).
Source: python-stdnum (national ids, IBAN, Luhn), phonenumbers (numbering plans), ipaddress.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_network

import phonenumbers
from stdnum import iban, luhn
from stdnum.ar import cuit
from stdnum.br import cpf
from stdnum.cl import rut
from stdnum.co import nit
from stdnum.es import dni, nie
from stdnum.mx import curp, rfc
from stdnum.pt import cc
from stdnum.pt import nif as pt_nif

Check = Callable[[str], bool]

# What follows an `@` and a dot in names of files and packages, and is no top-level domain.
FILE_ENDINGS = frozenset({"css", "gif", "jpeg", "jpg", "js", "json", "png", "svg", "webp"})
# Prefix of the issuer → length of the number (ISO/IEC 7812 as the large schemes use it).
CARDS = re.compile(
    r"4\d{15}|(?:5[1-5]|2[3-6]|22[3-9]|27[01])\d+|3[47]\d{13}|(?:6011|65|64[4-9])\d+|35\d{14}|3[068]\d{12}|62\d+"
)
# Digits that say when: a date with what follows it, and seconds since 1970 (from 2001 to 2033).
MOMENT = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d*|1\d{9}")
HOME_NETWORK = ip_network("192.168.0.0/16")
ADDRESSES_6 = tuple(map(ip_network, ("2000::/3", "fc00::/7", "fe80::/10")))
WIDE = 20  # a version number seldom has four parts of at least so much


def digits(text: str) -> str:
    """The digits of a string, in order."""
    return "".join(filter(str.isdigit, text))


def email(text: str) -> bool:
    """An address of a mailbox, by its form; `icon@2x.png` is a file."""
    local, _, domain = text.rpartition("@")
    named = all(label and not label.startswith("-") and not label.endswith("-") for label in domain.split("."))
    fits = 0 < len(local) <= 64 and not local.startswith(".") and not local.endswith(".") and ".." not in local
    return fits and named and domain.rpartition(".")[2].lower() not in FILE_ENDINGS


def card(text: str) -> bool:
    """The prefix and length of a card issuer, and Luhn's check digit."""
    number = digits(text)
    return CARDS.fullmatch(number) is not None and len(number) <= 16 and luhn.is_valid(number)


def curp_of_person(text: str) -> bool:
    """CURP with its date of birth, sex, state and check digit."""
    return bool(curp.is_valid(text))


def rfc_of_person(text: str) -> bool:
    """RFC of 13 characters (a person's) with its date of birth and check digit."""
    return len(rfc.compact(text)) == 13 and bool(rfc.is_valid(text, validate_check_digits=True))


def iban_number(text: str) -> bool:
    """IBAN by the length and form of its country, modulo 97, and the country's own check digits where known."""
    return bool(iban.is_valid(text))


def ipv4(text: str) -> bool:
    """An address that is no version number: in a home network, or with parts larger than versions have."""
    try:
        address = IPv4Address(text)
    except ValueError:
        return False
    if address.is_multicast or address.is_reserved or address.is_loopback or address.is_unspecified:
        return False
    return address in HOME_NETWORK or all(int(part) >= WIDE for part in text.split("."))


def ipv6(text: str) -> bool:
    """A global, local or link address with at least four groups; `de::ad` is a name."""
    try:
        address = IPv6Address(text)
    except ValueError:
        return False
    return any(address in network for network in ADDRESSES_6) and sum(map(bool, text.split(":"))) >= 4


def international_phone(text: str) -> bool:
    """A number with country code, assigned by the numbering plan of its country."""
    return _assigned(text, None)


def national_phone(region: str) -> Check:
    """A number without country code by the plan of one region; a date or time written in digits is none.

    Args:
        region: ISO 3166-1 code of two letters.
    """
    return lambda text: MOMENT.fullmatch(text) is None and _assigned(text, region)


def _assigned(text: str, region: str | None) -> bool:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return False
    if region is None:
        return phonenumbers.is_valid_number(number)
    return phonenumbers.is_valid_number_for_region(number, region)


def es_dni(text: str) -> bool:
    """Spain's DNI: eight digits and their letter (modulo 23)."""
    return bool(dni.is_valid(text.replace(".", "")))


def es_nie(text: str) -> bool:
    """Spain's NIE: X, Y or Z, seven digits and their letter (modulo 23)."""
    return bool(nie.is_valid(text.replace(".", "")))


def pt_nif_of_person(text: str) -> bool:
    """Portugal's NIF of a person (it begins with 1, 2, 3 or 45), with its check digit (modulo 11)."""
    number = digits(text)
    return number.startswith(("1", "2", "3", "45")) and bool(pt_nif.is_valid(number))


def pt_cc(text: str) -> bool:
    """Portugal's citizen card with its check digit."""
    return bool(cc.is_valid(text))


def br_cpf(text: str) -> bool:
    """Brazil's CPF: two check digits (modulo 11); eleven equal digits are none."""
    return len(set(digits(text))) > 1 and bool(cpf.is_valid(text))


def co_nit(text: str) -> bool:
    """Colombia's NIT, which a cédula becomes with its check digit (modulo 11)."""
    return bool(nit.is_valid(text))


def ar_cuil(text: str) -> bool:
    """Argentina's CUIL or CUIT of a person, which holds the DNI, with its check digit (modulo 11)."""
    return digits(text).startswith(("20", "23", "24", "27")) and bool(cuit.is_valid(text))


def cl_rut(text: str) -> bool:
    """Chile's RUT with its check digit (modulo 11, `K` for ten); a person's has seven or eight digits before it."""
    return len(rut.compact(text)) in {8, 9} and bool(rut.is_valid(text))
