"""Business units: the games behind a fair split, spend per unit, one contract against one each, and the command."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from strategies import Table, mix_entry, override, plan_table, spend_paths
from test_unit_games import game_of, slow_shapley, three_player_least_core

from planner import cli
from planner.bands import DiscountBand
from planner.business_units.effort import affordable_paths, check_number, without_fixed_commitments
from planner.business_units.games import (
    excess,
    nearest_shares,
)
from planner.business_units.pooling import PoolTerms, pool, pooling
from planner.business_units.result import Pooling
from planner.business_units.shares import commitment_fractions, shortfall_shares, split_of_shortfall
from planner.business_units.signing import sign
from planner.business_units.spend import UnitSpend, added, of_types, parts_of, units_of_plan, units_of_plans
from planner.clauses import CarryForward, Marketplace, Reduction, Rollover
from planner.commit import commit_sample
from planner.contract import Contract
from planner.errors import InputError
from planner.inputs import BusinessUnit, Decision
from planner.negotiation_reports.units import leavers_table, units_json, units_tables
from planner.negotiation_reports.units_sentences import units_sentences
from planner.objectives import recommend
from planner.plan import Plan, build_plan
from planner.plan_file.loader import parse_plan
from planner.plan_file.text import terms_of, with_contract
from planner.risk import cvar, estimate
from planner.settlement import settle
from planner.simulation import simulate_spend
from planner.term_use import TermUse, term_use

# --- contracts and spend on numbers ----------------------------------------------------------------------------------

DECISION = Decision(
    scenario="s",
    objective="expected_cost",
    max_shortfall_probability=1.0,
    cvar_loss="cost",
    cvar_weight=1.0,
    cvar_level=0.9,
)


def contract(*bands: tuple[float, float], **terms: Any) -> Contract:
    listed = tuple(DiscountBand(min_commit_usd_per_year=low, discount_fraction=d) for low, d in bands)
    return Contract(term_months=terms.pop("term_months", 12), bands=listed, **terms)


ONE_DISCOUNT = contract((0.0, 0.2))


def use_of(agreed: Contract, annual: Any) -> TermUse:
    monthly = np.tile(np.asarray(annual, dtype=float) / 12, (agreed.term_months, 1))
    return term_use(agreed, spend_paths(monthly))


def unit(name: str, agreed: Contract, annual: Any) -> UnitSpend:
    return UnitSpend(name=name, request_types=(name,), uses={"s": use_of(agreed, annual)})


def pooled(agreed: Contract, *annual: Any, decision: Decision = DECISION, **terms: Any) -> Pooling:
    units = [unit("abcdefgh"[i], agreed, spend) for i, spend in enumerate(annual)]
    return pooling(PoolTerms(decision=decision, contract=agreed, pooled=terms.pop("pooled", agreed), **terms), units)


def steady(usd: float, n: int = 32) -> np.ndarray:
    return np.full(n, usd)


def adds_up(found: Pooling) -> None:
    """Every split adds up to what it splits, to the cent."""
    assert sum(unit.cost.mean for unit in found.units) == pytest.approx(found.pooled.cost.mean, abs=0.005)
    assert sum(unit.shortfall.mean for unit in found.units) == pytest.approx(
        found.pooled.expected_shortfall.mean, abs=0.005
    )
    assert sum(unit.saving.mean for unit in found.units) == pytest.approx(found.value.mean, abs=0.005)
    fractions = [unit.commit_fraction for unit in found.units if unit.commit_fraction is not None]
    if not found.pooled.offer.is_none:
        assert sum(one.mean for one in fractions) == pytest.approx(1.0, abs=1e-12)
        assert all(0 <= one.mean <= 1 for one in fractions)
    if found.from_band is not None and found.from_spreading is not None:
        assert found.from_band.mean + found.from_spreading.mean == pytest.approx(found.value.mean, abs=0.005)


def test_normal_units_save_what_the_closed_form_says() -> None:
    """c(S) = (1 - d) mu + sigma phi(z_d): only the deviations pool."""
    z = norm.ppf((np.arange(400) + 0.5) / 400)
    first, second = (grid.ravel() for grid in np.meshgrid(z, z))
    order = np.random.default_rng(0).permutation(first.size)
    units = (1e6 + 1e5 * first[order], 5e5 + 8e4 * second[order])
    found = pooled(ONE_DISCOUNT, *units)
    density = norm.pdf(norm.ppf(0.2))
    sds = (1e5 * z.std(), 8e4 * z.std(), np.hypot(1e5, 8e4) * z.std())
    alone = [0.8 * mean + sd * density for mean, sd in zip((1e6, 5e5, 1.5e6), sds, strict=True)]
    assert [group.cost.mean for group in found.groups] == pytest.approx(alone, rel=1e-4)
    value = (sds[0] + sds[1] - sds[2]) * density
    assert (1e5 + 8e4 - np.hypot(1e5, 8e4)) * density == pytest.approx(14_541, abs=0.5)  # the method's worked number
    assert found.value.mean == pytest.approx(value, rel=2e-3)
    assert found.from_spreading is not None
    assert found.from_spreading.mean == pytest.approx(found.value.mean, abs=0.01)
    assert [unit.saving.mean for unit in found.units] == pytest.approx([value / 2, value / 2], rel=2e-3)
    # Euler: in the year that uses q up exactly, each is as far below its mean as its variance is a part of the whole
    below = norm.ppf(0.2) * np.hypot(1e5, 8e4)
    expected = [(1e6 + below * 1e10 / (1e10 + 6.4e9)), (5e5 + below * 6.4e9 / (1e10 + 6.4e9))]
    for share, list_usd in zip(found.units, expected, strict=True):
        fraction = share.commit_fraction
        assert fraction is not None
        assert fraction.mean == pytest.approx(list_usd / sum(expected), abs=max(4 * fraction.se, 1e-3))
    adds_up(found)


def newsvendor(list_usd: np.ndarray, d: float) -> float:
    """Cost of the best commitment at one discount, overage at list, by the plain quantile."""
    q = np.sort(list_usd)[int(np.ceil(d * list_usd.size)) - 1]
    return (1 - d) * q + np.maximum(list_usd - q, 0).mean()


def test_independent_log_normal_units_against_a_plain_newsvendor() -> None:
    rng = np.random.default_rng(5)
    spends = [rng.lognormal(mean, sd, 2000) for mean, sd in ((13.0, 0.5), (12.5, 0.3), (12.0, 0.9))]
    found = pooled(ONE_DISCOUNT, *spends)
    game = game_of(3, lambda group: newsvendor(sum((spends[i] for i in group), start=np.zeros(2000)), 0.2))
    assert [group.cost.mean for group in found.groups] == pytest.approx(game[1:], rel=1e-9)
    assert [unit.cost.mean for unit in found.units] == pytest.approx(slow_shapley(game.tolist()), rel=1e-9)
    assert found.value.mean == pytest.approx(game[1] + game[2] + game[4] - game[7], rel=1e-9)
    assert found.in_core == (excess(game, np.array(slow_shapley(game.tolist()))).max() <= 0.005)
    assert found.least_core_usd == pytest.approx(three_player_least_core(game), rel=1e-6)
    assert not found.core_is_empty  # newsvendor games have a core (Hartman, Dror and Shaked, 2000)
    commits = [unit.alone.offer.commit_usd_per_year for unit in found.units]
    either = np.logical_or.reduce([0.8 * usd < commit - 0.005 for usd, commit in zip(spends, commits, strict=True)])
    assert found.separate.any_shortfall.mean == pytest.approx(either.mean())
    adds_up(found)


@st.composite
def spends(draw: st.DrawFn, least: int = 2, most: int = 4) -> list[np.ndarray]:
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = draw(st.sampled_from([1, 7, 40]))
    count = draw(st.integers(least, most))
    idle = draw(st.sampled_from([0.0, 0.4]))
    return [rng.lognormal(12, rng.uniform(0, 1.5), n) * (rng.random(n) >= idle) for _ in range(count)]


@given(spends(), st.sampled_from([0.05, 0.2, 0.6]), st.sampled_from([12, 24, 30]))
@settings(max_examples=60)
def test_at_one_discount_for_any_commitment_pooling_never_loses_and_has_a_core(
    annual: list[np.ndarray], d: float, months: int
) -> None:
    """Forfeiture, no limit: what is paid is convex and homogeneous, so no group pays more than its parts."""
    found = pooled(contract((0.0, d), term_months=months), *annual)
    cost = [0.0, *(group.cost.mean for group in found.groups)]
    for group in range(1, len(cost)):
        for part in range(1, group):
            if part & group == part:
                assert cost[group] <= cost[part] + cost[group - part] + 1e-6 * cost[-1]
    assert found.value.mean >= -1e-6
    assert found.least_core_usd <= 1e-6 * cost[-1]
    adds_up(found)


def test_units_that_move_alike_have_nothing_to_pool_at_one_discount() -> None:
    spend = np.random.default_rng(1).lognormal(13, 0.4, 500)
    found = pooled(ONE_DISCOUNT, spend, 2 * spend)
    assert found.value.mean == pytest.approx(0.0, abs=1e-6)
    assert [unit.commit_fraction.mean for unit in found.units if unit.commit_fraction] == pytest.approx([1 / 3, 2 / 3])
    assert [unit.shortfall.mean for unit in found.units] == pytest.approx(
        [found.pooled.expected_shortfall.mean * part for part in (1 / 3, 2 / 3)]
    )
    assert found.in_core


def test_a_band_that_only_all_together_reach() -> None:
    found = pooled(contract((150_000.0, 0.2)), steady(100e3), steady(100e3))
    assert [unit.alone.offer.is_none for unit in found.units] == [True, True]
    assert found.pooled.offer.commit_usd_per_year == pytest.approx(160_000)
    assert (found.value.mean, found.from_band.mean, found.from_spreading.mean) == pytest.approx((40e3, 40e3, 0))  # type: ignore[union-attr]
    assert [unit.cost.mean for unit in found.units] == pytest.approx([80e3, 80e3])
    adds_up(found)


def test_a_threshold_above_what_all_use_takes_a_part_back() -> None:
    found = pooled(contract((150_000.0, 0.2)), steady(80e3), steady(80e3))
    assert (found.value.mean, found.from_band.mean, found.from_spreading.mean) == pytest.approx((10e3, 32e3, -22e3))  # type: ignore[union-attr]
    assert found.pooled.expected_shortfall.mean == pytest.approx(150e3 - 128e3)
    assert [unit.shortfall.mean for unit in found.units] == pytest.approx([11e3, 11e3])
    adds_up(found)


BANDED = contract((120_000.0, 0.2), (180_000.0, 0.4))


def banded_usd(list_usd: float) -> float:
    """The least that a known spend can cost under BANDED: at list, or in a band with the commitment used up or not."""
    return min(list_usd, *(max(low, list_usd * (1 - d)) for low, d in ((120e3, 0.2), (180e3, 0.4))))


def test_a_split_outside_the_core_comes_with_the_nearest_one_inside() -> None:
    found = pooled(BANDED, steady(120e3), steady(190e3), steady(150e3))
    game = game_of(3, lambda group: banded_usd(sum((120e3, 190e3, 150e3)[i] for i in group)))
    shares = np.array(slow_shapley(game.tolist()))
    assert [group.cost.mean for group in found.groups] == pytest.approx(game[1:])
    assert [unit.cost.mean for unit in found.units] == pytest.approx(shares)
    asked = {group.units: found.excess_usd(group) for group in found.groups[:-1]}
    assert found.worst.units == max(asked, key=lambda names: asked[names])
    assert found.worst_excess.mean == pytest.approx(max(asked.values()))
    assert max(asked.values()) == pytest.approx(4000 / 3)
    assert (found.in_core, found.core_is_empty) == (False, False)
    kept = np.array([unit.core_cost_usd for unit in found.units])
    assert kept.sum() == pytest.approx(game[-1])
    assert excess(game, kept).max() <= 0.0051
    assert kept == pytest.approx(nearest_shares(game, shares), abs=0.01)


CREDITED = contract(
    (1e9, 0.1),
    marketplace=Marketplace(channel="cloud", cap_usd_per_year=50e3, otherwise_unused_usd_per_year=1e9),
)


def test_a_cap_that_counts_once_a_contract_speaks_against_pooling() -> None:
    """A credit of up to 50,000 a contract: three contracts have three of them, and no split keeps anybody."""
    found = pooled(CREDITED, steady(100e3), steady(100e3), steady(100e3))
    assert found.value.mean == pytest.approx(-100e3)
    assert found.core_is_empty
    assert not found.in_core
    assert found.least_core_usd == pytest.approx((250e3 - 150e3) / 3)
    assert [unit.core_cost_usd for unit in found.units] == [None] * 3


def test_nothing_worth_committing_to_is_nothing_to_split() -> None:
    found = pooled(contract((1e9, 0.2)), steady(1e5), steady(2e5))
    assert found.pooled.offer.is_none
    assert [unit.commit_fraction for unit in found.units] == [None, None]
    assert (found.value.mean, found.from_band, found.from_spreading) == (0.0, None, None)
    adds_up(found)


def test_every_group_keeps_the_limit_by_itself() -> None:
    rng = np.random.default_rng(2)
    annual = [rng.lognormal(13, 0.6, 1000) for _ in range(3)]
    found = pooled(contract((0.0, 0.4)), *annual, decision=replace(DECISION, max_shortfall_probability=0.1))
    assert all(group.shortfall_probability.mean == pytest.approx(0.1) for group in found.groups)
    adds_up(found)


def test_a_given_offer_is_lived_by_all_together_and_no_one_else() -> None:
    annual = [np.random.default_rng(i).lognormal(13, 0.4, 400) for i in range(2)]
    given = ONE_DISCOUNT.offer_at(123_456.0)
    found = pooled(ONE_DISCOUNT, *annual, offer=given)
    assert found.pooled.offer == given
    best = pooled(ONE_DISCOUNT, *annual)
    assert [unit.alone for unit in found.units] == [unit.alone for unit in best.units]
    paid = settle(ONE_DISCOUNT, given, use_of(ONE_DISCOUNT, sum(annual))).paid_usd
    assert (found.pooled.cost.mean, found.pooled.cost.se) == pytest.approx((paid.mean(), estimate(paid).se))


def test_standard_errors_are_those_of_differences_on_common_paths() -> None:
    rng = np.random.default_rng(4)
    annual = [rng.lognormal(13, 0.5, 800) for _ in range(2)]
    found = pooled(ONE_DISCOUNT, *annual)
    paid = [
        settle(ONE_DISCOUNT, one.alone.offer, use_of(ONE_DISCOUNT, usd)).paid_usd
        for one, usd in zip(found.units, annual, strict=True)
    ]
    together = settle(ONE_DISCOUNT, found.pooled.offer, use_of(ONE_DISCOUNT, sum(annual))).paid_usd
    assert found.value.se == pytest.approx(estimate(paid[0] + paid[1] - together).se)
    first = (paid[0] + together - paid[1]) / 2
    assert (found.units[0].cost.mean, found.units[0].cost.se) == pytest.approx((first.mean(), estimate(first).se))
    assert found.units[0].saving.se == pytest.approx(estimate(paid[0] - first).se)


# --- other objectives ------------------------------------------------------------------------------------------------


def two_scenarios(agreed: Contract, seed: int = 0) -> dict[str, TermUse]:
    level = np.random.default_rng(seed).lognormal(13, 0.4, 300)
    return {"s": use_of(agreed, 0.7 * level), "as is": use_of(agreed, level)}


@pytest.mark.parametrize(
    ("change", "terms"),
    [
        ({"objective": "expected_cost"}, {}),
        ({"objective": "mean_cvar", "cvar_weight": 2.0, "cvar_level": 0.93}, {}),
        ({"objective": "mean_cvar", "cvar_loss": "regret"}, {}),
        ({"objective": "mean_cvar", "cvar_level": 0.999}, {}),
        ({"objective": "minimax_regret"}, {}),
        ({"objective": "weighted", "scenario_weights": (("s", 0.3), ("as is", 0.7))}, {}),
        ({"objective": "expected_cost", "money": "npv"}, {}),
        ({"objective": "mean_cvar", "cvar_loss": "regret", "money": "npv"}, {}),
    ],
)
def test_what_is_split_is_what_the_decision_minimises_or_pays(change: Table, terms: Table) -> None:
    dated = {"payment": replace(contract((0.0, 0.1)).payment, mode="upfront", cost_of_capital_per_year=0.1)}
    agreed = contract((100_000.0, 0.2), **(dated if change.get("money") == "npv" else {}), **terms)
    decision = replace(DECISION, **change)
    uses = two_scenarios(agreed)
    signed = sign(decision, agreed, uses)
    samples = {name: commit_sample(agreed, use, money=decision.money) for name, use in uses.items()}
    assert signed.offer == recommend(decision, scenario="s", samples=samples, uses=uses)
    settled = {name: settle(agreed, signed.offer, use) for name, use in uses.items()}
    paid = {name: one.npv_paid_usd if decision.money == "npv" else one.paid_usd for name, one in settled.items()}
    listed = settle(agreed, agreed.offer_at(0.0), uses["s"])
    list_usd = listed.npv_paid_usd if decision.money == "npv" else listed.paid_usd
    loss = paid["s"] - (list_usd if decision.cvar_loss == "regret" else 0.0)
    expected = {
        "expected_cost": paid["s"].mean(),
        "mean_cvar": paid["s"].mean() + decision.cvar_weight * cvar(loss, decision.cvar_level),
        "minimax_regret": paid["s"].mean(),
        "weighted": 0.3 * paid["s"].mean() + 0.7 * paid["as is"].mean(),
    }[decision.objective]
    assert signed.cost_usd.mean() == pytest.approx(expected, rel=1e-9)
    assert signed.paid_usd.mean() == pytest.approx(settled["s"].paid_usd.mean())


def test_rights_are_used_where_they_pay_a_group() -> None:
    """A reduction right is worth using to a unit that shrinks, and a group with such a right is sized with it."""
    right = Reduction(max_fraction=0.5, lookback_months=3)
    agreed = contract((150e3, 0.3), term_months=24, reduction=right)
    level = np.where(np.arange(24) < 9, 25e3, 6e3)[:, None]
    monthly = level * np.random.default_rng(0).lognormal(0, 0.1, 64)
    use = {"s": term_use(agreed, spend_paths(monthly))}
    found = sign(DECISION, agreed, use)
    left = sign(DECISION, replace(agreed, reduction=replace(right, exercised=False)), use)
    assert found.cost_usd.mean() < left.cost_usd.mean()
    assert found.contract.reduction is not None
    assert found.contract.reduction.exercised


# --- splitting a commitment and a shortfall --------------------------------------------------------------------------


def test_who_can_be_counted_on_carries_the_commitment() -> None:
    """100,000 for sure beside anything up to 200,000: where both use 120,000, the second uses 20,000."""
    anything = 200e3 * (np.arange(5000) + 0.5) / 5000
    agreed = contract((0.0, 0.1))
    uses = [use_of(agreed, steady(100e3, 5000)), use_of(agreed, np.random.default_rng(0).permutation(anything))]
    found = commitment_fractions(agreed, agreed.offer_at(0.9 * 120e3), uses)
    assert [one.mean * 120e3 for one in found] == pytest.approx([100e3, 20e3], rel=0.02)
    by_list = contract((0.0, 0.1), drawdown="list")
    assert [one.mean for one in commitment_fractions(by_list, by_list.offer_at(120e3), uses)] == pytest.approx(
        [one.mean for one in found]
    )


def test_the_tightest_period_decides_and_idle_pools_are_split_alike() -> None:
    agreed = contract((0.0, 0.2), term_months=24)
    months = np.repeat([[30e3], [10e3]], 12, axis=0), np.repeat([[10e3], [30e3]], 12, axis=0)
    jitter = np.random.default_rng(0).uniform(0.9, 1.0, 128)
    uses = [
        term_use(agreed, spend_paths(months[0] * jitter)),
        term_use(agreed, spend_paths(np.repeat([[10e3], [9e3]], 12, axis=0) * jitter)),
    ]
    found = commitment_fractions(agreed, agreed.offer_at(150e3), uses)  # year 2 has 19,000 a month, year 1 40,000
    assert found[0].mean == pytest.approx(10 / 19)
    idle = [use_of(agreed, steady(0.0)), use_of(agreed, steady(0.0)), use_of(agreed, steady(0.0))]
    assert [one.mean for one in commitment_fractions(agreed, agreed.offer_at(1e5), idle)] == pytest.approx([1 / 3] * 3)


def test_one_actual_shortfall_by_hand() -> None:
    """60 and 40 promised, 30 and 55 drawn: the first leaves 30, half of which the second fills."""
    assert split_of_shortfall(np.array([60.0, 40.0]), np.array([30.0, 55.0])).tolist() == [22.5, -7.5]
    assert split_of_shortfall(np.array([60.0, 40.0]), np.array([60.0, 41.0])) == pytest.approx([0.0, 0.0])
    assert split_of_shortfall(np.array([60.0, 40.0]), np.array([50.0, 35.0])) == pytest.approx([10.0, 5.0])


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1500)), min_size=1, max_size=5))
def test_an_actual_shortfall_is_split_by_all_orders_and_adds_up(units: list[tuple[int, int]]) -> None:
    commits, drawn = (np.array(column, dtype=float) for column in zip(*units, strict=True))
    found = split_of_shortfall(commits, drawn)
    game = game_of(len(units), lambda group: max(0.0, sum(commits[i] - drawn[i] for i in group)))
    assert found == pytest.approx(slow_shapley(game.tolist()), abs=1e-9)
    assert found.sum() == pytest.approx(max(0.0, commits.sum() - drawn.sum()), abs=1e-9)


@pytest.mark.parametrize("drawdown", ["contracted", "list"])
def test_the_expected_split_of_a_shortfall_is_the_mean_of_actual_ones(drawdown: str) -> None:
    agreed = contract((0.0, 0.25), drawdown=drawdown)
    rng = np.random.default_rng(6)
    annual = [rng.lognormal(12.5, sd, 300) for sd in (0.2, 0.5, 0.9)]
    offer = agreed.offer_at(600_000.0)
    uses = [use_of(agreed, spend) for spend in annual]
    fractions = [one.mean for one in commitment_fractions(agreed, offer, uses)]
    by_path = shortfall_shares(agreed, offer, fractions, uses)
    kept, owed = (1.0, 0.75) if drawdown == "list" else (0.75, 1.0)
    actual = split_of_shortfall(np.array(fractions)[:, None] * np.full(300, 600_000.0), kept * np.stack(annual))
    assert by_path == pytest.approx(owed * actual, abs=1e-6)
    whole = settle(agreed, offer, use_of(agreed, sum(annual))).shortfall_usd.sum(axis=0)
    assert by_path.sum(axis=0) == pytest.approx(whole, abs=1e-6)


def test_a_shortfall_under_clauses_adds_up_on_every_path() -> None:
    agreed = contract(
        (0.0, 0.2),
        term_months=24,
        rollover=Rollover(share=0.5, months=12),
        ramp=(1.0, 1.5),
    )
    rng = np.random.default_rng(9)
    uses = [term_use(agreed, spend_paths(rng.lognormal(9, 0.5, (24, 50)))) for _ in range(3)]
    offer = agreed.offer_at(300_000.0)
    shares = shortfall_shares(agreed, offer, [0.2, 0.3, 0.5], uses)
    whole = settle(agreed, offer, added(uses)).shortfall_usd.sum(axis=0)
    assert whole.max() > 1000
    assert shares.sum(axis=0) == pytest.approx(whole, abs=1e-6)


# --- spend per unit --------------------------------------------------------------------------------------------------

CHEAP = override("cheap", tier="haiku", rates=(1.0, 0.1, 1.25, 2.0, 5.0))
MOVING: Table = {
    "level_sd": 0.2,
    "growth_per_year": {"p10": -0.2, "p90": 0.8},
    "monthly_volatility": 0.08,
    "monthly_noise": 0.1,
}
TO_CHEAP: Table = {"to": "cheap", "token_ratio": 1.0, "escalation": 0.0}
ROUTES: Table = {
    "name": "routed",
    "route": [
        {**TO_CHEAP, "request_type": "chat", "share": {"p10": 0.3, "p90": 0.8}, "escalation": 0.1},
        {**TO_CHEAP, "request_type": "night", "share": 0.5, "overhead_usd_per_request": 0.0003},
    ],
    "batch": [{"request_type": "night", "share": {"p10": 0.2, "p90": 0.9}}],
}
UNITS: Sequence[Table] = (
    {"name": "support", "request_types": ["chat"]},
    {"name": "data", "request_types": ["night"]},
)


def unit_plan(*, units: Sequence[Table] = UNITS, fixed: Sequence[Table] = (), **changed: Any) -> Table:
    """Three types, of which two units have one each."""
    table = plan_table(
        **{
            "mix": [
                mix_entry(),
                mix_entry("night", monthly_requests=600_000.0, output_tokens=50.0),
                mix_entry("search", "cheap", monthly_requests=4_000_000.0, output_tokens=20.0),
            ],
            "overrides": [override("strong"), CHEAP],
            "demand": MOVING,
            "bands": ((20_000.0, 0.1), (150_000.0, 0.2)),
            "paths": 400,
            **changed,
        }
    )
    return table | ({"business_unit": list(units)} if units else {}) | ({"fixed_spend": list(fixed)} if fixed else {})


def text_of(table: Table) -> str:
    return tomlkit.dumps(table)


@cache
def worked_out(text: str) -> Plan:
    return build_plan(parse_plan(text, base_dir=Path()))


def pooled_plan(table: Table) -> Pooling:
    text = text_of(table)
    return pool([("plan", parse_plan(text, base_dir=Path()))], worked_out(text))


FEATURES: Mapping[str, Table] = {
    "plain": {},
    "levers": {"scenario": [{"name": "as is"}, ROUTES]},
    "rebound": {"scenario": [{"name": "as is"}, ROUTES], "demand": {**MOVING, "rebound": {"p10": 0.1, "p90": 0.4}}},
    "largest type leaves": {"demand": {**MOVING, "leave_probability_per_quarter": 0.3}},
    "a customer leaves": {"demand": {**MOVING, "leave_probability_per_quarter": 0.3, "largest_customer_fraction": 0.4}},
    "events": {
        "demand": {
            **MOVING,
            "event": [
                {"name": "lost", "probability": 0.5, "month": 3, "size": 0.0, "request_types": ["chat"]},
                {"name": "launch", "probability": 0.5, "month": 5, "size": 1.5},
            ],
        }
    },
    "token drift": {"demand": {**MOVING, "token_drift_per_year": {"p10": -0.1, "p90": 0.3}}},
    "price moves": {"cuts": {"falls_per_year": 2.0, "rises_per_year": 1.0, "lag_months": 0}},
    "locked prices": {
        "cuts": {"falls_per_year": 2.0, "rises_per_year": 1.0},
        "contract": {"price_falls": {"passed_through": False}},
    },
    "capped rises": {
        "scenario": [{"name": "as is"}, ROUTES],
        "cuts": {"falls_per_year": 1.0, "rises_per_year": 2.0},
        "contract": {"price_rises": {"cap_fraction": 0.05}},
    },
    "eligible": {
        "contract": {"eligible": {"models": ["strong"]}, "eligible_fraction": 0.8},
        "cuts": {"falls_per_year": 2.0},
    },
    "fixed spend": {
        "fixed": [
            {"name": "seats", "usd_per_month": 2000.0},
            {"name": "support", "usd_per_month": 500.0, "eligible": False},
        ]
    },
    "other months": {"contract": {"term_months": 30}, "months": 30},
}


@pytest.mark.parametrize("feature", list(FEATURES))
def test_the_units_spend_adds_up_to_the_plan_s_own_on_every_path(feature: str) -> None:
    plan = worked_out(text_of(unit_plan(**FEATURES[feature])))
    contract_, scenario = plan.inputs.contract, plan.inputs.decision.scenario
    parts = parts_of(plan, contract_)
    assert list(parts) == ["support", "data", "everything else"]
    units = units_of_plan(plan, contract_, parts, paths=plan.n_paths)
    found, whole = added([unit.uses[scenario] for unit in units]), plan.uses[scenario]
    assert found.steps == whole.steps
    assert found.list_usd == pytest.approx(whole.list_usd, rel=1e-9, abs=1e-6)
    assert found.drawn_usd == pytest.approx(whole.drawn_usd, rel=1e-9, abs=1e-6)
    assert found.outside_total_usd == pytest.approx(whole.outside_total_usd, rel=1e-9, abs=1e-6)
    assert found.is_protected == whole.is_protected
    assert all(unit.uses[scenario].on_demand_usd.sum() > 0 for unit in units)
    offer = contract_.offer_at(60_000.0)
    settled = [settle(contract_, offer, use) for use in (found, whole)]
    assert settled[0].paid_usd == pytest.approx(settled[1].paid_usd, rel=1e-9)


def test_tiers_with_discounts_of_their_own_add_up_by_tier() -> None:
    table = unit_plan(scenario=[{"name": "as is"}, ROUTES], cuts={"falls_per_year": 2.0})
    table["contract"]["band"] = [
        {"min_commit_usd_per_year": 20_000.0, "discount_fraction": 0.1, "discount_by_tier": {"haiku": 0.3}}
    ]
    plan = worked_out(text_of(table))
    units = units_of_plan(plan, plan.inputs.contract, parts_of(plan, plan.inputs.contract), paths=plan.n_paths)
    found = {account.tier: account for account in added([unit.uses["routed"] for unit in units]).accounts}
    whole = {account.tier: account for account in plan.uses["routed"].accounts}
    assert found.keys() == whole.keys() == {None, "haiku"}
    for tier, account in whole.items():
        assert found[tier].current == pytest.approx(account.current, rel=1e-9, abs=1e-6)


def test_monthly_spend_of_the_parts_is_that_of_the_whole() -> None:
    plan = worked_out(text_of(unit_plan(**FEATURES["rebound"])))
    model = plan.prepared.spend_model
    drawn = [
        simulate_spend(of_types(model, types, ["routed"]), paths=400, seed=1)["routed"].list_cost_usd
        for types in (["chat"], ["night", "search"])
    ]
    assert sum(drawn) == pytest.approx(plan.spend["routed"].list_cost_usd, rel=1e-9)


def test_fixed_spend_alone_is_a_unit_too() -> None:
    units = ({"name": "apps", "request_types": ["chat", "search"]}, {"name": "data", "request_types": ["night"]})
    found = pooled_plan(unit_plan(units=units, fixed=[{"name": "seats", "usd_per_month": 3000.0}]))
    assert [(unit.name, unit.request_types) for unit in found.units][-1] == ("everything else", ())
    assert found.units[-1].on_demand.mean == pytest.approx(36_000)
    adds_up(found)
    without = pooled_plan(unit_plan(units=units))
    assert [unit.name for unit in without.units] == ["apps", "data"]


def test_the_pool_of_one_plan_is_what_the_plan_recommends() -> None:
    table = unit_plan(scenario=[{"name": "as is"}, ROUTES], decision={"max_shortfall_probability": 0.1})
    plan, found = worked_out(text_of(table)), pooled_plan(table)
    assert found.n_paths == plan.n_paths
    assert found.pooled.offer == plan.recommendation.offer
    assert found.pooled.expected_cost.mean == pytest.approx(plan.recommendation.expected_cost.mean, rel=1e-12)
    assert found.pooled.expected_cost.se == pytest.approx(plan.recommendation.expected_cost.se, rel=1e-9)
    assert found.pooled.shortfall_probability == plan.recommendation.shortfall_probability
    assert found.pooled.expected_shortfall.mean == pytest.approx(plan.recommendation.expected_shortfall.mean, rel=1e-9)
    assert sum(unit.on_demand.mean for unit in found.units) == pytest.approx(plan.recommendation.on_demand_cost_usd)
    adds_up(found)
    assert found == pooled_plan(table)


def test_a_fixed_commitment_is_lived_together_and_sized_apart() -> None:
    found = pooled_plan(unit_plan(contract={"commit_usd_per_year": 160_000.0}))
    free = pooled_plan(unit_plan())
    assert found.pooled.offer.commit_usd_per_year == 160_000
    assert [unit.alone for unit in found.units] == [unit.alone for unit in free.units]
    assert any("fixes the commitment of all together" in note for note in found.notes)
    adds_up(found)
    years = contract((0.0, 0.1), term_months=36, commits_usd_per_year=(100e3, 200e3, 300e3))
    assert without_fixed_commitments(years).ramp == (100e3, 200e3, 300e3)
    assert without_fixed_commitments(years).commits_usd_per_year is None
    alike = replace(years, commits_usd_per_year=(5e4, 5e4, 5e4))
    assert without_fixed_commitments(alike).ramp == "flat"
    assert without_fixed_commitments(ONE_DISCOUNT) is ONE_DISCOUNT


def test_every_scenario_of_a_decision_is_split() -> None:
    scenarios = [{"name": "as is"}, ROUTES]
    for decision in (
        {"objective": "minimax_regret"},
        {"objective": "weighted", "scenario_weights": {"as is": 1.0, "routed": 2.0}},
        {"objective": "mean_cvar"},
    ):
        found = pooled_plan(unit_plan(scenario=scenarios, decision=decision))
        assert any(decision["objective"] in note for note in found.notes)
        adds_up(found)


# --- effort ----------------------------------------------------------------------------------------------------------

LINKED = contract((0.0, 0.1), term_months=24, carry_forward=CarryForward(share=0.5, max_fraction_of_commit=0.2))


def test_too_many_units_are_refused_with_the_number_that_works() -> None:
    check_number(DECISION, ONE_DISCOUNT, 8)
    check_number(DECISION, LINKED, 5)
    with pytest.raises(InputError, match=r"9 business units.*511 in all, so 8 are the most\. Put several"):
        check_number(DECISION, ONE_DISCOUNT, 9)
    with pytest.raises(InputError, match="the clauses of this contract make each of them slow, so 5 are the most"):
        check_number(DECISION, LINKED, 6)
    with pytest.raises(InputError, match='ramp = "free" makes each of them slow, so 3 are the most'):
        check_number(DECISION, replace(LINKED, ramp="free"), 4)


def test_groups_that_are_settled_offer_by_offer_are_sized_on_fewer_paths() -> None:
    def paths(agreed: Contract, n_units: int, n_paths: int) -> int:
        spend = np.ones((24, n_paths))
        use = {"s": term_use(agreed, spend_paths(spend))}
        return affordable_paths(
            DECISION, agreed, [UnitSpend(name=str(i), request_types=(), uses=use) for i in range(n_units)]
        )

    assert paths(ONE_DISCOUNT, 8, 131_072) == 131_072
    assert paths(LINKED, 3, 16_384) == 16_384
    assert paths(LINKED, 3, 20_000) == 16_656
    assert paths(LINKED, 5, 16_384) == 4_272
    assert paths(LINKED, 5, 1_000) == 1_000
    right = Reduction(max_fraction=0.5, lookback_months=3)
    assert paths(replace(LINKED, reduction=right), 5, 16_384) == 2_128
    assert paths(replace(LINKED, ramp="free"), 3, 16_384) == 2_080


def test_fewer_paths_than_the_plan_has_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.business_units.effort._SORTED", 2_000)
    monkeypatch.setattr("planner.business_units.effort._FEWEST_PATHS", 64)
    found = pooled_plan(unit_plan())
    assert found.n_paths == 208
    assert found.notes[0] == "Worked out on 208 of 400 paths, so that every group of units can be sized."
    assert found.notes[1:] == worked_out(text_of(unit_plan())).warnings
    adds_up(found)


def test_memory_is_bounded_by_the_paths_whose_months_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = worked_out(text_of(unit_plan()))
    monkeypatch.setattr("planner.business_units.spend.MONTHS_OF", 160)
    found = pool([("plan", plan.inputs)], plan)
    assert found.n_paths == 160
    assert found.pooled.offer == plan.recommendation.offer
    assert any("160 of 400 paths" in note for note in found.notes)


# --- several plans ---------------------------------------------------------------------------------------------------


def several(*tables: Table) -> Pooling:
    texts = [text_of(table) for table in tables]
    named = [(f"plan {i + 1}", parse_plan(text, base_dir=Path())) for i, text in enumerate(texts)]
    return pool(named, worked_out(texts[0]))


ONE_BAND: Table = {"bands": ((0.0, 0.2),), "units": ()}


def test_plans_with_the_same_seed_rise_and_fall_together() -> None:
    one, other = unit_plan(**ONE_BAND), unit_plan(**ONE_BAND)
    found = several(one, other)
    assert found.value.mean == pytest.approx(0.0, abs=1e-6)
    assert [unit.cost.mean for unit in found.units] == pytest.approx([found.pooled.cost.mean / 2] * 2)
    assert any("same luck ('plan 1', 'plan 2')" in note for note in found.notes)
    adds_up(found)


def test_plans_with_seeds_of_their_own_are_independent_path_by_path() -> None:
    """The lattices of two seeds, path beside path, would be one shifted against the other, and as dependent."""
    plans = [unit_plan(**ONE_BAND, seed=seed, paths=4096) for seed in (1, 2, 3, 2)]
    texts = [text_of(table) for table in plans]
    named = [(f"plan {i}", parse_plan(text, base_dir=Path())) for i, text in enumerate(texts)]
    units = units_of_plans(named, worked_out(texts[0]), paths=4096)
    annual = [np.log(unit.uses["as is"].list_usd[0]) for unit in units]
    assert annual[3] == pytest.approx(annual[1])
    for pair in ((0, 1), (0, 2), (1, 2)):
        one, other = (annual[i] - annual[i].mean() for i in pair)
        product = one * other / (one.std() * other.std())
        assert abs(estimate(product).mean) < 5 / np.sqrt(4096)
        # and inside every randomisation, where the lattices alone would make it anything between -1 and 1
        assert np.abs([product[r::16].mean() for r in range(16)]).max() < 5 / np.sqrt(256)
    for index in (1, 2):
        own = simulate_spend(
            of_types(worked_out(texts[index]).prepared.spend_model, {"chat", "night", "search"}, ["as is"]),
            paths=4096,
            seed=named[index][1].seed,
        )["as is"].list_cost_usd.sum(axis=0)
        for r in range(16):
            assert np.sort(np.exp(annual[index][r::16])) == pytest.approx(np.sort(own[r::16]))


def test_independent_plans_have_risk_to_spread() -> None:
    found = several(*(unit_plan(**ONE_BAND, seed=seed, paths=1000 * seed) for seed in (1, 2)))
    assert found.value.mean > 5 * found.value.se > 0
    assert any("independent of it ('plan 2')" in note for note in found.notes)
    assert not any("same luck" in note for note in found.notes)
    assert found.n_paths == 1000
    assert several(*(unit_plan(**ONE_BAND, paths=paths) for paths in (500, 300))).n_paths == 300
    adds_up(found)


def test_the_contract_and_the_decision_are_the_first_plan_s() -> None:
    seats = [{"name": "seats", "usd_per_month": 1000.0}]
    other = unit_plan(bands=((5.0, 0.9),), fixed=seats, decision={"max_shortfall_probability": 0.05})
    found = several(unit_plan(**ONE_BAND), other)
    assert {group.offer.discount_fraction for group in found.groups} == {0.2}
    assert any("are those of 'plan 1'; what 'plan 2' says" in note for note in found.notes)
    assert any("[[business_unit]] inside them is not looked at" in note for note in found.notes)
    plain = worked_out(text_of(other)).recommendation.on_demand_cost_usd
    assert found.units[1].on_demand.mean == pytest.approx(plain)
    alike = several(unit_plan(**ONE_BAND), unit_plan(**ONE_BAND, seed=5, fixed=[{"name": "x", "usd_per_month": 1.0}]))
    assert not any("are those of" in note for note in alike.notes)


def test_plans_that_cannot_share_a_contract_are_refused() -> None:
    first = unit_plan(**ONE_BAND)
    later = unit_plan(**ONE_BAND)
    later["plan"]["start"] = later["plan"]["start"].replace(month=2)
    with pytest.raises(InputError, match=r"plan.start of 'plan 2' is 2027-02-01 and that of 'plan 1' 2027-01-01"):
        several(first, later)
    with pytest.raises(InputError, match=r"term_months of 'plan 2' is 24 and that of 'plan 1' 12"):
        several(first, unit_plan(**ONE_BAND, contract={"term_months": 24}))
    regret = unit_plan(**ONE_BAND, scenario=[{"name": "as is"}, ROUTES], decision={"objective": "minimax_regret"})
    with pytest.raises(InputError, match=r"'plan 2' has none that is called 'routed'\. Known there: as is"):
        several(regret, first)
    ends = first["plan"]["start"].replace(month=7)
    signed = {"in_force": {"discount_fraction": 0.1, "balance_usd": 1000.0, "ends": ends, "on_signing": "renew"}}
    with pytest.raises(InputError, match=r"contract.in_force of 'plan 2': a balance that is signed already"):
        several(first, unit_plan(**ONE_BAND, contract=signed))


def test_what_must_be_said_of_any_plan_is_said_once() -> None:
    event = {"name": "lost", "probability": 0.5, "month": 3, "size": 0.5, "request_types": ["chta"]}
    odd = unit_plan(**ONE_BAND, seed=2, demand={**MOVING, "event": [event]})
    found = several(unit_plan(**ONE_BAND), odd)
    said = [note for note in found.notes if note.startswith("plan 2: ")]
    assert len(said) == 1
    assert "names request type 'chta', which the mix does not have" in said[0]
    assert not any(note.startswith("plan 1: ") for note in found.notes)
    assert sum("Priors, not your data" in note for note in found.notes) == 1


def test_each_plan_lives_in_its_own_scenario() -> None:
    routed = unit_plan(**ONE_BAND, scenario=[{"name": "as is"}, ROUTES])
    found = several(unit_plan(**ONE_BAND), routed)
    assert found.units[1].on_demand.mean == pytest.approx(worked_out(text_of(routed)).recommendation.on_demand_cost_usd)
    assert found.units[1].on_demand.mean < found.units[0].on_demand.mean


# --- the plan file ---------------------------------------------------------------------------------------------------


def test_units_are_read_from_the_plan() -> None:
    assert parse_plan(text_of(unit_plan()), base_dir=Path()).business_units == (
        BusinessUnit(name="support", request_types=("chat",)),
        BusinessUnit(name="data", request_types=("night",)),
    )
    assert parse_plan(text_of(unit_plan(units=())), base_dir=Path()).business_units == ()


def test_units_outlive_what_the_app_changes_in_a_plan() -> None:
    text = text_of(unit_plan())
    terms, fixed = terms_of(text)
    changed = with_contract(text, terms | {"term_months": 24}, fixed)
    kept = parse_plan(changed, base_dir=Path())
    assert kept.contract.term_months == 24
    assert kept.business_units == parse_plan(text, base_dir=Path()).business_units


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ([("a", ["chat"]), ("a", ["night"])], r"business_unit\[2\]: 'a' is there twice"),
        ([("a", ["chat"]), ("b", ["night", "chat"])], r"unit\[2\]: request type 'chat' belongs to 'a' already"),
        ([("a", ["chat", "chat"])], r"unit\[1\]: request type 'chat' belongs to 'a' already"),
        ([("a", [])], r"business_unit\[1\]\.request_types = \[\]: must be a list of at least one"),
        ([("everything else", ["chat"])], r"business_unit\[1\]: 'everything else' is what no unit has is called"),
        ([("", ["chat"])], r"business_unit\[1\]\.name"),
    ],
)
def test_units_that_cannot_be_are_refused(units: list[tuple[str, list[str]]], said: str) -> None:
    table = unit_plan(units=[{"name": name, "request_types": types} for name, types in units])
    with pytest.raises(InputError, match=said):
        parse_plan(text_of(table), base_dir=Path())


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ((), r"names no business units\. Add \[\[business_unit\]\] with name = .support."),
        (({"name": "a", "request_types": ["chta"]},), r"'a': the mix has none of its .*Known: chat, night"),
        (({"name": "a", "request_types": ["chat", "night", "search"]},), "'a' is all of the plan"),
    ],
)
def test_units_that_leave_nothing_to_pool_are_refused(units: Sequence[Table], said: str) -> None:
    with pytest.raises(InputError, match=said):
        pooled_plan(unit_plan(units=units))


def test_a_misspelled_type_is_said_and_counts_elsewhere() -> None:
    units = ({"name": "a", "request_types": ["chat", "nigth"]},)
    plan = worked_out(text_of(unit_plan(units=units)))
    (note,) = [note for note in plan.warnings if "business unit 'a'" in note]
    assert "names request type 'nigth', which the mix does not have: it has no effect. Did you mean 'night'?" in note
    found = pooled_plan(unit_plan(units=units))
    assert [unit.request_types for unit in found.units] == [("chat",), ("night", "search")]


# --- the command and what it says ------------------------------------------------------------------------------------

UNIT_KEYS = {
    "name",
    "request_types",
    "alone_commit_usd_per_year",
    "alone_discount_fraction",
    "alone_expected_cost_usd",
    "alone_expected_cost_se_usd",
    "alone_shortfall_probability",
    "share_of_cost_usd",
    "share_of_cost_se_usd",
    "saving_usd",
    "share_of_commit_usd_per_year",
    "share_of_expected_shortfall_usd",
}
TOP_KEYS = {"units", "pooled", "separate", "pooling_value_usd", "pooling_value_se_usd", "in_core", "core_is_empty"}
"""What scripts may rely on; more keys may come."""

Planner = Callable[..., tuple[int, str, str]]


@pytest.fixture
def planner(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Planner:
    """Run `planner units` on plans, given as tables, with options: (exit code, stdout, stderr)."""

    def run(*arguments: Table | str) -> tuple[int, str, str]:
        typed = []
        for index, argument in enumerate(arguments):
            if isinstance(argument, dict):
                path = tmp_path / f"plan-{index}.toml"
                path.write_text(text_of(argument), encoding="utf-8")
                argument = str(path)
            typed.append(argument)
        monkeypatch.setattr(sys, "argv", ["planner", "units", *typed])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capsys.readouterr()

    return run


def test_the_json_of_units(planner: Planner) -> None:
    code, out, err = planner(unit_plan(), "--json")
    assert code == 0
    said = json.loads(out)
    assert said.keys() >= TOP_KEYS
    assert [item["name"] for item in said["units"]] == ["support", "data", "everything else"]
    assert all(item.keys() >= UNIT_KEYS for item in said["units"])
    assert [item["units"] for item in said["groups"]][:3] == [["support"], ["data"], ["support", "data"]]
    assert len(said["groups"]) == 7

    def total(key: str) -> float:
        return sum(item[key] for item in said["units"])

    pool_ = said["pooled"]
    assert total("share_of_cost_usd") == pytest.approx(pool_["expected_cost_usd"], abs=0.005)
    assert total("share_of_commit_usd_per_year") == pytest.approx(pool_["commit_usd_per_year"], abs=0.005)
    assert total("share_of_expected_shortfall_usd") == pytest.approx(pool_["expected_shortfall_usd"], abs=0.005)
    saved = total("alone_expected_cost_usd") - pool_["expected_cost_usd"]
    assert saved == pytest.approx(said["pooling_value_usd"], abs=0.005)
    assert said["pooling_value_se_usd"] > 0
    assert isinstance(said["in_core"], bool)
    assert all(warning in err.replace("\n", " ") for warning in said["warnings"])
    assert planner(unit_plan(), "--json", "--quiet")[2] == ""


def test_what_the_command_says(planner: Planner) -> None:
    code, out, err = planner(unit_plan())
    assert code == 0
    for words in ("Business units with a contract each", "A fair split of one contract", "everything else"):
        assert words in out
    assert "note: " in err
    code, quiet, err = planner(unit_plan(), "--quiet")
    assert (code, err) == (0, "")
    assert quiet.startswith("Over 12 months one contract for all 3 units saves $")
    assert out.endswith(quiet)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((unit_plan(units=()),), "the plan names no business units. Add [[business_unit]]"),
        ((unit_plan(), unit_plan(contract={"term_months": 24})), "one contract has one term"),
    ],
)
def test_mistakes_end_with_exit_code_2(planner: Planner, arguments: tuple[Table, ...], said: str) -> None:
    code, out, err = planner(*arguments)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())


def test_plans_of_one_name_are_told_apart_by_their_files(planner: Planner, tmp_path: Path) -> None:
    code, out, _ = planner(unit_plan(name="x"), unit_plan(name="x", seed=4), unit_plan(name="y", seed=5), "--json")
    assert code == 0
    names = [item["name"] for item in json.loads(out)["units"]]
    assert names == [str(tmp_path / "plan-0.toml"), str(tmp_path / "plan-1.toml"), "y"]
    path = str(tmp_path / "plan-0.toml")
    code, _, err = planner(path, path)
    assert code == 2
    assert "is given twice" in " ".join(err.split())


def test_sentences_of_a_pool_that_loses_and_that_nobody_keeps() -> None:
    plan = worked_out(text_of(unit_plan()))
    lost = pooled(CREDITED, steady(100e3), steady(100e3), steady(100e3))
    said = " ".join(units_sentences(plan, lost))
    assert "one contract for all 3 units costs $100,000 more than 3 contracts of their own" in said
    assert "a $83,333 ($33k more than alone)" in said
    assert "No other split keeps every group either: whatever it is, some group would save at least $33,333" in said
    assert "Nothing is worth committing to" in said
    assert {row[0] for row in leavers_table(lost).rows} == {"a", "b", "c", "a + b", "a + c", "b + c"}
    assert units_json(plan, lost)["units"][0]["share_of_commit_fraction"] is None


def test_sentences_of_a_split_that_a_group_would_leave() -> None:
    plan = worked_out(text_of(unit_plan()))
    found = pooled(BANDED, steady(120e3), steady(190e3), steady(150e3))
    said = " ".join(units_sentences(plan, found))
    assert "would pay $1,333 less with a contract of their own than this split asks of them" in said
    assert "The nearest split that no group would leave stands beside it." in said
    split = units_tables(plan, found)[1]
    assert split.columns[-1] == "pays, and no group leaves"
    assert {len(row) for row in split.rows} == {len(split.columns)}
    assert len(leavers_table(found).rows) == 1


def test_sentences_of_band_and_sharing() -> None:
    plan = worked_out(text_of(unit_plan()))
    short = " ".join(units_sentences(plan, pooled(contract((150_000.0, 0.2)), steady(80e3), steady(80e3))))
    assert "The discount that the pool reaches, 20.0% where the units by themselves take 0.0%, saves $32,000." in short
    assert "Sharing costs $22,000: all together commit to that discount's threshold" in short
    rng = np.random.default_rng(0)
    spread = " ".join(units_sentences(plan, pooled(ONE_DISCOUNT, rng.lognormal(13, 1, 900), rng.lognormal(13, 1, 900))))
    assert "Sharing saves $" in spread
    assert "The discount that the pool reaches" not in spread
    assert "No group of units would do better" in spread
    spend = rng.lognormal(13, 1, 64)
    alike = " ".join(units_sentences(plan, pooled(ONE_DISCOUNT, spend, spend)))
    assert "comes to the same as 2 contracts, within the error" in alike
