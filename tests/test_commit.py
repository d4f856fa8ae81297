"""Sizing: exact on its sample, never beaten by brute force, and equal to the closed forms of the newsvendor."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor
from random import Random

import numpy as np
import pytest
import reference
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Case, contract_of, spend_paths

from planner.bands import DiscountBand
from planner.commit import CommitSample, commit_sample
from planner.contract import Contract
from planner.offer import NO_COMMITMENT
from planner.term_use import term_use

ALPHAS = st.sampled_from([0.0, 0.1, 0.25, 0.34, 0.5, 1.0])


def sample_of(case: Case) -> CommitSample:
    return commit_sample(case.contract, term_use(case.contract, case.spend))


def annual_sample(list_usd: np.ndarray, *, bands, **terms) -> CommitSample:
    """A sample of one-year paths with the given annual list spend."""
    listed = tuple(DiscountBand(min_commit_usd_per_year=low, discount_fraction=d) for low, d in bands)
    contract = Contract(term_months=12, bands=listed, **terms)
    months = np.repeat(list_usd[None, :] / 12, 12, axis=0)
    return commit_sample(contract, term_use(contract, spend_paths(months)))


def slow(case: Case, commit: Decimal) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Expected cost, shortfall probability, expected shortfall and overage, bill by bill."""
    bills = [reference.settle(case.terms, commit, current, signing) for current, signing in case.paths()]
    return (
        reference.mean([sum((year.paid for year in path), start=Decimal(0)) for path in bills]),
        Decimal(sum(reference.is_short(path) for path in bills)) / len(bills),
        reference.mean([sum((year.shortfall for year in path), start=Decimal(0)) for path in bills]),
        reference.mean([sum((year.overage for year in path), start=Decimal(0)) for path in bills]),
    )


def near_half_a_cent(case: Case, commit: Decimal) -> bool:
    """Whether a year is short by next to nothing: tested on its own, below."""
    years = [
        year for current, signing in case.paths() for year in reference.settle(case.terms, commit, current, signing)
    ]
    return any(Decimal("1e-9") < year.shortfall < Decimal("0.1") for year in years)


def shortfall_share(case: Case, commit: Decimal) -> float:
    """Share of the paths with any shortfall at all, half a cent or less included."""
    bills = [reference.settle(case.terms, commit, current, signing) for current, signing in case.paths()]
    return sum(any(year.shortfall > Decimal("1e-9") for year in path) for path in bills) / len(bills)


def corners(case: Case) -> list[Decimal]:
    """Commitments at which a path's use of a year, or of a year up to a month, is just used up, in every band."""
    found = []
    for current, signing in case.paths():
        drawing = current if case.terms.passed_through else signing
        for first, stop in reference.contract_years(case.terms.term_months):
            used = Decimal(0)
            for month in range(first, stop):
                used += case.terms.eligible * drawing[month] * 12 / (stop - first)
                worth = [1 if case.terms.drawdown == "list" else 1 - d for _, d in case.terms.bands]
                found += [used * w for w in worth]
    return found


def grid(case: Case, seed: int) -> list[Decimal]:
    """Thresholds, the last cent before each, corners (at most 120), and 60 commitments at random."""
    random = Random(seed)
    lows = sorted(low for low, _ in case.terms.bands)
    at = corners(case)
    at = random.sample(at, min(len(at), 120))
    top = 1.2 * float(max([*at, *lows]))
    commits = [*lows, *(low - Decimal("0.01") for low in lows), *at]
    commits += [Decimal(random.randint(1, int(top * 100) + 1)) / 100 for _ in range(60)]
    return [Decimal(0), *sorted(commit for commit in commits if commit > 0)]


@settings(max_examples=80)
@given(strategies.cases(max_paths=6), st.lists(strategies.cents(0, 20_000_000), min_size=1, max_size=6))
def test_what_an_offer_is_expected_to_cost_is_the_mean_of_its_bills(case, commits):
    contract = case.contract
    found = sample_of(case).expect([contract.offer_at(float(commit)) for commit in commits])
    for commit, value in zip(commits, found, strict=True):
        cost, probability, shortfall, overage = slow(case, commit)
        assert value.expected_cost_usd == pytest.approx(float(cost), abs=0.001)
        if not near_half_a_cent(case, commit):
            assert value.shortfall_probability == pytest.approx(float(probability), abs=1e-9)
        assert value.expected_shortfall_usd == pytest.approx(float(shortfall), abs=0.001)
        assert value.expected_overage_usd == pytest.approx(float(overage), abs=0.001)


