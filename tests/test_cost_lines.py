"""A unit cost taken apart: its lines add up, and each token line is tokens times a price."""

from pathlib import Path

import pytest
import strategies
import tomlkit
from hypothesis import given, settings

from planner.cost_lines import cost_lines
from planner.plan_file.loader import parse_plan
from planner.prepared import prepare


@settings(max_examples=40)
@given(strategies.lever_cases())
def test_the_lines_of_a_type_add_up_to_its_unit_cost(case):
    prepared = prepare(parse_plan(tomlkit.dumps(case.table), base_dir=Path()))
    for costs in prepared.scenario_costs:
        for name, whole in costs.full_unit_costs().items():
            for adopted, usd in zip((False, True), whole, strict=True):
                lines = cost_lines(costs, name, prepared.price_book, prepared.priced_on, adopted=adopted)
                assert sum(line.usd for line in lines) == pytest.approx(usd, rel=1e-9, abs=1e-12)
                for line in lines:
                    if line.tokens is not None and line.list_usd_per_mtok:
                        at = line.copies * line.tokens * line.list_usd_per_mtok * line.factor / 1e6
                        assert line.usd == pytest.approx(at, rel=1e-9)
