"""The forecast updated: paths conditioned on what was seen, against closed forms, Bayes by hand, and what must hold."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from math import exp, log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm
from strategies import Table, mix_entry, override, plan_table

from planner.demand import damped_months
from planner.lever_costs.unit_costs import Account
from planner.plan_file.loader import parse_plan
from planner.simulation import SpendPaths
from planner.streams import REPLICATES
from planner.tracking.actual import AccountUsd
from planner.tracking.forecasting.conditioning import LEAST_EFFECTIVE, Conditioner, conditioner_of, tempering
from planner.tracking.forecasting.forecast import forecast_of, outlook
from planner.tracking.forecasting.plan_paths import unmodelled
from planner.tracking.forecasting.resampling import ancestors, effective_size
from planner.tracking.observed import Observed
from planner.tracking.signed_plan import SignedPlan, signed_plan
from planner.units import FloatArray

PATHS = 4096
CHEAP = override("cheap", tier="haiku", rates=(1.0, 0.1, 1.25, 2.0, 5.0))
OPUS, HAIKU, SONNET = Account("opus"), Account("haiku"), Account("sonnet")

GAUSSIAN: Mapping[str, Any] = {
    "level_sd": 0.08,
    "growth_per_year": {"p10": 0.0, "p90": 0.6},
    "growth_damping_per_month": 0.97,
    "monthly_volatility": 0.05,
    "monthly_noise": 0.09,
    "noise_ar1": 0.3,
    "common_share": 0.5,
}


def signed_of(table: Table, commit: float = 100_000.0, **signed: Any) -> SignedPlan:
    """A plan of tests, signed on its first day."""
    table = table | {"signed": {"on": table["plan"]["start"], "commit_usd_per_year": commit, **signed}}
    return signed_plan(parse_plan(tomlkit.dumps(table), base_dir=Path()))


@cache
def gaussian() -> Conditioner:
    """One type, no lever: log spend is jointly normal. 10,000 USD a month at the pricing day's list."""
    return conditioner_of(signed_of(plan_table(demand=GAUSSIAN, paths=PATHS, seed=5)))


def prior_of(conditioner: Conditioner) -> tuple[FloatArray, FloatArray]:
    """Mean and covariance of log volume and log list cost, stacked, from the definitions of docs/method.md."""
    signed = conditioner.signed
    process = signed.prepared.spend_model.demand
    n, model = process.n_months, process.model
    t = np.arange(n)
    walk = 0.05**2 * np.minimum.outer(t, t) + 0.09**2 * 0.3 ** np.abs(np.subtract.outer(t, t))
    logs = np.log1p(model.growth_per_year.from_normal(np.array([0.0, 1.0])))
    worth = damped_months(t.astype(float), 0.97) / 12
    covariance = walk + 0.08**2 + (logs[1] - logs[0]) ** 2 * np.outer(worth, worth)
    mean = log(10_000.0) - np.diag(walk) / 2 - 0.08**2 / 2 + worth * logs[0]
    rest = unmodelled(process, has_floor=False)[n:, n:]
    return (
        np.concatenate([mean, mean - np.diag(rest) / 2]),
        np.block([[covariance, covariance], [covariance, covariance + rest]]),
    )


def month(number: int, usd: float, volume: float | None = None, **changed: Any) -> Observed:
    """A month of which everything was used on one account at the pricing day's list."""
    accounts = {OPUS: AccountUsd(current=usd, signing=usd)}
    return Observed(**{"month": number, "volume_usd": volume, "accounts": accounts, **changed})


def posterior(conditioner: Conditioner, observed: Sequence[Observed]) -> tuple[FloatArray, FloatArray]:
    """Mean and covariance of log list cost of every month: the textbook's normal given some of its parts."""
    mean, covariance = prior_of(conditioner)
    n = len(mean) // 2
    rows, values, noise = [], [], []
    for item in observed:
        if item.volume_usd is not None:
            rows, values, noise = [*rows, item.month], [*values, log(item.volume_usd * item.scale)], [*noise, item]
        rows, values, noise = [*rows, n + item.month], [*values, log(item.signing_usd * item.scale)], [*noise, item]
    errors = np.array([[(a is b) * a.scale_log_sd * b.scale_log_sd for b in noise] for a in noise])
    gain = np.linalg.solve(covariance[np.ix_(rows, rows)] + errors, covariance[rows]).T
    return (mean + gain @ (np.array(values) - mean[rows]))[n:], (covariance - gain @ covariance[rows])[n:, n:]


