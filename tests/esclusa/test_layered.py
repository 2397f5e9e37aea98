"""Boxes of a drawing: left to right, apart from each other, few crossings."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from esclusa.tracing.layers import GAP_Y, place

SIZE = (100.0, 40.0)


def test_a_chain_stands_in_a_row() -> None:
    placed = place(dict.fromkeys("abc", SIZE), [("a", "b"), ("b", "c")])
    assert placed.at["a"][0] < placed.at["b"][0] < placed.at["c"][0]
    assert len({y for _, y in placed.at.values()}) == 1
    assert placed.height == SIZE[1]


def test_lines_that_need_not_cross_do_not() -> None:
    placed = place(dict.fromkeys("abcxyz", SIZE), [("a", "z"), ("b", "y"), ("c", "x")])
    from_top = sorted("abc", key=lambda box: placed.at[box][1])
    to_top = sorted("xyz", key=lambda box: placed.at[box][1])
    assert [{"a": "z", "b": "y", "c": "x"}[box] for box in from_top] == to_top


def test_a_long_line_passes_beside_the_boxes_between() -> None:
    placed = place(dict.fromkeys("abc", SIZE), [("a", "b"), ("b", "c"), ("a", "c")])
    (((_, y), *_),) = placed.ways["a", "c"]
    top = placed.at["b"][1]
    assert not top < y < top + SIZE[1]


def test_nothing_and_one_box_are_drawings_too() -> None:
    assert place({}, []).width == 0
    assert place({"a": SIZE}, [("a", "a")]).at == {"a": (0.0, 0.0)}


@given(
    st.integers(1, 14).flatmap(
        lambda n: st.tuples(
            st.lists(st.tuples(st.floats(20, 300), st.floats(20, 200)), min_size=n, max_size=n),
            st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=30),
        )
    )
)
def test_no_box_touches_another_and_every_line_leads_right(
    drawn: tuple[list[tuple[float, float]], list[tuple[int, int]]],
) -> None:
    sizes = {f"b{number}": size for number, size in enumerate(drawn[0])}
    edges = [(f"b{a}", f"b{b}") for a, b in drawn[1] if a < b]
    placed = place(sizes, edges)
    for a, b in edges:
        assert placed.at[a][0] + sizes[a][0] < placed.at[b][0]
    for a, b in combinations(sizes, 2):
        (xa, ya), (xb, yb) = placed.at[a], placed.at[b]
        beside = xa + sizes[a][0] <= xb or xb + sizes[b][0] <= xa
        assert beside or ya + sizes[a][1] + GAP_Y <= yb + 1e-6 or yb + sizes[b][1] + GAP_Y <= ya + 1e-6
    for box, (x, y) in placed.at.items():
        assert -1e-6 <= x <= placed.width - sizes[box][0] + 1e-6
        assert -1e-6 <= y <= placed.height - sizes[box][1] + 1e-6