@settings(max_examples=80)
@given(strategies.cases(max_paths=6), ALPHAS, st.integers(0, 99))
def test_no_commitment_on_a_grid_beats_the_best(case, alpha, seed):
    """Locked prices, several years, both bases and what lies below the lowest band included."""
    best = sample_of(case).best(max_shortfall_probability=alpha)
    cost, probability, *_ = slow(case, Decimal(str(best.offer.commit_usd_per_year)))
    assert best.expected_cost_usd == pytest.approx(float(cost), abs=0.001)
    assert best.offer.commit_usd_per_year == 0 or float(probability) <= alpha + 1e-9
    for commit in grid(case, seed):
        cost, *_ = slow(case, commit)
        if shortfall_share(case, commit) <= alpha + 1e-9:
            # half a cent of shortfall is none: the constrained optimum may sit that much higher
            assert best.expected_cost_usd <= float(cost) + 0.02


@pytest.mark.parametrize("n", [10, 1000, 4999])
@pytest.mark.parametrize("alpha", [0.0, 0.05, 0.1, 0.3, 0.29, 1.0])
def test_the_constraint_is_met_exactly_and_used_up(n, alpha):
    """At a discount of 60 % the free optimum is the 60th percentile, so the limit decides: floor(alpha n) paths."""
    spend = np.random.default_rng(5).lognormal(11, 0.5, n)
    best = annual_sample(spend, bands=((1000.0, 0.6),)).best(max_shortfall_probability=alpha)
    short = (0.4 * spend < best.offer.commit_usd_per_year - 0.005).sum()
    assert short / n == best.shortfall_probability
    assert best.shortfall_probability <= alpha
    if alpha < 0.6:
        assert short == floor(Fraction(str(alpha)) * n)


def test_where_no_positive_commitment_meets_the_constraint_there_is_none():
    spend = np.linspace(100_000, 200_000, 50)
    sample = annual_sample(spend, bands=((120_000.0, 0.5),))
    assert sample.best(max_shortfall_probability=0.1).offer == NO_COMMITMENT
    assert sample.best().offer.commit_usd_per_year == 120_000


@given(strategies.cases(max_paths=5))
def test_a_looser_limit_never_costs_more(case):
    sample = sample_of(case)
    costs = [sample.best(max_shortfall_probability=alpha).expected_cost_usd for alpha in (0, 0.2, 0.4, 0.7, 1)]
    assert all(later <= earlier + 1e-6 for earlier, later in pairwise(costs))
    assert costs[0] <= sample.on_demand_usd + 1e-6


@settings(max_examples=80)
@given(strategies.cases(max_paths=5), st.sampled_from(["discount", "threshold", "overage"]))
def test_the_best_offer_never_costs_more_under_a_more_generous_clause(case, clause):
    terms = case.terms
    if clause == "discount":
        lows = sorted(terms.bands)
        generous = replace(terms, bands=tuple((low, min(d + Decimal("0.05"), Decimal("0.95"))) for low, d in lows))
    elif clause == "threshold":
        # d of a band must not fall when a neighbour's threshold does, so bands are put in rising order first
        bands = tuple(zip(sorted(low for low, _ in terms.bands), sorted(d for _, d in terms.bands), strict=True))
        case = replace(case, terms=replace(terms, bands=bands))
        generous = replace(terms, bands=tuple((low / 2, d) for low, d in bands))
    else:
        own = terms.overage if isinstance(terms.overage, Decimal) else Decimal(0)
        generous = terms if terms.overage == "committed" else replace(terms, overage=own + Decimal("0.05"))
    before, after = sample_of(case).best(), sample_of(replace(case, terms=generous)).best()
    assert after.expected_cost_usd <= before.expected_cost_usd + 0.02


@given(strategies.cases(max_paths=5))
def test_doubling_every_price_and_band_doubles_the_best_cost_and_commitment(case):
    doubled = replace(
        case,
        terms=replace(case.terms, bands=tuple((2 * low, d) for low, d in case.terms.bands)),
        current=tuple(tuple(2 * usd for usd in month) for month in case.current),
        signing=tuple(tuple(2 * usd for usd in month) for month in case.signing),
    )
    one, two = sample_of(case).best(), sample_of(doubled).best()
    assert two.expected_cost_usd == pytest.approx(2 * one.expected_cost_usd, abs=0.15)  # cents at band ends