# --- closed forms ----------------------------------------------------------------------------------------------------


SEEN: Mapping[str, Sequence[Observed]] = {
    "one month": [month(0, 12_500.0, 12_300.0)],
    "list cost alone": [month(t, usd) for t, usd in enumerate((9_000.0, 11_500.0, 12_000.0))],
    "half a year": [month(t, 10_000.0 * 1.04**t, 10_000.0 * 1.03**t) for t in range(6)],
    "a month is missing": [month(0, 9_100.0, 9_000.0), month(2, 8_000.0, 8_100.0), month(5, 7_500.0, 7_700.0)],
    "a running month": [
        month(0, 10_800.0, 11_000.0),
        month(1, 3_600.0, 3_500.0, scale=3.0, scale_log_sd=0.15),
    ],
}


@pytest.mark.parametrize("name", SEEN)
def test_log_spend_has_the_posterior_of_a_normal(name: str) -> None:
    """Mean, spread and correlation, to four standard errors of moments that come from so many paths."""
    observed = SEEN[name]
    found = gaussian().condition(observed)
    mean, covariance = posterior(gaussian(), observed)
    prior = np.sqrt(np.diag(prior_of(gaussian())[1])[24:])
    logs = np.log(found.spend.list_cost_usd)
    later = [t for t in range(24) if t not in {item.month for item in observed if item.is_closed}]
    for t in later:
        sd = sqrt(covariance[t, t])
        assert abs(logs[t].mean() - mean[t]) <= 4 * sqrt(2 / PATHS) * prior[t]
        assert logs[t].std() == pytest.approx(sd, rel=4 / sqrt(PATHS))
    a, b = later[0], later[-1]
    both = np.corrcoef(logs[a], logs[b])[0, 1]
    assert both == pytest.approx(covariance[a, b] / sqrt(covariance[a, a] * covariance[b, b]), abs=4 / sqrt(PATHS))
    assert found.effective_sample_size == pytest.approx(PATHS)
    assert found.recalibration is None


def test_swings_are_those_of_the_definitions_and_of_what_no_plan_models() -> None:
    """Each to four standard errors of its own; what no plan models is independent of the rest and costs nothing."""
    paths = gaussian().paths
    mean, covariance = prior_of(gaussian())
    volume, rest = covariance[:24, :24], covariance[24:, 24:] - covariance[:24, :24]
    for found, expected in ((paths.swing[:24], volume), (paths.swing[24:], rest)):
        variance = np.diag(expected)
        assert np.allclose(found.var(axis=1), variance, rtol=4 * sqrt(2 / PATHS), atol=1e-12)
        both = np.sqrt(np.outer(variance, variance))
        assert np.all(np.abs(np.cov(found, bias=True) - expected) <= 4 * sqrt(2 / PATHS) * both + 1e-12)
    assert np.all(np.abs(paths.swing[24:].mean(axis=1) + np.diag(rest) / 2) <= 4 * np.sqrt(np.diag(rest) / PATHS))
    assert np.allclose(paths.mean, paths.swing.mean(axis=1), atol=4 * sqrt(np.diag(covariance).max() / PATHS))
    assert np.allclose(np.exp(paths.swing[24:]).mean(axis=1), 1.0, atol=4 * sqrt(np.diag(rest).max() / PATHS))
    assert np.allclose(paths.base[:24].mean(axis=1) + paths.mean[:24], mean[:24], atol=4 * sqrt(volume.max() / PATHS))


