"""Charts carry the plan's own figures, say what they show, and keep their words beside their marks."""

from itertools import combinations
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pytest

from planner.bundled import data_path
from planner.charts.commitment import (
    cost_curve_chart,
    curve_frame,
    curve_top,
    marked_offers,
    marks_rows,
    risk_curve_chart,
)
from planner.charts.frontier import dead_zone_chart, dead_zone_frame, frontier_chart, frontier_frame
from planner.charts.ledger import (
    PARTS,
    ledger_chart,
    ledger_frame,
    period_draws_usd,
    period_name,
    periods_chart,
    periods_frame,
)
from planner.charts.mix import measured_months_chart, measured_months_frame, pareto_chart, pareto_frame
from planner.charts.spend import (
    annual_exceedance_chart,
    annual_exceedance_frame,
    annual_ranges_chart,
    annual_ranges_frame,
    fan_chart,
    fan_frame,
)
from planner.charts.style import DARK, LIGHT, Palette, shortened
from planner.mix import measure, prompt_edges
from planner.plan import Plan, build_plan
from planner.plan_file.loader import load_plan, parse_plan
from planner.prices import PriceBook
from planner.usage.read import UsageSource, read_usage

SMALL = Path(__file__).parent / "plans" / "small.toml"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return build_plan(load_plan(SMALL))


