"""Backtests: rules against brute force, settlement against the formulas, scores against their definitions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from strategies import CALM_DEMAND, plan_table

from planner.backtest.folds import backtest, known_until
from planner.backtest.forecast import weekly_noise
from planner.backtest.judge import (
    LEVELS,
    Backtest,
    Fold,
    HeldOut,
    folds_of,
    held_out,
    judge_fold,
    periods_per_year,
)
from planner.backtest.rules import (
    PERFECT_FORESIGHT,
    RECOMMENDED,
    RULES,
    commit_for_list_usd,
    lived,
    perfect_foresight,
    rule_list_usd,
)
from planner.backtest_report import BY_LUCK, backtest_json, bands_sentence, coverage_sentence, headline, tables
from planner.bands import DiscountBand
from planner.bundled import data_path
from planner.charts.backtest import fold_chart, fold_frame, history_frame, pit_chart, pit_frame, sizing_chart
from planner.contract import Contract
from planner.generations import one_generation
from planner.history.history import PeriodKind
from planner.inputs import Decision, PlanInputs
from planner.list_cost import price_groups
from planner.mix import forward_mix, measure, prompt_edges
from planner.plan_file.loader import load_plan, parse_plan
from planner.prepared import prepare
from planner.prices import PriceBook
from planner.simulation import simulate_spend
from planner.units import FloatArray
from planner.usage.read import UsageSource, read_usage

BANDS = ((250_000.0, 0.08), (1_000_000.0, 0.15), (5_000_000.0, 0.25))
FREE = Decision(
    scenario="as is",
    objective="expected_cost",
    max_shortfall_probability=1.0,
    cvar_loss="cost",
    cvar_weight=0.5,
    cvar_level=0.9,
)


def contract(bands: Sequence[tuple[float, float]] = BANDS, **terms: Any) -> Contract:
    listed = tuple(DiscountBand(min_commit_usd_per_year=low, discount_fraction=d) for low, d in bands)
    return Contract(**{"term_months": 12, "bands": listed, **terms})


def fold(
    spend: FloatArray, forecast: FloatArray, terms: Contract, decision: Decision = FREE, period: PeriodKind = "month"
) -> Fold:
    starts = [date(2025 + i // 12, i % 12 + 1, 1) for i in range(len(spend))]
    labels = [f"{start:%Y-%m}" for start in starts]
    return judge_fold(
        terms, decision, period=period, labels=labels, starts=starts, spend_usd=spend, forecast_usd=forecast
    )


def backtest_of(folds: Sequence[Fold], spend: FloatArray) -> Backtest:
    starts = tuple(date(2025 + i // 12, i % 12 + 1, 1) for i in range(len(spend)))
    return Backtest(
        period="month",
        labels=tuple(f"{start:%Y-%m}" for start in starts),
        starts=starts,
        spend_usd=tuple(spend.tolist()),
        folds=tuple(folds),
        warnings=(),
    )


contracts = st.builds(
    lambda lows, ds, drawdown, overage, eligible: contract(
        tuple(zip(sorted(lows), sorted(ds), strict=True)),
        drawdown=drawdown,
        overage=overage,
        eligible_fraction=eligible,
    ),
    st.lists(st.floats(1_000, 2_000_000), min_size=3, max_size=3, unique=True),
    st.lists(st.floats(0.01, 0.5), min_size=3, max_size=3, unique=True),
    st.sampled_from(["contracted", "list"]),
    st.one_of(st.sampled_from(["list", "committed"]), st.floats(0.0, 0.3)),
    st.sampled_from([1.0, 0.7]),
)
histories = st.lists(st.floats(0.0, 1e6), min_size=3, max_size=30).map(np.array)


# --- the rules -------------------------------------------------------------------------------------------------------


def test_the_simple_rules_read_the_history_as_their_names_say() -> None:
    history = np.array([40.0, 10.0, 90.0, 20.0])
    found = {rule: rule_list_usd(rule, history) for rule in ("last_month", "mean", "p50", "minimum_month")}
    assert found == {"last_month": 20.0, "mean": 40.0, "p50": 30.0, "minimum_month": 10.0}


def is_used_to_85_percent(history: FloatArray, m: float) -> bool:
    return sum(min(x, m) for x in history.tolist()) >= 0.85 * len(history) * m - 1e-9 * history.sum()


@given(histories)
def test_utilization_85_is_the_largest_commitment_that_would_have_been_85_percent_used(history: FloatArray) -> None:
    m = rule_list_usd("utilization_85", history)
    assert m >= 0
    assert is_used_to_85_percent(history, m)
    # used / m falls in m: what fails a little above fails everywhere above, and a grid finds no larger one
    above = m + (1e-6 * m or 1e-3) + 1e-7 * history.sum()
    assert not is_used_to_85_percent(history, above) or history.sum() < 1e-3
    grid = np.linspace(0.0, 2.0 * history.max() + 1.0, 2001)
    passing = [x for x in grid.tolist() if is_used_to_85_percent(history, x)]
    assert max(passing) <= above


def test_a_steady_history_is_committed_beyond_its_level_to_be_85_percent_used() -> None:
    assert rule_list_usd("utilization_85", np.full(7, 85.0)) == pytest.approx(100.0)


@given(contracts, st.floats(0.0, 5e6))
def test_a_list_spend_commits_to_the_largest_commitment_that_it_uses_up(terms: Contract, list_usd: float) -> None:
    def is_used_up(commit: float) -> bool:
        discount = terms.discount_at(commit)
        needed = commit if terms.drawdown == "list" else commit / (1.0 - discount)
        return needed <= list_usd * (1 + 1e-11) + 1e-9

    commit = commit_for_list_usd(terms, list_usd)
    assert is_used_up(commit)
    grid = np.concatenate(
        [np.linspace(0.0, list_usd * 1.5, 1500), [band.min_commit_usd_per_year for band in terms.bands]]
    )
    assert max([x for x in grid.tolist() if is_used_up(x)], default=0.0) <= commit + 0.011


@pytest.mark.parametrize(
    ("list_usd", "commit"),
    [
        (200_000.0, 200_000.0),  # below the bands: no discount
        (260_000.0, 249_999.99),  # 8 % off would be 239,200, less than the band asks for
        (250_000.0 / 0.92, 250_000.0),
        (500_000.0, 460_000.0),
        (1_100_000.0, 999_999.99),
        (2_000_000.0, 1_700_000.0),
    ],
)
def test_the_gap_below_a_threshold_is_committed_to_a_cent_under_it(list_usd: float, commit: float) -> None:
    assert commit_for_list_usd(contract(), list_usd) == pytest.approx(commit, abs=1e-6)


# --- settlement of a fold --------------------------------------------------------------------------------------------


def paid_by_formula(terms: Contract, commit: float, actual: float, fraction: float) -> tuple[float, float]:
    """Cost and shortfall of one period that owes a part of an annual commitment, from the method's equations."""
    inside, outside = terms.eligible_fraction * actual, (1 - terms.eligible_fraction) * actual
    if commit == 0:
        return actual, 0.0
    d = terms.discount_at(commit)
    e = 0.0 if d == 0 or terms.overage == "list" else d if terms.overage == "committed" else float(terms.overage)
    q = fraction * (commit if terms.drawdown == "list" else commit / (1 - d))
    cost = (1 - d) * q + (1 - e) * max(0.0, inside - q) + outside
    return cost, (1 - d) * max(0.0, q - inside)


