"""The scan finds each kind of personal data where it is not declared, and nothing where there is none."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from expectations.contract import Contract
from expectations.pii.detectors import BARE, DETECTORS, tail
from expectations.pii.scan import SAMPLE, found, scan, scan_id
from expectations.verdict import Finding, GateItem, State
from tests.expectations.audited import column, contract
from tests.expectations.people import PEOPLE, Make, made_cpf, made_iban, made_pt_nif

MANY = 40
OPEN = contract(column())
NUMBERS = [n for n, (_, make) in PEOPLE.items() if n not in {"rut", "gb_phone"} and make(Random(1)).isdigit()]


def scanned(values: Sequence[Any], agreed: Contract = OPEN, engine_type: str = "VARCHAR") -> Finding:
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE t AS SELECT CAST(unnest(?) AS {engine_type}) AS c", [list(values)])
        return scan(connection, "t", agreed)


def made(make: Make, count: int = MANY, seed: int = 7) -> list[str]:
    random = Random(seed)
    return [make(random) for _ in range(count)]


@pytest.mark.parametrize("name", PEOPLE)
def test_each_kind_is_found_alone_in_a_column(name: str) -> None:
    kind, make = PEOPLE[name]
    finding = scanned(made(make))
    assert finding.state is State.FAIL
    assert f"`c` holds {kind} in {MANY} rows" in finding.message


@pytest.mark.parametrize("name", PEOPLE)
def test_each_kind_is_found_in_free_text(name: str) -> None:
    kind, make = PEOPLE[name]
    values = [f"Called ({value}), will call again. 2 x 100" for value in made(make)]
    assert f"`c` holds {kind} in {MANY} rows" in scanned(values).message


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("engine_type", ["BIGINT", "DECIMAL(18,2)", "DOUBLE"])
def test_kinds_of_digits_are_found_in_columns_of_numbers(name: str, engine_type: str) -> None:
    kind, make = PEOPLE[name]
    assert f"`c` holds {kind} in {MANY} rows" in scanned(made(make), engine_type=engine_type).message


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("write to ana.perez@example.org, please", "e-mail addresses"),
        ("account ES91 2100 0418 4502 0005 1332", "IBANs"),
        ("BOXW310820HNERXN09", "CURP (Mexico)"),
    ],
)
def test_one_is_enough_of_a_kind_that_chance_does_not_make(value: str, kind: str) -> None:
    assert kind in scanned([value, *map(str, range(1000))]).message


def test_a_few_phone_numbers_in_a_thousand_notes_are_found() -> None:
    numbers = ["+34 612 345 678", "+351 912 345 678", "+55 11 91234-5678", "+1 212 555 2368"]
    finding = scanned([*(f"call {n} after 5 pm" for n in numbers), *(f"order {i} of 2026-11-22" for i in range(1000))])
    assert "phone numbers in 4 rows" in finding.message


def test_a_few_people_among_many_other_codes_are_found() -> None:
    """Each form is sampled by itself, so that codes of another form do not hide them."""
    codes = made(lambda r: str(r.randint(10**10, 10**11 - 1)), 5 * SAMPLE)
    assert "`c` holds e-mail addresses in 2 rows" in scanned([*codes, "a@example.org", "b@example.org"]).message


WRONG_END = {"iban", "card", "dni", "nie", "pt_nif", "pt_cc", "cpf", "curp", "rfc", "nit", "cuil", "rut"}


@pytest.mark.parametrize("name", [n for n in PEOPLE if n.split("_formatted")[0].split("_grouped")[0] in WRONG_END])
def test_a_wrong_check_digit_does_not_count(name: str) -> None:
    kind, make = PEOPLE[name]
    detectors = [d for d in DETECTORS if d.kind == kind]
    for value in made(make):
        end = "0123456789" if value[-1].isdigit() else "TRWAGMYFPDXBNJZSQVHLCKE"
        wrong = value[:-1] + end[(end.index(value[-1]) + 1) % len(end)]
        assert any(d.check(part) for d in detectors for part in d.looks(value))
        assert not any(d.check(part) for d in detectors for part in d.looks(wrong))


def test_numbers_with_wrong_check_digits_pass() -> None:
    wrong = [f"{cpf[:9]}-{(int(cpf[9:]) + 1) % 100:02}" for cpf in made(made_cpf, 200)]
    assert scanned(wrong).state is State.PASS


def dates(random: Random) -> str:
    return f"20{random.randint(10, 26)}{random.randint(1, 12):02}{random.randint(1, 28):02}"


LOOK_ALIKES: dict[str, Make] = {
    "uuid": lambda r: str(uuid.UUID(int=r.getrandbits(128))),
    "digest": lambda r: hashlib.md5(r.randbytes(8), usedforsecurity=False).hexdigest(),
    "version": lambda r: f"{r.randint(0, 15)}.{r.randint(0, 30)}.{r.randint(0, 30)}.{r.randint(0, 255)}",
    "build": lambda r: f"{r.randint(20, 130)}.0.{r.randint(100, 6000)}.{r.randint(10, 200)}",
    "time": lambda r: f"20{r.randint(10, 26)}-{r.randint(1, 12):02}-{r.randint(1, 28):02} {r.randint(0, 23):02}:30:15",
    "seconds": lambda r: str(r.randint(1_000_000_000, 1_900_000_000)),
    "milliseconds": lambda r: str(r.randint(1_000_000_000_000, 1_900_000_000_000)),
    "day": dates,
    "day_and_hour": lambda r: f"{dates(r)}{r.randint(0, 23):02}",
    "day_and_counter": lambda r: f"{dates(r)}{r.randint(0, 999):03}",
    "nine_digits": lambda r: str(r.randint(10**8, 10**9 - 1)),
    "ten_digits": lambda r: str(r.randint(10**9, 10**10 - 1)),
    "eleven_digits": lambda r: str(r.randint(10**10, 10**11 - 1)),
    "sixteen_digits": lambda r: str(r.randint(10**15, 10**16 - 1)),
    "latitude": lambda r: f"{r.uniform(-90, 90):.6f}",
    "amount": lambda r: f"{r.lognormvariate(8, 3):.2f}",
    "part": lambda r: f"{r.randint(10**7, 10**8 - 1)}{r.choice('ABCDEF')}",
    "order": lambda r: f"{r.randint(100, 999)}-{r.randint(10**6, 10**7 - 1)}-{r.randint(10**6, 10**7 - 1)}",
    "mac": lambda r: ":".join(f"{r.randint(0, 255):02x}" for _ in range(6)),
    "file": lambda r: f"icon@{r.randint(2, 9)}x.png",
    "code": lambda r: f"std::vector dead::beef a{r.randint(0, 99)}::b",
}


@pytest.mark.parametrize("name", LOOK_ALIKES)
@pytest.mark.parametrize("count", [5, 40, 2 * SAMPLE])
def test_what_only_looks_like_personal_data_passes(name: str, count: int) -> None:
    assert scanned(made(LOOK_ALIKES[name], count)).message == ""


@pytest.mark.parametrize("start", [600_000_001, 3_005_550_001, 4_111_111_111_111_111, 20_123_456_780])
@pytest.mark.parametrize("step", [1, 7, 11])
def test_a_counter_passes(start: int, step: int) -> None:
    assert scanned(range(start, start + 2000 * step, step), engine_type="BIGINT").message == ""


def test_chance_alone_does_not_shut_the_gate_and_clearly_more_does() -> None:
    """One in ten nine-digit numbers has the check digit of a NIF; three in ten are people."""
    random = Random(5)
    numbers = [str(random.randint(10**8, 10**9 - 1)) for _ in range(700)]
    assert scanned(numbers).state is State.PASS
    assert "NIF (Portugal)" in scanned([*numbers, *made(made_pt_nif, 300)]).message


@pytest.mark.parametrize(("hits", "trials", "chance"), [(1, 1, 0.01), (3, 10, 0.2), (150, 1000, 0.1), (9, 9, 0.2)])
def test_the_tail_of_chance_is_the_binomial_one(hits: int, trials: int, chance: float) -> None:
    assert tail(hits, trials, chance) == pytest.approx(binom.sf(hits - 1, trials, chance), rel=1e-9)


def test_no_detector_is_convinced_by_what_it_says_chance_gives() -> None:
    for detector in DETECTORS:
        expected = round(detector.chance * SAMPLE)
        assert tail(max(1, expected), SAMPLE, detector.chance) > BARE or detector.chance == 0


@pytest.mark.parametrize(
    ("declared", "state"),
    [
        ({"tags": ("pii",), "classification": "confidential"}, State.PASS),
        ({"privacy": {"category": "contact"}, "classification": "restricted"}, State.PASS),
        ({"tags": ("pii",), "classification": "internal"}, State.FAIL),
        ({"classification": "restricted"}, State.FAIL),
    ],
)
def test_only_a_column_that_is_personal_and_above_internal_may_hold_it(declared: Any, state: State) -> None:
    assert scanned(made(made_iban), contract(column(**declared))).state is state


def test_a_column_that_the_contract_does_not_know_is_scanned() -> None:
    assert scanned(made(made_iban), contract(column("other"))).state is State.FAIL


def test_the_finding_names_column_kind_and_count_and_never_a_value() -> None:
    values = made(made_iban, 12)
    finding = scanned([*values, *values])
    assert (finding.rule, finding.item, finding.column) == (scan_id(OPEN), GateItem.ACCESS, "c")
    assert finding.observed == 1
    assert "24 rows" in finding.message
    assert "data.owner" in finding.message
    assert "esclusa run --only things" in finding.remedy
    assert not [value for value in values if value in repr(finding)]


def test_more_texts_than_are_looked_at_are_told_as_at_least() -> None:
    finding = scanned(made(PEOPLE["email"][1], 3 * SAMPLE))
    assert f"at least {SAMPLE:,} rows" in finding.message


def test_the_same_bytes_give_the_same_finding() -> None:
    values = made(made_pt_nif, 5000)
    assert scanned(values) == scanned(values[::-1])


@pytest.mark.parametrize("values", [[], [None, None], ["", " "]])
def test_a_column_without_text_passes(values: list[Any]) -> None:
    assert scanned(values).state is State.PASS


def test_an_odd_column_name_is_read_and_dates_and_flags_are_not() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            """CREATE TABLE t AS SELECT DATE '2026-11-22' AS d, true AS b, 'a@example.org' AS "it's ü" """
        )
        assert [hit.column for hit in found(connection, "t", OPEN)] == ["it's ü"]


def test_a_list_of_texts_is_read() -> None:
    with duckdb.connect() as connection:
        assert found(connection, "(SELECT ['x', 'a@example.org'] AS c)", OPEN)


def test_a_candidate_that_cannot_be_read_is_an_error_and_shuts_the_gate() -> None:
    with duckdb.connect() as connection:
        finding = scan(connection, "nowhere", OPEN)
    assert finding.state is State.ERROR
    assert not finding.opens


def test_a_value_that_cannot_be_read_is_an_error_that_does_not_show_it() -> None:
    with duckdb.connect() as connection:
        finding = scan(connection, "(SELECT CAST('secret' || i AS INTEGER)::VARCHAR AS c FROM range(3) r(i))", OPEN)
    assert finding.state is State.ERROR
    assert "secret" not in repr(finding)


def test_real_data_holds_nothing_that_is_found(shared_data: Path) -> None:
    """Invoice and incident numbers, stock codes, digests, free-text descriptions, times: 550,000 rows and more."""
    files = [*shared_data.rglob("*.csv"), *shared_data.rglob("*.parquet")]
    assert len(files) >= 5
    with duckdb.connect() as connection:
        for file in files:
            read = f"read_csv('{file}', all_varchar=true)" if file.suffix == ".csv" else f"read_parquet('{file}')"
            assert found(connection, read, contract()) == (), file.name


@pytest.mark.parametrize(
    ("sql", "times"),
    [
        pytest.param("md5(i::VARCHAR)", 60, id="digests"),
        pytest.param("'order ' || i || ' of customer ' || i % 977", 60, id="notes"),
        pytest.param("i * 7919", 400, id="numbers that all look like phones"),
        pytest.param("i % 100", 60, id="small numbers"),
    ],
)
def test_a_million_rows_cost_a_bounded_multiple_of_hashing_them(
    sql: str, times: int, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(f"CREATE TABLE t AS SELECT {sql} AS c FROM range(1000000) r(i)")

        def seconds(work: Callable[[], object]) -> float:
            start = time.process_time()
            work()
            return time.process_time() - start

        hashing = "SELECT sum(hash(c)::HUGEINT) FROM t"
        hashed = min(seconds(lambda: connection.execute(hashing).fetchall()) for _ in range(3))
        scanned_in = seconds(lambda: found(connection, "t", OPEN))
    with capsys.disabled():
        print(f"\n{request.node.callspec.id}: {scanned_in:.2f} s, {scanned_in / hashed:.0f} times as long as hashing")
    assert scanned_in < times * hashed


@settings(max_examples=200, deadline=None)
@given(st.from_regex(r"[-+@.:/() 0-9A-Za-z%_\u0660-\u0669éñ]{0,60}", fullmatch=True) | st.text(max_size=40))
def test_no_text_breaks_a_detector(text: str) -> None:
    for detector in DETECTORS:
        assert all(detector.check(part) in {True, False} for part in detector.looks(text))


def test_a_detector_of_every_kind_is_made_and_found() -> None:
    assert {kind for kind, _ in PEOPLE.values()} == {d.kind for d in DETECTORS}
    assert replace(DETECTORS[0], chance=0.5).enough == 10
