"""The next term: sized like any, on the year after this one, at what prices rise to, and the last one again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_actions import BANDS, CENT, PLAN, one_year, still, two_years, yearly

from planner.bands import DiscountBand
from planner.clauses import CarryForward, EarlyRenewal, InForce, Reduction, Renewal, Rollover, TrueForward
from planner.contract import Contract
from planner.plan_file.loader import parse_plan
from planner.simulation import SpendPaths
from planner.tracking.acting.renewal import next_term, renewal_of, renewed
from planner.tracking.signed_plan import SignedPlan, signed_plan
from planner.units import FloatArray


@pytest.fixture(scope="module")
def plan() -> SignedPlan:
    return signed_plan(parse_plan(PLAN, base_dir=Path()))


def signed(
    plan: SignedPlan, contract: Contract, *commits: float, discount: float | None = None, limit: float = 1.0
) -> SignedPlan:
    """Any contract, signed at a commitment a contract year."""
    decision = replace(plan.inputs.decision, max_shortfall_probability=limit)
    part = replace(plan.signed, commits_usd_per_year=commits, discount_fraction=discount)
    inputs = replace(plan.inputs, contract=contract, decision=decision, signed=part)
    return replace(
        plan,
        prepared=replace(plan.prepared, inputs=inputs),
        signed=part,
        offer=contract.offer_of(commits, discount),
    )


def paid(use: FloatArray, commit: float, d: float) -> FloatArray:
    return commit + np.maximum(use - commit / (1 - d), 0.0)


@pytest.mark.parametrize("limit", [0.1, 1.0])
@pytest.mark.parametrize("term", [12, 24])
def test_no_commitment_within_the_limit_is_expected_to_cost_less(plan: SignedPlan, limit: float, term: int) -> None:
    use = np.linspace(100_000, 300_000, 401)
    contract = one_year(bands=BANDS, term_months=term)
    years = [np.full(401, 80_000.0)] * (term // 12)
    commits = [90_000.0] * (term // 12)
    found = renewal_of(signed(plan, contract, *commits, limit=limit), yearly(*years, use))
    assert found is not None
    of_band = {0.1: np.arange(50_000.0, 120_000.0, 250.0), 0.25: np.arange(120_000.0, 260_000.0, 250.0)}
    allowed = [
        paid(use, commit, d).mean()
        for d, some in of_band.items()
        for commit in some
        if np.mean(use < commit / (1 - d) - CENT) <= limit
    ]
    assert found.expected_cost.mean <= min([use.mean(), *allowed]) + CENT
    assert found.expected_cost.mean == pytest.approx(
        paid(use, found.commit_usd_per_year, found.discount_fraction).mean()
    )
    short = np.mean(use < found.commit_usd_per_year / (1 - found.discount_fraction) - CENT)
    assert found.shortfall_probability.mean == pytest.approx(short)
    assert short <= limit
    assert found.first == ("2028-01" if term == 12 else "2029-01")
    assert found.spend_quantiles_usd == pytest.approx(np.quantile(use, [0.1, 0.5, 0.9]))


def test_the_last_commitment_again_is_settled_beside_it(plan: SignedPlan) -> None:
    use = np.linspace(50_000, 150_000, 101)
    given = signed(plan, two_years(bands=BANDS), 60_000.0, 90_000.0)
    found = renewal_of(given, yearly(use, use, use))
    assert found is not None
    assert found.same_again_usd_per_year == 90_000.0
    assert found.same_again_cost.mean == pytest.approx(paid(use, 90_000.0, 0.1).mean())
    assert found.same_again_shortfall_probability.mean == pytest.approx(np.mean(use < 100_000.0 - CENT))
    term = next_term(given, yearly(use, use, use))
    assert term is not None
    assert term.saved_usd.mean() == pytest.approx(found.same_again_cost.mean - found.expected_cost.mean)


def test_dearer_prices_on_renewal_are_less_discount_and_never_dearer_than_list(plan: SignedPlan) -> None:
    dearer = one_year(bands=BANDS, overage=0.2, renewal=Renewal(uplift_fraction=0.12))
    found = renewed(signed(plan, dearer, 60_000.0))
    assert [band.discount_fraction for band in found.bands] == pytest.approx([0.0, 0.0, 1 - 0.75 * 1.12])
    assert found.overage == pytest.approx(1 - 0.8 * 1.12)
    use = np.full(16, 200_000.0)
    seen = renewal_of(signed(plan, dearer, 120_000.0), yearly(use, use))
    assert seen is not None
    assert seen.same_again_cost.mean == pytest.approx(120_000 + (1 - 0.104) * (200_000 - 120_000 / 0.84))


def test_what_was_signed_at_a_discount_of_its_own_can_be_had_again(plan: SignedPlan) -> None:
    use = np.full(16, 100_000.0)
    found = renewal_of(signed(plan, one_year(bands=BANDS), 60_000.0, discount=0.4), yearly(use, use))
    assert found is not None
    assert (found.commit_usd_per_year, found.discount_fraction) == (pytest.approx(60_000.0), pytest.approx(0.4))
    assert found.same_again_cost.mean == pytest.approx(60_000.0)


def test_the_year_after_the_term_is_the_one_that_counts(plan: SignedPlan) -> None:
    rng = np.random.default_rng(2)
    after = rng.uniform(5_000, 15_000, (12, 64))
    one, other = (still(np.vstack([np.full((12, 64), usd), after, np.full((3, 64), usd)])) for usd in (1e3, 1e6))
    given = signed(plan, one_year(bands=BANDS), 60_000.0)
    first, second = renewal_of(given, one), renewal_of(given, other)
    assert first is not None
    assert second is not None
    assert first.commit_usd_per_year == second.commit_usd_per_year
    assert first.expected_cost == second.expected_cost


def test_paths_that_end_before_it_say_nothing(plan: SignedPlan) -> None:
    spend = still(np.full((23, 16), 10_000.0))
    assert renewal_of(signed(plan, one_year(bands=BANDS), 60_000.0), spend) is None


@pytest.mark.parametrize(
    "terms",
    [
        {"ramp": (1.0, 2.0)},
        {"commits_usd_per_year": (60_000.0, 90_000.0)},
        {"commit_period": "quarter", "true_forward": TrueForward(lookback_months=3)},
        {"commit_period": "term"},
        {"band_basis": "term"},
        {"band_mode": "incremental"},
        {"drawdown": "list"},
        {"rollover": Rollover(share=0.5, months=6), "renewal": Renewal(bank_value_fraction=0.5)},
        {"reduction": Reduction(max_fraction=0.3), "carry_forward": CarryForward()},
        {"early_renewal": EarlyRenewal(month=18, credit_fraction=0.5, commit_fraction=1.0)},
        {"in_force": InForce(ends_month=24, balance_usd=9e4, discount_fraction=0.1, on_signing="co_term")},
        {"price_falls_passed_through": False},
        {"bands": (DiscountBand(min_commit_usd_per_year=0.0, discount_fraction=0.1, by_tier=(("opus", 0.3),)),)},
    ],
    ids="+".join,
)
def test_any_terms_can_be_renewed(plan: SignedPlan, terms: dict[str, Any]) -> None:
    use = np.linspace(100_000, 300_000, 128)
    spend: SpendPaths = yearly(use, use, use)
    contract = two_years(**{"bands": BANDS, **terms})
    found = renewal_of(signed(plan, contract, 60_000.0, 90_000.0, limit=0.2), spend)
    assert found is not None
    assert found.expected_cost.mean <= found.same_again_cost.mean + CENT
    assert found.shortfall_probability.mean <= 0.2