@given(contracts, st.floats(0.0, 3e6), st.floats(0.0, 1e6), st.integers(1, 12), st.sampled_from(["month", "week"]))
def test_a_fold_owes_its_part_of_the_commitment_and_is_settled_as_one_period(
    terms: Contract, commit: float, actual: float, hidden: int, period: PeriodKind
) -> None:
    fraction = hidden / 12 if period == "month" else hidden * 7 / 365.25
    assert fraction == pytest.approx(hidden / periods_per_year(period))
    cost = lived(terms, "rule", commit, actual_usd=actual, year_fraction=fraction)
    if commit < terms.bands[0].min_commit_usd_per_year and terms.overage not in ("list", "committed"):
        return  # below the bands there is no discount on overage either, whatever the contract's own rate
    expected_cost, expected_shortfall = paid_by_formula(terms, commit, actual, fraction)
    assert cost.realised_cost_usd == pytest.approx(expected_cost, rel=1e-9, abs=1e-6)
    assert cost.realised_shortfall_usd == pytest.approx(expected_shortfall, rel=1e-9, abs=1e-6)
    assert cost.folds_short == (expected_shortfall > 0.005)


@given(contracts, st.floats(1_000.0, 1e6), st.integers(1, 12))
def test_perfect_foresight_is_the_least_that_any_commitment_could_have_cost(
    terms: Contract, actual: float, hidden: int
) -> None:
    fraction = hidden / 12
    least = perfect_foresight(terms, actual_usd=actual, year_fraction=fraction)
    thresholds = [band.min_commit_usd_per_year for band in terms.bands]
    commits = [*np.linspace(0.0, 1.2 * actual / fraction, 300).tolist(), *thresholds]
    tried = [
        lived(terms, "any", commit, actual_usd=actual, year_fraction=fraction).realised_cost_usd for commit in commits
    ]
    assert least.realised_cost_usd <= min(tried) * (1 + 1e-12)
    # and the commitment it names does cost that, to the cent that a band's last commitment ends by
    named = lived(terms, "named", least.commit_usd_per_year or 0.0, actual_usd=actual, year_fraction=fraction)
    assert named.realised_cost_usd == pytest.approx(least.realised_cost_usd, abs=0.02)


def test_a_fold_worked_out_by_hand() -> None:
    """Six months of 100,000 seen, three of 120,000 hidden; 20 % off from 250,000 a year; overage at list."""
    spend = np.array([100_000.0] * 6 + [120_000.0] * 3)
    sure = np.full((3, 2), 120_000.0)  # a forecast that knows
    found = {cost.rule: cost for cost in fold(spend, sure, contract([(250_000.0, 0.2)])).sizing}
    # mean: C = 0.8 * 1.2M a year = 960,000; a quarter of it is 240,000 = 300,000 of list; 60,000 of overage
    for rule in ("last_month", "mean", "p50", "minimum_month"):
        assert found[rule].commit_usd_per_year == pytest.approx(960_000.0)
        assert found[rule].realised_cost_usd == pytest.approx(300_000.0)
        assert found[rule].realised_overage_usd == pytest.approx(60_000.0)
        assert found[rule].realised_shortfall_usd == 0
    # 85 %: m = 100,000 / 0.85, so that a quarter's commitment is 282,353 = 352,941 of list; 7,059 of overage
    assert found["utilization_85"].realised_cost_usd == pytest.approx(0.8 * 300_000 / 0.85 + 360_000 - 300_000 / 0.85)
    for rule in (RECOMMENDED, PERFECT_FORESIGHT):
        assert found[rule].realised_cost_usd == pytest.approx(0.8 * 360_000.0)