def test_the_chance_of_a_shortfall_is_that_of_the_months_still_open() -> None:
    """Eleven months are known; the twelfth is log-normal given them."""
    observed = [month(t, 9_500.0 + 100 * t, 9_600.0 + 90 * t) for t in range(11)]
    mean, covariance = posterior(gaussian(), observed)
    signed, used = gaussian().signed, sum(item.signing_usd for item in observed)
    conditioned = gaussian().condition(observed)
    for missing in (8_000.0, 9_500.0, 11_000.0):
        chance = norm.cdf((log(missing) - mean[11]) / sqrt(covariance[11, 11]))
        offer = signed.contract.offer_at(0.8 * (used + missing))
        found = outlook(replace(signed, offer=offer), conditioned.spend, 0)
        assert found.short.mean() == pytest.approx(chance, abs=4 * sqrt(chance * (1 - chance) / PATHS) + 0.01)


EVENT = {"name": "half", "probability": 0.5, "month": 3.0, "size": 0.6}


@cache
def with_event() -> Conditioner:
    return conditioner_of(signed_of(plan_table(demand={**GAUSSIAN, "event": [EVENT]}, paths=PATHS, seed=6)))


@pytest.mark.parametrize("drop", [1.0, 0.85, 0.78, 0.7, 0.6])
def test_what_happened_to_a_path_is_weighed_by_bayes_rule(drop: float) -> None:
    """An event of known size either has come in month 3 or has not: a mixture of two normals, weighed by hand."""
    usd = [10_100.0, 9_900.0, 10_300.0, 10_000.0 * drop, 10_200.0 * drop]
    observed = [month(t, value, value * 0.99) for t, value in enumerate(usd)]
    mean, covariance = prior_of(gaussian())
    shift = np.where(np.arange(24) >= 3, log(0.6), 0.0)
    rows = [*range(5), *range(24, 29)]
    values = [log(item.volume_usd or 0.0) for item in observed] + [log(item.signing_usd) for item in observed]
    moved = mean + np.concatenate([shift, shift])
    within = covariance[np.ix_(rows, rows)]
    without, with_it = (multivariate_normal(m[rows], within).logpdf(values) for m in (mean, moved))
    chance = 1 / (1 + exp(without - with_it))
    gain = np.linalg.solve(within, covariance[rows]).T
    sd = sqrt((covariance - gain @ covariance[rows])[24 + 8, 24 + 8])
    at = [(m + gain @ (np.array(values) - m[rows]))[24 + 8] for m in (mean, moved)]
    found = with_event().condition(observed)
    logs = np.log(found.spend.list_cost_usd[8])
    for x in (at[0] - sd, (at[0] + at[1]) / 2, at[1] + sd):
        expected = (1 - chance) * norm.cdf((x - at[0]) / sd) + chance * norm.cdf((x - at[1]) / sd)
        allowed = 4 * sqrt(expected * (1 - expected) * (1 / PATHS + 1 / found.effective_sample_size)) + 0.01
        assert (logs < x).mean() == pytest.approx(expected, abs=allowed)
    share = PATHS * min(1.0, 1 / (2 * (chance**2 + (1 - chance) ** 2)))
    assert found.effective_sample_size == pytest.approx(share, rel=0.1)


# --- what must hold --------------------------------------------------------------------------------------------------


def test_without_a_month_the_paths_are_the_plan_s_own() -> None:
    found = gaussian().condition([])
    assert found.spend is gaussian().signed.spend
    assert (found.effective_sample_size, found.recalibration) == (PATHS, None)


def test_the_order_in_which_months_come_makes_no_difference() -> None:
    observed = SEEN["half a year"]
    one, other = gaussian().condition(observed), gaussian().condition(list(reversed(observed)))
    assert np.array_equal(one.spend.list_cost_usd, other.spend.list_cost_usd)


def test_a_shorter_look_is_the_beginning_of_the_longer_one() -> None:
    whole, short = (gaussian().condition(SEEN["half a year"], stop=stop) for stop in (None, 12))
    assert short.spend.list_cost_usd.shape == (12, PATHS)
    assert np.allclose(short.spend.list_cost_usd, whole.spend.list_cost_usd[:12], rtol=1e-12)


