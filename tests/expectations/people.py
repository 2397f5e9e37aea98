"""Personal data of nobody: values of each kind with valid checksums, bare and formatted, made at random.

Belongs here: generators. Does not: assertions.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

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

Make = Callable[[Random], str]
CONSONANTS = "BCDFGHJKLMNPQRSTVWXZ"


def digits(random: Random, count: int) -> str:
    """So many random digits, the first not 0."""
    return str(random.randint(10 ** (count - 1), 10**count - 1))


def letters(random: Random, count: int, among: str = CONSONANTS) -> str:
    """So many random letters."""
    return "".join(random.choices(among, k=count))


def birthday(random: Random) -> str:
    """YYMMDD of the last century."""
    return f"{random.randint(40, 99)}{random.randint(1, 12):02}{random.randint(1, 28):02}"


def made_cpf(random: Random) -> str:
    """CPF, bare."""
    base = digits(random, 9)
    return next(f"{base}{check:02}" for check in range(100) if cpf.is_valid(f"{base}{check:02}"))


def made_cc(random: Random) -> str:
    """Citizen card, bare."""
    base = digits(random, 9) + letters(random, 2)
    return base + str(cc.calc_check_digit(base))


def made_cuil(random: Random) -> str:
    """CUIL, bare."""
    base = random.choice(["20", "23", "24", "27"]) + digits(random, 8)
    return base + cuit.calc_check_digit(base)


def made_curp(random: Random) -> str:
    """CURP."""
    name = letters(random, 1) + "E" + letters(random, 2)
    base = f"{name}{birthday(random)}{random.choice('HM')}JC{letters(random, 3)}0"
    return base + curp.calc_check_digit(base)


def made_rfc(random: Random) -> str:
    """RFC of a person."""
    while True:
        base = letters(random, 1) + "E" + letters(random, 2) + birthday(random) + "12"
        if (check := rfc.calc_check_digit(base)) in "0123456789A":
            return base + check


def made_rut(random: Random) -> str:
    """RUT, bare."""
    base = str(random.randint(5_000_000, 25_000_000))
    return base + rut.calc_check_digit(base)


def made_nit(random: Random) -> str:
    """NIT of a person, bare: a cédula and its check digit."""
    base = str(random.randint(10_000_000, 1_200_000_000))
    return base + nit.calc_check_digit(base)


def made_pt_nif(random: Random) -> str:
    """NIF of a person."""
    base = random.choice("123") + digits(random, 7)
    return base + pt_nif.calc_check_digit(base)


def made_nie(random: Random) -> str:
    """NIE."""
    base = random.choice("XYZ") + digits(random, 7)
    return base + nie.calc_check_digit(base)


def made_iban(random: Random) -> str:
    """German IBAN: no check digits but its own."""
    base = digits(random, 18)
    return f"DE{iban.calc_check_digits('DE00' + base)}{base}"


def made_card(random: Random) -> str:
    """Card of 16 digits."""
    base = random.choice(["4", "51", "55", "65"]) + digits(random, 15)
    return base[:15] + luhn.calc_check_digit(base[:15])


def phone(region: str, *starts: str, length: int) -> Make:
    """Numbers that the plan of a region assigns."""

    def make(random: Random) -> str:
        while True:
            start = random.choice(starts)
            number = start + "".join(random.choices("0123456789", k=length - len(start)))
            if phonenumbers.is_valid_number_for_region(phonenumbers.parse(number, region), region):
                return number

    return make


def grouped(make: Make, pattern: str) -> Make:
    """The same, with `#` for each character of a pattern."""

    def formatted(random: Random) -> str:
        while True:
            value = make(random)
            if len(value) == pattern.count("#"):
                parts = iter(value)
                return "".join(next(parts) if c == "#" else c for c in pattern)

    return formatted


def made_dni(random: Random) -> str:
    """DNI, bare."""
    base = digits(random, 8)
    return base + dni.calc_check_digit(base)


ES, PT, CL = (
    phone("ES", "6", "7", "91", length=9),
    phone("PT", "91", "93", "96", "21", length=9),
    phone("CL", "9", length=9),
)
US, MX, CO = (
    phone("US", "2", "4", "7", length=10),
    phone("MX", "55", "33", "81", length=10),
    phone("CO", "30", "31", "32", length=10),
)
AR, BR, GB = (
    phone("AR", "11", "351", "261", length=10),
    phone("BR", "119", "219", "419", length=11),
    phone("GB", "07", "020", length=11),
)

# Name of a case → the kind that is found, and how to make such a value.
PEOPLE: dict[str, tuple[str, Make]] = {
    "email": ("e-mail addresses", lambda r: f"{letters(r, 6).lower()}.{letters(r, 4).lower()}@mail.example.org"),
    "iban": ("IBANs", made_iban),
    "iban_grouped": ("IBANs", grouped(made_iban, "#### #### #### #### #### ##")),
    "card": ("card numbers", made_card),
    "card_grouped": ("card numbers", grouped(made_card, "#### #### #### ####")),
    "es_international": ("phone numbers", grouped(ES, "+34 ### ### ###")),
    "us_international": ("phone numbers", grouped(US, "+1 (###) ###-####")),
    "br_international": ("phone numbers", grouped(BR, "+55##########" + "#")),
    "es_phone": ("phone numbers", ES),
    "es_phone_grouped": ("phone numbers", grouped(ES, "### ## ## ##")),
    "pt_phone": ("phone numbers", PT),
    "pt_phone_grouped": ("phone numbers", grouped(PT, "### ### ###")),
    "br_phone": ("phone numbers", BR),
    "br_phone_grouped": ("phone numbers", grouped(BR, "(##) #####-####")),
    "mx_phone": ("phone numbers", MX),
    "mx_phone_grouped": ("phone numbers", grouped(MX, "## #### ####")),
    "co_phone": ("phone numbers", CO),
    "co_phone_grouped": ("phone numbers", grouped(CO, "### ### ####")),
    "ar_phone": ("phone numbers", phone("AR", "351", "261", length=10)),
    "ar_phone_grouped": ("phone numbers", grouped(AR, "## ####-####")),
    "cl_phone": ("phone numbers", CL),
    "cl_phone_grouped": ("phone numbers", grouped(CL, "# #### ####")),
    "us_phone": ("phone numbers", US),
    "us_phone_grouped": ("phone numbers", grouped(US, "(###) ###-####")),
    "gb_phone": ("phone numbers", GB),
    "gb_phone_grouped": ("phone numbers", grouped(GB, "##### ######")),
    "dni": ("DNI (Spain)", made_dni),
    "dni_formatted": ("DNI (Spain)", grouped(made_dni, "##.###.###-#")),
    "nie": ("NIE (Spain)", made_nie),
    "nie_formatted": ("NIE (Spain)", grouped(made_nie, "#-#######-#")),
    "pt_nif": ("NIF (Portugal)", made_pt_nif),
    "pt_nif_grouped": ("NIF (Portugal)", grouped(made_pt_nif, "### ### ###")),
    "pt_cc": ("citizen cards (Portugal)", made_cc),
    "pt_cc_grouped": ("citizen cards (Portugal)", grouped(made_cc, "######## # ###")),
    "cpf": ("CPF (Brazil)", made_cpf),
    "cpf_formatted": ("CPF (Brazil)", grouped(made_cpf, "###.###.###-##")),
    "curp": ("CURP (Mexico)", made_curp),
    "rfc": ("RFC (Mexico)", made_rfc),
    "rfc_formatted": ("RFC (Mexico)", grouped(made_rfc, "#### ###### ###")),
    "nit": ("NIT (Colombia)", made_nit),
    "nit_formatted": ("NIT (Colombia)", grouped(made_nit, "##.###.###-#")),
    "cuil": ("CUIL (Argentina)", made_cuil),
    "cuil_formatted": ("CUIL (Argentina)", grouped(made_cuil, "##-########-#")),
    "rut": ("RUT (Chile)", made_rut),
    "rut_formatted": ("RUT (Chile)", grouped(made_rut, "##.###.###-#")),
    "ipv4": ("IP addresses", lambda r: ".".join(str(r.randint(30, 190)) for _ in range(4))),
    "ipv6": ("IP addresses", lambda r: "2001:" + ":".join(f"{r.randint(4096, 65535):x}" for _ in range(7))),
}
