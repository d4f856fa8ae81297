"""The budget: every dollar of settlement in its month, against a second implementation, and what it is made of."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import settlement_reference as slow
from contract_strategies import Case, cases, seeded_case
from hypothesis import assume, given, settings

from planner.budget import Budget, Stretch, budget, stretches
from planner.clauses import InForce, PaymentMode
from planner.contract import Contract, DiscountBand
from planner.errors import InputError
from planner.monthly_cash import PAYMENT_MODES, SettledMonths, keeping_months, on_demand_by_month, settled_months
from planner.offer import NO_COMMITMENT, Offer
from planner.plan import Plan, build_plan
from planner.plan_file.loader import parse_plan
from planner.settlement import settle
from planner.simulation import SpendPaths
from planner.term_use import term_use
from planner.units import FloatArray

CENT = 0.01


def months_of(case: Case) -> SettledMonths:
    return settled_months(case.contract, case.offer, case.paths)


def paid_in(case: Case, mode: PaymentMode) -> Case:
    return replace(case, contract=replace(case.contract, payment=replace(case.contract.payment, mode=mode)))


# --- against plain loops ----------------------------------------------------------------------------------------------


def by_month(bill: slow.Bill, n_months: int) -> list[float]:
    """The reference's payments by month of the term: instalments on a month's first day, all else at a month's end."""
    found: dict[int, Decimal] = defaultdict(Decimal)
    for at, usd in bill.in_advance:
        found[at] += usd
        found[at - 1] -= usd
    for at, usd in bill.cash:
        found[at - 1] += usd
    assert all(0 <= month < n_months for month, usd in found.items() if usd)
    return [float(found[month]) for month in range(n_months)]


@pytest.mark.parametrize("seed", range(80))
def test_every_month_pays_what_plain_loops_pay(seed: int) -> None:
    case = seeded_case(seed, n_paths=2)
    months = months_of(case)
    for mode in PAYMENT_MODES:
        paid = months.cash(mode).paid_usd
        for path in range(case.n_paths):
            bill = slow.settle(paid_in(case, mode).terms, case.months(path))
            expected = by_month(bill, case.contract.term_months)
            np.testing.assert_allclose(
                paid[:, path], expected, rtol=1e-9, atol=CENT / 2, err_msg=f"{mode}, path {path}"
            )


@pytest.mark.parametrize("seed", range(30))
def test_without_a_commitment_every_month_costs_list(seed: int) -> None:
    case = seeded_case(seed, n_paths=2)
    found = on_demand_by_month(case.contract, case.paths)
    for path in range(case.n_paths):
        listed = [float(usd) for _, usd in slow.settle(case.terms, case.months(path)).listed]
        np.testing.assert_allclose(found[:, path], listed, rtol=1e-9, atol=CENT / 2)


# --- laws -------------------------------------------------------------------------------------------------------------


@given(cases())
@settings(max_examples=25)
def test_months_add_up_to_what_settlement_says_is_paid(case: Case) -> None:
    settled, months = settle(case.contract, case.offer, term_use(case.contract, case.paths)), months_of(case)
    for mode in PAYMENT_MODES:
        total = months.cash(mode).paid_usd.sum(axis=0)
        np.testing.assert_allclose(total, settled.paid_usd, rtol=1e-9, atol=CENT / 2, err_msg=mode)
    listed = on_demand_by_month(case.contract, case.paths).sum(axis=0)
    np.testing.assert_allclose(listed, settled.on_demand_usd, rtol=1e-9, atol=CENT / 2)


@given(cases())
@settings(max_examples=25)
def test_present_value_is_that_of_settlement_in_every_mode(case: Case) -> None:
    months = months_of(case)
    for mode in PAYMENT_MODES:
        contract = paid_in(case, mode).contract
        expected = settle(contract, case.offer, term_use(contract, case.paths)).npv_paid_usd
        np.testing.assert_allclose(months.cash(mode).npv_usd, expected, rtol=1e-9, atol=CENT, err_msg=mode)


@given(cases())
@settings(max_examples=25)
def test_upfront_has_never_paid_less_than_quarterly(case: Case) -> None:
    months = months_of(case)
    upfront, quarterly = (months.cash(mode).paid_usd for mode in ("upfront", "quarterly"))
    total = np.abs(upfront).sum(axis=0)
    # a pool over the term is paid in proportion to its years upfront, and to its months by the quarter
    assume(case.contract.commit_period != "term")
    assert np.all(upfront.cumsum(axis=0) >= quarterly.cumsum(axis=0) - CENT - 1e-9 * total)


