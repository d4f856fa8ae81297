"""Actions: what each is worth against a second settlement and closed forms, and that nothing is listed for nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import settlement_reference as slow
from contract_strategies import Case, dec, seeded_case, terms_of
from test_alerts import forecast

from planner.bands import DiscountBand
from planner.clauses import EarlyRenewal, FixedSpend, InForce, Reduction, Rollover
from planner.contract import Contract
from planner.lever_costs.unit_costs import Account
from planner.offer import Offer
from planner.plan_file.loader import parse_plan
from planner.risk import Estimate
from planner.simulation import AccountPaths, SpendPaths
from planner.tracking.acting.actions import actions_of
from planner.tracking.acting.extra_commitment import billed_so_far
from planner.tracking.acting.next_band import next_band, saved_by_amending_usd
from planner.tracking.acting.rights import (
    carried_over,
    next_reduced,
    reduce_at_anniversary,
    renew_early,
    saved_by_balances_usd,
    saved_by_reducing_usd,
    saved_by_renewing_early_usd,
)
from planner.tracking.acting.standing import Standing
from planner.tracking.acting.top_up import saved_by_topping_up_usd, top_up
from planner.tracking.acting.waiting_routes import routes_held, waiting_routes
from planner.tracking.acting.work_moved import bring_forward, saved_by_moving_usd, unused_list_usd
from planner.tracking.result import Action, MonthRange
from planner.tracking.signed_plan import SignedPlan, signed_plan
from planner.units import FloatArray

CENT = 0.01
ON = date(2027, 1, 5)

# Still demand and prices: 60,000 USD a month at list on Opus; a route of half of it works from July 2027 on.
PLAN = """
[plan]
start = 2027-01-01
months = 12
paths = 32

[[mix]]
request_type = "triage"
model = "claude-opus-5-5"
monthly_requests = 10_000_000
uncached_input_tokens = 1000
output_tokens = 100
long_prompt_fraction = 0

[prices]
on = 2026-11-23
[prices.cuts]
falls_per_year = 0
rises_per_year = 0

[demand]
level_sd = 0
growth_per_year = 0
monthly_volatility = 0
monthly_noise = 0
leave_probability_per_quarter = 0

[[scenario]]
name = "as is"

[[scenario]]
name = "route"
[[scenario.route]]
request_type = "triage"
to = "claude-haiku-5-5"
share = 0.5
escalation = 0
ramp = { start_month = 6, months = 0 }

[decision]
scenario = "route"
max_shortfall_probability = 1.0

[contract]
term_months = 12
[[contract.band]]
min_commit_usd_per_year = 100_000
discount_fraction = 0.2