# --- closed forms ----------------------------------------------------------------------------------------------------

UNIFORM = (np.arange(100_000) + 0.5) * 10  # annual list spend, uniform on 0 to 1,000,000 USD


@pytest.mark.parametrize("drawdown", ["contracted", "list"])
@pytest.mark.parametrize(("d", "e"), [(0.2, 0.0), (0.35, 0.0), (0.2, 0.1), (0.5, 0.3), (0.9, 0.0)])
def test_the_best_use_of_uniform_spend_is_its_fractile(d, e, drawdown):
    """F(q*) = (r - 1) / r with r = (1 - e) / (1 - d); cost (1-d) q + (1-e) (1 - q)^2 / 2 on the unit interval."""
    overage = e if e else "list"
    best = annual_sample(UNIFORM, bands=((1.0, d),), overage=overage, drawdown=drawdown).best()
    r = (1 - e) / (1 - d)
    q = (r - 1) / r
    unit = 1.0 if drawdown == "list" else 1 - d
    assert best.offer.commit_usd_per_year / unit == pytest.approx(1e6 * q, abs=15)
    assert best.expected_cost_usd == pytest.approx(1e6 * ((1 - d) * q + (1 - e) * (1 - q) ** 2 / 2), rel=1e-6)
    assert best.shortfall_probability == pytest.approx(q, abs=2e-5)
    assert best.expected_shortfall_usd == pytest.approx(1e6 * (1 - d) * q**2 / 2, rel=1e-3)
    assert best.expected_overage_usd == pytest.approx(1e6 * (1 - e) * (1 - q) ** 2 / 2, rel=1e-4)


@pytest.mark.parametrize("rising", [False, True])
def test_overage_at_the_committed_rate_lands_on_a_threshold_or_on_none(rising):
    """More than the threshold buys nothing, and 100,000 paths of rounding must not say otherwise."""
    spend = np.random.default_rng(3).lognormal(14, 0.3, 100_000)
    bands = ((100_000.0, 0.1), (400_000.0, 0.2), (2_500_000.0, 0.21 if rising else 0.3))
    best = annual_sample(spend, bands=bands, overage="committed").best()
    assert best.offer.commit_usd_per_year in {0.0, 100_000.0, 400_000.0, 2_500_000.0}
    costs = {low: np.mean(np.where(low > (1 - d) * spend, low, (1 - d) * spend)) for low, d in (*bands, (0.0, 0.0))}
    assert best.expected_cost_usd == pytest.approx(min(costs.values()))


def test_ties_go_to_the_smaller_commitment():
    spend = np.random.default_rng(4).lognormal(14, 0.3, 100_000)
    flat = annual_sample(spend, bands=((1000.0, 0.2), (2000.0, 0.2), (50_000.0, 0.2)), overage="committed")
    assert flat.best().offer.commit_usd_per_year == 1000.0
    assert annual_sample(spend, bands=((1000.0, 0.0), (2000.0, 0.0))).best().offer == NO_COMMITMENT


def test_a_tie_inside_a_band_goes_to_the_smaller_commitment():
    """Two paths, a discount of one half: every commitment between their uses costs the same."""
    best = annual_sample(np.array([100_000.0, 300_000.0]), bands=((1000.0, 0.5),)).best()
    assert best.offer.commit_usd_per_year == pytest.approx(50_000)


def test_without_a_discount_nothing_is_committed():
    assert annual_sample(UNIFORM, bands=((10.0, 0.0),)).best().offer == NO_COMMITMENT
    assert annual_sample(UNIFORM, bands=((10.0, 0.0),), overage="committed").best().offer == NO_COMMITMENT


def test_the_next_band_s_threshold_is_taken_where_its_discount_pays_for_the_waste():
    """500,000 sure USD: 10 % costs 450,000; the band from 440,000 at 20 % costs 440,000 with 40,000 wasted."""
    spend = np.full(10, 500_000.0)
    best = annual_sample(spend, bands=((100_000.0, 0.1), (440_000.0, 0.2))).best()
    assert (best.offer.commit_usd_per_year, best.expected_cost_usd) == (440_000, pytest.approx(440_000))
    assert best.expected_shortfall_usd == pytest.approx(40_000)
    best = annual_sample(spend, bands=((100_000.0, 0.1), (460_000.0, 0.2))).best()
    assert best.offer.commit_usd_per_year == pytest.approx(450_000)


