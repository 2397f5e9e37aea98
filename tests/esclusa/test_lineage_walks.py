"""What comes from what, and whom a change reaches: followed by hand, and by the walks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from esclusa.errors import Misused, UnknownColumn
from esclusa.promises import Promises
from esclusa.promises_document import read_promises
from esclusa.tracing.graph import Graph
from esclusa.tracing.walks import Branch, Impact, around, downstream, reached_by, upstream
from tests.esclusa.traced import QUERIES, USES, document, graph, promises


def lines(branch: Branch, depth: int = 0) -> Iterator[str]:
    """A tree as indented text."""
    mark = "^" if branch.repeated else "…" if branch.closed else ""
    rows = ":rows" if branch.rows else ""
    yield (
        f"{'  ' * depth}{branch.how} {branch.name}{rows}{mark}".strip()
        if depth == 0
        else (f"{'  ' * depth}{branch.how} {branch.name}{rows}{mark}")
    )
    for child in branch.branches:
        yield from lines(child, depth + 1)


def up(name: str, rows: bool = False) -> list[str]:
    return list(lines(upstream(graph(), graph().find(name), rows=rows)))


def down(name: str) -> list[str]:
    return list(lines(downstream(graph(), graph().find(name))))


def reached(name: str, of: Promises | None = None) -> Impact:
    known = of or promises()
    found = Graph(known)
    return reached_by(found, known, found.find(name), {"orders": "certified"}.get)  # type: ignore[arg-type]


def test_a_dataset_comes_from_its_tables_back_to_the_source() -> None:
    assert up("orders") == [
        "orders",
        "  reads intermediate.int_good",
        "    reads staging.stg_sales",
        "      reads shop.sales",
    ]


def test_a_column_comes_from_columns_each_with_how() -> None:
    assert up("orders.amount") == [
        "orders.amount",
        "  copied intermediate.int_good.value",
        "    copied staging.stg_sales.value",
        "      computed shop.sales.pieces",
        "      computed shop.sales.price",
    ]


def test_rows_that_only_decide_are_closed_until_they_are_asked_for() -> None:
    assert up("forecasts.orders") == ["forecasts.orders", "  deciding forecasts:rows…"]
    assert up("forecasts.orders", rows=True)[-1] == "    deciding shop.sales:rows"
    closed = up("customers.*")
    assert "  deciding staging.stg_sales:rows…" in closed
    assert "    deciding shop.sales:rows" in up("customers.*", rows=True)


def test_what_was_shown_is_not_shown_again() -> None:
    queries = {
        **QUERIES,
        "candidate.orders": "select value as amount, value as customer, id as order_id from staging.stg_sales",
    }
    queries["candidate.orders"] = (
        "select a.value + b.value as amount from staging.stg_sales as a join intermediate.int_good as b on true"
    )
    known = Graph(read_promises(document(queries)))
    shown = list(lines(upstream(known, known.find("orders.amount"))))
    assert shown == [
        "orders.amount",
        "  computed intermediate.int_good.value",
        "    copied staging.stg_sales.value",
        "      computed shop.sales.pieces",
        "      computed shop.sales.price",
        "  computed staging.stg_sales.value^",
    ]  # fmt: skip


def test_a_source_column_goes_to_golden_columns_and_their_uses() -> None:
    assert down("shop.people.land") == [
        "shop.people.land",
        "  copied staging.stg_people.land",
        "    copied customers.country",
        "      uses reorder_model",
    ]


def test_a_dataset_goes_to_its_use_cases_and_to_datasets_that_refer_to_it() -> None:
    assert down("orders") == ["orders", "  refers to forecasts", "  uses price_watch", "  uses reorder_model"]


def test_a_system_holds_its_tables_and_a_use_case_comes_from_datasets() -> None:
    assert down("shop")[1] == "  holds shop.people"
    assert [line for line in up("price_watch") if "uses" in line] == ["  uses orders"]


@pytest.mark.parametrize(
    ("name", "node"),
    [
        ("orders", ("orders", "")),
        ("candidate.orders.amount", ("orders", "amount")),
        ("golden.orders", ("orders", "")),
        ("shop.sales.price", ("shop.sales", "price")),
        ("staging.stg_sales", ("staging.stg_sales", "")),
        ("intermediate.int_good.value", ("intermediate.int_good", "value")),
        ("orders.*", ("orders", "*")),
    ],
)
def test_names_are_found_as_people_write_them(name: str, node: tuple[str, str]) -> None:
    assert graph().find(name) == node


def test_of_a_name_that_two_things_bear_the_dataset_is_meant() -> None:
    made = document(uses=[{**USES[0], "useCase": "orders", "datasets": ["customers"]}])
    found = Graph(read_promises(made.replace(b'"system": "shop"', b'"system": "orders"')))
    assert found.things["orders"].kind == "dataset"
    assert found.reads["orders"] == {"intermediate.int_good": "reads"}
    assert found.reads["use case orders"] == {"customers": "uses"}


@pytest.mark.parametrize(
    ("name", "error", "meant"),
    [
        ("ordres", Misused, "orders"),
        ("staging.stg_sale", Misused, "staging.stg_sales"),
        ("shop.sales.prise", UnknownColumn, "price"),
        ("orders.amounts", UnknownColumn, "amount"),
        ("zzz", Misused, ""),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, error: type[Misused], meant: str) -> None:
    with pytest.raises(error) as refusal:
        graph().find(name)
    assert type(refusal.value) is error
    assert (f"Did you mean {meant}?" in refusal.value.remedy) == bool(meant)
    assert refusal.value.exit_code == 2


def test_a_repository_without_promises_says_so() -> None:
    with pytest.raises(Misused, match="publishes no lineage"):
        Graph(Promises()).find("orders")


def test_a_column_reaches_values_by_copy_and_by_computing() -> None:
    found, referring = reached("shop.sales.price").reached
    assert (referring.dataset, referring.how) == ("forecasts", "referred to")
    assert (found.dataset, found.how, found.columns, found.decided, found.rows) == (
        "orders", "value", ("amount",), (), False,
    )  # fmt: skip
    assert (found.owner, found.support, found.status) == ("ada", ("#test",), "certified")
    assert [use.use_case for use in found.use_cases] == ["reorder_model", "price_watch"]


def test_a_column_that_only_decides_reaches_rows() -> None:
    by_state = {r.dataset: r for r in reached("shop.sales.state").reached}
    assert by_state["orders"].how == "deciding"
    assert by_state["orders"].rows
    assert by_state["forecasts"].how == "referred to"
    assert "customers" not in by_state


def test_what_only_decided_once_still_only_decides_after_being_copied() -> None:
    staged = "select id, case when state = 'done' then 'yes' else 'no' end as ready from raw.shop__sales"
    queries = {"staging.stg_sales": staged, "candidate.orders": "select id, ready from staging.stg_sales"}
    (found,) = reached("shop.sales.state", read_promises(document(queries))).reached
    assert (found.how, found.columns, found.decided) == ("deciding", (), ("ready",))


def test_a_column_that_is_joined_on_reaches_values_here_and_rows_there() -> None:
    found = {r.dataset: (r.how, r.columns, r.rows) for r in reached("shop.sales.buyer").reached}
    assert found["orders"] == ("value", ("customer",), False)
    assert found["customers"] == ("deciding", (), True)


def test_a_whole_table_reaches_what_only_counts_its_rows() -> None:
    found = {r.dataset: r for r in reached("shop.sales").reached}
    assert found["forecasts"].rows
    assert found["forecasts"].decided == ("orders",)
    assert found["customers"].rows
    assert reached("shop").owners == ("ada", "edsger", "grace")


def test_what_nobody_takes_reaches_nobody() -> None:
    assert reached("shop.people.mail").reached == ()
    assert reached("shop.people.mail").owners == ()


def test_a_dataset_reaches_its_uses_and_those_that_refer_to_it() -> None:
    found = reached("orders")
    assert [(r.dataset, r.how) for r in found.reached] == [("forecasts", "referred to")]
    assert found.owners == ("ada", "edsger", "grace")


def test_a_query_that_cannot_be_followed_may_be_reached_in_every_column() -> None:
    opaque = read_promises(document({**QUERIES, "candidate.orders": "selekt staging.stg_sales "}))
    (found,) = (r for r in reached("shop.sales.price", opaque).reached if r.dataset == "orders")
    assert found.how == "value"
    assert found.columns


def test_the_steps_around_a_column_are_those_of_its_two_trees() -> None:
    node = graph().find("intermediate.int_good.value")
    steps = set(around(graph(), node, up=True, down=True))
    assert (("shop.sales", "price"), ("staging.stg_sales", "value"), "computed") in steps
    assert (("intermediate.int_good", "value"), ("orders", "amount"), "copied") in steps
    assert (("orders", "amount"), ("price_watch", ""), "uses") in steps
    assert not {step for step in around(graph(), node, up=False, down=True) if step[0][0] == "shop.sales"}