[signed]
on = 2026-11-24
commit_usd_per_year = 400_000
"""


@pytest.fixture(scope="module")
def plan() -> SignedPlan:
    return signed_plan(parse_plan(PLAN, base_dir=Path()))


def standing_of(
    plan: SignedPlan,
    contract: Contract,
    offer: Offer,
    spend: SpendPaths,
    *,
    month: int = 0,
    on: date = ON,
    limit: float = 1.0,
    per: str = "term",
) -> Standing:
    """Any contract with any spend, where a plan stands."""
    decision = replace(plan.inputs.decision, max_shortfall_probability=limit, shortfall_limit_per=per)
    inputs = replace(plan.inputs, contract=contract, decision=decision)
    signed = replace(plan, prepared=replace(plan.prepared, inputs=inputs), offer=offer, spend=spend)
    return Standing(signed=signed, spend=spend, month=month, on=on)


def still(monthly: Sequence[Sequence[float]] | FloatArray) -> SpendPaths:
    """Months by paths at prices that do not move."""
    usd = np.array(monthly, dtype=float)
    account = AccountPaths(current_usd=usd, signing_usd=usd)
    return SpendPaths(list_cost_usd=usd, signing_list_cost_usd=usd, accounts={Account("opus", True): account})


def yearly(*years: FloatArray) -> SpendPaths:
    """Contract years of so much list use on each path, in equal months."""
    return still(np.repeat(np.stack(years) / 12, 12, axis=0))


def one_year(discount: float = 0.2, **clauses: Any) -> Contract:
    band = DiscountBand(min_commit_usd_per_year=0.0, discount_fraction=discount)
    return Contract(**{"term_months": 12, "bands": (band,), **clauses})


def two_years(**clauses: Any) -> Contract:
    return one_year(**{"term_months": 24, **clauses})


# --- work brought forward --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("drawdown", ["contracted", "list"])
@pytest.mark.parametrize("overage", ["list", "committed", 0.05])
@pytest.mark.parametrize("eligible", [1.0, 0.5])
def test_work_brought_over_the_end_of_the_term_is_free_as_far_as_commitment_is_unused(
    plan: SignedPlan, drawdown: str, overage: Any, eligible: float
) -> None:
    rng = np.random.default_rng(1)
    now, later, d, amount = rng.uniform(0, 200_000, 64), rng.uniform(0, 200_000, 64), 0.2, 40_000.0
    contract = one_year(d, drawdown=drawdown, overage=overage, eligible_fraction=eligible)
    standing = standing_of(plan, contract, contract.offer_at(80_000.0), yearly(now, later), month=4)
    q = 80_000.0 if drawdown == "list" else 80_000.0 / (1 - d)
    e = {"list": 0.0, "committed": d}.get(overage, 0.05) if isinstance(overage, str) else overage
    moved = eligible * np.minimum(amount, later)  # the rest is billed at list then as now
    inside = eligible * now
    billed = np.maximum(inside + moved - q, 0.0) - np.maximum(inside - q, 0.0)
    assert unused_list_usd(standing) == pytest.approx(np.maximum(q - inside, 0.0) / eligible)
    assert saved_by_moving_usd(standing, amount) == pytest.approx((1 - d) * moved - (1 - e) * billed, abs=CENT)


def test_the_amount_is_a_quantile_of_what_is_unused_and_its_value_is_below_the_expected_shortfall(
    plan: SignedPlan,
) -> None:
    now, later = np.linspace(40_000, 110_000, 64), np.full(64, 100_000.0)
    contract = one_year(0.2)
    standing = standing_of(plan, contract, contract.offer_at(80_000.0), yearly(now, later), month=4)
    found = bring_forward(standing)
    assert found is not None
    unused = 100_000.0 - now[now < 100_000.0]
    assert found.amount_usd == pytest.approx(np.quantile(unused, 0.5))
    assert 0 < found.value.mean < standing.settled.shortfall_usd.sum(axis=0).mean()
    assert (found.kind, found.by) == ("bring work forward", date(2027, 12, 31))
    assert found.action == "Bring work forward that costs $30,550 at list: do it by 2027-12-31 and not after."


def test_a_shortfall_that_is_rare_asks_for_less_work_or_none(plan: SignedPlan) -> None:
    contract, later = one_year(0.2), np.full(100, 300_000.0)
    amounts = []
    for short in (80, 30, 10):  # of 100 paths; below a fifth, what is moved costs more than it saves
        now = np.full(100, 200_000.0)
        now[:short] = np.linspace(20_000, 90_000, short)
        standing = standing_of(plan, contract, contract.offer_at(80_000.0), yearly(now, later), month=4)
        found = bring_forward(standing)
        amounts.append(0.0 if found is None else found.amount_usd)
    assert amounts == pytest.approx([45_000.0, 27_500.0, 0.0])


def test_work_that_is_not_needed_later_either_is_not_brought_forward(plan: SignedPlan) -> None:
    contract, use = two_years(), np.full(16, 50_000.0)
    standing = standing_of(plan, contract, contract.offer_at(80_000.0), yearly(use, use), month=4)
    assert standing.settled.shortfall_usd.mean() > 0
    assert bring_forward(standing) is None


def test_dearer_prices_after_the_term_make_work_done_before_worth_more(plan: SignedPlan) -> None:
    now, later = np.full(16, 50_000.0), np.full(16, 100_000.0)
    contract = one_year(0.2)
    dearer = replace(contract, renewal=replace(contract.renewal, uplift_fraction=0.1))
    values = []
    for terms in (contract, dearer):
        found = bring_forward(standing_of(plan, terms, terms.offer_at(80_000.0), yearly(now, later), month=4))
        assert found is not None
        values.append(found.value.mean)
    assert values == pytest.approx([0.8 * 50_000, 0.88 * 50_000])


def signed_case(seed: int, n_paths: int, **given: Any) -> Case:
    """The case of a seed, or of the first one after it under which something is signed."""
    found = (seeded_case(seed + 1000 * turn, n_paths, **given) for turn in range(100))
    return next(case for case in found if not case.offer.is_none)


def moved_by_hand(
    case: Case, path: int, month: int, stop: int, until: int, amount: float
) -> list[dict[slow.Account, slow.Spent]]:
    """A path of the reference with work brought forward, in plain loops."""
    spend = {key: (now[:, path].tolist(), then[:, path].tolist()) for key, (now, then) in case.spend.items()}
    if not case.contract.needs_accounts and not case.has_accounts:
        sums = tuple([sum(parts) for parts in zip(*(pair[i] for pair in spend.values()), strict=True)] for i in (0, 1))
        spend = {Account(None, True): sums}

    def at(key: Account, t: int) -> float:
        current, signing = spend[key]
        order = [*range(t, -1, -1), *range(t + 1, len(signing))]
        return next((current[s] / signing[s] for s in order if signing[s] > 0), 1.0)

    eligible = [key for key in spend if key.eligible]
    there = sum(sum(spend[key][1][stop:until]) * at(key, month) for key in eligible)
    share = min(amount / there, 1.0) if there > 0 else 0.0
    made = {key: ([*current], [*signing]) for key, (current, signing) in spend.items()}
    for key in eligible:
        each = share * sum(spend[key][1][stop:until]) / (stop - month)
        for t in range(month, stop):
            made[key][0][t] += each * at(key, t)
            made[key][1][t] += each
        for t in range(stop, until):
            made[key][0][t] *= 1 - share
            made[key][1][t] *= 1 - share
    return [
        {
            slow.Account(key.tier, key.eligible): slow.Spent(dec(now[t]), dec(then[t]))
            for key, (now, then) in made.items()
        }
        for t in range(case.contract.term_months)
    ]


def from_period(bill: slow.Bill, index: int) -> Decimal:
    return sum((row.paid for row in bill.rows[index:]), start=Decimal(0))


@pytest.mark.parametrize("seed", range(40))
def test_work_brought_forward_is_worth_what_another_settlement_says_under_any_contract(
    plan: SignedPlan, seed: int
) -> None:
    case = signed_case(seed, n_paths=2, term_months=(24, 36, 18)[seed % 3], commit_period=("year", "quarter")[seed % 2])
    rng = np.random.default_rng(seed)
    periods = case.contract.periods
    index = int(rng.integers(len(periods) - 1))
    month = int(rng.integers(periods[index].first, periods[index].stop))
    stop, until = periods[index].stop, periods[index + 1].stop
    standing = standing_of(plan, case.contract, case.offer, case.paths, month=month)
    amount = float(np.round(rng.uniform(0.1, 1.5) * case.paths.list_cost_usd[stop:until].sum(axis=0).mean(), 2))
    saved = saved_by_moving_usd(standing, amount)
    for path in range(case.n_paths):
        before = from_period(slow.settle(case.terms, case.months(path)), index)
        moved = moved_by_hand(case, path, month, stop, until, amount)
        after = from_period(slow.settle(case.terms, moved), index)
        assert saved[path] == pytest.approx(float(before - after), abs=CENT, rel=1e-9)


# --- a top-up --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "overage", "e"), [(0.4, "list", 0.0), (0.4, 0.1, 0.1), (0.6, "list", 0.0)])
@pytest.mark.parametrize("drawdown", ["contracted", "list"])
def test_a_top_up_goes_to_the_fractile_at_which_a_dollar_more_is_as_often_used(
    plan: SignedPlan, d: float, overage: Any, e: float, drawdown: str
) -> None:
    use = np.linspace(60_000, 160_000, 1_001)
    contract = one_year(d, overage=overage, drawdown=drawdown)
    to_commit = 1.0 if drawdown == "list" else 1 - d
    offer = contract.offer_at(80_000.0 * to_commit)
    standing = standing_of(plan, contract, offer, yearly(use, use), month=4)
    found = top_up(standing, forecast())
    best = np.quantile(use, (d - e) / (1 - e))  # newsvendor: d - e is gained where it is used, 1 - d lost where not
    assert found is not None
    assert found.amount_usd == pytest.approx((best - 80_000.0) * to_commit, rel=5e-3)

    def paid(q: float) -> FloatArray:
        return (1 - d) * q + (1 - e) * np.maximum(use - q, 0.0)

    assert found.value.mean == pytest.approx((paid(80_000.0) - paid(best)).mean(), rel=1e-4)
    expected_overage = ((1 - e) * np.maximum(use - 80_000.0, 0.0)).mean()
    assert 0 < found.value.mean < expected_overage * (d - e) / (1 - e)
    assert found.by == date(2027, 12, 31)


def test_use_beyond_the_commitment_at_the_committed_discount_needs_no_top_up(plan: SignedPlan) -> None:
    use, contract = np.linspace(60_000, 160_000, 64), one_year(overage="committed")
    standing = standing_of(plan, contract, contract.offer_at(60_000.0), yearly(use, use), month=4)
    assert standing.settled.overage_usd.mean() > 0
    assert top_up(standing, forecast()) is None


@pytest.mark.parametrize("per", ["term", "period"])
def test_a_top_up_keeps_the_limit_on_the_chance_of_a_shortfall(plan: SignedPlan, per: str) -> None:
    use, contract = np.linspace(100_000, 200_000, 1_001), one_year(0.5)
    offer = contract.offer_at(50_000.0)
    free, held = (
        top_up(standing_of(plan, contract, offer, yearly(use, use), month=4, limit=limit, per=per), forecast())
        for limit in (1.0, 0.1)
    )
    assert free is not None
    assert held is not None
    assert held.amount_usd == pytest.approx(0.5 * 10_000.0, rel=0.02)
    assert free.amount_usd == pytest.approx(0.5 * 50_000.0, rel=0.02)
    above = standing_of(plan, contract, contract.offer_at(60_000.0), yearly(use, use), month=4, limit=0.1, per=per)
    assert top_up(above, forecast()) is None


def test_what_is_billed_already_is_not_covered_by_a_top_up(plan: SignedPlan) -> None:
    monthly = np.vstack([np.full((6, 16), 20_000.0), np.tile(np.linspace(5_000, 15_000, 16), (18, 1))])
    contract = one_year(0.2)
    standing = standing_of(plan, contract, contract.offer_at(80_000.0), still(monthly), month=6)
    billed = billed_so_far(standing)  # 120,000 used on a commitment of 100,000 list
    assert [billed.drawn_usd, billed.beyond_usd, billed.overage_usd] == pytest.approx([80_000.0, 16_000.0, 20_000.0])
    extra, to_come = 32_000.0, 6 * np.linspace(5_000, 15_000, 16)
    by_hand = to_come - (extra + np.maximum(to_come - extra / 0.8, 0.0))
    assert saved_by_topping_up_usd(standing, extra, billed) == pytest.approx(by_hand)
    found = top_up(standing, forecast())
    assert found is not None
    assert 0.8 * to_come.min() < found.amount_usd < 0.8 * to_come.max()


def test_a_top_up_is_to_be_had_before_the_commitment_may_run_out(plan: SignedPlan) -> None:
    use, contract = np.linspace(100_000, 200_000, 64), one_year(0.5)
    standing = standing_of(plan, contract, contract.offer_at(50_000.0), yearly(use, use), month=4, on=date(2027, 5, 5))
    days = []
    for month in ("2027-08", "2028-01", "2027-05"):
        out = MonthRange(probability=Estimate(mean=1.0, se=0.0), median=month, p10=month, p50=month, p90=month)
        found = top_up(standing, replace(forecast(), exhaustion=out))
        assert found is not None
        days.append(found.by)
    assert days == [date(2027, 7, 31), date(2027, 12, 31), date(2027, 5, 5)]
    over = top_up(replace(standing, on=date(2028, 1, 5)), replace(forecast(), exhaustion=out))
    assert over is not None
    assert over.by == date(2027, 12, 31)  # which is past, so that it is not listed


# --- the next band ---------------------------------------------------------------------------------------------------

BANDS = (
    DiscountBand(min_commit_usd_per_year=50_000.0, discount_fraction=0.1),
    DiscountBand(min_commit_usd_per_year=100_000.0, discount_fraction=0.1),
    DiscountBand(min_commit_usd_per_year=120_000.0, discount_fraction=0.25),
)


def test_the_next_band_is_the_first_with_a_higher_discount_and_is_priced_by_hand(plan: SignedPlan) -> None:
    use, contract = np.linspace(120_000, 200_000, 32), one_year(bands=BANDS)
    standing = standing_of(plan, contract, contract.offer_at(90_000.0), yearly(use, use), month=0)
    found = next_band(standing, forecast())
    assert found is not None
    before = 90_000.0 + np.maximum(use - 100_000.0, 0.0)
    after = 120_000.0 + np.maximum(use - 160_000.0, 0.0)
    assert found.value.mean == pytest.approx((before - after).mean())
    assert found.amount_usd == pytest.approx(30_000.0)
    assert "$120,000 a year at 25.0%" in found.action
    assert "not in the contract as signed" in found.why
    highest = standing_of(plan, contract, contract.offer_at(120_000.0), yearly(use, use), month=4)
    assert next_band(highest, forecast()) is None
    short = standing_of(plan, contract, contract.offer_at(90_000.0), yearly(use, use), month=4, limit=0.2)
    assert next_band(short, forecast()) is None  # where use below 160,000 falls short, half of the paths do


def test_at_the_next_band_as_much_is_committed_as_costs_least(plan: SignedPlan) -> None:
    use, contract = np.linspace(100_000, 500_000, 1_001), one_year(bands=BANDS)
    standing = standing_of(plan, contract, contract.offer_at(90_000.0), yearly(use, use), month=0)
    found = next_band(standing, forecast())
    assert found is not None
    best = np.quantile(use, 0.25)
    before = 90_000.0 + np.maximum(use - 100_000.0, 0.0)
    after = 0.75 * best + np.maximum(use - best, 0.0)
    assert found.amount_usd == pytest.approx(0.75 * best - 90_000.0, rel=0.01)
    assert found.value.mean == pytest.approx((before - after).mean(), rel=1e-4)


@pytest.mark.parametrize("basis", ["year", "term"])
def test_a_band_is_reached_by_the_years_to_come(plan: SignedPlan, basis: str) -> None:
    second = 120_000.0 if basis == "year" else 180_000.0  # an average of 120,000 a year over both
    use = np.full(16, second / 0.75)
    contract = two_years(bands=BANDS, band_basis=basis)
    offer = contract.offer_of([60_000.0, 100_000.0])
    standing = standing_of(plan, contract, offer, yearly(use, use), month=12)
    found = next_band(standing, forecast())
    assert found is not None
    as_signed = 100_000.0 + (second / 0.75 - 100_000.0 / 0.9)
    assert found.value.mean == pytest.approx(as_signed - second)
    assert found.amount_usd == pytest.approx(second - 100_000.0)


@pytest.mark.parametrize("eligible", [1.0, 0.8])
@pytest.mark.parametrize("drawdown", ["contracted", "list"])
@pytest.mark.parametrize("closed", [10_000.0, 40_000.0])
@pytest.mark.parametrize("seats", [0.0, 2_000.0])
def test_a_new_band_leaves_what_is_used_already_as_it_was_billed(
    plan: SignedPlan, closed: float, drawdown: str, eligible: float, seats: float
) -> None:
    """Of 90,000 signed, four closed months draw a part, or all and more; the rest is kept as a purse by hand. Seats are
    a part of every month, and those to come are not billed yet."""
    to_come = np.linspace(5_000, 40_000, 16)
    spend = still((np.vstack([np.full((4, 16), closed), np.tile(to_come, (20, 1))]) - seats) / eligible)
    fixed = (FixedSpend(name="seats", usd_per_month=seats, eligible=True),)
    contract = one_year(bands=BANDS, drawdown=drawdown, eligible_fraction=eligible, fixed_spend=fixed)
    standing = standing_of(plan, contract, contract.offer_at(90_000.0), spend, month=4)
    billed = billed_so_far(standing)
    saved = saved_by_amending_usd(standing, contract.offer_at(120_000.0), billed)
    rate, new_rate = (1.0, 1.0) if drawdown == "list" else (0.9, 0.75)  # drawn by a dollar of list
    owed, new_owed = (0.9, 0.75) if drawdown == "list" else (1.0, 1.0)  # owed for a dollar drawn
    drawn = min(4 * closed * rate, 90_000.0)
    later = 8 * to_come
    before = owed * (90_000.0 - drawn) + np.maximum(later - (90_000.0 - drawn) / rate, 0.0)
    after = new_owed * (120_000.0 - drawn) + np.maximum(later - (120_000.0 - drawn) / new_rate, 0.0)
    assert billed.drawn_usd == pytest.approx(drawn)
    assert saved == pytest.approx(before - after, abs=CENT)


# --- rights ----------------------------------------------------------------------------------------------------------


def rights_case(seed: int, **given: Any) -> Case:
    return signed_case(seed, n_paths=4, **{"term_months": 24, "commit_period": "year", "in_force": None, **given})


def paid_by_reference(case: Case, contract: Contract, first: int) -> FloatArray:
    terms = terms_of(contract, case.offer)
    return np.array([float(from_period(slow.settle(terms, case.months(path)), first)) for path in range(case.n_paths)])


@pytest.mark.parametrize("seed", range(20))
def test_rights_are_worth_what_another_settlement_says(plan: SignedPlan, seed: int) -> None:
    reduction = Reduction(max_fraction=0.4, lookback_months=6)
    early = EarlyRenewal(month=9, credit_fraction=0.7, commit_fraction=0.8)
    rollover = Rollover(share=0.8, months=12)
    case = rights_case(seed, reduction=reduction, early_renewal=early, rollover=rollover)
    contract = case.contract
    standing = standing_of(plan, contract, case.offer, case.paths, month=3)
    all_used = {first: paid_by_reference(case, contract, first) for first in (0, 1)}
    left_alone = {
        "reduction": replace(contract, reduction=replace(reduction, exercised=False)),
        "early renewal": replace(contract, early_renewal=replace(early, exercised=False)),
        "rollover": replace(contract, rollover=None),
    }
    first = next_reduced(standing)
    assert first == 1
    saved = {
        "reduction": saved_by_reducing_usd(standing, 1),
        "early renewal": saved_by_renewing_early_usd(standing),
        "rollover": saved_by_balances_usd(standing),
    }
    for name, usd in saved.items():
        at = 1 if name == "reduction" else 0
        by_reference = paid_by_reference(case, left_alone[name], at) - all_used[at]
        assert usd == pytest.approx(by_reference, abs=CENT, rel=1e-9), name


def test_a_right_has_its_last_day_and_a_day_that_is_past_is_none(plan: SignedPlan) -> None:
    use = np.full(16, 50_000.0)
    early = EarlyRenewal(month=9, credit_fraction=1.0, commit_fraction=0.5)
    contract = two_years(early_renewal=early)
    offer, spend = contract.offer_at(80_000.0), yearly(use, use)
    early_on = standing_of(plan, contract, offer, spend, month=8, on=date(2027, 9, 30))
    found = renew_early(early_on)
    assert found is not None
    assert found.value.mean == pytest.approx(2 * 80_000 - (80_000 + 10_000 + 40_000))
    assert found.by == date(2027, 9, 30)
    assert renew_early(replace(early_on, on=date(2027, 10, 1))) is None
    assert renew_early(replace(early_on, month=10)) is None
    alone = two_years(reduction=Reduction(max_fraction=0.5))
    reduce_on = standing_of(plan, alone, offer, spend, month=11, on=date(2027, 12, 31))
    reduced = reduce_at_anniversary(reduce_on)
    assert reduced is not None
    assert reduced.by == date(2027, 12, 31)
    assert (
        "2028-01-01: the commitment of that contract year is expected to go from $80,000 to $40,000" in reduced.action
    )
    assert reduced.value.mean == pytest.approx(40_000.0)
    assert reduce_at_anniversary(replace(reduce_on, on=date(2028, 1, 1))) is None
    assert reduce_at_anniversary(replace(reduce_on, month=13)) is None


def test_balances_carried_over_take_their_dollars_off_the_overage_until_they_expire(plan: SignedPlan) -> None:
    contract = two_years(rollover=Rollover(share=0.5, months=6))
    offer, spend = contract.offer_at(80_000.0), yearly(np.full(16, 60_000.0), np.full(16, 120_000.0))
    seen = standing_of(plan, contract, offer, spend, month=5)
    found = carried_over(seen)
    assert found is not None
    # 48,000 drawn of 80,000: half of 32,000 is carried, and 20,000 at list is no overage for it
    assert found.value.mean == pytest.approx(20_000.0)
    assert found.by == date(2028, 6, 30)
    assert found.action == (
        "Use the $16,000 that the period up to 2027-12-31 is expected to carry over before it expires: by 2028-06-30."
    )
    later = carried_over(replace(seen, month=13))
    assert later is not None
    assert later.action == "Use the $16,000 carried over before it expires: by 2028-06-30."
    assert carried_over(standing_of(plan, replace(contract, rollover=None), offer, spend, month=5)) is None


def test_what_balances_did_for_a_period_that_is_past_is_no_value_of_today(plan: SignedPlan) -> None:
    contract = one_year(term_months=36, rollover=Rollover(share=1.0, months=12))
    use = yearly(np.full(16, 60_000.0), np.full(16, 200_000.0), np.full(16, 200_000.0))
    standing = standing_of(plan, contract, contract.offer_at(80_000.0), use, month=14)
    assert saved_by_balances_usd(standing) == pytest.approx(32_000.0 / 0.8)
    assert saved_by_balances_usd(replace(standing, month=26)) == pytest.approx(0.0)


def test_what_a_contract_in_force_brought_in_is_used_before_it_expires(plan: SignedPlan) -> None:
    old = InForce(ends_month=6, balance_usd=16_000.0, discount_fraction=0.1, on_signing="renew")
    contract, use = one_year(in_force=old), np.full(16, 150_000.0)
    standing = standing_of(plan, contract, contract.offer_at(80_000.0), yearly(use, use), month=2)
    found = carried_over(standing)
    assert found is not None
    assert found.value.mean == pytest.approx(20_000.0)
    assert found.by == date(2027, 6, 30)


# --- routing ---------------------------------------------------------------------------------------------------------


def as_it_is(plan: SignedPlan, commit: float, **given: Any) -> Standing:
    """The plan's own spend under its contract at a commitment: half a year at 60,000, then less by the route."""
    contract = plan.contract
    return standing_of(plan, contract, contract.offer_at(commit), plan.spend, **given)