def test_more_certain_months_leave_less_open() -> None:
    spread = []
    for sd in (0.0, 0.05, 0.2, 1.0, 10.0, np.inf):
        seen = [*SEEN["half a year"], month(6, 6_000.0, 6_000.0, scale=2.0, scale_log_sd=sd)]
        spread.append(float(np.log(gaussian().condition(seen).spend.list_cost_usd[7]).std()))
    assert spread == pytest.approx(sorted(spread), rel=1e-3)
    assert spread[0] < 0.95 * spread[-1]
    assert spread[-1] == pytest.approx(spread[-2], rel=1e-9)


RICH: Mapping[str, Any] = {
    "mix": [mix_entry(), mix_entry("code", monthly_requests=600_000.0), mix_entry("tail", "cheap")],
    "overrides": [override("strong"), CHEAP],
    "demand": {
        **GAUSSIAN,
        "token_drift_per_year": {"p10": -0.05, "p90": 0.15},
        "leave_probability_per_quarter": 0.05,
        "event": [{**EVENT, "month": {"low": 1, "mode": 4, "high": 7}, "size": {"low": 0.7, "mode": 1.2, "high": 1.5}}],
    },
    "cuts": {
        "falls_per_year": 0.7,
        "fall": {"p10": 0.10, "p90": 0.60},
        "rises_per_year": 0.2,
        "rise": {"p10": 0.05, "p90": 0.30},
        "lag_months": 1,
    },
    "scenario": [
        {
            "name": "routed",
            "route": [
                {
                    "request_type": "chat",
                    "to": "cheap",
                    "share": {"p10": 0.4, "p90": 0.8},
                    "escalation": {"p10": 0.05, "p90": 0.2},
                    "overhead_usd_per_request": 0.0002,
                    "ramp": {"start_month": {"low": 0, "mode": 2, "high": 5}, "months": 2},
                }
            ],
        }
    ],
    "decision": {"scenario": "routed"},
}


@cache
def rich(**contract: Any) -> Conditioner:
    """Three types, two tiers, a route, prices that move, an event, and a type that may leave."""
    table = plan_table(**RICH, paths=1024, seed=7, contract=contract)
    return conditioner_of(signed_of(table, 150_000.0))


def own_months(conditioner: Conditioner, path: int, months: int) -> list[Observed]:
    """The first months of one of the plan's own paths, its volume left unsaid."""
    return [
        Observed(
            month=t,
            volume_usd=None,
            accounts={
                key: AccountUsd(current=float(usd.current_usd[t, path]), signing=float(usd.signing_usd[t, path]))
                for key, usd in conditioner.signed.spend.accounts.items()
                if usd.signing_usd is not None
            },
        )
        for t in range(months)
    ]


def test_closed_months_are_the_actual_ones_and_accounts_add_up() -> None:
    observed = own_months(rich(), 3, 5)
    spend = rich().condition(observed).spend
    for item in observed:
        for key, usd in item.accounts.items():
            assert np.all(spend.accounts[key].current_usd[item.month] == usd.current)
            assert np.all(spend.accounts[key].signing_usd[item.month] == usd.signing)
    for of_paths, of_account in (("list_cost_usd", "current_usd"), ("signing_list_cost_usd", "signing_usd")):
        added = sum(getattr(paths, of_account) for paths in spend.accounts.values())
        assert np.allclose(added, getattr(spend, of_paths), rtol=1e-12)
    assert len(np.unique(spend.list_cost_usd[5])) == 1024


def test_where_no_price_moves_both_prices_are_one_array_until_one_has_moved() -> None:
    still = gaussian().condition([month(0, 10_000.0)]).spend
    assert still.signing_list_cost_usd is still.list_cost_usd
    assert still.accounts[OPUS].signing_usd is still.accounts[OPUS].current_usd
    fallen = Observed(month=0, volume_usd=None, accounts={OPUS: AccountUsd(current=7_000.0, signing=10_000.0)})
    moved = gaussian().condition([fallen]).spend
    assert np.array_equal(moved.signing_list_cost_usd, still.signing_list_cost_usd)
    assert np.allclose(moved.list_cost_usd, 0.7 * still.list_cost_usd, rtol=1e-12)