# --- worked by hand ---------------------------------------------------------------------------------------------------

BANDS = (DiscountBand(min_commit_usd_per_year=0.0, discount_fraction=0.2),)


def spend(*months: float) -> SpendPaths:
    listed = np.array(months)[:, None]
    return SpendPaths(list_cost_usd=listed, signing_list_cost_usd=None)


def test_a_year_by_hand() -> None:
    """960 a year at 20 %: 100 of list draws 80 a month; 960 is gone after 12 months of 100. Months of 150 draw 120 and
    exhaust it after 8; then 150 a month at list."""
    contract = Contract(term_months=12, bands=BANDS)
    months = settled_months(contract, contract.offer_at(960.0), spend(*[150.0] * 12))
    assert months.cash("arrears").paid_usd[:, 0] == pytest.approx([120.0] * 8 + [150.0] * 4)
    assert months.cash("upfront").paid_usd[:, 0] == pytest.approx([960.0] + [0.0] * 7 + [150.0] * 4)
    quarterly = [240.0, 0, 0, 240.0, 0, 0, 240.0, 0, 150.0, 390.0, 150.0, 150.0]
    assert months.cash("quarterly").paid_usd[:, 0] == pytest.approx(quarterly)
    assert months.drawn_usd == pytest.approx([120.0] * 8 + [0.0] * 4)
    assert months.cash("upfront").ahead_usd == pytest.approx([*range(840, -1, -120), 0, 0, 0, 0])
    # a quarter's 240 lasts two months of 120; later draws run ahead of what was paid, which is nothing paid ahead
    ahead = [120.0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert months.cash("quarterly").ahead_usd == pytest.approx(ahead)
    assert months.cash("arrears").ahead_usd == pytest.approx([0.0] * 12)
    assert months.cash("quarterly").first_day_usd == pytest.approx([240.0, 0, 0] * 4)


def test_a_shortfall_is_paid_when_its_period_ends_and_what_is_waived_comes_back() -> None:
    """960 a year, 480 drawn; forfeited: the last month pays the other 480. Trued up at a quarter: 120 of it."""
    contract = Contract(term_months=12, bands=BANDS)
    waiving = replace(contract, shortfall="true_up", true_up_rate=0.25)
    for agreed, charged in ((contract, 480.0), (waiving, 120.0)):
        months = settled_months(agreed, agreed.offer_at(960.0), spend(*[50.0] * 12))
        assert months.cash("arrears").paid_usd[:, 0] == pytest.approx([40.0] * 11 + [40.0 + charged])
        assert months.cash("upfront").paid_usd[:, 0] == pytest.approx([960.0] + [0.0] * 10 + [charged - 480.0])


def test_many_paths_keep_the_months_of_the_first() -> None:
    few = SpendPaths(list_cost_usd=np.ones((12, 5)), signing_list_cost_usd=None, sums={(0, 12): np.full(9, 12.0)})
    assert (few.n_paths, keeping_months(few).n_paths) == (9, 5)
    assert keeping_months(few).list_cost_over(3, 6) == pytest.approx(np.full(5, 3.0))


# --- of a plan --------------------------------------------------------------------------------------------------------

PLAN = """
[plan]
name = "Support"
start = 2027-04-01
paths = 4_096
seed = 7
[[mix]]
request_type = "triage"
model = "claude-opus-5-5"
monthly_requests = 4_200_000
uncached_input_tokens = 900
output_tokens = 60
[demand]
level_sd = 0.2
[[scenario]]
name = "as is"
[[scenario]]
name = "route"
[[scenario.route]]
request_type = "triage"
to = "claude-haiku-5-5"
share = { p10 = 0.80, p90 = 0.95 }
escalation = { passed = 188, failed = 12 }
long_prompt_fraction = 0.0
[contract]
term_months = 16
[contract.payment]
mode = "quarterly"
cost_of_capital_per_year = 0.1
[[contract.band]]
min_commit_usd_per_year = 10_000
discount_fraction = 0.20
[decision]
scenario = "route"
max_shortfall_probability = 0.4
"""


@pytest.fixture(scope="module")
def plan() -> Plan:
    return build_plan(parse_plan(PLAN, base_dir=Path()))


@pytest.fixture(scope="module")
def found(plan: Plan) -> Budget:
    return budget(plan)


def test_stretches_cover_the_term_once_each() -> None:
    kinds = stretches(16)
    for kind, count in (("month", 16), ("quarter", 6), ("year", 2), ("term", 1)):
        of = [stretch for stretch in kinds if stretch.kind == kind]
        assert len(of) == count
        assert [m for stretch in of for m in range(stretch.first, stretch.stop)] == list(range(16))
    assert kinds[-2] == Stretch(kind="year", first=12, stop=16)


def test_a_budget_is_percentiles_of_sums_on_each_path(plan: Plan, found: Budget) -> None:
    contract, offer = plan.inputs.contract, plan.recommendation.offer
    assert not offer.is_none
    cash = settled_months(contract, offer, plan.spend["route"]).cash("quarterly").paid_usd
    for stretch in (found.stretches[0], found.stretches[17], *found.stretches[-3:]):
        sample: FloatArray = np.sort(cash[stretch.first : stretch.stop].sum(axis=0))
        spread = found.own.cash[stretch]
        assert spread.mean == pytest.approx(sample.mean())
        # linear between order statistics: at 0.9 of 4,096 paths, a half of the way from number 3,685 to 3,686
        assert spread.p90 == pytest.approx(0.5 * sample[3685] + 0.5 * sample[3686])
        assert spread.p50 == pytest.approx(np.median(sample))


def test_the_term_is_what_the_plan_says_in_every_mode(plan: Plan, found: Budget) -> None:
    outcome = plan.recommendation
    for own in found.by_mode.values():
        term = own.cash[found.stretches[-1]]
        assert term.mean == pytest.approx(outcome.expected_cost.mean)
        assert term.se == pytest.approx(outcome.expected_cost.se)
        assert (term.p10, term.p50, term.p90) == pytest.approx(outcome.cost_p10_p50_p90_usd)
        assert sum(month.mean for month in own.months) == pytest.approx(term.mean)
    assert found.own.npv.mean == pytest.approx(outcome.npv_cost.mean)
    assert found.by_mode["upfront"].npv.mean > found.own.npv.mean > found.by_mode["arrears"].npv.mean
    listed = found.on_demand.cash[found.stretches[-1]]
    assert (listed.mean, listed.se) == pytest.approx((outcome.on_demand.mean, outcome.on_demand.se))
    assert found.on_demand.npv.mean == pytest.approx(plan.outcome(NO_COMMITMENT).npv_cost.mean)


def test_what_is_paid_ahead_at_a_years_end_is_the_shortfall(plan: Plan, found: Budget) -> None:
    ahead = found.by_mode["upfront"].ahead_usd
    shortfall = settle(plan.inputs.contract, found.offer, plan.uses["route"]).shortfall_usd.mean(axis=1)
    assert [ahead[11], ahead[15]] == pytest.approx(shortfall.tolist())


def test_another_scenario_and_one_that_is_not_there(plan: Plan) -> None:
    as_is = budget(plan, "as is")
    expected = plan.outcome(plan.recommendation.offer, scenario="as is").expected_cost.mean
    assert as_is.own.cash[as_is.stretches[-1]].mean == pytest.approx(expected)
    with pytest.raises(InputError, match="scenario 'x' is not in the plan; it has 'as is', 'route'"):
        budget(plan, "x")


def test_old_balances_cover_their_months_if_nothing_is_signed() -> None:
    """800 at 20 % cover 1,000 of list: ten months of 100, whatever would be banked by a new contract."""
    old = InForce(ends_month=12, balance_usd=800.0, discount_fraction=0.2, on_signing="renew")
    contract = Contract(term_months=12, bands=BANDS, in_force=old)
    listed = on_demand_by_month(contract, spend(*[100.0] * 12))[:, 0]
    assert listed == pytest.approx([0.0] * 10 + [100.0] * 2)
    none: Offer = NO_COMMITMENT
    paid = settled_months(contract, none, spend(*[100.0] * 12)).cash("upfront").paid_usd[:, 0]
    assert paid == pytest.approx(listed)
