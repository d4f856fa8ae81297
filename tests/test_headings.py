"""Headings of tables on a page: none is empty, and the unit of all cells of a column stands in it."""

import pytest

from planner.tables import Table
from planner.ui.showing.headings import headings


@pytest.mark.parametrize(
    ("heading", "cells", "shown"),
    [
        ("cost", ["$1.2M ± 0.1", "-$3", "n/a"], "cost (USD)"),
        ("saves", ["< $1", ""], "saves (USD)"),
        ("share", ["12.0%", "< 0.1%"], "share (%)"),
        ("USD a year", ["$1"], "USD a year"),
        ("per $1", ["$1"], "per $1"),
        ("true share, 95%", ["19.4% to 99.4%"], "true share, 95%"),
        ("value", ["$1", "2.0%"], "value"),
        ("requests", ["12"], "requests"),
        ("empty", ["-", ""], "empty"),
        ("", ["a period"], "what"),
    ],
)
def test_a_heading_names_the_unit_that_all_cells_have(heading: str, cells: list[str], shown: str) -> None:
    assert headings(Table(title="t", columns=(heading,), rows=tuple((cell,) for cell in cells))) == [shown]


def test_where_each_row_has_a_unit_of_its_own_the_cells_tell_it() -> None:
    rows = (("growth", "44.9%", "5.0%"), ("damping", "0.98", ""))
    table = Table(title="t", columns=("parameter", "value", "P10"), rows=rows, numeric=frozenset({1, 2}))
    assert headings(table) == ["parameter", "value", "P10"]


def test_a_column_without_a_name_takes_one_that_is_free() -> None:
    assert headings(Table(title="t", columns=("", "what"), rows=(("E", "mean"),))) == ["of", "what"]