def test_prices_go_on_from_where_they_stand_as_on_each_path() -> None:
    """Without events every path weighs the same, so that path j is still path j."""
    table = plan_table(demand=GAUSSIAN, cuts=RICH["cuts"], paths=512, seed=8)
    conditioner = conditioner_of(signed_of(table))
    seen = [
        Observed(month=t, volume_usd=None, accounts={OPUS: AccountUsd(current=usd, signing=10_000.0)})
        for t, usd in enumerate((10_000.0, 9_000.0, 8_000.0))
    ]
    plan, found = conditioner.signed.spend, conditioner.condition(seen).spend
    level = plan.list_cost_usd / plan.signing_list_cost_usd
    assert np.allclose(found.list_cost_usd[3:] / found.signing_list_cost_usd[3:], 0.8 * level[3:] / level[2])
    assert not np.allclose(level[3:], level[2])


def test_a_tier_that_nobody_planned_goes_on_at_its_share_and_changes_no_total() -> None:
    def seen(other: float) -> list[Observed]:
        return [
            Observed(
                month=t,
                volume_usd=None,
                accounts={
                    key: usd
                    for key, usd in (
                        (OPUS, AccountUsd(current=9_000.0 - other, signing=9_000.0 - other)),
                        (SONNET, AccountUsd(current=other, signing=other)),
                    )
                    if usd.signing
                },
            )
            for t in range(2)
        ]

    plain, mixed = (gaussian().condition(seen(other)).spend for other in (0.0, 2_250.0))
    assert np.allclose(mixed.list_cost_usd, plain.list_cost_usd, rtol=1e-12)
    assert np.allclose(mixed.accounts[SONNET].current_usd, 0.25 * mixed.list_cost_usd, rtol=1e-12)


def test_a_price_that_fell_for_a_tier_nobody_planned_stays_fallen() -> None:
    accounts = {
        OPUS: AccountUsd(current=8_000.0, signing=8_000.0),
        SONNET: AccountUsd(current=1_000.0, signing=2_000.0),
    }
    spend = gaussian().condition([Observed(month=0, volume_usd=None, accounts=accounts)]).spend
    paths = spend.accounts[SONNET]
    assert paths.signing_usd is not None
    assert np.allclose(paths.current_usd, 0.5 * paths.signing_usd)
    assert np.allclose(paths.signing_usd, 0.2 * np.asarray(spend.signing_list_cost_usd))


@cache
def two_tiers() -> Conditioner:
    """Two types on two tiers, of the same cost, that wander apart."""
    mix = [mix_entry(), mix_entry("tail", "cheap", monthly_requests=10_000_000.0)]
    table = plan_table(mix=mix, overrides=[override("strong"), CHEAP], demand=GAUSSIAN, paths=1024, seed=9)
    return conditioner_of(signed_of(table))


def shared(number: int, cheap: float, usd: float = 20_000.0) -> Observed:
    """A month of which this share was on the cheap tier."""
    parts = {OPUS: (1 - cheap) * usd, HAIKU: cheap * usd}
    return Observed(
        month=number,
        volume_usd=usd,
        accounts={key: AccountUsd(current=part, signing=part) for key, part in parts.items()},
    )


def cheap_share(spend: SpendPaths) -> FloatArray:
    """Share of the cheap tier, (n_months, n_paths)."""
    share: FloatArray = spend.accounts[HAIKU].current_usd / spend.list_cost_usd
    return share


