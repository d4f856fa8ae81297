"""What people read: the example's tables as a golden text, and the rounding rules."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner import listings, report, words
from planner.plan import Plan, build_plan
from planner.plan_file.loader import load_plan
from planner.risk import Estimate
from planner.tables import Table

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def plan() -> Plan:
    return build_plan(load_plan(ROOT / "data" / "plans" / "example.toml"))


def _text(table: Table) -> str:
    lines = [table.title, " | ".join(table.columns), *(" | ".join(row) for row in table.rows), table.note]
    return "\n".join(line for line in lines if line)


def test_the_example_plan_as_people_read_it(plan: Plan, golden: Callable[[str, str], None]) -> None:
    tables = [
        report.mix_table(plan),
        report.scenarios_table(plan),
        report.routes_table(plan),
        report.caches_table(plan),
        report.curve_table(plan),
        report.decision_table(plan),
    ]
    text = "\n\n".join([*map(_text, tables), *report.headline(plan), *(f"note: {note}" for note in plan.warnings)])
    golden("example-plan.txt", text + "\n")


def test_every_row_has_a_cell_for_every_column(plan: Plan) -> None:
    assert plan.prepared.measurement is not None
    for table in (
        report.mix_table(plan),
        report.scenarios_table(plan),
        report.routes_table(plan),
        report.caches_table(plan),
        report.curve_table(plan),
        report.decision_table(plan),
        listings.measure_table(plan.prepared.measurement),
    ):
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert all(index < len(table.columns) for index in table.numeric)


@pytest.mark.parametrize(
    ("value", "short", "exact"),
    [
        (0.0, "$0", "$0"),
        (-0.001, "$0", "$0"),
        (999.4, "$999", "$999"),
        (12_345.0, "$12k", "$12,345"),
        (999_501.0, "$1.00M", "$999,501"),
        (-1_234_567.0, "-$1.23M", "-$1,234,567"),
    ],
)
def test_dollars(value: float, short: str, exact: str) -> None:
    assert words.usd_short(value) == short
    assert words.usd(value) == exact


def test_an_estimate_shows_the_digits_that_its_error_leaves() -> None:
    assert [words.usd_per_mtok(value) for value in (4.0, 0.1, 0.125, 12.5, 0.0125, 1000.0)] == [
        "$4.00", "$0.10", "$0.125", "$12.50", "$0.0125", "$1,000.00",
    ]  # fmt: skip
    assert words.usd_estimate(Estimate(mean=1_234_567, se=1_234)) == "$1,234,600 ± 1,200"
    assert words.percent_estimate(Estimate(mean=0.0999, se=0.003)) == "10.0% ± 0.3"
    assert words.usd_estimate(Estimate(mean=500.0, se=float("nan"))) == "$500"
    assert words.usd_estimate(Estimate(mean=69_120.0, se=2e-12)) == "$69,120", "the rounding of floats is no error"


@given(st.floats(min_value=1, max_value=1e12))
def test_rounding_a_commitment_down_never_promises_more(value: float) -> None:
    shown = float(words.usd_rounded_down(value).removeprefix("$").replace(",", ""))
    assert value * 0.998 - 1 <= shown <= value