def test_the_last_cent_before_a_worse_band_is_among_the_commitments_that_can_be_best():
    """500,000 sure USD: 30 % up to 50,000 USD, 2 % from there on. One cent less than 50,000 saves the most."""
    best = annual_sample(np.full(10, 500_000.0), bands=((10_000.0, 0.3), (50_000.0, 0.02))).best()
    assert best.offer.commit_usd_per_year == pytest.approx(49_999.99)
    assert best.expected_cost_usd == pytest.approx(49_999.99 + 500_000 - 49_999.99 / 0.7)


def test_the_chance_of_a_shortfall_counts_a_path_once_however_many_years_fall_short():
    terms = reference.Terms(term_months=24, bands=((Decimal(1000), Decimal("0.1")),))
    contract = contract_of(terms)
    months = [[8000.0, 12_000.0, 12_000.0, 12_000.0]] * 12 + [[8000.0, 8000.0, 12_000.0, 12_000.0]] * 12
    sample = commit_sample(contract, term_use(contract, spend_paths(months)))
    value = sample.expect([contract.offer_at(0.9 * 120_000)])[0]
    assert value.shortfall_probability == 0.5
    assert value.expected_shortfall_usd == pytest.approx(0.9 * (24_000 * 3) / 4)


def test_half_a_cent_of_shortfall_is_none():
    spend = np.full(4, 100_000.0)
    sample = annual_sample(spend, bands=((1000.0, 0.5),))
    contract = sample.contract
    within, beyond = sample.expect([contract.offer_at(50_000.004), contract.offer_at(50_000.006)])
    assert (within.shortfall_probability, beyond.shortfall_probability) == (0.0, 1.0)


@pytest.mark.parametrize("term_months", [3, 15])
def test_half_a_cent_counts_in_the_year_that_it_falls_in_and_not_annualised(term_months):
    """The last three months owe a quarter: 0.012 USD a year too much leaves 0.003 USD unused, which is none."""
    terms = reference.Terms(term_months=term_months, bands=((Decimal(1), Decimal(0)),))
    contract = contract_of(terms)
    before = [[10_001.0]] * (term_months - 3)
    sample = commit_sample(contract, term_use(contract, spend_paths([*before, *[[10_000.0]] * 3])))
    within, beyond = sample.expect([contract.offer_at(120_000.012), contract.offer_at(120_000.028)])
    assert (within.shortfall_probability, beyond.shortfall_probability) == (0.0, 1.0)


def test_traffic_that_may_not_draw_is_never_committed_for():
    terms = reference.Terms(term_months=12, bands=((Decimal(1000), Decimal("0.3")),), eligible=Decimal(0))
    contract = contract_of(terms)
    sample = commit_sample(contract, term_use(contract, spend_paths([[10_000.0, 20_000.0]] * 12)))
    assert sample.best().offer == NO_COMMITMENT
    assert sample.best().expected_cost_usd == pytest.approx(180_000)


@pytest.mark.parametrize("threshold", [400_000.0, 0.0])
def test_a_token_commitment_is_not_cheaper_than_the_best(threshold):
    """An overage discount of its own must not be had for one cent, below the lowest band or in a band from nothing:
    it would beat every offer that is on the table."""
    sample = annual_sample(UNIFORM, bands=((threshold, 0.2),), overage=0.3)
    token = sample.expect([sample.contract.offer_at(0.01)])[0]
    assert token.expected_cost_usd >= sample.best().expected_cost_usd - 0.01


def test_a_price_lock_below_the_lowest_band_is_not_cheaper_than_the_best():
    """A commitment that reaches no band has no discount, but locks the price of what it covers while prices rise."""
    terms = reference.Terms(term_months=12, bands=((Decimal(400_000), Decimal("0.01")),), passed_through=False)
    contract = contract_of(terms)
    spend = spend_paths([[12_500.0, 12_500.0]] * 12, [[10_000.0, 10_000.0]] * 12)
    sample = commit_sample(contract, term_use(contract, spend))
    locked = sample.expect([contract.offer_at(120_000.0)])[0]
    assert locked.expected_cost_usd >= sample.best().expected_cost_usd - 0.01