@pytest.mark.parametrize("cheap", [0.35, 0.5, 0.65])
def test_the_split_over_tiers_follows_what_was_seen_of_it(cheap: float) -> None:
    """Further with every month, and never beyond it; what the total comes to is another matter."""
    months = [shared(t, cheap) for t in range(9)]
    means = [cheap_share(two_tiers().condition(months[:n]).spend)[9].mean() for n in (0, 1, 3, 9)]
    assert means[0] == pytest.approx(0.5, abs=0.02)
    misses = [abs(mean - cheap) for mean in means]
    assert misses == sorted(misses, reverse=True) or cheap == 0.5
    assert misses[-1] < max(0.3 * misses[0], 0.02)
    even = two_tiers().condition([shared(t, 0.5) for t in range(9)]).spend.list_cost_usd
    assert np.allclose(two_tiers().condition(months).spend.list_cost_usd, even, rtol=1e-9)


def test_the_split_of_other_paths_is_forecast_more_closely_than_the_plan_has_it() -> None:
    """Contracts under another seed: half a year of their split says more of the next month's than the plan does."""
    signed = two_tiers().signed
    truth = cheap_share(signed_plan(replace(signed.inputs, seed=10, paths=60)).spend)
    plan = cheap_share(signed.spend)[6]
    missed, inside = [], 0
    for path in range(60):
        share = cheap_share(two_tiers().condition([shared(t, truth[t, path]) for t in range(6)], stop=12).spend)[6]
        inside += np.quantile(share, 0.1) <= truth[6, path] <= np.quantile(share, 0.9)
        missed.append([(share.mean() - truth[6, path]) ** 2, (plan.mean() - truth[6, path]) ** 2])
    ours, of_plan = np.array(missed).T
    assert (of_plan - ours).mean() > 2 * (of_plan - ours).std() / sqrt(60)
    assert abs(inside - 48) <= 3.5 * sqrt(60 * 0.8 * 0.2)


def test_a_running_month_comes_to_at_least_what_was_used_of_it() -> None:
    seen = month(0, 9_900.0, 9_900.0, scale=1.05, scale_log_sd=0.2)
    usd = gaussian().condition([seen]).spend.list_cost_usd[0]
    assert usd.min() >= 9_900.0 * (1 - 1e-12)
    assert usd.max() > 11_000.0


# --- plans that do not fit -------------------------------------------------------------------------------------------


def test_a_plan_far_off_is_widened_and_says_so() -> None:
    observed = [month(t, 3_000.0, 3_000.0) for t in range(4)]
    found = gaussian().condition(observed)
    assert found.recalibration is not None
    assert (found.recalibration.level_factor > 4.0, found.recalibration.volume_factor) == (True, 1.0)
    assert "times as wide" in found.recalibration.why
    later = found.spend.list_cost_usd[4]
    assert 1_500.0 < np.median(later) < 5_000.0
    # the level is known by now, and what is still to come is as restless as the plan says
    assert np.log(later).std() > 0.9 * np.log(gaussian().condition(SEEN["half a year"]).spend.list_cost_usd[6]).std()


def test_what_is_widened_is_what_was_far_off_and_a_step_is_no_trend() -> None:
    """Volume as planned, a request 40 % cheaper from the fourth month on: the forecast goes on from about there."""
    steady = [10_000.0] * 7
    dear = gaussian().condition([month(t, steady[t] * (1.0 if t < 3 else 0.6), steady[t]) for t in range(6)])
    assert dear.recalibration is not None
    assert (dear.recalibration.volume_factor, dear.recalibration.unit_cost_factor > 2.0) == (1.0, True)
    full = gaussian().condition([month(t, steady[t], steady[t]) for t in range(6)])
    for later in (6, 11):
        step = np.median(dear.spend.list_cost_usd[later]) / np.median(full.spend.list_cost_usd[later])
        assert 0.55 < step < 0.70
    more = gaussian().condition([month(t, usd, usd) for t, usd in enumerate([1e4, 1e4, 1e4, 3e4, 3e4, 3e4])])
    assert more.recalibration is not None
    assert (more.recalibration.volume_factor > 2.0, more.recalibration.unit_cost_factor) == (True, 1.0)


