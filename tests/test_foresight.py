"""Perfect foresight and the dead zone, against grids of settlements."""

from itertools import product

import numpy as np
import pytest

from planner.bands import DiscountBand
from planner.clauses import InForce, Marketplace, Rollover
from planner.contract import Contract
from planner.dead_zone import marginal_saving_per_list_usd
from planner.foresight import least_paid_usd
from planner.settlement import settle
from planner.simulation import SpendPaths
from planner.term_use import TermUse, term_use

BANDS = tuple(
    DiscountBand(min_commit_usd_per_year=low, discount_fraction=d) for low, d in ((40_000, 0.1), (90_000, 0.2))
)
ROLLOVER = Rollover(share=0.6, months=6, max_fraction_of_commit=0.3)


def contract(term_months: int = 24, **changed) -> Contract:
    return Contract(**({"term_months": term_months, "bands": BANDS} | changed))


def use_of(agreed: Contract, n: int = 12) -> TermUse:
    rng = np.random.default_rng(5)
    level = rng.lognormal(np.log(9_000), 0.6, n) * np.cumprod(rng.lognormal(0.01, 0.1, (agreed.term_months, n)), axis=0)
    level[:, 0] = 0.0
    moved = level * rng.uniform(0.7, 1.2, level.shape)
    return term_use(agreed, SpendPaths(list_cost_usd=moved, signing_list_cost_usd=level))


FLAT = {
    "forfeit": {},
    "a part-year": {"term_months": 18},
    "quarters": {"commit_period": "quarter", "quarter_shares": (0.1, 0.2, 0.3, 0.4)},
    "pool": {"commit_period": "term"},
    "pool over part of a year": {"commit_period": "term", "term_months": 14},
    "locked prices": {"price_falls_passed_through": False},
    "list dollars": {"drawdown": "list", "overage": 0.05},
    "rollover": {"rollover": ROLLOVER, "term_months": 36},
    "cap": {"overage": "committed", "overage_cap_fraction": 0.2},
    "true-up": {"shortfall": "true_up", "true_up_rate": 0.4},
    "ramp": {"ramp": (1.0, 1.5)},
    "bands over the term": {"ramp": (1.0, 3.0), "band_basis": "term"},
    "bands over part of a year": {"ramp": (1.0, 1.1, 1.2), "band_basis": "term", "term_months": 28},
    "incremental": {"band_mode": "incremental"},
    "renewed": {"in_force": InForce(ends_month=6, balance_usd=20_000.0, discount_fraction=0.1, on_signing="renew")},
    "marketplace": {
        "marketplace": Marketplace(channel="aws", cap_usd_per_year=9_000.0, otherwise_unused_usd_per_year=20_000.0)
    },
}


@pytest.mark.parametrize("terms", FLAT.values(), ids=FLAT)
def test_no_commitment_of_a_grid_beats_foresight_and_a_fine_one_comes_near(terms):
    agreed = contract(**terms)
    use = use_of(agreed)
    least = least_paid_usd(agreed, use)
    edges = [edge for low, stop in agreed.commit_ranges for edge in (low, stop) if 0 < edge < np.inf]
    grid = [0.0, *np.linspace(50.0, 400_000.0, 2_400), *edges, *(edge - 0.01 for edge in edges)]
    paid = np.min([settle(agreed, agreed.offer_at(float(c)), use).paid_usd for c in grid], axis=0)
    scale = use.on_demand_usd.max()
    loose = 2e-3 if agreed.band_mode == "incremental" else 1e-9
    assert np.all(least <= paid + loose * scale)
    assert np.all(least >= paid - 2e-3 * scale)
    assert least[0] == pytest.approx(0.0 if agreed.in_force is None and agreed.marketplace is None else least[0])


def test_with_a_free_ramp_every_year_is_foreseen_by_itself():
    agreed = contract(ramp="free")
    use = use_of(agreed)
    grid = [0.0, *np.linspace(1_000.0, 300_000.0, 120), 40_000.0, 90_000.0]
    paid = np.min([settle(agreed, agreed.offer_of(pair), use).paid_usd for pair in product(grid, repeat=2)], axis=0)
    least = least_paid_usd(agreed, use)
    assert np.all(least <= paid + 1e-6)
    assert np.all(least >= paid - 0.02 * use.on_demand_usd.max())


def test_the_dead_zone_settled_again_is_the_closed_form():
    """What is found by lowering use by a thousandth agrees with (1 - e) P(use > commitment), weighted by use."""
    plain = contract(12)
    walked = contract(12, shortfall="true_up", true_up_rate=1.0)
    use = use_of(plain, n=4_000)
    for commit in (45_000.0, 80_000.0, 120_000.0):
        offer = plain.offer_at(commit)
        q = commit / (1 - offer.discount_fraction)
        listed = use.list_usd[0]
        expected = listed[listed > q].sum() / listed.sum()
        assert marginal_saving_per_list_usd(walked, offer, use) == pytest.approx(expected, abs=2e-3)
        assert marginal_saving_per_list_usd(plain, offer, use) == pytest.approx((listed > q).mean())


def test_without_a_commitment_a_routed_dollar_saves_a_dollar():
    for terms in ({}, {"rollover": ROLLOVER}, {"ramp": (1.0, 2.0)}):
        agreed = contract(**terms)
        assert marginal_saving_per_list_usd(agreed, agreed.offer_at(0.0), use_of(agreed)) == pytest.approx(
            1.0, abs=0.1 if agreed.is_plain else 1e-9
        )


def test_rollover_gives_a_routed_dollar_back_later():
    agreed, forfeited = contract(36, rollover=Rollover(share=1.0, months=24)), contract(36)
    use = use_of(agreed, n=500)
    offer = agreed.offer_at(90_000.0)
    walked = contract(36, shortfall="true_up", true_up_rate=1.0)
    saved = marginal_saving_per_list_usd(agreed, offer, use)
    assert saved > marginal_saving_per_list_usd(walked, offer, use)
    assert forfeited.offer_at(90_000.0) == offer