@pytest.mark.parametrize("month", [0, 3, 6])
@pytest.mark.parametrize("commit", [400_000.0, 480_000.0, 560_000.0])
def test_a_route_that_waits_until_the_period_ends_costs_what_it_would_have_saved_in_fact(
    plan: SignedPlan, month: int, commit: float
) -> None:
    with_route = plan.spend.list_cost_usd[:12, 0].sum()
    assert with_route == pytest.approx(360_000 + 6 * plan.spend.list_cost_usd[11, 0])
    without, q = 12 * 60_000.0, commit / 0.8
    (found,) = routes_held(as_it_is(plan, commit, month=month))
    assert (found.request_type, found.model) == ("triage", "claude-haiku-5-5")
    assert found.at_list.mean == pytest.approx(without - with_route)
    assert found.in_fact.mean == pytest.approx(max(without - q, 0.0) - max(with_route - q, 0.0))
    assert -CENT < found.in_fact.mean < found.at_list.mean + CENT


def test_a_route_waits_until_its_period_ends_and_no_longer(plan: SignedPlan) -> None:
    contract = two_years(bands=plan.contract.bands)
    one, two = (
        as_it_is(plan, 400_000.0, month=3),
        standing_of(plan, contract, contract.offer_at(400_000.0), plan.spend, month=3),
    )
    assert list(routes_held(one)) == list(routes_held(two))