def test_a_plan_that_is_certain_gets_a_floor_and_follows_what_happens() -> None:
    conditioner = conditioner_of(signed_of(plan_table(paths=512)))
    assert conditioner.paths.has_floor
    as_planned = conditioner.condition([month(t, 10_000.0, 10_000.0) for t in range(6)])
    assert as_planned.spend.list_cost_usd[6:12].mean() == pytest.approx(10_000.0, rel=0.01)
    assert as_planned.recalibration is not None
    assert "certain" in as_planned.recalibration.why
    below = conditioner.condition([month(t, 7_000.0, 7_000.0) for t in range(6)])
    assert np.median(below.spend.list_cost_usd[6]) == pytest.approx(7_000.0, rel=0.1)


def test_too_few_paths_that_explain_what_was_seen_are_tempered_and_said() -> None:
    """A type that is gone in month 2 but not in month 1: one path in a hundred."""
    table = plan_table(
        mix=[mix_entry(), mix_entry("tail", "cheap", monthly_requests=2_000_000.0)],
        overrides=[override("strong"), CHEAP],
        demand={**GAUSSIAN, "leave_probability_per_quarter": 0.03},
        paths=2048,
    )
    conditioner = conditioner_of(signed_of(table))
    observed = [month(0, 12_000.0, 12_000.0), month(1, 12_000.0, 12_000.0), month(2, 2_000.0, 2_000.0)]
    found = conditioner.condition(observed)
    assert found.recalibration is not None
    assert found.recalibration.effective_sample_size < LEAST_EFFECTIVE <= found.effective_sample_size * (1 + 1e-6)
    assert found.recalibration.tempering < 1
    assert "2,048 paths explain" in found.recalibration.why
    assert np.median(found.spend.list_cost_usd[5]) < 4_000.0


def test_a_month_without_use_is_that_of_the_paths_that_have_none() -> None:
    """The only type leaves: a month of nothing is explained by the paths on which it has left, for good."""
    table = plan_table(demand={**GAUSSIAN, "leave_probability_per_quarter": 0.3}, paths=1024)
    conditioner = conditioner_of(signed_of(table))
    gone = conditioner.condition([month(0, 10_000.0), month(1, 0.0)])
    assert not gone.spend.list_cost_usd[1:].any()
    stays = conditioner.condition([month(0, 10_000.0), month(1, 10_000.0)])
    assert (stays.spend.list_cost_usd[2] > 0).mean() == pytest.approx(0.7 ** (1 / 3), abs=4 * sqrt(0.1 / 1024))


def test_months_that_no_path_has_are_left_out_and_said() -> None:
    observed = [month(0, 10_000.0, 10_000.0), month(1, 0.0), month(2, 10_000.0, 10_000.0)]
    found = gaussian().condition(observed)
    without = gaussian().condition([observed[0], observed[2]])
    assert found.recalibration is not None
    assert "left out" in found.recalibration.why
    assert not found.spend.list_cost_usd[1].any()
    assert np.allclose(found.spend.list_cost_usd[3:], without.spend.list_cost_usd[3:])


amounts = st.one_of(st.just(0.0), st.floats(1e-3, 1e9))


@st.composite
def months_seen(draw: st.DrawFn) -> list[Observed]:
    """Anything a log may hold: months left out, tiers nobody planned, no use, prices that moved, a running month."""
    numbers = draw(st.lists(st.integers(0, 30), unique=True, max_size=5))
    found = []
    for number in numbers:
        keys = draw(
            st.lists(st.sampled_from([OPUS, HAIKU, SONNET, Account(None), Account("opus", False)]), unique=True)
        )
        running = number == max(numbers) and draw(st.booleans())
        accounts = {}
        for key in keys:
            signing = draw(amounts)
            accounts[key] = AccountUsd(current=signing * draw(st.sampled_from([1.0, 0.5, 1.3])), signing=signing)
        found.append(
            Observed(
                month=number,
                volume_usd=draw(st.one_of(st.none(), amounts)),
                accounts=accounts,
                scale=draw(st.floats(1.01, 30.0)) if running else 1.0,
                scale_log_sd=draw(st.sampled_from([0.01, 0.3, np.inf])) if running else 0.0,
            )
        )
    return found


