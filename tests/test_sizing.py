"""Sizing under every clause: closed forms where theory has one, and never beaten by brute force where it has not.

Spend that a closed form speaks of is not drawn but laid out: the quantiles of its distribution in equal steps, so that
the sample's optimum is the formula's to one step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from planner.bands import DiscountBand
from planner.clauses import (
    CarryForward,
    EarlyRenewal,
    InForce,
    Marketplace,
    Payment,
    Reduction,
    Rollover,
    TrueForward,
)
from planner.commit import CommitSample, commit_sample
from planner.contract import Contract
from planner.inputs import Decision
from planner.lever_costs.unit_costs import Account
from planner.objectives import best_exercise, constraint_note, recommend
from planner.offer import NO_COMMITMENT, Offer
from planner.settlement import settle
from planner.simulation import AccountPaths, SpendPaths
from planner.sizing.expectation import Expectation
from planner.sizing.ledger_sample import LedgerSample, is_convex
from planner.sizing.plain_sample import PlainSample
from planner.term_use import TermUse, term_use

N = 4000
LEVELS = (np.arange(N) + 0.5) / N
UNIFORM = 1e6 * LEVELS
LOG_NORMAL = np.exp(13.5 + 0.4 * ndtri(LEVELS))
SPREADS = {"uniform": UNIFORM, "log-normal": LOG_NORMAL}
STEP = {name: 2.0 * float(np.diff(usd)[5 : N - 5].max()) for name, usd in SPREADS.items()}
"""Two steps of a layout: what an optimum may be off. The log-normal's outermost steps are wider."""

BANDS = ((150_000.0, 0.08), (500_000.0, 0.15), (1_000_000.0, 0.22), (2_000_000.0, 0.3))
DECISION = Decision(
    scenario="a",
    objective="expected_cost",
    max_shortfall_probability=1.0,
    cvar_loss="cost",
    cvar_weight=1.0,
    cvar_level=0.9,
)


def listed(bands: Sequence[tuple[float, float]]) -> tuple[DiscountBand, ...]:
    return tuple(DiscountBand(min_commit_usd_per_year=low, discount_fraction=d) for low, d in bands)


def contract(quoted: Sequence[tuple[float, float]] = BANDS, *, term_months: int = 12, **terms: Any) -> Contract:
    return Contract(**{"term_months": term_months, "bands": listed(quoted), **terms})


def years(agreed: Contract, *annual_usd: np.ndarray) -> TermUse:
    """Annual list spend of each contract year, the same every month of it."""
    months = np.concatenate([np.repeat(usd[None, :] / 12, 12, axis=0) for usd in annual_usd])
    return term_use(agreed, SpendPaths(list_cost_usd=months, signing_list_cost_usd=months))


def sized(agreed: Contract, use: TermUse, **decision: Any) -> Offer:
    """The recommendation where the scenario decided on is all there is."""
    chosen = replace(DECISION, **decision)
    sample = commit_sample(agreed, use, money=chosen.money)
    return recommend(chosen, scenario="a", samples={"a": sample}, uses={"a": use})


def cost(agreed: Contract, offer: Offer, use: TermUse) -> float:
    return float(settle(agreed, offer, use).paid_usd.mean())


def shuffled(seed: int, usd: np.ndarray) -> np.ndarray:
    return np.random.default_rng(seed).permutation(usd)


# --- one period ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("drawdown", ["contracted", "list"])
@pytest.mark.parametrize(("d", "e"), [(0.2, 0.0), (0.35, 0.1), (0.5, 0.0)])
@pytest.mark.parametrize("recovered", [0.0, 0.3, 0.8])
def test_a_true_up_moves_the_fractile(spread, drawdown, d, e, recovered):
    """F(q*) = (r - 1) / (r - rho): an unused dollar that is charged at 1 - rho is recovered for rho."""
    agreed = contract(
        ((1.0, d),),
        overage=e if e else "list",
        drawdown=drawdown,
        shortfall="true_up",
        true_up_rate=1.0 - recovered,
    )
    usd = SPREADS[spread]
    offer = sized(agreed, years(agreed, usd))
    r = (1 - e) / (1 - d)
    q = offer.commit_usd_per_year / (1.0 if drawdown == "list" else 1 - d)
    assert q == pytest.approx(np.quantile(usd, (r - 1) / (r - recovered)), abs=STEP[spread])