RAMPED = """
term_months = 24
ramp = {ramp}
{more}

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
def ramped() -> Plan:
    """Two years that are linked: years commit 1 to 1.5, half of what is unused is carried over."""
    return of_terms(RAMPED.format(ramp="[1.0, 1.5]", more=""))


@pytest.fixture(scope="module")
def fixed() -> Plan:
    """Two years whose commitments the plan fixes, each its own."""
    return of_terms(RAMPED.format(ramp='"flat"', more="commit_usd_per_year = [120_000, 90_000]"))


def charts(plan: Plan) -> dict[str, alt.LayerChart]:
    names = list(plan.summaries)
    typed = plan.inputs.contract.offer_at(160_000.0)
    return {
        "pareto": pareto_chart(plan),
        "fan": fan_chart(plan, names),
        "exceedance": annual_exceedance_chart(plan, names),
        "ranges": annual_ranges_chart([plan]),
        "cost": cost_curve_chart(plan, typed),
        "risk": risk_curve_chart(plan, typed),
        "periods": periods_chart(plan, plan.recommendation),
        "ledger": ledger_chart(plan, plan.recommendation),
        "frontier": frontier_chart(plan),
        "dead zone": dead_zone_chart(plan, typed, 0.5),
    }


def titles_of_axes(spec: Any) -> set[str]:
    """Every axis title anywhere in a specification."""
    found: set[str] = set()
    if isinstance(spec, dict):
        for channel in ("x", "y"):
            if isinstance(spec.get(channel), dict) and spec[channel].get("title"):
                found.add(spec[channel]["title"])
        for value in spec.values():
            found |= titles_of_axes(value)
    elif isinstance(spec, list):
        for value in spec:
            found |= titles_of_axes(value)
    return found


def test_every_chart_has_a_title_and_says_how_to_read_it(plan: Plan) -> None:
    for name, chart in charts(plan).items():
        spec = chart.to_dict()  # validates against the Vega-Lite schema
        assert spec["title"]["text"], name
        assert spec["title"]["subtitle"], name


AXES = {
    "pareto": {"share of the list bill (%)", "request type · model"},
    "fan": {"month", "list spend (USD a month)"},
    "exceedance": {"list spend (USD, months 1 to 12)", "chance of spending more (%)"},
    "ranges": {"list spend (USD, months 1 to 12)", "scenario"},
    "cost": {"commitment (USD a year)", "expected cost (USD, term)"},
    "risk": {"commitment (USD a year)", "shortfall probability (%)"},
    "periods": {"USD of the period", "contract period"},
    "ledger": {"USD of the period, mean", "contract period"},
    "frontier": {"shortfall probability (%)", "expected cost (USD, term)"},
    "dead zone": {"commitment (USD a year)", "still saved (USD)"},
}


def test_axes_name_their_quantity_and_unit(plan: Plan) -> None:
    assert {name: titles_of_axes(chart.to_dict()) for name, chart in charts(plan).items()} == AXES


def test_the_fan_holds_the_monthly_quantiles_of_the_plan(plan: Plan) -> None:
    names = list(plan.summaries)
    frame = fan_frame(plan, names)
    assert len(frame) == len(names) * plan.inputs.months
    for name in names:
        rows = frame[frame["scenario"] == name]
        for column, values in zip(("p10", "p50", "p90"), plan.summaries[name].monthly_quantiles_usd, strict=True):
            assert rows[column].tolist() == values.tolist()
        assert rows["month"].iloc[0].date() == plan.inputs.start
        assert rows["month"].is_monotonic_increasing


def test_an_exceedance_curve_gives_the_share_of_paths_above_each_amount(plan: Plan) -> None:
    name = plan.inputs.decision.scenario
    frame = annual_exceedance_frame(plan, [name])
    annual = plan.spend[name].annual_list_cost_usd()
    counted = np.array([(annual >= usd).mean() for usd in frame["usd"]])
    assert np.abs(counted - frame["chance"]).max() <= 1.0 / annual.size + 1e-9
    assert frame.sort_values("usd")["chance"].is_monotonic_decreasing


def test_ranges_hold_the_annual_quantiles_and_number_the_plans(plan: Plan) -> None:
    frame = annual_ranges_frame([plan])
    for row in frame.to_dict("records"):
        assert row["p50"] == plan.summaries[row["name"]].annual_quantiles_usd[2]
    assert annual_ranges_frame([plan, plan])["name"].str.match(r"[12]\. ").all()


def test_the_pareto_sums_to_the_bill_and_to_one(plan: Plan) -> None:
    frame = pareto_frame(plan)
    assert frame["usd"].sum() == pytest.approx(sum(line.monthly_list_cost_usd for line in plan.prepared.mix_lines))
    assert frame["cumulative"].iloc[-1] == pytest.approx(1.0)
    assert frame["share"].is_monotonic_decreasing


def test_the_cost_curve_is_what_the_sample_expects_and_breaks_at_each_band(plan: Plan) -> None:
    frame = curve_frame(plan)
    contract, sample = plan.inputs.contract, plan.samples[plan.inputs.decision.scenario]
    expected = sample.expect([contract.offer_at(commit) for commit in frame["commit"]])
    assert frame["cost"].tolist() == [value.expected_cost_usd for value in expected]
    assert frame["chance"].tolist() == [value.shortfall_probability for value in expected]
    for band in contract.bands:
        if band.min_commit_usd_per_year <= curve_top(plan):
            at = frame["commit"].searchsorted(band.min_commit_usd_per_year)
            assert frame["commit"][at] == band.min_commit_usd_per_year
            assert frame["discount"][at] == band.discount_fraction > frame["discount"][at - 1]


def test_no_point_of_the_curve_within_the_limit_is_cheaper_than_the_recommendation(plan: Plan) -> None:
    frame = curve_frame(plan)
    allowed = frame[frame["chance"] <= plan.inputs.decision.max_shortfall_probability]
    best = plan.samples[plan.inputs.decision.scenario].expect([plan.recommendation.offer])[0].expected_cost_usd
    assert allowed["cost"].min() >= best - 1e-6


def test_marks_name_recommendation_sign_first_and_the_typed_commitment(plan: Plan) -> None:
    typed = plan.inputs.contract.offer_at(100_000.0)
    rows = marks_rows(plan, typed)
    assert [row["words"].split(":")[0] for row in rows] == ["recommended", "signed first", "yours"]
    assert len({row["shape"] for row in rows}) == 3, "told apart by shape, not by colour alone"
    yours = rows[-1]
    value = plan.samples[plan.inputs.decision.scenario].expect([typed])[0]
    assert yours["cost"] == pytest.approx(value.expected_cost_usd, rel=1e-12)
    assert yours["chance"] == value.shortfall_probability


def test_offers_that_agree_share_one_mark(plan: Plan) -> None:
    names = [name for name, _ in marked_offers(plan, plan.recommendation.offer)]
    assert names == ["recommended = yours", "signed first"]


def test_axes_reach_whatever_is_typed(plan: Plan) -> None:
    far = plan.inputs.contract.offer_at(3_000_000.0)
    assert curve_top(plan, far) > 3_000_000
    assert marks_rows(plan, far)[-1]["align"] == "right", "words of a far mark stay inside"


def test_the_frontier_is_the_plans_and_holds_the_recommendation(plan: Plan, ramped: Plan) -> None:
    for one in (plan, ramped):
        frame = frontier_frame(one)
        assert frame["chance"].is_monotonic_increasing
        assert frame["cost"].is_monotonic_decreasing
        (best,) = frame[frame["is_best"]].to_dict("records")
        assert best["cost"] == pytest.approx(one.recommendation.expected_cost.mean, rel=1e-9)
        assert best["chance"] <= one.inputs.decision.max_shortfall_probability


def test_the_ledger_chart_stacks_what_the_ledger_says(ramped: Plan) -> None:
    frame = ledger_frame(ramped, ramped.recommendation)
    assert frame["period"].unique().tolist() == ["year 1", "year 2"]
    for row in ramped.recommendation.ledger:
        rows = frame[frame["period"] == period_name(ramped.inputs.contract, row.period)]
        assert dict(zip(rows["part"], rows["usd"], strict=True)) == {
            words: getattr(row, name) for name, words in PARTS.items()
        }
        assert (rows["start"].to_numpy()[1:] == rows["stop"].to_numpy()[:-1]).all(), "stacked without gaps"


def test_periods_show_use_as_it_draws_down_against_the_commitment(ramped: Plan) -> None:
    best, use = ramped.recommendation, ramped.uses[ramped.inputs.decision.scenario]
    frame = periods_frame(ramped, best)
    commits = best.offer.commits_usd_per_year(2)
    assert frame["committed"].tolist() == pytest.approx(commits)
    assert commits[1] == pytest.approx(1.5 * commits[0])
    for index in range(2):
        drawn = (1.0 - best.offer.in_year(index).discount_fraction) * use.drawn_usd[index]
        assert period_draws_usd(ramped, best.offer)[index] == pytest.approx(drawn)
        assert frame["p50"][index] == pytest.approx(np.median(drawn))
        assert frame["reached"][index] == (drawn >= commits[index]).mean()


def test_the_curve_of_linked_years_is_what_the_ledger_expects_and_breaks_at_every_years_bands(ramped: Plan) -> None:
    frame, contract = curve_frame(ramped), ramped.inputs.contract
    expected = ramped.samples[ramped.inputs.decision.scenario].expect([contract.offer_at(c) for c in frame["commit"]])
    assert frame["cost"].tolist() == [value.expected_cost_usd for value in expected]
    inside = [low for low, _ in contract.commit_ranges if low <= curve_top(ramped)]
    assert frame["stretch"].nunique() == len(inside) > len(contract.bands)
    assert frame.groupby("stretch")["discount"].nunique().max() == 1
    assert "commitment of year 1 (USD)" in titles_of_axes(cost_curve_chart(ramped).to_dict())


def test_a_fixed_commitment_is_marked_as_such_and_where_it_is_on_average(fixed: Plan) -> None:
    ((name, offer),) = marked_offers(fixed, None)
    assert (name, offer) == ("as fixed", fixed.recommendation.offer)
    (row,) = marks_rows(fixed)
    assert row["commit"] == pytest.approx(105_000)
    assert row["cost"] == pytest.approx(fixed.recommendation.expected_cost.mean, rel=1e-9)
    words = [row["words"] for row in dead_zone_frame(fixed, offer, 0.0).to_dict("records") if row["words"]]
    assert words == [f"as fixed = yours: ${fixed.recommendation.marginal_saving_per_list_usd:.2f}"]


def test_the_dead_zone_is_the_plans_and_marks_what_is_tried(plan: Plan) -> None:
    typed = plan.inputs.contract.offer_at(100_000.0)
    frame = dead_zone_frame(plan, typed, 0.25)
    line = frame[frame["words"] == ""]
    points = {point.commit_usd_per_year: point.marginal_saving_per_list_usd for point in plan.dead_zone}
    assert len(line) > 5
    assert all(points[row.commit] == row.saving for row in line.itertuples())
    assert frame[frame["words"] != ""]["saving"].tolist() == [plan.recommendation.marginal_saving_per_list_usd, 0.25]


@pytest.mark.parametrize("name", ["ramped", "fixed"])
def test_charts_of_any_terms_can_be_drawn(name: str, request: pytest.FixtureRequest) -> None:
    one: Plan = request.getfixturevalue(name)
    typed = one.inputs.contract.offer_at(70_000.0)
    made = [cost_curve_chart(one, typed), risk_curve_chart(one, typed), frontier_chart(one)]
    made += [
        dead_zone_chart(one, typed, 0.3),
        ledger_chart(one, one.recommendation),
        periods_chart(one, one.outcome(typed)),
    ]
    for chart in made:
        spec = chart.to_dict()  # validates against the Vega-Lite schema
        assert len(titles_of_axes(spec)) == 2
        assert "NaN" not in str(spec)


def test_measured_months_say_which_are_whole() -> None:
    book = PriceBook.load()
    source = UsageSource(sources=("example.jsonl.gz",), base_dir=data_path("usage"))
    measurement = measure(read_usage(source, prompt_edges=prompt_edges(book)), book)
    frame = measured_months_frame(measurement)
    assert frame["usd"].sum() == pytest.approx(measurement.totals.list_cost_usd)
    assert set(frame.loc[frame["state"] == "whole month", "month"]) == set(measurement.complete_months)
    partial = frame[frame["state"] != "whole month"]
    assert (partial["fill"] == 0).all()
    assert partial["words"].str.endswith("(part)").all()
    assert len(titles_of_axes(measured_months_chart(measurement).to_dict())) == 2


def linear(colour: str) -> np.ndarray:
    """#RRGGBB as linear red, green and blue, WCAG 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return np.array([c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts])