CONTRACTS: Sequence[Table] = (
    {},
    {"commit_period": "quarter", "rollover": {"share": 0.5, "months": 6}},
    {"term_months": 36, "rollover": {"share": 1.0, "months": 12}},
    {"term_months": 24, "commit_period": "term"},
    {"term_months": 18, "drawdown": "list", "price_falls": {"passed_through": False}, "shortfall": "true_up"},
    {"eligible": {"tiers": ["opus"]}, "overage": "committed"},
)


@cache
def plans(number: int) -> Conditioner:
    """Small plans of several kinds: rich ones under every contract, a certain one, one of two paths, a leaver alone."""
    if number < len(CONTRACTS):
        return conditioner_of(
            signed_of(plan_table(**RICH, paths=64, contract=CONTRACTS[number]), 150_000.0, **signed_commits(number))
        )
    tables = (
        plan_table(paths=16),
        plan_table(demand=GAUSSIAN, paths=2),
        plan_table(demand={**GAUSSIAN, "leave_probability_per_quarter": 0.6}, paths=64),
        plan_table(paths=1),
    )
    return conditioner_of(signed_of(tables[number - len(CONTRACTS)]))


def signed_commits(number: int) -> Table:
    """Commitments of every contract year, where there are several."""
    years = -(-CONTRACTS[number].get("term_months", 12) // 12)
    return {} if years == 1 else {"commit_usd_per_year": [150_000.0 + 10_000.0 * year for year in range(years)]}


@given(number=st.integers(0, len(CONTRACTS) + 3), observed=months_seen())
@settings(max_examples=60)
def test_whatever_is_seen_there_is_a_forecast(number: int, observed: list[Observed]) -> None:
    conditioner = plans(number)
    signed, found = conditioner.signed, conditioner.condition(observed)
    for usd in (found.spend.list_cost_usd, found.spend.signing_list_cost_usd):
        assert usd is not None
        assert usd.shape == signed.spend.list_cost_usd.shape
        assert np.all(np.isfinite(usd) & (usd >= 0))
    assert 1 - 1e-9 <= found.effective_sample_size <= found.n_paths * (1 + 1e-9)
    forecast = forecast_of(signed, observed, found, on=signed.inputs.start)
    assert 0 <= forecast.shortfall_probability.mean <= 1
    assert forecast.period.drawn_usd >= 0
    assert forecast.pace.needed_usd >= 0
    assert len(forecast.months) == signed.contract.term_months


# --- weighted paths as equally weighted ones --------------------------------------------------------------------------


@given(st.lists(st.floats(-30, 0), min_size=1, max_size=200))
def test_paths_are_taken_by_their_weights_inside_their_randomisation(log_weights: list[float]) -> None:
    weights = np.exp(log_weights)
    chosen = ancestors(np.array(log_weights))
    assert np.array_equal(chosen % REPLICATES, np.arange(len(log_weights)) % REPLICATES)
    for replicate in range(min(REPLICATES, len(log_weights))):
        own = slice(replicate, None, REPLICATES)
        expected = weights[own] / weights[own].sum() * len(weights[own])
        counts = np.bincount(chosen[own] // REPLICATES, minlength=len(expected))
        assert np.all(np.abs(counts - expected) < 1 + 1e-9)


def test_equal_weights_leave_every_path_where_it_is() -> None:
    assert np.array_equal(ancestors(np.full(1000, -3.7)), np.arange(1000))


def test_effective_size_of_weights_of_one_and_nothing() -> None:
    assert effective_size(np.array([0.0] * 30 + [-1000.0] * 70)) == pytest.approx(30.0)
    assert effective_size(np.log([3.0, 1.0])) == pytest.approx(16 / 10)


def test_tempering_is_the_largest_power_that_leaves_enough() -> None:
    log_weights = np.log(np.random.default_rng(0).pareto(0.3, 500))
    power = tempering(log_weights, 100.0)
    assert effective_size(power * log_weights) == pytest.approx(100.0, rel=1e-6)
    assert tempering(log_weights, 1.0) == 1.0
