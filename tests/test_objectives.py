"""Objectives against brute force over commitments, and measures of an offer against their definitions."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
import reference
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Case

from planner.bands import DiscountBand
from planner.commit import commit_sample
from planner.contract import Contract
from planner.foresight import least_paid_usd
from planner.inputs import Decision
from planner.objectives import constraint_note, largest_regret_usd, recommend
from planner.outcome import offer_outcome
from planner.term_use import TermUse, term_use

BANDS = ((200_000.0, 0.1), (700_000.0, 0.2), (1_400_000.0, 0.3))
DECISION = Decision(
    scenario="b",
    objective="expected_cost",
    max_shortfall_probability=1.0,
    cvar_loss="cost",
    cvar_weight=1.0,
    cvar_level=0.9,
)


def contract(**terms) -> Contract:
    listed = tuple(DiscountBand(min_commit_usd_per_year=low, discount_fraction=d) for low, d in BANDS)
    return Contract(term_months=12, bands=listed, **terms)


def uses(agreed: Contract, n: int = 400, *, locked: bool = False) -> dict[str, TermUse]:
    """Two scenarios on common paths: "a" as it is, "b" at two thirds of the spend from month 4 on."""
    rng = np.random.default_rng(8)
    level = rng.lognormal(11.4, 0.35, n) * np.exp(0.05 * rng.standard_normal((12, n)).cumsum(axis=0))
    routed = level * np.where(np.arange(12) < 4, 1.0, 0.66)[:, None]
    moved = np.where(np.arange(12)[:, None] >= rng.integers(0, 18, n), rng.choice([0.5, 0.8, 1.3], n), 1.0)
    factor = moved if locked else 1.0
    paths = {name: strategies.spend_paths(usd * factor, usd) for name, usd in (("a", level), ("b", routed))}
    return {name: term_use(agreed, spend) for name, spend in paths.items()}


def yearly(use: TermUse) -> np.ndarray:
    return use.list_usd.sum(axis=0)


def grid() -> np.ndarray:
    thresholds = [low for low, _ in BANDS]
    return np.unique(
        np.concatenate([[0.0], thresholds, [low - 0.01 for low in thresholds], np.arange(2e5, 3e6, 2500.0)])
    )


def slow_paid(list_usd: np.ndarray, commit: float) -> np.ndarray:
    """One year in contracted dollars, overage at list."""
    d = max((discount for low, discount in BANDS if commit >= low), default=0.0)
    return commit + np.maximum(list_usd - commit / (1 - d), 0.0)


def slow_cvar(losses: np.ndarray, level: float) -> float:
    return float(reference.mean_of_worst([Decimal(float(loss)) for loss in losses], Decimal(str(level))))


@pytest.mark.parametrize("loss", ["cost", "regret"])
@pytest.mark.parametrize(("weight", "level"), [(0.0, 0.9), (1.0, 0.9), (4.0, 0.5), (1.0, 0.99)])
@pytest.mark.parametrize("alpha", [1.0, 0.2])
def test_mean_plus_cvar_is_never_beaten_on_a_grid(loss, weight, level, alpha):
    agreed = contract()
    use = uses(agreed)
    decision = replace(
        DECISION,
        objective="mean_cvar",
        cvar_loss=loss,
        cvar_weight=weight,
        cvar_level=level,
        max_shortfall_probability=alpha,
    )
    samples = {name: commit_sample(agreed, one) for name, one in use.items()}
    offer = recommend(decision, scenario="b", samples=samples, uses=use)
    spend = yearly(use["b"])

    def value(commit: float) -> float:
        paid = slow_paid(spend, commit)
        return paid.mean() + weight * slow_cvar(paid if loss == "cost" else paid - spend, level)

    def short(commit: float) -> float:
        return (commit - (1 - agreed.discount_at(commit)) * spend > 0.005).mean()

    best = value(offer.commit_usd_per_year)
    assert short(offer.commit_usd_per_year) <= alpha
    commits = grid()[:: 4 if loss == "cost" else 3]
    assert all(best <= value(commit) + 0.01 for commit in commits if short(commit) <= alpha)


def test_cost_cvar_pushes_the_commitment_up_and_regret_cvar_down():
    agreed = contract()
    use = uses(agreed, 2000)
    samples = {name: commit_sample(agreed, one) for name, one in use.items()}

    def commit(**changed) -> float:
        return recommend(replace(DECISION, **changed), scenario="b", samples=samples, uses=use).commit_usd_per_year

    averse = {"objective": "mean_cvar", "cvar_weight": 2.0}
    neutral = commit()
    assert commit(**averse, cvar_loss="regret") < neutral < commit(**averse, cvar_loss="cost")
    assert commit(objective="mean_cvar", cvar_weight=0.0) == pytest.approx(neutral, abs=1.0)


@pytest.mark.parametrize("alpha", [1.0, 0.1])
def test_minimax_regret_is_never_beaten_on_a_grid(alpha):
    agreed = contract()
    use = uses(agreed)
    samples = {name: commit_sample(agreed, one) for name, one in use.items()}
    decision = replace(DECISION, objective="minimax_regret", max_shortfall_probability=alpha)
    offer = recommend(decision, scenario="b", samples=samples, uses=use)
    spend = {name: yearly(one) for name, one in use.items()}
    fine = np.arange(0, 3e6, 97.0)
    least = {name: min(slow_paid(usd, commit).mean() for commit in [*fine, *grid()]) for name, usd in spend.items()}

    def value(commit: float) -> float:
        return max(slow_paid(usd, commit).mean() - least[name] for name, usd in spend.items())

    def short(commit: float) -> float:
        return (commit - (1 - agreed.discount_at(commit)) * spend["b"] > 0.005).mean()

    best = value(offer.commit_usd_per_year)
    assert largest_regret_usd(samples, offer) == pytest.approx(best, abs=50)  # what the grid of `least` can miss
    assert all(best <= value(commit) + 0.01 for commit in grid() if short(commit) <= alpha)


@pytest.mark.parametrize("objective", ["mean_cvar", "minimax_regret"])
@pytest.mark.parametrize("loss", ["cost", "regret"])
def test_at_locked_prices_too(objective, loss):
    """Where prices rise, locking more in saves overage at a higher price, and the objective need not be convex."""
    agreed = contract(price_falls_passed_through=False)
    use = uses(agreed, 60, locked=True)
    samples = {name: commit_sample(agreed, one) for name, one in use.items()}
    decision = replace(DECISION, objective=objective, cvar_loss=loss, cvar_level=0.8)
    offer = recommend(decision, scenario="b", samples=samples, uses=use)

    def settled(name: str, commit: float) -> tuple[np.ndarray, np.ndarray]:
        d = agreed.discount_at(commit)
        balance, over = np.full(60, commit / (1 - d)), np.zeros(60)
        for now, then in zip(use[name].accounts[0].current, use[name].accounts[0].drawing, strict=True):
            drawn = np.minimum(balance, then)
            balance = balance - drawn
            over += (then - drawn) / then * now
        return commit + over, use[name].list_usd.sum(axis=0)

    def value(commit: float) -> float:
        if objective == "minimax_regret":
            return max(settled(name, commit)[0].mean() - samples[name].best().expected_cost_usd for name in use)
        paid, listed = settled("b", commit)
        return paid.mean() + slow_cvar(paid if loss == "cost" else paid - listed, 0.8)

    best = value(offer.commit_usd_per_year)
    assert all(best <= value(commit) + 0.01 for commit in grid()[::3])


def test_a_larger_commitment_that_only_the_limit_forbids_is_named():
    agreed = contract()
    use = uses(agreed, 1000)
    sample = commit_sample(agreed, use["b"])
    decision = replace(DECISION, max_shortfall_probability=0.05)
    chosen = sample.best(max_shortfall_probability=0.05)
    seen = {"scenario": "b", "samples": {"b": sample}, "uses": {"b": use["b"]}}
    note = constraint_note(decision, chosen=chosen.offer, **seen)
    assert note.binds == (sample.best().offer.commit_usd_per_year > chosen.offer.commit_usd_per_year)
    assert note.relaxing_saves_usd == pytest.approx(chosen.expected_cost_usd - sample.best().expected_cost_usd)
    assert note.commit_low_usd_per_year <= note.commit_high_usd_per_year
    free = constraint_note(DECISION, chosen=sample.best().offer, **seen)
    assert (free.binds, free.relaxing_saves_usd) == (False, 0.0)


# --- measures of an offer --------------------------------------------------------------------------------------------


@settings(max_examples=80)
@given(strategies.cases(max_paths=6), strategies.cents(0, 20_000_000))
def test_every_measure_of_an_offer_is_what_its_definition_says(case: Case, commit: Decimal):
    agreed = case.contract
    use = term_use(agreed, case.spend)
    least = least_paid_usd(agreed, use)
    offer = agreed.offer_at(float(commit))
    found = offer_outcome(agreed, offer, use, scenario="x", least_paid_usd=least, cvar_level=0.75)
    bills = [reference.settle(case.terms, commit, current, signing) for current, signing in case.paths()]
    paid = [sum((year.paid for year in path), start=Decimal(0)) for path in bills]
    listed = [sum(current) for current, _ in case.paths()]
    short = [sum((year.shortfall for year in path), start=Decimal(0)) for path in bills]
    is_short = [reference.is_short(path) for path in bills]
    level = Decimal("0.75")
    assert found.expected_cost.mean == pytest.approx(float(reference.mean(paid)), abs=0.01)
    assert found.on_demand_cost_usd == pytest.approx(float(reference.mean(listed)), abs=0.01)
    assert found.expected_shortfall.mean == pytest.approx(float(reference.mean(short)), abs=0.01)
    assert found.shortfall_probability.mean == pytest.approx(sum(is_short) / len(bills))
    over = [sum((year.overage for year in path), start=Decimal(0)) for path in bills]
    assert found.expected_overage.mean == pytest.approx(float(reference.mean(over)), abs=0.01)
    if any(is_short):
        given_one = [usd for usd, was in zip(short, is_short, strict=True) if was]
        assert found.shortfall_given_shortfall_usd == pytest.approx(float(reference.mean(given_one)), abs=0.01)
    if sum(listed):
        rate = 1 - reference.mean(paid) / reference.mean(listed)
        assert found.effective_savings_rate == pytest.approx(float(rate), abs=1e-6)
    assert found.break_even_utilization == (None if commit == 0 else pytest.approx(1 - offer.discount_fraction))
    assert found.cost_cvar_usd == pytest.approx(float(reference.mean_of_worst(paid, level)), abs=0.01)
    extra = [a - b for a, b in zip(paid, listed, strict=True)]
    assert found.regret_cvar_usd == pytest.approx(float(reference.mean_of_worst(extra, level)), abs=0.01)
    assert found.waste_cvar_usd == pytest.approx(float(reference.mean_of_worst(short, level)), abs=0.01)
    assert found.regret.mean >= 0


@settings(max_examples=100)
@given(strategies.cases(max_paths=4), st.floats(1.0, 200_000.0))
def test_the_dead_zone_saves_nothing_for_a_dollar_below_the_commitment(case: Case, commit: float):
    """marginal_saving_per_list_usd is the slope of the bill when every path spends a little more, prices unmoved."""
    case = replace(case, current=case.signing, terms=replace(case.terms, eligible=Decimal(1)))
    agreed = case.contract
    offer = agreed.offer_at(commit)
    use = term_use(agreed, case.spend)
    found = offer_outcome(agreed, offer, use, scenario="x", least_paid_usd=use.on_demand_usd)
    q = agreed.list_usd_per_year(commit, offer.discount_fraction)
    beyond = [
        (use.drawn_list_usd(period) > q * period.year_fraction).mean() * (1 - offer.overage_discount_fraction)
        for period in agreed.periods
    ]
    assert found.marginal_saving_per_list_usd == pytest.approx(np.mean(beyond))
    assert 0 <= found.marginal_saving_per_list_usd <= 1


def test_regret_is_measured_against_the_best_of_all_bands_on_each_path():
    """Path one spends 100,000, best at 10 % (90,000); path two 2,000,000, best at 30 % of the third band."""
    agreed = contract()
    use = term_use(agreed, strategies.spend_paths([[300_000.0, 2_000_000.0]] + [[0.0, 0.0]] * 11))
    least = least_paid_usd(agreed, use)
    assert least == pytest.approx([270_000, 1_400_000])
    found = offer_outcome(agreed, agreed.offer_at(0), use, scenario="x", least_paid_usd=least)
    assert found.regret.mean == pytest.approx((30_000 + 600_000) / 2)
