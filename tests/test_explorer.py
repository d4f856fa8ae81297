"""The explorer says of every place what the sample says of it, and hands on nothing that was not on the screen."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as some

from planner.charts.explorer import POINTS, TAKEN, TYPED, explorer_spec
from planner.charts.explorer_points import (
    SLOTS,
    YEARS,
    axis_top,
    nearest_stops,
    points_frame,
    step_usd,
    step_words,
    told_rows,
    years_frame,
    years_short,
    years_short_words,
)
from planner.plan import Plan, build_plan
from planner.plan_file.loader import load_plan, parse_plan
from planner.ui.commit import explorer_view
from planner.words import percent, usd_rounded_down, usd_short

SMALL = Path(__file__).parent / "plans" / "small.toml"
LINKED = """
term_months = 24
{years}

[contract.rollover]
share = 0.5
months = 6

[contract.payment]
cost_of_capital_per_year = 0.08
"""


def of_terms(terms: str) -> Plan:
    """The small plan on few paths, with other terms."""
    text = SMALL.read_text(encoding="utf-8").replace("months = 12\npaths = 4_000", "paths = 1_000")
    return build_plan(parse_plan(text.replace("term_months = 12\n", terms), base_dir=SMALL.parent))


@pytest.fixture(scope="module")
def plain_plan() -> Plan:
    return build_plan(load_plan(SMALL))


@pytest.fixture(scope="module")
def ramped() -> Plan:
    return of_terms(LINKED.format(years="ramp = [1.0, 1.5]"))


@pytest.fixture(scope="module")
def each_its_own() -> Plan:
    return of_terms(LINKED.format(years="commit_usd_per_year = [120_000, 90_000]"))


@pytest.fixture(params=["plain_plan", "ramped", "each_its_own"])
def plan(request: pytest.FixtureRequest) -> Plan:
    found: Plan = request.getfixturevalue(request.param)
    return found


def explored(plan: Plan) -> tuple[pd.DataFrame, float]:
    top = axis_top(plan, plan.recommendation.offer)
    return points_frame(plan, top), top


def test_at_every_place_the_words_are_those_of_the_sample(plan: Plan) -> None:
    frame, _ = explored(plan)
    sample, contract, best = plan.samples[plan.inputs.decision.scenario], plan.inputs.contract, plan.recommendation
    least = sample.expect([best.offer])[0].expected_cost_usd
    for row in frame.itertuples():
        offer = best.offer if row.field == best.offer.commit_usd_per_year else contract.offer_at(row.field)
        (value,) = sample.expect([offer])
        assert row.w_cost == usd_short(value.expected_cost_usd)
        assert row.w_chance == percent(value.shortfall_probability)
        assert row.w_shortfall == usd_short(value.expected_shortfall_usd)
        assert row.w_discount == percent(offer.discount_fraction)
        assert row.w_commit == (usd_rounded_down(row.commit) if row.commit else "none")
        assert row.against == pytest.approx(value.expected_cost_usd - least, abs=1e-6)
    assert frame["commit"].is_monotonic_increasing


def test_a_typed_commitment_is_told_in_the_words_of_the_place_where_it_stands(plan: Plan) -> None:
    frame, _ = explored(plan)
    for row in frame[frame["stop"] & frame["on_curve"]].iloc[::9].to_dict("records"):
        (typed,) = told_rows(plan, [plan.inputs.contract.offer_at(row["field"])])
        words = {name: told for name, told in typed.items() if isinstance(told, str)}
        assert len(words) == 7
        assert row.items() >= words.items()
        assert {name: row[name] for name in typed.keys() - words} == pytest.approx(
            {name: typed[name] for name in typed.keys() - words}, abs=1e-6
        )


def test_dragging_stops_at_steps_thresholds_and_marked_commitments_and_nowhere_below_a_threshold(
    plain_plan: Plan,
) -> None:
    frame, top = explored(plain_plan)
    stops = set(frame.loc[frame["stop"], "field"])
    step = step_usd(top)
    assert f"steps of {usd_rounded_down(step)}" in step_words(plain_plan, top)
    assert {index * step for index in range(round(top / step) + 1)} <= stops
    assert plain_plan.recommendation.offer.commit_usd_per_year in stops
    assert plain_plan.sign_first.signed.offer.commit_usd_per_year in stops
    for band in plain_plan.inputs.contract.bands:
        low = band.min_commit_usd_per_year
        below, at = frame[frame["field"] == low - 0.01], frame[frame["field"] == low]
        assert low in stops
        assert not below["stop"].any()
        assert below["discount"].item() < at["discount"].item() == band.discount_fraction
        assert below["stretch"].item() + 1 == at["stretch"].item(), "the curve breaks between them"


def test_each_part_of_the_axis_knows_its_nearest_stop(plan: Plan) -> None:
    frame, top = explored(plan)
    nearest = nearest_stops(frame, top)
    stops = frame.index[frame["stop"]]
    assert len(nearest) == SLOTS
    assert set(nearest) <= set(stops)
    middles = (np.arange(SLOTS) + 0.5) / SLOTS * top
    gaps = np.abs(frame.loc[stops, "commit"].to_numpy()[:, None] - middles)
    found = np.abs(frame["commit"].to_numpy()[nearest] - middles)
    assert found == pytest.approx(gaps.min(axis=0), abs=1e-6)


def test_the_years_that_fall_short_lie_left_of_the_commitment_and_are_its_chance_in_fiftieths(plan: Plan) -> None:
    frame, top = explored(plan)
    years, curve = years_frame(frame, top), frame[frame["on_curve"]]
    assert len(years) == YEARS
    assert years["commit"].is_monotonic_increasing
    for row in curve.itertuples():
        short = years["level"] < row.chance
        assert abs(short.sum() / YEARS - row.chance) <= 0.5 / YEARS + 1e-12
        assert row.w_years.startswith(f"{short.sum()} of {YEARS} ")
        assert (years.loc[short, "commit"] <= row.commit).all()
        assert (years.loc[~short, "commit"] >= row.commit).all() or row.commit >= top


def test_no_year_covers_another(plan: Plan) -> None:
    frame, top = explored(plan)
    for _, row in years_frame(frame, top).groupby("row"):
        assert (row["commit"].diff().dropna() >= top / 44 - 1e-9).all()


@given(chance=some.floats(0, 1))
def test_the_count_of_years_is_the_rounded_chance(chance: float) -> None:
    assert abs(years_short(chance) - YEARS * chance) <= 0.5 + 1e-9


def test_one_year_falls_and_several_fall(plain_plan: Plan, ramped: Plan) -> None:
    assert years_short_words(plain_plan, 0.02) == "1 of 50 years falls short"
    assert years_short_words(ramped, 0.08) == "4 of 50 futures fall short"


def test_the_axis_reaches_whatever_is_typed(plan: Plan) -> None:
    far = plan.inputs.contract.offer_at(9_000_000.0)
    assert axis_top(plan, far) > 9_000_000
    assert axis_top(plan, far) % step_usd(axis_top(plan, far)) == pytest.approx(0, abs=1e-6)


def text_of(spec: Any) -> str:
    return json.dumps(spec, ensure_ascii=False)


def test_what_is_sent_to_the_browser_depends_on_the_plan_and_not_on_what_is_typed(plan: Plan) -> None:
    frame, top = explored(plan)
    spec = explorer_spec(plan, frame, top)
    assert text_of(spec) == text_of(explorer_spec(plan, frame, top)), "else the chart is made anew at each keystroke"
    assert not spec.get("datasets")
    for name in (POINTS, TYPED):
        assert f'"name": "{name}"' in text_of(spec), "a data set that nothing draws is left out by Vega-Lite"
    titles = [panel["title"]["text"] for panel in spec["vconcat"] if "title" in panel]
    assert len(titles) == 3
    assert max(len(line) for lines in titles for line in lines) <= 46, "a title must not make the chart narrower"


class Selected:
    """What Streamlit keeps of a chart: what the browser sent."""

    def __init__(self, taken: Any) -> None:
        self.selection = {TAKEN: taken}


@pytest.mark.parametrize(
    ("taken", "field"),
    [
        ({"usd": 90_000, "turn": 3}, 90_000.0),
        ({"usd": 90_000, "turn": 2}, 1.0),
        ({"usd": -1, "turn": 3}, 1.0),
        ({"usd": 2e12, "turn": 3}, 1.0),
        ({"usd": float("nan"), "turn": 3}, 1.0),
        ({"usd": "9", "turn": 3}, 1.0),
        ({"turn": 3}, 1.0),
        ([5], 1.0),
        ({}, 1.0),
        (None, 1.0),
    ],
)
def test_only_an_amount_dragged_to_since_the_last_typed_one_is_taken(
    monkeypatch: pytest.MonkeyPatch, taken: Any, field: float
) -> None:
    state = {"commit": 1.0, "commit_turn": 3, "commit_explorer": Selected(taken)}
    monkeypatch.setattr(st, "session_state", state)
    explorer_view._dragged()
    assert state["commit"] == field
