"""Tables of a real Postgres land like files; its password shows nowhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from expectations.contract import SourceContract
from expectations.landing import DeliveryRefused, Landing
from expectations.landing.postgres import extension_directory
from tests.postgres import PASSWORD, Server

Agree = Callable[..., SourceContract]
Deliver = Callable[..., Landing]

TABLE = """
create schema sales;
create table sales.orders (order_id text, placed_at text, amount numeric(8,2), units int, state text, "state#2" text);
insert into sales.orders
    select lpad(i::text, 3, '0'), '13/2/2016 08:30', i / 4.0, i, 'open', null from generate_series(1, 300) i;
"""


@pytest.fixture(scope="module")
def server(postgres: Server) -> Server:
    """A running Postgres with the table `sales.orders` of 300 rows."""
    postgres.sql(TABLE)
    return postgres


@pytest.fixture
def source(agree: Agree) -> SourceContract:
    """The shop's orders, delivered by Postgres."""
    return agree(format="postgres", relation="sales.orders")


def test_a_table_lands_from_postgres(source: SourceContract, deliver: Deliver, server: Server, warehouse: Any) -> None:
    landing = deliver(source, postgres=server.url)
    assert (landing.file, landing.delivered, landing.quarantined) == ("postgres:sales.orders", 300, 0)
    found = warehouse.execute("select sum(amount), sum(units), min(order_id) from raw.shop__orders").fetchone()
    assert found == (11287.5, 45150, "001")
    assert deliver(source, postgres=server.url).unchanged
    server.sql("update sales.orders set units = units where order_id = '001'")  # moves the row, changes nothing
    assert deliver(source, postgres=server.url).unchanged
    server.sql("insert into sales.orders values ('x', '13/2/2016 08:30', 1, 1, 'open', null)")
    assert deliver(source, postgres=server.url).broken == {"order_id__pattern": 1}
    server.sql("delete from sales.orders where order_id = 'x'")


def test_a_renamed_column_in_postgres_is_refused(
    source: SourceContract, deliver: Deliver, server: Server, holdings: Callable[[], list[list[Any]]]
) -> None:
    deliver(source, postgres=server.url)
    before = holdings()
    server.sql("alter table sales.orders rename column amount to amounts")
    try:
        with pytest.raises(DeliveryRefused, match="column `amount` is missing, `amounts` is new"):
            deliver(source, postgres=server.url)
    finally:
        server.sql("alter table sales.orders rename column amounts to amount")
    assert holdings() == before


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        (PASSWORD, f"{PASSWORD}-not", "user or password is not accepted"),
        ("reader", "nobody", "user or password is not accepted"),
        ("/postgres", "/nowhere", "the database, user, schema or table does not exist"),
        ("127.0.0.1:", "127.0.0.1:1", "a Postgres that cannot be read"),
        ("127.0.0.1:", "127.0.0.2:", "nothing listens there"),
        ("/postgres", "/postgres?no_option=1", "a Postgres that cannot be read"),
    ],
)
def test_a_connection_that_fails_never_shows_the_password(
    source: SourceContract,
    deliver: Deliver,
    server: Server,
    caplog: pytest.LogCaptureFixture,
    old: str,
    new: str,
    seen: str,
) -> None:
    with pytest.raises(DeliveryRefused) as refusal:
        deliver(source, postgres=server.url.replace(old, new, 1))
    assert seen in refusal.value.seen
    assert PASSWORD not in str(refusal.value) + repr(refusal.value) + caplog.text
    assert refusal.value.__context__ is None


def test_a_table_that_is_not_there_is_refused(agree: Agree, deliver: Deliver, server: Server) -> None:
    with pytest.raises(DeliveryRefused, match="schema or table does not exist"):
        deliver(agree(format="postgres", relation="sales.nothing"), postgres=server.url)


def test_the_url_stays_out_of_the_warehouse(
    source: SourceContract, deliver: Deliver, server: Server, warehouse: Any
) -> None:
    deliver(source, postgres=server.url)
    everything = warehouse.execute("select * from duckdb_databases()").fetchall()
    everything += warehouse.execute("select * from duckdb_secrets()").fetchall()
    assert PASSWORD not in str(everything)


def test_without_a_connection_the_delivery_is_refused(source: SourceContract, deliver: Deliver) -> None:
    with pytest.raises(DeliveryRefused, match="no connection was given"):
        deliver(source)


def test_the_extension_is_linked_from_its_wheel(tmp_path: Path) -> None:
    links = sorted(p.name for p in extension_directory(tmp_path).rglob("*.duckdb_extension"))
    assert links == ["postgres.duckdb_extension", "postgres_scanner.duckdb_extension"]
    assert all(p.is_symlink() for p in tmp_path.rglob("*.duckdb_extension"))