def test_a_route_that_waits_saves_at_the_prices_of_its_months(plan: SignedPlan) -> None:
    halved = {
        key: AccountPaths(current_usd=0.5 * part.current_usd, signing_usd=part.current_usd)
        for key, part in plan.spend.accounts.items()
    }
    listed_usd = plan.spend.list_cost_usd
    spend = SpendPaths(list_cost_usd=0.5 * listed_usd, signing_list_cost_usd=listed_usd, accounts=halved)
    contract = plan.contract
    (before,) = routes_held(as_it_is(plan, 100_000.0, month=3))
    (after,) = routes_held(standing_of(plan, contract, contract.offer_at(100_000.0), spend, month=6))
    opus_only = 6 * (60_000.0 - plan.spend.accounts[Account("opus", True)].current_usd[11, 0])
    haiku = 6 * plan.spend.accounts[Account("haiku", True)].current_usd[11, 0]
    assert before.at_list.mean == pytest.approx(opus_only - haiku)
    assert after.at_list.mean == pytest.approx(0.5 * (opus_only - haiku))


def test_only_what_is_still_to_come_of_a_route_can_wait(plan: SignedPlan) -> None:
    assert list(routes_held(as_it_is(plan, 400_000.0, month=7))) == []


def test_a_route_in_the_dead_zone_may_wait_and_one_that_saves_may_not(plan: SignedPlan) -> None:
    (found,) = waiting_routes(as_it_is(plan, 600_000.0, month=3))
    assert found.value == Estimate(mean=0.0, se=0.0)
    assert found.by == date(2027, 12, 31)
    assert found.action == "Let more routing of 'triage' to claude-haiku-5-5 wait until 2027-12-31."
    assert "and $0 off what is paid" in found.why
    assert waiting_routes(as_it_is(plan, 300_000.0, month=3)) == ()