def test_where_nothing_unused_is_charged_all_that_can_be_used_is_committed():
    """rho -> 1 puts the fractile at 1; at rho = 1 more than the largest use costs the same, and is not taken."""
    for rate, least in ((1e-4, 0.999), (0.0, 1.0)):
        agreed = contract(((1.0, 0.2),), shortfall="true_up", true_up_rate=rate)
        offer = sized(agreed, years(agreed, UNIFORM))
        assert 0.8 * least * UNIFORM[-1] - 300 <= offer.commit_usd_per_year <= 0.8 * UNIFORM[-1] + 0.02


@pytest.mark.parametrize("clause", [{"shortfall": "true_up"}, {"rollover": Rollover(share=0.0, months=12)}, {}])
def test_without_a_discount_nothing_is_committed_whichever_way_it_is_sized(clause):
    agreed = contract(((10.0, 0.0),), **clause)
    assert sized(agreed, years(agreed, LOG_NORMAL)) == NO_COMMITMENT


@pytest.mark.parametrize("clause", [{"rollover": Rollover(share=0.5, months=12)}, {"shortfall": "true_up"}])
def test_overage_at_the_committed_rate_lands_on_a_threshold_or_on_none(clause):
    """r = 1: what is committed beyond a threshold saves nothing."""
    agreed = contract(BANDS, term_months=24, overage="committed", **clause)
    use = years(agreed, shuffled(1, LOG_NORMAL), shuffled(2, LOG_NORMAL))
    offer = sized(agreed, use)
    assert offer.commit_usd_per_year in {0.0, *(low for low, _ in BANDS)}


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("limit", [0.05, 0.15, 0.3, 0.5])
@pytest.mark.parametrize("clause", [{}, {"shortfall": "true_up"}])
def test_the_chance_constraint_is_a_quantile_and_binds_below_the_fractile(spread, limit, clause):
    """C <= (1 - d) F^-1(eps), binding if eps < F(q*) = d."""
    agreed = contract(((1.0, 0.3),), **clause)
    usd = SPREADS[spread]
    offer = sized(agreed, years(agreed, usd), max_shortfall_probability=limit)
    assert offer.commit_usd_per_year / 0.7 == pytest.approx(np.quantile(usd, min(limit, 0.3)), abs=STEP[spread])


def test_ties_inside_a_band_go_to_the_smaller_commitment_whichever_way_it_is_sized():
    """Two paths, a discount of one half: every commitment between their uses costs the same."""
    agreed = contract(((1000.0, 0.5),), shortfall="true_up")
    offer = sized(agreed, years(agreed, np.array([100_000.0, 300_000.0])))
    assert offer.commit_usd_per_year == pytest.approx(50_000, abs=0.02)