def test_rules_commit_only_to_what_is_eligible() -> None:
    spend = np.full(8, 100_000.0)
    sized = fold(spend, np.full((2, 2), 100_000.0), contract([(100_000.0, 0.2)], eligible_fraction=0.5)).sizing
    found = {cost.rule: cost for cost in sized}
    assert found["mean"].commit_usd_per_year == pytest.approx(0.8 * 600_000.0)
    assert found["mean"].realised_cost_usd == pytest.approx(100_000.0 + 0.8 * 100_000.0)
    assert found[RECOMMENDED].realised_cost_usd == pytest.approx(found[PERFECT_FORESIGHT].realised_cost_usd)


def test_the_recommendation_keeps_the_limit_on_the_shortfall_probability_of_the_fold() -> None:
    rng = np.random.default_rng(5)
    forecast = rng.lognormal(0.0, 0.3, (2, 4000)) * 100_000.0
    spend = np.full(8, 100_000.0)
    annual = np.sort(forecast.sum(axis=0) * 6)
    for alpha in (0.02, 0.1):
        decision = replace(FREE, max_shortfall_probability=alpha)
        ours = fold(spend, forecast, contract([(1_000.0, 0.2)]), decision).sizing[0]
        # without the limit it would be the 20th percentile: e = 0, so F(q) = d
        assert ours.commit_usd_per_year == pytest.approx(0.8 * annual[int(alpha * 4000)])


# --- scores ----------------------------------------------------------------------------------------------------------


def one(actual: float, paths: FloatArray) -> HeldOut:
    return held_out(label="2026-01", starts=date(2026, 1, 1), ahead=1, actual_usd=actual, forecast_usd=paths)


def test_a_held_out_period_is_scored_by_definition() -> None:
    paths = np.arange(1.0, 102.0)  # quantile p is 1 + 100 p
    scored = one(80.0, paths)
    assert scored.quantiles_usd == pytest.approx((11.0, 26.0, 51.0, 76.0, 91.0))
    assert scored.is_inside(0.8)
    assert not scored.is_inside(0.5)
    assert scored.pit == pytest.approx(79.5 / 101)
    losses = [max(p * (80 - q), (p - 1) * (80 - q)) for p, q in zip(LEVELS, scored.quantiles_usd, strict=True)]
    assert scored.pinball_usd == pytest.approx(sum(losses) / 5)


@given(st.floats(0.0, 200.0), st.floats(0.0, 200.0))
def test_the_pinball_loss_is_least_at_the_truth(actual: float, other: float) -> None:
    assert one(actual, np.full(5, actual)).pinball_usd == 0
    assert one(actual, np.full(5, other)).pinball_usd == pytest.approx(0.5 * abs(actual - other))


def test_scores_add_up_over_folds() -> None:
    rng = np.random.default_rng(1)
    spend = rng.lognormal(0.0, 0.2, 12) * 1e5
    folds = [fold(spend, rng.lognormal(0.0, 0.3, (h, 500)) * 1e5, contract()) for h in range(1, 5)]
    test = backtest_of(folds, spend)
    assert test.held_out == 1 + 2 + 3 + 4
    assert test.pit_histogram.sum() == test.held_out
    means = sum(one.mean_usd for fold in folds for one in fold.held_out)
    actual = sum(spend[-h:].sum() for h in range(1, 5))
    assert test.bias_fraction == pytest.approx(means / actual - 1)
    assert test.on_demand_cost_usd == pytest.approx(actual)
    loss = np.mean([one.pinball_usd for fold in folds for one in fold.held_out])
    assert test.pinball_loss == pytest.approx(loss / (actual / 10))
    assert [cost.rule for cost in test.sizing] == [RECOMMENDED, *RULES, PERFECT_FORESIGHT]
    for i, cost in enumerate(test.sizing):
        assert cost.realised_cost_usd == pytest.approx(sum(fold.sizing[i].realised_cost_usd for fold in folds))
        assert cost.realised_shortfall_usd == pytest.approx(
            sum(fold.sizing[i].realised_shortfall_usd for fold in folds)
        )
        assert cost.realised_cost_usd >= test.sizing[-1].realised_cost_usd - 1e-6
    assert [one.label for one in folds[1].held_out] == ["2025-11", "2025-12"]
    assert [one.actual_usd for one in folds[1].held_out] == spend[-2:].tolist()