def test_a_route_that_waits_is_settled_by_the_tiers_that_serve_it(plan: SignedPlan) -> None:
    tiered = DiscountBand(min_commit_usd_per_year=0.0, discount_fraction=0.2, by_tier=(("haiku", 0.0), ("opus", 0.5)))
    contract = one_year(bands=(tiered,), overage="committed")
    standing = standing_of(plan, contract, contract.offer_at(100.0), plan.spend, month=3)
    (found,) = routes_held(standing)
    opus = plan.spend.accounts[Account("opus", True)].current_usd[:12, 0]
    haiku = plan.spend.accounts[Account("haiku", True)].current_usd[:12, 0]
    assert found.in_fact.mean == pytest.approx(6 * (0.5 * (60_000.0 - opus[11]) - haiku[11]))


# --- all of them -----------------------------------------------------------------------------------------------------


def listed(standing: Standing) -> tuple[Action, ...]:
    return actions_of(standing.signed, standing.spend, forecast(), month=standing.month, on=standing.on)


def test_where_nothing_is_at_stake_there_is_nothing_to_do(plan: SignedPlan) -> None:
    use = np.full(32, 500_000.0)
    contract = two_years(
        bands=BANDS[:1], rollover=Rollover(share=1.0, months=12), reduction=Reduction(max_fraction=0.5)
    )
    offer = contract.offer_at(450_000.0)
    spend = yearly(use, use, use)
    still_plan = replace(plan, spend=spend)
    for month in (0, 5, 12, 20):
        standing = standing_of(still_plan, contract, offer, spend, month=month)
        assert [action for action in listed(standing) if action.kind != "let routing wait"] == []