@settings(max_examples=40, deadline=None)
@given(strategies.cases(max_paths=6), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_both_ways_of_sizing_agree_where_both_can(case, limit):
    """The exact enumeration and the search through the ledger, on contracts without linked clauses."""
    agreed = case.contract
    use = term_use(agreed, case.spend)
    exact = commit_sample(agreed, use)
    assert isinstance(exact, PlainSample)
    if is_convex(agreed, use):
        best = exact.best(max_shortfall_probability=limit)
        found = LedgerSample(contract=agreed, use=use).best(max_shortfall_probability=limit)
        # half a cent of a short period is cents of a year, which the search may use up and the enumeration does not
        edge = 0.01 / min(period.year_fraction for period in agreed.periods)
        assert found.expected_cost_usd == pytest.approx(best.expected_cost_usd, abs=0.03 + edge)
        assert found.shortfall_probability <= limit + 1e-12 or found.offer.is_none


def test_a_band_of_one_cent_is_looked_at():
    agreed = contract(((500_000.0, 0.0), (500_000.01, 0.3), (500_000.02, 0.0)))
    use = years(agreed, np.array([900_000.0, 1_100_000.0]))
    assert LedgerSample(contract=agreed, use=use).best().offer.commit_usd_per_year == 500_000.01


# --- several periods -------------------------------------------------------------------------------------------------

YEARS = tuple(shuffled(seed, LOG_NORMAL) for seed in (3, 4, 5))
GROWING = (YEARS[0], 1.4 * YEARS[1], 2.0 * YEARS[2])


@pytest.mark.parametrize("d", [0.2, 0.35])
def test_years_that_nothing_links_are_each_at_their_own_fractile(d):
    agreed = contract(((1.0, d),), term_months=36, ramp="free")
    offer = sized(agreed, years(agreed, *GROWING))
    for year, usd in enumerate(GROWING):
        q = offer.in_year(year).commit_usd_per_year / (1 - d)
        assert q == pytest.approx(np.quantile(usd, d), abs=STEP["log-normal"])


@pytest.mark.parametrize("d", [0.2, 0.35])
def test_a_commitment_over_the_term_is_at_the_fractile_of_the_sum(d):
    agreed = contract(((1.0, d),), term_months=36, commit_period="term")
    offer = sized(agreed, years(agreed, *GROWING))
    total = np.sort(np.sum(GROWING, axis=0))
    rank = np.searchsorted(total, 3 * offer.commit_usd_per_year / (1 - d) - 0.1) / N
    assert rank == pytest.approx(d, abs=2 / N)


@pytest.mark.parametrize("share", [0.4, 1.0])
def test_rollover_costs_less_than_separate_years_and_more_than_a_pool(share):
    """For the same schedule, path by path; and the best of each in the same order: the value of pooling."""
    terms = {"quoted": ((1.0, 0.2),), "term_months": 36}
    apart, pool = contract(**terms), contract(**terms, commit_period="term")
    carried = contract(**terms, rollover=Rollover(share=share, months=12))
    for schedule in (300_000.0, 600_000.0, 900_000.0):
        paid = [settle(c, c.offer_at(schedule), years(c, *GROWING)).paid_usd for c in (pool, carried, apart)]
        assert all((cheaper <= dearer + 1e-6).all() for cheaper, dearer in pairwise(paid))
    best = [cost(c, sized(c, years(c, *GROWING)), years(c, *GROWING)) for c in (pool, carried, apart)]
    assert best[0] < best[1] < best[2]


def test_separate_years_of_their_own_cost_no_less_than_a_pool():
    """Pooling value = sum of the years' best costs less the pool's: never negative."""
    free = contract(((1.0, 0.2),), term_months=36, ramp="free")
    pool = contract(((1.0, 0.2),), term_months=36, commit_period="term")
    use = years(free, *GROWING)
    apart = sum(
        cost(one, sized(one, years(one, usd)), years(one, usd)) for usd in GROWING for one in [contract(((1.0, 0.2),))]
    )
    assert cost(free, sized(free, use), use) == pytest.approx(apart, abs=0.02)
    assert cost(pool, sized(pool, years(pool, *GROWING)), years(pool, *GROWING)) < apart


def test_a_year_s_own_commitment_never_costs_more_than_the_same_for_all():
    for terms in ({}, {"rollover": Rollover(share=1.0, months=12)}, {"band_basis": "term"}):
        flat, free = (contract(term_months=36, ramp=ramp, **terms) for ramp in ("flat", "free"))
        use = years(flat, *(usd[:150] for usd in GROWING))
        for limit in (1.0, 0.15):
            one, own = (sized(c, use, max_shortfall_probability=limit) for c in (flat, free))
            assert cost(free, own, use) <= cost(flat, one, use) + 0.01


def test_a_limit_of_each_period_allows_more_than_one_of_the_term():
    """Independent years, each at its own quantile under the first; all of them together under the second."""
    agreed = contract(((1.0, 0.5),), term_months=36, ramp="free")
    use = years(agreed, *GROWING)
    each = sized(agreed, use, max_shortfall_probability=0.1, shortfall_limit_per="period")
    every = sized(agreed, use, max_shortfall_probability=0.1)
    for year, usd in enumerate(GROWING):
        q = each.in_year(year).commit_usd_per_year / 0.5
        assert q == pytest.approx(np.quantile(usd, 0.1), abs=STEP["log-normal"])
    short = [settle(agreed, offer, use).shortfall_usd > 0.005 for offer in (each, every)]
    assert short[0].mean(axis=1).max() <= 0.1 < short[0].any(axis=0).mean()
    assert 0.095 < short[1].any(axis=0).mean() <= 0.1
    assert cost(agreed, each, use) < cost(agreed, every, use)


@pytest.mark.parametrize("terms", [{}, {"rollover": Rollover(share=0.5, months=12)}, {"commit_period": "quarter"}])
def test_the_limit_per_period_counts_the_period_where_a_shortfall_is_likeliest(terms):
    agreed = contract(((1.0, 0.6),), term_months=24, **terms)
    use = years(agreed, *GROWING[:2])
    offer = sized(agreed, use, max_shortfall_probability=0.2, shortfall_limit_per="period")
    more = agreed.offer_at(offer.commit_usd_per_year + 300.0)
    chances = [(settle(agreed, one, use).shortfall_usd > 0.005).mean(axis=1).max() for one in (offer, more)]
    assert chances[0] <= 0.2 < chances[1]


# --- risk and scenarios ----------------------------------------------------------------------------------------------


def best_fractile(spread: str, d: float, **decision: Any) -> float:
    agreed = contract(((1.0, d),))
    offer = sized(agreed, years(agreed, SPREADS[spread]), objective="mean_cvar", **decision)
    return float(np.searchsorted(SPREADS[spread], offer.commit_usd_per_year / (1 - d) - 1.0)) / N


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize(("weight", "level"), [(0.1, 0.9), (0.2, 0.9), (0.5, 0.5), (1.0, 0.9), (4.0, 0.5), (1e6, 0.9)])
def test_mean_and_cost_cvar_have_their_fractiles(spread, weight, level):
    """(1 - l) E + l CVaR with l = w / (1 + w): below the level, on it, or above it."""
    d, lam = 0.2, weight / (1 + weight)
    r = 1 / (1 - d)
    below = 1 - (1 / r - lam) / (1 - lam)
    above = 1 - 1 / (r * (1 - lam + lam / (1 - level)))
    wanted = below if below <= level else max(above, level)
    assert best_fractile(spread, d, cvar_weight=weight, cvar_level=level) == pytest.approx(wanted, abs=3 / N)


@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize(("d", "level"), [(0.2, 0.9), (0.35, 0.5)])
def test_regret_cvar_pushes_the_commitment_down_to_its_fractile(spread, d, level):
    """F = (1 - level) d, for overage at list."""
    found = best_fractile(spread, d, cvar_weight=1e6, cvar_level=level, cvar_loss="regret")
    assert found == pytest.approx((1 - level) * d, abs=3 / N)


@pytest.mark.parametrize("clause", [{}, {"shortfall": "true_up"}])
@pytest.mark.parametrize("d", [0.2, 0.4])
def test_the_smallest_largest_regret_of_two_sure_scenarios(clause, d):
    """q = (1 - d) a + d b: too much in the smaller is as bad as too little in the larger."""
    agreed = contract(((1.0, d),), **clause)
    uses = {name: years(agreed, np.array([usd])) for name, usd in (("a", 400_000.0), ("b", 900_000.0))}
    samples = {name: commit_sample(agreed, use) for name, use in uses.items()}
    decision = replace(DECISION, objective="minimax_regret")
    offer = recommend(decision, scenario="a", samples=samples, uses=uses)
    assert offer.commit_usd_per_year / (1 - d) == pytest.approx((1 - d) * 400_000 + d * 900_000, abs=0.05)


@pytest.mark.parametrize(
    "terms",
    [{}, {"rollover": Rollover(share=0.5, months=12)}, {"ramp": "free"}, {"ramp": (1.0, 1.3)}],
    ids=["plain", "rollover", "free", "shape"],
)
def test_weighted_scenarios_are_one_pooled_sample(terms):
    """Weights of a quarter and three quarters: the second scenario's paths three times."""
    agreed = contract(term_months=24, **terms)
    one, two = (usd[:300] for usd in GROWING[:2]), (0.7 * usd[300:600] for usd in GROWING[:2])
    first, second = list(one), list(two)
    uses = {"a": years(agreed, *first), "b": years(agreed, *second)}
    samples = {name: commit_sample(agreed, use) for name, use in uses.items()}
    decision = replace(DECISION, objective="weighted", scenario_weights=(("a", 0.25), ("b", 0.75)))
    offer = recommend(decision, scenario="a", samples=samples, uses=uses)
    pooled = years(agreed, *(np.concatenate([a, b, b, b]) for a, b in zip(first, second, strict=True)))
    assert cost(agreed, offer, pooled) == pytest.approx(cost(agreed, sized(agreed, pooled), pooled), abs=0.01)


def test_who_sees_one_scenario_weighs_no_other():
    agreed = contract()
    decision = replace(DECISION, objective="weighted", scenario_weights=(("a", 0.2), ("b", 0.8)))
    use = years(agreed, UNIFORM)
    sample = commit_sample(agreed, use)
    for seen in ("a", "baseline"):
        offer = recommend(decision, scenario=seen, samples={seen: sample}, uses={seen: use})
        assert cost(agreed, offer, use) == pytest.approx(sample.best().expected_cost_usd, abs=0.01)


# --- brute force -----------------------------------------------------------------------------------------------------

TIERED = tuple(replace(band, by_tier=(("opus", band.discount_fraction + 0.1),)) for band in listed(BANDS))
CONVEX: dict[str, dict[str, Any]] = {
    "rollover": {"rollover": Rollover(share=1.0, months=12)},
    "rollover, half of it, capped": {"rollover": Rollover(share=0.5, months=12, max_fraction_of_commit=0.2)},
    "rollover of quarters": {
        "rollover": Rollover(share=1.0, months=12),
        "commit_period": "quarter",
        "quarter_shares": (0.1, 0.2, 0.3, 0.4),
    },
    "incremental bands": {"band_mode": "incremental"},
    "incremental bands in list dollars": {"band_mode": "incremental", "drawdown": "list"},
    "overage cap": {"overage": "committed", "overage_cap_fraction": 0.2},
    "true-up": {"shortfall": "true_up", "true_up_rate": 0.4},
    "marketplace": {
        "marketplace": Marketplace(
            channel="cloud", fee_fraction=0.03, cap_usd_per_year=50_000.0, otherwise_unused_usd_per_year=40_000.0
        )
    },
    "shape": {"ramp": (1.0, 1.5, 2.1)},
    "shape and rollover": {"ramp": (1.0, 1.5, 2.1), "rollover": Rollover(share=1.0, months=12)},
    "bands on the average": {"ramp": (1.0, 1.5, 2.1), "band_basis": "term"},
    **{
        f"present value, {mode}": {
            "payment": Payment(mode=mode, cost_of_capital_per_year=0.12),
            "rollover": Rollover(share=1.0, months=12),
        }
        for mode in ("upfront", "quarterly", "arrears")
    },
}
OTHER: dict[str, dict[str, Any]] = {
    "rollover of two years": {"rollover": Rollover(share=0.5, months=24)},
    "current first": {"rollover": Rollover(share=0.7, months=12, draw="current_first")},
    "incremental bands and rollover": {"band_mode": "incremental", "rollover": Rollover(share=1.0, months=12)},
    "tier discounts": {"bands": TIERED},
    "true-forward": {"true_forward": TrueForward(lookback_months=3)},
    "carry-forward": {"carry_forward": CarryForward(share=0.5, max_fraction_of_commit=0.5)},
    "reduction": {"reduction": Reduction(max_fraction=0.3)},
    "early renewal": {"early_renewal": EarlyRenewal(month=18, credit_fraction=0.5, commit_fraction=0.8)},
    "renewal of a contract in force": {
        "in_force": InForce(ends_month=20, balance_usd=100_000.0, discount_fraction=0.1, on_signing="renew")
    },
}


@cache
def walks(n: int, months: int, seed: int) -> SpendPaths:
    """Spend that wanders, part of it on another tier; n paths."""
    draw = np.random.default_rng(seed)
    usd = np.exp(draw.normal(11.3, 0.35, n) + np.cumsum(draw.normal(0.02, 0.12, (months, n)), axis=0))
    opus = usd * draw.uniform(0.2, 0.6, (months, n))
    accounts = {Account("opus"): opus, Account("haiku"): usd - opus}
    return SpendPaths(
        list_cost_usd=usd,
        signing_list_cost_usd=usd,
        accounts={key: AccountPaths(current_usd=part, signing_usd=part) for key, part in accounts.items()},
    )


def walked_use(agreed: Contract, n: int, seed: int) -> TermUse:
    return term_use(agreed, walks(n, agreed.term_months, seed))


def expectations(agreed: Contract, use: TermUse, commits: Sequence[Sequence[float]]) -> Iterator[Expectation]:
    """What commitments of the contract years are expected to cost, each settled once, at present value if dated."""
    sample = LedgerSample(contract=agreed, use=use, money="npv")
    return iter(sample.expect([agreed.offer_of(years) for years in commits]))


def around(points: Sequence[float], agreed: Contract) -> list[float]:
    thresholds = [band.min_commit_usd_per_year for band in agreed.bands]
    return sorted({0.0, *points, *thresholds, *(low - 0.01 for low in thresholds)})


def assert_unbeaten(sample: CommitSample, grid: Sequence[Expectation], within: float = 0.01) -> None:
    for limit in (1.0, 0.2):
        best = sample.best(max_shortfall_probability=limit)
        assert best.offer.is_none or best.shortfall_probability <= limit
        for other in grid:
            if other.offer.is_none or other.shortfall_probability <= limit:
                assert best.expected_cost_usd <= other.expected_cost_usd + within, (best.offer, other.offer)


@pytest.mark.parametrize("clause", [*CONVEX, *OTHER])
@pytest.mark.parametrize(("n", "seed"), [(20, 0), (150, 1)])
def test_no_commitment_on_a_grid_beats_the_best(clause, n, seed):
    """Everywhere, and closely around the best. Where the cost is not convex the best found is still never beaten."""
    agreed = contract(term_months=36, **(CONVEX | OTHER)[clause])
    use = walked_use(agreed, n, seed)
    assert is_convex(agreed, use) == (clause in CONVEX)
    sample = commit_sample(agreed, use, money="npv")
    best = sample.best().offer.commit_usd_per_year
    shape = agreed.ramp_shape
    thresholds = [low / w for low in around([], agreed) for w in set(shape)]
    top = float(use.list_usd.max())
    scales = [*np.linspace(1.0, top, 90), *np.linspace(0.98 * best, 1.02 * best, 24), *thresholds]
    grid = list(expectations(agreed, use, [[float(scale) * w for w in shape] for scale in scales]))
    assert_unbeaten(sample, grid)


RAMPS: dict[str, dict[str, Any]] = {
    "separate": {},
    "rollover": {"rollover": Rollover(share=1.0, months=12)},
    "half rolls over": {"rollover": Rollover(share=0.5, months=12)},
    "average": {"band_basis": "term"},
    "average and rollover": {"band_basis": "term", "rollover": Rollover(share=1.0, months=12)},
    "incremental": {"band_mode": "incremental"},
    "overage as committed": {"rollover": Rollover(share=1.0, months=12), "overage": "committed"},
    "present value": {
        "rollover": Rollover(share=1.0, months=12),
        "payment": Payment(mode="upfront", cost_of_capital_per_year=0.12),
    },
}


@pytest.mark.parametrize("clause", RAMPS)
@pytest.mark.parametrize(("n", "seed"), [(20, 0), (60, 1)])
def test_no_pair_of_years_on_a_grid_beats_the_best_two(clause, n, seed):
    agreed = contract(term_months=24, ramp="free", **RAMPS[clause])
    use = walked_use(agreed, n, seed)
    sample = commit_sample(agreed, use, money="npv")
    best = sample.best().offer.commits_usd_per_year(2)
    top = 1.3 * float(use.list_usd.max())
    axis = around(np.linspace(1.0, top, 16).tolist(), agreed)
    near = [np.linspace(0.97 * commit, 1.03 * commit + 1.0, 9).tolist() for commit in best]
    assert_unbeaten(sample, list(expectations(agreed, use, [*product(axis, axis), *product(*near)])))


@pytest.mark.parametrize("clause", ["separate", "rollover", "average"])
def test_no_three_years_on_a_grid_beat_the_best_three(clause):
    agreed = contract(BANDS[1:3], term_months=36, ramp="free", **RAMPS[clause])
    use = walked_use(agreed, 25, 2)
    sample = commit_sample(agreed, use)
    best = sample.best().offer.commits_usd_per_year(3)
    axis = around(np.linspace(1.0, float(use.list_usd.max()), 8).tolist(), agreed)
    near = [np.linspace(0.95 * commit, 1.05 * commit + 1.0, 5).tolist() for commit in best]
    assert_unbeaten(sample, list(expectations(agreed, use, [*product(axis, repeat=3), *product(*near)])))


@pytest.mark.parametrize("objective", ["mean_cvar", "minimax_regret", "weighted"])
@pytest.mark.parametrize("ramp", ["flat", "free", (1.0, 1.5)])
def test_no_pair_of_years_beats_the_best_by_any_objective(objective, ramp):
    agreed = contract(BANDS[1:3], term_months=24, ramp=ramp, rollover=Rollover(share=1.0, months=12))
    uses = {name: walked_use(agreed, 25, seed) for name, seed in (("a", 3), ("b", 4))}
    samples = {name: commit_sample(agreed, use) for name, use in uses.items()}
    decision = replace(DECISION, objective=objective, scenario_weights=(("a", 0.4), ("b", 0.6)), cvar_level=0.8)
    offer = recommend(decision, scenario="a", samples=samples, uses=uses)
    least = {name: sample.best().expected_cost_usd for name, sample in samples.items()}

    def value(one: Offer) -> float:
        paid = {name: settle(agreed, one, use).paid_usd for name, use in uses.items()}
        if objective == "weighted":
            return float(0.4 * paid["a"].mean() + 0.6 * paid["b"].mean())
        if objective == "minimax_regret":
            return max(float(paid[name].mean()) - least[name] for name in uses)
        return float(paid["a"].mean() + np.sort(paid["a"])[-5:].mean())

    top = float(max(use.list_usd.max() for use in uses.values()))
    axis = around(np.linspace(1.0, top, 16).tolist(), agreed)
    pairs = product(axis, axis) if ramp == "free" else ([x * w for w in agreed.ramp_shape] for x in axis)
    assert all(value(offer) <= value(agreed.offer_of(list(pair))) + 0.01 for pair in pairs)


# --- laws ------------------------------------------------------------------------------------------------------------

LAWFUL = ["rollover", "true-up", "incremental bands", "overage cap", "reduction", "carry-forward"]


@pytest.mark.parametrize("clause", LAWFUL)
@pytest.mark.parametrize("limit", [1.0, 0.2])
def test_twice_the_dollars_are_twice_the_cost(clause, limit):
    terms = (CONVEX | OTHER)[clause]
    one = contract(term_months=36, **terms)
    two = contract([(2 * low, d) for low, d in BANDS], term_months=36, **terms)
    paths = walks(40, 36, 5)
    twice = SpendPaths(list_cost_usd=2 * paths.list_cost_usd, signing_list_cost_usd=2 * paths.signing_list_cost_usd)
    found = [
        commit_sample(c, term_use(c, spend)).best(max_shortfall_probability=limit)
        for c, spend in ((one, paths), (two, twice))
    ]
    assert found[1].expected_cost_usd == pytest.approx(2 * found[0].expected_cost_usd, abs=0.1)
    assert found[1].offer.commit_usd_per_year == pytest.approx(2 * found[0].offer.commit_usd_per_year, abs=1.0)


@pytest.mark.parametrize("ramp", ["flat", "free"])
def test_the_order_in_which_bands_are_quoted_does_not_matter(ramp):
    bands = listed(BANDS)
    terms = {"term_months": 24, "ramp": ramp, "rollover": Rollover(share=1.0, months=12)}
    found = {
        commit_sample(agreed, walked_use(agreed, 30, 6)).best()
        for agreed in (contract(**terms, bands=bands), contract(**terms, bands=bands[::-1]))
    }
    assert len(found) == 1


RIGHTS: dict[str, dict[str, Any]] = {
    "reduction": {"reduction": Reduction(max_fraction=0.5, lookback_months=3)},
    "early renewal": {"early_renewal": EarlyRenewal(month=12, credit_fraction=0.0, commit_fraction=1.5)},
    "both": {
        "reduction": Reduction(max_fraction=0.5),
        "early_renewal": EarlyRenewal(month=18, credit_fraction=1.0, commit_fraction=0.5),
    },
}


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize("objective", ["expected_cost", "mean_cvar", "minimax_regret"])
@pytest.mark.parametrize("seed", [7, 8])
def test_a_right_that_is_granted_never_costs_more(right, objective, seed):
    """A right need not be used: the cheaper of both ways is what it is worth."""
    with_right, without = contract(term_months=36, **RIGHTS[right]), contract(term_months=36)
    decision = replace(DECISION, objective=objective, max_shortfall_probability=0.3)
    use = walked_use(with_right, 40, seed)
    uses = {"a": use, "b": walked_use(with_right, 40, seed + 20)}
    used = best_exercise(decision, with_right, scenario="a", uses=uses)
    values = []
    for agreed in (used, without):
        samples = {name: LedgerSample(contract=agreed, use=one) for name, one in uses.items()}
        offer = recommend(decision, scenario="a", samples=samples, uses=uses)
        paid = settle(agreed, offer, use).paid_usd
        values.append(float(paid.mean()) + (np.sort(paid)[-4:].mean() if objective == "mean_cvar" else 0.0))
    if objective != "minimax_regret":
        assert values[0] <= values[1] + 0.02
    assert replace(used, reduction=None, early_renewal=None) == without


def test_a_right_that_only_costs_is_left_alone_and_one_that_saves_is_used():
    dear = contract(term_months=36, early_renewal=EarlyRenewal(month=12, credit_fraction=0.0, commit_fraction=3.0))
    good = contract(term_months=36, reduction=Reduction(max_fraction=1.0))
    for agreed, used, trend in ((dear, False, (1.0, 2.0, 3.0)), (good, True, (1.0, 0.5, 0.3))):
        moving = years(agreed, *(factor * (UNIFORM[::40] + 4e5) for factor in trend))
        chosen = best_exercise(DECISION, agreed, scenario="a", uses={"a": moving})
        assert (chosen.reduction or chosen.early_renewal).exercised == used


# --- what is fixed, and what is said of the limit --------------------------------------------------------------------


def test_commitments_that_the_contract_fixes_are_what_they_are():
    agreed = contract(term_months=36, commits_usd_per_year=(600_000.0, 900_000.0, 3_000_000.0))
    use = walked_use(agreed, 50, 9)
    for objective in ("expected_cost", "mean_cvar", "minimax_regret"):
        offer = sized(agreed, use, objective=objective, max_shortfall_probability=0.1)
        assert offer.commits_usd_per_year(3) == (600_000.0, 900_000.0, 3_000_000.0)
    note = constraint_note(
        replace(DECISION, max_shortfall_probability=0.1),
        scenario="x",
        samples={"x": commit_sample(agreed, use)},
        uses={"x": use},
        chosen=offer,
    )
    assert (note.is_met, note.binds, note.relaxing_saves_usd) == (False, False, 0.0)


@pytest.mark.parametrize("terms", [{}, {"rollover": Rollover(share=0.5, months=12)}])
def test_the_note_names_the_limit_and_what_relaxing_it_saves(terms):
    agreed = contract(term_months=24, **terms)
    use = years(agreed, GROWING[1], GROWING[0])
    sample = commit_sample(agreed, use)
    decision = replace(DECISION, max_shortfall_probability=0.02)
    for per, name in (("term", "any period of the term"), ("period", "contract year 2")):
        chosen = sample.best(max_shortfall_probability=0.02, limit_per=per)
        note = constraint_note(
            replace(decision, shortfall_limit_per=per),
            scenario="x",
            samples={"x": sample},
            uses={"x": use},
            chosen=chosen.offer,
        )
        assert (note.limits, note.is_met, note.binds) == (name, True, True)
        assert note.relaxing_saves_usd == pytest.approx(chosen.expected_cost_usd - sample.best().expected_cost_usd)
        if terms:
            assert note.commit_low_usd_per_year is None
        else:
            assert note.commit_low_usd_per_year <= chosen.offer.commit_usd_per_year <= note.commit_high_usd_per_year


def test_money_now_is_worth_more_than_money_later_and_only_then_the_ledger_is_needed():
    """Paid upfront, a commitment is dearer at present value than overage at month ends: less of it is best."""
    upfront = Payment(mode="upfront", cost_of_capital_per_year=0.15)
    agreed = contract(((1.0, 0.2),), payment=upfront)
    use = years(agreed, UNIFORM[::10])
    assert isinstance(commit_sample(agreed, use), PlainSample)
    nominal, npv = (sized(agreed, use, money=money).commit_usd_per_year for money in ("nominal", "npv"))
    ends = np.arange(1, 13)
    weights = 1.15 ** (-ends / 12)
    # d NPV / dq = (1 - d) - E[weight of the month in which use passes q]: by month ends, use being level over the year
    commits = np.linspace(100_000.0, 200_000.0, 2001)
    values = [
        np.mean(q * 0.8 + np.diff(np.maximum(np.outer(np.arange(13) / 12, UNIFORM[::10]) - q, 0), axis=0).T @ weights)
        for q in commits
    ]
    assert npv < nominal
    assert npv / 0.8 == pytest.approx(commits[int(np.argmin(values))], abs=2600)