def test_half_a_history_is_hidden_at_most_and_twelve_periods() -> None:
    assert [folds_of(n) for n in (0, 2, 3, 4, 5, 6, 7, 8, 23, 24, 25, 60)] == [0, 0, 0, 1, 2, 3, 3, 4, 11, 12, 12, 12]
    for n in range(6, 40):
        assert n - folds_of(n) >= max(-(-n // 2), 3)


# --- on histories from the model itself ------------------------------------------------------------------------------

SEEN, HIDDEN, HISTORIES = 12, 3, 400
WALK = {
    "level_sd": 0.0,
    "growth_per_year": 0.0,
    "growth_damping_per_month": 1.0,
    "monthly_volatility": 0.15,
    "common_share": 1.0,
    "monthly_noise": 0.0,
    "noise_ar1": 0.0,
    "leave_probability_per_quarter": 0.0,
}


def walks(*, paths: int, seed: int) -> FloatArray:
    """Monthly spend of a random walk that begins at its known level, shape (SEEN + HIDDEN, paths)."""
    plan = parse_plan(tomlkit.dumps(plan_table(demand=WALK, months=SEEN + HIDDEN)), base_dir=Path())
    return simulate_spend(prepare(plan).spend_model, paths=paths, seed=seed)["as is"].list_cost_usd


@pytest.fixture(scope="module")
def judged() -> list[Fold]:
    """A fold per history, forecast with the law that made it: the walk goes on from where it stands."""
    ahead = walks(paths=4096, seed=2)
    ahead = ahead[1 : HIDDEN + 1] / ahead[0]
    terms = contract([(30_000.0, 0.08), (90_000.0, 0.2), (120_000.0, 0.3)])
    return [fold(history, history[SEEN - 1] * ahead, terms) for history in walks(paths=HISTORIES, seed=1).T]


def standard_error(sample: FloatArray) -> float:
    return float(sample.std(ddof=1) / np.sqrt(sample.size))


@pytest.mark.parametrize("nominal", [0.5, 0.8])
def test_a_forecast_from_the_true_law_covers_what_it_says(judged: list[Fold], nominal: float) -> None:
    inside = np.array([[one.is_inside(nominal) for one in fold.held_out] for fold in judged], dtype=float)
    for shares in (*inside.T, inside.mean(axis=1)):
        assert abs(shares.mean() - nominal) < 3.5 * standard_error(shares)


def test_a_forecast_from_the_true_law_is_unbiased_and_its_pit_is_flat(judged: list[Fold]) -> None:
    off = np.array([sum(one.mean_usd - one.actual_usd for one in fold.held_out) for fold in judged])
    assert abs(off.mean()) < 3.5 * standard_error(off)
    pit = np.array([fold.held_out[0].pit for fold in judged])
    counts, _ = np.histogram(pit, bins=10, range=(0, 1))
    chi_square = ((counts - HISTORIES / 10) ** 2 / (HISTORIES / 10)).sum()
    assert chi_square < 27.9  # 99.9 % point with 9 degrees of freedom


def test_no_rule_beats_the_recommendation_on_average_and_none_ever_beats_foresight(judged: list[Fold]) -> None:
    costs = np.array([[cost.realised_cost_usd for cost in fold.sizing] for fold in judged])
    assert (costs >= costs[:, -1:] * (1 - 1e-12)).all()
    for rule in range(1, len(RULES) + 1):
        less = costs[:, 0] - costs[:, rule]
        assert less.mean() < 3 * standard_error(less)
    against_mean_rule = costs[:, 0] - costs[:, 1:-1].mean(axis=1)
    assert against_mean_rule.mean() < -3 * standard_error(against_mean_rule)


# --- on whole plans --------------------------------------------------------------------------------------------------

DAILY = {"chat": 40_000.0, "code": 12_000.0, "batch jobs": 5_000.0}
"""Requests a day at the beginning; each costs 0.01 USD."""


def write_log(folder: Path, *, first: date, days: int, seed: int, volatility: float = 0.05, noise: float = 0.08) -> str:
    """A daily log from the model itself: growth of 2 % a month, a walk, monthly noise, quiet weekends."""
    rng = np.random.default_rng(seed)
    weekday = np.array([1.2, 1.2, 1.2, 1.2, 1.2, 0.5, 0.5])
    n_months = days // 28 + 2
    common = rng.normal(0, volatility, n_months).cumsum()
    rows = []
    for name, requests in DAILY.items():
        log = common + 0.02 * np.arange(n_months) + rng.normal(0, noise, n_months)
        for offset in range(days):
            day = first + timedelta(days=offset)
            month = (day.year - first.year) * 12 + day.month - first.month
            count = int(rng.poisson(requests * np.exp(log[month]) * weekday[day.weekday()]))
            rows.append({"timestamp": f"{day}T00:00:00Z", "request_type": name, "model": "strong", "requests": count})
            rows[-1] |= {"uncached_input_tokens": 1000 * count, "output_tokens": 0}
            rows[-1] |= {"cache_read_tokens": 0, "cache_write_5m_tokens": 0, "cache_write_1h_tokens": 0}
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return "log.jsonl"


EXCLUDED = {"from": date(2026, 8, 3), "to": date(2026, 8, 9), "reason": "a week of load tests"}


def plan_of_log(
    folder: Path, *, demand: Mapping[str, Any] | None = None, exclude: Sequence[Mapping[str, Any]] = (), **log: Any
) -> PlanInputs:
    """A plan on a log; [demand] is left out but for what is given."""
    table = plan_table(bands=[(100_000.0, 0.08), (250_000.0, 0.2)])
    del table["mix"], table["demand"]
    table |= {"usage": {"sources": [write_log(folder, **log)], "exclude": [dict(item) for item in exclude]}}
    if demand:
        table |= {"demand": dict(demand)}
    return parse_plan(tomlkit.dumps(table), base_dir=folder)


@pytest.fixture(scope="module")
def two_years(tmp_path_factory: pytest.TempPathFactory) -> Backtest:
    return backtest(plan_of_log(tmp_path_factory.mktemp("log"), first=date(2024, 11, 1), days=730, seed=11))


def test_two_years_are_tested_month_by_month(two_years: Backtest) -> None:
    assert two_years.period == "month"
    assert len(two_years.labels) == 24
    assert [(fold.hidden, fold.trained_on) for fold in two_years.folds] == [(h, 24 - h) for h in range(1, 13)]
    assert two_years.held_out == 78
    assert {one.label for one in two_years.judged} == set(two_years.labels[12:])
    for fold in two_years.folds:
        assert fold.year_fraction == pytest.approx(fold.hidden / 12)
        assert fold.on_demand_cost_usd == pytest.approx(sum(two_years.spend_usd[-fold.hidden :]))


def test_what_came_is_the_dollars_of_the_log(two_years: Backtest, tmp_path: Path) -> None:
    write_log(tmp_path, first=date(2024, 11, 1), days=730, seed=11)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    for label, spend in zip(two_years.labels, two_years.spend_usd, strict=True):
        assert spend == pytest.approx(0.01 * sum(row["requests"] for row in rows if row["timestamp"][:7] == label))


def test_forecasts_of_the_model_on_its_own_history_hold(two_years: Backtest) -> None:
    """One history, so its forecasts err together: wide limits, but a wrong clock or scale lies outside them."""
    assert two_years.coverage is not None
    assert two_years.coverage[0.8] > 0.5
    assert abs(two_years.bias_fraction or 1.0) < 0.12
    assert (two_years.pinball_loss or 1.0) < 0.06
    for one in two_years.judged:
        assert one.quantiles_usd[0] < one.actual_usd * 1.3
        assert one.quantiles_usd[-1] > one.actual_usd / 1.3


def test_bands_widen_with_the_distance(two_years: Backtest) -> None:
    longest = two_years.folds[-1].held_out
    spread = [np.log(one.quantiles_usd[-1] / one.quantiles_usd[0]) for one in longest]
    assert spread[-1] > 1.2 * spread[0]


def test_sizing_on_the_models_own_history_is_close_to_foresight(two_years: Backtest) -> None:
    costs = {cost.rule: cost.realised_cost_usd for cost in two_years.sizing}
    least = costs.pop(PERFECT_FORESIGHT)
    ours = costs.pop(RECOMMENDED)
    assert least <= ours <= np.mean(list(costs.values()))
    assert ours < two_years.on_demand_cost_usd


def test_a_short_log_is_tested_week_by_week(tmp_path: Path) -> None:
    tested = backtest(plan_of_log(tmp_path, first=date(2026, 6, 10), days=100, seed=3))
    assert tested.period == "week"
    assert len(tested.labels) == 14
    assert len(tested.folds) == 7
    assert tested.starts[-1] == date(2026, 6, 10) + timedelta(days=93)
    for fold in tested.folds:
        assert fold.year_fraction == pytest.approx(fold.hidden * 7 / 365.25)
        for one in fold.held_out:
            assert one.quantiles_usd[0] < one.actual_usd * 1.3
            assert one.quantiles_usd[-1] > one.actual_usd / 1.3
    assert any("not a whole week" in warning for warning in tested.warnings)


def test_a_log_of_three_weeks_says_what_cannot_be_tested(tmp_path: Path) -> None:
    tested = backtest(plan_of_log(tmp_path, first=date(2026, 6, 10), days=21, seed=3))
    assert tested.held_out == 0
    assert tested.coverage is None
    assert "35 more days" in tested.warnings[0]


def test_a_plan_without_a_log_has_nothing_to_hide() -> None:
    tested = backtest(parse_plan(tomlkit.dumps(plan_table()), base_dir=Path()))
    assert tested.held_out == 0
    assert "no [usage]" in tested.warnings[0]


CERTAIN = {
    **CALM_DEMAND,
    "token_drift_per_year": 0.0,
    "common_share": 0.5,
    "season": [1.0] * 12,
    "growth_per_year": 0.6,
}
"""Everything typed, and nothing uncertain: a level that grows by 60 % a year."""


def test_what_the_user_typed_wins_and_grows_from_the_middle_of_the_measured_months(tmp_path: Path) -> None:
    inputs = plan_of_log(tmp_path, demand=CERTAIN, first=date(2026, 1, 1), days=243, seed=4, volatility=0.0)
    tested = backtest(inputs)
    assert len(tested.folds) == 4
    assert "growth_per_year" in tested.warnings[0]
    days = [31, 28, 31, 30, 31, 30, 31, 31]
    for fold in tested.folds:
        seen = 8 - fold.hidden
        level = np.mean([usd / n for usd, n in zip(tested.spend_usd[:seen], days[:seen], strict=True)])
        for month, one in enumerate(fold.held_out, start=seen):
            grown = level * days[month] * 1.6 ** ((month - (seen - 1) / 2) / 12)
            assert one.quantiles_usd == pytest.approx([grown] * 5)


def test_a_month_without_records_is_no_period_but_takes_its_time(tmp_path: Path) -> None:
    inputs = plan_of_log(tmp_path, demand=CERTAIN, first=date(2026, 1, 1), days=273, seed=4, volatility=0.0)
    log = tmp_path / "log.jsonl"
    rows = [row for row in log.read_text().splitlines(keepends=True) if '"2026-08-' not in row]
    log.write_text("".join(rows))
    tested = backtest(inputs)
    assert tested.labels[-2:] == ("2026-07", "2026-09")
    level = np.mean([usd / n for usd, n in zip(tested.spend_usd, [31, 28, 31, 30, 31, 30, 31], strict=False)])
    (last,) = tested.folds[0].held_out
    assert last.mean_usd == pytest.approx(level * 30 * 1.6 ** ((8 - 3) / 12))


def test_weeks_are_steps_of_their_own_length(tmp_path: Path) -> None:
    """The level is that of May and June, whose middle is 31 May; the first hidden week begins on 5 July."""
    inputs = plan_of_log(tmp_path, demand=CERTAIN, first=date(2026, 4, 20), days=83, seed=4, volatility=0.0)
    tested = backtest(inputs)
    assert tested.period == "week"
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    per_day = np.mean(
        [
            0.01 * sum(row["requests"] for row in rows if row["timestamp"][:7] == month) / n
            for month, n in (("2026-05", 31), ("2026-06", 30))
        ]
    )
    (last,) = tested.folds[0].held_out
    assert last.starts == date(2026, 7, 5)
    months = (
        6 + 7.5 / 31 - 0.5 - 4.5
    )  # the middle of the week is noon of the 8th; a month's own middle is a whole number
    assert last.quantiles_usd == pytest.approx([per_day * 7 * 1.6 ** (months / 12)] * 5)
    second = tested.folds[1].held_out
    assert second[1].mean_usd / second[0].mean_usd == pytest.approx(1.6 ** (7 / 365.25))


def test_a_fold_that_sees_no_complete_month_with_use_is_not_judged(tmp_path: Path) -> None:
    """Eight weeks from 2 September are left; before the last four, August is complete and all of it excluded."""
    gone = {"to": date(2026, 9, 1), "reason": "another product"}
    tested = backtest(plan_of_log(tmp_path, demand=CERTAIN, exclude=[gone], first=date(2026, 6, 3), days=147, seed=4))
    assert (tested.period, len(tested.labels)) == ("week", 8)
    assert [fold.hidden for fold in tested.folds] == [1, 2, 3]
    assert any("hides 2026-09-30 and later" in warning for warning in tested.warnings)


def test_a_month_that_is_excluded_is_left_out_and_named(tmp_path: Path) -> None:
    made = {"first": date(2026, 1, 1), "days": 243, "seed": 4}
    gone = {"from": date(2026, 3, 1), "to": date(2026, 3, 31), "reason": "load tests"}
    tested = backtest(plan_of_log(tmp_path, demand=CERTAIN, exclude=[gone], **made))
    whole = backtest(plan_of_log(tmp_path, demand=CERTAIN, **made))
    assert tested.labels == (*whole.labels[:2], *whole.labels[3:])
    assert tested.spend_usd == pytest.approx([*whole.spend_usd[:2], *whole.spend_usd[3:]])
    assert any("2026-03: all use is excluded" in warning for warning in tested.warnings)


def test_days_that_are_excluded_are_stood_for_by_the_others(tmp_path: Path) -> None:
    made = {"first": date(2026, 1, 1), "days": 243, "seed": 4, "volatility": 0.0, "noise": 0.0}
    whole = backtest(plan_of_log(tmp_path, demand=CERTAIN, **made))
    cut = backtest(plan_of_log(tmp_path, demand=CERTAIN, exclude=[EXCLUDED], **made))
    assert len(whole.labels) == len(cut.labels) == 8
    for before, after in zip(whole.spend_usd, cut.spend_usd, strict=True):
        assert after == pytest.approx(before, rel=0.01)
    assert cut.spend_usd[-1] != whole.spend_usd[-1]


@pytest.mark.parametrize("last", [date(2026, 5, 31), date(2026, 6, 17), date(2026, 8, 6)])
def test_a_fold_starts_from_the_mix_of_a_log_that_ended_the_day_before(tmp_path: Path, last: date) -> None:
    inputs = plan_of_log(
        tmp_path, demand=CERTAIN, exclude=[EXCLUDED], first=date(2026, 1, 10), days=230, seed=4, noise=0.3
    )
    assert inputs.usage is not None
    book = PriceBook.load(inputs.prices.provider, inputs.prices.overrides)
    usage = read_usage(inputs.usage.source, prompt_edges=prompt_edges(book))
    whole = measure(usage, book, exclusions=inputs.usage.exclusions)
    cut = measure(usage, book, window=(None, last), exclusions=inputs.usage.exclusions)
    known = known_until(last, whole, usage, None)
    assert known.coverage == cut.coverage
    season = np.ones(12)
    found, expected = (
        forward_mix(each, start=date(2026, 9, 1), season=season, price_book=book) for each in (known, cut)
    )
    assert found.growth_months == expected.growth_months
    assert found.drift_months == expected.drift_months
    assert [(e.request_type, e.monthly_requests, e.tokens_per_request.tolist()) for e in found.entries] == [
        (e.request_type, e.monthly_requests, e.tokens_per_request.tolist()) for e in expected.entries
    ]


def test_the_noise_of_a_week_averages_to_that_of_a_month() -> None:
    """Month means of a simulated weekly AR(1) have the model's sd and correlation."""
    inputs = parse_plan(tomlkit.dumps(plan_table(demand={"monthly_noise": 0.1, "noise_ar1": 0.3})), base_dir=Path())
    weekly = weekly_noise(inputs.demand)
    rng = np.random.default_rng(8)
    n_months, phi = 240, weekly.noise_ar1
    shocks = rng.normal(0.0, 1.0, (400, round(n_months * 365.25 / 84) + 8))
    series = np.empty_like(shocks)
    series[:, 0] = shocks[:, 0]
    for week in range(1, series.shape[1]):
        series[:, week] = phi * series[:, week - 1] + np.sqrt(1 - phi**2) * shocks[:, week]
    daily = np.repeat(weekly.monthly_noise * series, 7, axis=1)
    edges = np.rint(np.arange(n_months + 1) * 365.25 / 12).astype(int)
    months = np.stack([daily[:, a:b].mean(axis=1) for a, b in pairwise(edges)], axis=1)
    sd = months.std(axis=1)
    ar1 = (months[:, 1:] * months[:, :-1]).mean(axis=1) / (months**2).mean(axis=1)
    assert abs(sd.mean() - 0.1) < 4 * standard_error(sd) + 1e-3  # months of 30 or 31 whole days
    assert abs(ar1.mean() - 0.3) < 4 * standard_error(ar1) + 5e-3


def test_the_bundled_example_is_tested_week_by_week_and_leaves_its_event_out() -> None:
    steps: list[float] = []
    tested = backtest(load_plan(data_path("plans", "example.toml")), progress=lambda _, done: steps.append(done))
    assert tested.period == "week"
    assert len(tested.folds) == 10
    assert any("EU launch" in warning for warning in tested.warnings)
    assert steps[-1] == 1.0
    assert tested.coverage is not None
    assert abs(tested.bias_fraction or 1.0) < 0.25
    for fold in tested.folds:
        least = fold.sizing[-1].realised_cost_usd
        assert all(cost.realised_cost_usd >= least - 1e-6 for cost in fold.sizing)


# --- one generation of models ----------------------------------------------------------------------------------------


def record(day: str, request_type: str, model: str, tokens: int, requests: int = 1) -> dict[str, Any]:
    zero = {"cache_read_tokens": 0, "cache_write_5m_tokens": 0, "cache_write_1h_tokens": 0, "output_tokens": 0}
    named = {"timestamp": f"{day}T12:00:00Z", "request_type": request_type, "model": model, "requests": requests}
    return named | {"uncached_input_tokens": tokens} | zero


def list_cost_of(folder: Path, rows: Sequence[dict[str, Any]]) -> tuple[dict[tuple[str, str], float], list[str]]:
    """List cost by day and type once the traffic is on one generation, at the prices of 2026-11-20; what moved."""
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    book = PriceBook.load("anthropic")
    usage = read_usage(UsageSource(sources=("log.jsonl",), base_dir=folder), prompt_edges=prompt_edges(book))
    moved, said = one_generation(usage, book, since=date(2026, 11, 1), until=date(2026, 11, 7))
    daily = measure(moved, book).daily
    priced = price_groups(daily.assign(day=pd.Timestamp("2026-11-20")), book, prompt_edges(book)).groups
    keys = zip(daily["day"].dt.strftime("%m-%d"), daily["request_type"], strict=True)
    return (
        dict(zip(keys, priced["list_cost_usd"].tolist(), strict=True)),
        [f"{each.request_type}: {each.model} as {each.counted_on}" for each in said],
    )


def input_price(model: str, tokens: float, *, long: bool = False) -> float:
    price = PriceBook.load("anthropic").price(model, date(2026, 11, 20))
    rates = price.long_prompt[0].rates if long else price.rates
    return tokens * float(rates.input_usd_per_mtok or 0) / 1e6


def test_traffic_that_moved_on_is_counted_on_the_model_that_follows_in_its_tokens(tmp_path: Path) -> None:
    rows = [
        record("2026-07-01", "chat", "claude-opus-4-6", 1000),
        record("2026-08-01", "chat", "claude-opus-5", 1000),
        record("2026-11-05", "chat", "claude-opus-5-5", 1000),
    ]
    found, said = list_cost_of(tmp_path, rows)
    assert said == ["chat: claude-opus-4-6 as claude-opus-5-5", "chat: claude-opus-5 as claude-opus-5-5"]
    assert found["07-01", "chat"] == pytest.approx(input_price("claude-opus-5-5", 1300))
    assert found["08-01", "chat"] == pytest.approx(input_price("claude-opus-5-5", 1000))
    assert found["11-05", "chat"] == pytest.approx(input_price("claude-opus-5-5", 1000))


def test_a_prompt_that_is_longer_in_new_tokens_pays_the_long_price(tmp_path: Path) -> None:
    rows = [
        record("2026-07-01", "a", "claude-haiku-4-5", 80_000),  # 104,000 new tokens: above 100,000
        record("2026-07-02", "a", "claude-haiku-4-5", 70_000),
        record("2026-11-05", "a", "claude-haiku-5-5", 1000),
    ]
    found, _ = list_cost_of(tmp_path, rows)
    assert found["07-01", "a"] == pytest.approx(input_price("claude-haiku-5-5", 104_000, long=True))
    assert found["07-02", "a"] == pytest.approx(input_price("claude-haiku-5-5", 91_000))


def test_what_still_serves_or_moved_to_another_tier_stays_as_it_was(tmp_path: Path) -> None:
    rows = [
        record("2026-07-01", "both", "claude-opus-5", 1000),
        record("2026-11-04", "both", "claude-opus-5", 1000),
        record("2026-11-05", "both", "claude-opus-5-5", 1000),
        record("2026-07-01", "routed", "claude-opus-5", 1000),
        record("2026-11-05", "routed", "claude-haiku-5-5", 1000),
        record("2026-07-01", "gone", "claude-opus-4-8", 1000),
    ]
    found, said = list_cost_of(tmp_path, rows)
    assert said == []
    for name, model in (("both", "claude-opus-5"), ("routed", "claude-opus-5"), ("gone", "claude-opus-4-8")):
        assert found["07-01", name] == pytest.approx(input_price(model, 1000))


# --- words, JSON and charts ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def test_of_nine() -> Backtest:
    """Nine held-out months in one fold, seven of them inside the 80 % band."""
    paths = np.tile(np.arange(1.0, 102.0), (9, 1)) * 1000.0
    actual = np.array([12.0, 50.0, 90.0, 40.0, 30.0, 60.0, 70.0, 5.0, 100.0]) * 1000.0
    spend = np.concatenate([np.full(12, 50_000.0), actual])
    return backtest_of([fold(spend, paths, contract())], spend)


def test_coverage_is_said_in_words(test_of_nine: Backtest) -> None:
    said = coverage_sentence(test_of_nine)
    assert said.startswith("78% of held-out months fell inside the 80% band (7 of 9)")
    assert "56% inside the 50% band (5 of 9)" in said
    assert len(headline(test_of_nine)) == 3
    assert {len(row) for table in tables(test_of_nine) for row in table.rows} <= {3, 7, 8}
    for table in tables(test_of_nine):
        assert all(len(row) == len(table.columns) for row in table.rows)


def folds_with(inside: Sequence[tuple[int, int, int]]) -> Backtest:
    """A backtest whose folds have so many months in the 50 % band, between it and the 80 % one, and outside both."""
    spend = np.full(24, 50_000.0)
    folds = []
    for narrow, between, outside in inside:
        actual = [51_000.0] * narrow + [20_000.0] * between + [5_000.0] * outside
        paths = np.tile(np.arange(1.0, 102.0), (len(actual), 1)) * 1000.0
        folds.append(fold(np.concatenate([spend[: 24 - len(actual)], actual]), paths, contract()))
    return backtest_of(folds, spend)


def test_a_fold_counts_as_one_forecast_when_luck_is_judged() -> None:
    tested = folds_with([(1, 0, 0), (1, 0, 1), (2, 1, 0), (1, 2, 1)])
    shares = 1 + 1 / 2 + 2 / 3 + 1 / 4, 1 + 1 / 2 + 1 + 3 / 4
    for nominal, share in zip((0.5, 0.8), shares, strict=True):
        law = binom(4, nominal)
        assert tested.chance_of_so_few(nominal) == pytest.approx(law.pmf(np.arange(np.ceil(share) + 1)).sum())
        assert tested.chance_of_so_many(nominal) == pytest.approx(law.pmf(np.arange(np.floor(share), 5)).sum())
    # fifths that add up to two whole folds are two, whatever their binary rounding
    fifths = folds_with([(1, 0, 4), (2, 0, 3), (3, 0, 2), (4, 0, 1)])
    assert fifths.chance_of_so_few(0.5) == pytest.approx(binom.cdf(2, 4, 0.5))
    assert fifths.chance_of_so_many(0.5) == pytest.approx(binom.sf(1, 4, 0.5))


def test_bands_that_do_not_fit_are_said_to_be_too_narrow_or_wider_than_needed() -> None:
    narrow = folds_with([(0, 1, h - 1) if h > 2 else (0, 0, h) for h in range(1, 9)])
    assert narrow.chance_of_so_few(0.8) < BY_LUCK
    assert bands_sentence(narrow).startswith("The bands were too narrow. ")
    assert f"so few inside the 80% band in {narrow.chance_of_so_few(0.8):.1%} of tests of 8 folds" in bands_sentence(
        narrow
    )
    all_wide = folds_with([(0, h, 0) for h in range(1, 9)])
    said = bands_sentence(all_wide)
    assert said.startswith("The bands were wider than this log needed. That is no proof")
    assert f"so many inside the 80% band in {0.8**8:.0%} of tests of 8 folds" in said
    wider = bands_sentence(folds_with([(h, 0, 0) for h in range(1, 9)]))
    assert wider.startswith("The bands were wider than this log needed. Bands that fit")
    assert f"the 50% band in {0.5**8:.1%} of tests" in wider
    assert bands_sentence(folds_with([(1, 0, 0)])).endswith("in 80% of tests of one fold.")
    fitting = folds_with([(0, 1, 0), (1, 1, 0), (2, 1, 0), (1, 1, 2), (3, 1, 1)])
    assert bands_sentence(fitting) == ""
    assert len(headline(fitting)) == 3
    assert headline(narrow)[1] == bands_sentence(narrow)


def test_one_fold_never_shows_bands_to_be_too_narrow_unless_all_is_outside() -> None:
    assert folds_with([(0, 1, 11)]).chance_of_so_few(0.8) == 1.0
    assert bands_sentence(folds_with([(0, 0, 12)])) == "", "one fold misses one time in five by luck"


def test_json_has_the_keys_that_scripts_rely_on(test_of_nine: Backtest) -> None:
    found = backtest_json(test_of_nine)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert list(found)[:7] == ["held_out", "coverage", "bias_fraction", "pinball_loss", "sizing", "folds", "warnings"]
    assert found["held_out"] == 9
    assert found["coverage"] == {"0.5": 5 / 9, "0.8": 7 / 9}
    assert [row["rule"] for row in found["sizing"]] == [
        "recommended",
        "last_month",
        "mean",
        "p50",
        "minimum_month",
        "utilization_85",
        "perfect_foresight",
    ]
    for row in found["sizing"]:
        assert row.keys() >= {"realised_cost_usd", "realised_shortfall_usd"}
    assert sum(found["pit_histogram"]) == 9
    (only,) = found["folds"]
    assert [row["p50_usd"] for row in only["held_out"]] == [51_000.0] * 9
    assert only["on_demand_cost_usd"] == sum(row["actual_usd"] for row in only["held_out"])


def test_nothing_to_test_is_null_and_never_zero() -> None:
    empty = Backtest(period=None, labels=(), starts=(), spend_usd=(), folds=(), warnings=("Too short.",))
    found = backtest_json(empty)
    assert found["held_out"] == 0
    assert [found[key] for key in ("coverage", "bias_fraction", "pinball_loss", "sizing", "pit_histogram")] == [
        None
    ] * 5
    assert found["folds"] == []
    assert "Too short." in headline(empty)[0]
    assert tables(empty) == ()


def test_charts_carry_the_figures_and_say_how_to_read_them(test_of_nine: Backtest) -> None:
    (only,) = test_of_nine.folds
    spec_of_fold = fold_chart(test_of_nine, only).to_dict()
    for chart in (fold_chart(test_of_nine, only), pit_chart(test_of_nine), sizing_chart(test_of_nine)):
        spec = chart.to_dict()  # validates against the Vega-Lite schema
        assert spec["title"]["text"]
        assert spec["title"]["subtitle"]
    scales = [layer["encoding"]["y"].get("scale", {}) for layer in spec_of_fold["layer"]]
    assert {scale["zero"] for scale in scales if "zero" in scale} == {False}, "bands of a few percent are to be seen"
    assert history_frame(test_of_nine)["usd"].tolist() == list(test_of_nine.spend_usd)
    assert fold_frame(only)["actual"].tolist() == list(test_of_nine.spend_usd)[-9:]
    assert (fold_frame(only)["p10"] == 11_000.0).all()
    assert pit_frame(test_of_nine)["forecasts"].sum() == pytest.approx(pit_frame(test_of_nine)["expected"].sum())