def test_what_saves_most_comes_first_and_a_term_that_is_over_has_nothing(plan: SignedPlan) -> None:
    standing = as_it_is(plan, 600_000.0, month=3)
    found = listed(standing)
    assert [action.kind for action in found] == ["bring work forward", "let routing wait"]
    assert [action.value.mean for action in found] == sorted((action.value.mean for action in found), reverse=True)
    assert listed(replace(standing, month=12)) == ()


def test_what_it_is_too_late_for_is_not_listed(plan: SignedPlan) -> None:
    standing = as_it_is(plan, 600_000.0, month=11)
    last, after = (replace(standing, on=day) for day in (date(2027, 12, 31), date(2028, 1, 1)))
    assert "bring work forward" in [action.kind for action in listed(last)]
    assert listed(after) == ()


def test_the_renewal_is_something_to_do_in_the_last_half_year(plan: SignedPlan) -> None:
    early, late = (as_it_is(plan, 600_000.0, month=month) for month in (5, 6))
    assert "renewal" not in [action.kind for action in listed(early)]
    (found,) = (action for action in listed(late) if action.kind == "renewal")
    a_year = 12 * plan.spend.list_cost_usd[12, 0]
    assert found.value.mean == pytest.approx(600_000 - 0.8 * a_year, abs=CENT)
    assert found.by == date(2027, 12, 31)


@pytest.mark.parametrize("seed", range(20))
def test_any_contract_survives_and_every_action_saves_or_costs_nothing_to_wait(plan: SignedPlan, seed: int) -> None:
    case = signed_case(100 + seed, n_paths=32)
    month = int(np.random.default_rng(seed).integers(case.contract.term_months))
    standing = standing_of(plan, case.contract, case.offer, case.paths, month=month)
    for action in listed(standing):
        assert np.isfinite(action.value.mean)
        assert action.value.mean > 0 or action.kind == "let routing wait"
        assert action.by is not None
        assert action.by >= date(2027, 1, 5)
        assert action.action.endswith(".")
        assert action.why.endswith(".")