def luminance(colour: str) -> float:
    return float(np.array([0.2126, 0.7152, 0.0722]) @ linear(colour))


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_words_on_charts_can_be_read_on_their_ground(palette: Palette) -> None:
    for colour in (palette.ink, palette.muted, palette.mark, palette.alarm, *palette.series):
        low, high = sorted((luminance(colour), luminance(palette.ground)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, colour


SEEN_BY = {
    "anybody": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
"""Linear colour as it is seen: Machado, Oliveira and Fernandes 2009, severity 1."""
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
TOLD_APART = 15.0
"""CIE 1976 colour difference; 2.3 is just noticeable side by side."""


def lab(seen: np.ndarray) -> np.ndarray:
    """Linear colour in CIE L*a*b*."""
    ratio = TO_XYZ @ seen.clip(0, 1) / WHITE
    root = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("reader", SEEN_BY)
@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_series_are_told_apart_by_colour_blind_readers(palette: Palette, reader: str) -> None:
    for one, other in [*combinations(palette.series, 2), (palette.mark, palette.alarm)]:
        far = np.linalg.norm(lab(SEEN_BY[reader] @ linear(one)) - lab(SEEN_BY[reader] @ linear(other)))
        assert far >= TOLD_APART, (one, other)


def test_a_long_name_is_cut_beside_a_mark() -> None:
    assert shortened("a" * 40_000) == "a" * 33 + "…"
    assert shortened("triage") == "triage"
